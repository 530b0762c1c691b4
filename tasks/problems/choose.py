"""Load `caopd_math`: the frozen test set, or freshly generated problems, of some levels."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from caopd_bench.tasks.problems.frozen import canonical_jsonl, read_frozen
from caopd_bench.tasks.problems.generate import generate

__all__ = ["load", "parse_levels"]

_FIX = 'give numbers from 1 to 10 such as 4, [1, 2], "1,3,5" or "6-10"'


def load(
    *,
    seed: int | None = None,
    levels: str | int | Iterable[int] | None = None,
    split: str = "test",
    n: int | None = None,
) -> list[dict[str, Any]]:
    """Load problems.

    Parameters
    ----------
    seed : int, optional
        None reads the frozen set for the test split and means 0 for the others.
    levels : str, int or iterable of int, optional
        For example "6-10", "1,3,5", [1, 2] or 4; None selects all ten.
    split : str
        "test", "train", "validation" or "fewshot".
    n : int, optional
        Maximum number of problems; None means 100 for each level.

    Returns
    -------
    list of dict
        Items as `generate` writes them, each with a "source" that names the set, its version, the
        seed (null for the frozen set), the split and the SHA-256 of the items' canonical JSONL.

    Raises
    ------
    ValueError
        For bad levels, a bad split, a bad `n`, a seed that is not a whole number, or a frozen
        file that was changed.
    """
    chosen = parse_levels(levels)
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 0):
        raise ValueError(f"n: got {n!r}; give 0 or a larger whole number, or leave it out")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise ValueError(f"seed: got {seed!r}; give a whole number such as 7, or leave it out")
    if seed is None and split == "test":
        items = [item for item in read_frozen() if item["level"] in chosen][:n]
    else:
        seed = seed or 0
        count = 100 * len(chosen) if n is None else n
        items = generate(count, split=split, seed=seed, levels=chosen)
    source = {
        "set": "caopd_math",
        "version": 1,
        "seed": seed,
        "split": split,
        "sha256": hashlib.sha256(canonical_jsonl(items)).hexdigest(),
    }
    return [{**item, "source": dict(source)} for item in items]


def parse_levels(levels: str | int | Iterable[int] | None) -> list[int]:
    """Read a choice of levels; see `load` for the forms. Sorted, without repeats."""
    if levels is None:
        return list(range(1, 11))
    if isinstance(levels, int):
        chosen = [levels]
    elif isinstance(levels, str):
        chosen = []
        for part in levels.split(","):
            match = re.fullmatch(r"\s*([0-9]+)\s*(?:-\s*([0-9]+)\s*)?", part)
            if match is None:
                raise ValueError(f"levels: got {levels!r}; {_FIX}")
            first, last = int(match[1]), int(match[2] or match[1])
            if not 1 <= first <= last <= 10:
                raise ValueError(f"levels: got {levels!r}; {_FIX}")
            chosen += range(first, last + 1)
    else:
        try:
            chosen = list(levels)
        except TypeError:
            raise ValueError(f"levels: got {levels!r}; {_FIX}") from None
    bad = [level for level in chosen if isinstance(level, bool) or level not in range(1, 11)]
    if bad or not chosen:
        raise ValueError(f"levels: got {levels!r}; {_FIX}")
    return sorted(set(chosen))
