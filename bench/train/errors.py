"""The error that stops a training run although its settings are valid."""

from __future__ import annotations

__all__ = ["TrainingError"]


class TrainingError(Exception):
    """Training cannot go on; the message names the step, the reason and a remedy. Exit code 1.

    Attributes
    ----------
    unchanged : bool
        Whether no step had updated the model, so that there is nothing to keep.
    """

    unchanged = False
