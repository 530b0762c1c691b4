"""Check the arguments of functions that draw random numbers: no global state, no missing seed."""

from __future__ import annotations

import numpy as np

Seed = int | np.random.Generator


def generator(seed: Seed) -> np.random.Generator:
    """Return a Generator for an int seed, or the Generator itself."""
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be an int >= 0 or a numpy Generator, got {seed!r}")
    return np.random.default_rng(seed)


def check_replicates(replicates: int) -> None:
    """Raise ValueError unless ``replicates`` is an integer of at least 2."""
    if not isinstance(replicates, (int, np.integer)) or replicates < 2:
        raise ValueError(f"replicates must be an integer >= 2, got {replicates!r}; use 1000")


def check_level(level: float) -> None:
    """Raise ValueError unless ``level`` is a coverage strictly between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, got {level!r}; for 95 % write 0.95")
