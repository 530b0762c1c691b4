"""What stops a training run that was set up well."""

from __future__ import annotations

__all__ = ["TrainingError"]


class TrainingError(Exception):
    """Training cannot go on: says at which step, why, and what to do. Exit code 1.

    Attributes
    ----------
    unchanged : bool
        Whether no step had updated the model, so that there is nothing to keep.
    """

    unchanged = False
