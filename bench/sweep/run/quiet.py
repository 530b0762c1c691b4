"""How a cell's model is run: on which device, and without a library's bars on the terminal."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

__all__ = ["find_device", "quiet"]


def find_device() -> str:
    """Name the device that `lm_eval` would choose: given arguments as a mapping, it does not."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep lm-eval's progress and notes off a terminal that shows the sweep's."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
