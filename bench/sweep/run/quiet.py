"""Choose the device of a cell's model, and keep libraries' progress bars off the terminal."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

__all__ = ["find_device", "quiet"]


def find_device() -> str:
    """Return the device that `lm_eval` would choose; given arguments as a mapping it does not."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress lm-eval's progress and notes on a terminal that shows the sweep's progress."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
