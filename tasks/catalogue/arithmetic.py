"""The arithmetic of the micro models: two-digit sums, differences and products in six levels.

Every question has the form ``47+08``: two digits, a sign, two digits, and an answer of three digits
(``055``). The SHA-256 of its text assigns a question to one split for ever: two tenths are for the
test set, one for validation and seven for training. The test set consists of the first 250
questions of each level in the order of their hashes, so it did not have to be drawn or stored.

=====  =====================================================
level  asks
=====  =====================================================
1      a + b, b up to 20
2      a + b, both above 20
3      a - b, b up to 20, a above it
4      a - b, b above 20
5      a number of two digits times one of one digit (1 to 9)
6      two numbers of two digits, product below 1,000
=====  =====================================================
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from caopd_bench.tasks.problems.choose import parse_levels

__all__ = ["FAMILIES", "LEVELS", "SPLITS", "draw_level", "load", "solve"]

LEVELS = (1, 2, 3, 4, 5, 6)
SPLITS = ("train", "validation", "test")
#: The operation of each level, as a domain for training ("train on sums, evaluate on products").
FAMILIES = {1: "sum", 2: "sum", 3: "difference", 4: "difference", 5: "product", 6: "product"}
#: Number of questions per level in the frozen test set.
PER_LEVEL = 250


def solve(question: str) -> int:
    """Compute the answer to a question.

    Examples
    --------
    >>> solve("47+08"), solve("31*20")
    (55, 620)
    """
    a, sign, b = int(question[:2]), question[2], int(question[3:])
    return a + b if sign == "+" else a - b if sign == "-" else a * b


def draw_level(level: int, split: str) -> list[str]:
    """List all questions of a level in a split, in the order of their hashes."""
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    return list(_split_level(level)[split])


def load(
    *, levels: Any = None, split: str = "test", n: int | None = None, families: Any = None
) -> list[dict[str, Any]]:
    """Load items, cycling through the levels, so that every prefix is balanced.

    Parameters
    ----------
    levels : str, int or iterable of int, optional
        For example "3-6", [1, 2] or 4; None selects all six.
    split : str
        "test" is the frozen set of 1,500 (250 per level); "validation" and "train" hold all the
        questions of their split.
    n : int, optional
        Maximum number of items.
    families : str or iterable of str, optional
        "sum", "difference", "product" (with commas between); None is all.

    Returns
    -------
    list of dict
        With `question`, `answer`, `kind`, `style`, `id`, `level`, `family`, `domain`, `solution`
        and `source`.

    Raises
    ------
    ValueError
        For a bad level, family or split.
    """
    chosen = list(LEVELS) if levels is None else parse_levels(levels)
    too_high = [level for level in chosen if level not in LEVELS]
    if too_high:
        raise ValueError(f"levels: caopd_arith has levels 1 to 6, got {levels!r}")
    if families is not None:
        wanted = families.split(",") if isinstance(families, str) else list(families)
        unknown = set(wanted) - set(FAMILIES.values())
        if unknown:
            raise ValueError(
                f"families: must be from sum, difference, product, got {sorted(unknown)}"
            )
        chosen = [level for level in chosen if FAMILIES[level] in wanted]
        if not chosen:
            raise ValueError(f"families {families!r} and levels {levels!r} share no problem")
    pools = [(level, draw_level(level, split)) for level in chosen]
    if split == "test":
        pools = [(level, pool[:PER_LEVEL]) for level, pool in pools]
    longest = max(len(pool) for _, pool in pools)
    items = [
        _make_item(pool[place], level)
        for place in range(longest)
        for level, pool in pools
        if place < len(pool)
    ][:n]
    text = "\n".join(item["question"] for item in items)
    source = {
        "set": "caopd_arith",
        "version": 1,
        "seed": None,
        "split": split,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    return [{**item, "source": dict(source)} for item in items]


def _make_item(question: str, level: int) -> dict[str, Any]:
    return {
        "question": question,
        "answer": str(solve(question)),
        "kind": "number",
        "style": "arith",
        "domain": "caopd_arith",
        "level": level,
        "family": FAMILIES[level],
        "id": f"arith-{question}",
        "solution": "",
    }


@lru_cache(maxsize=len(LEVELS))
def _split_level(level: int) -> dict[str, list[str]]:
    """Put every question of a level into its split, ordered by hash."""
    hashed = sorted((hashlib.sha256(text.encode()).digest(), text) for text in _all(level))
    found: dict[str, list[str]] = {split: [] for split in SPLITS}
    for digest, question in hashed:
        # The start of the digest orders the questions; its last eight bytes, which are independent
        # of the start, decide which tenth a question is in.
        tenth = int.from_bytes(digest[-8:], "big") % 10
        split = "test" if tenth < 2 else "validation" if tenth == 2 else "train"
        found[split].append(question)
    return found


def _all(level: int) -> Iterator[str]:
    sign = {"sum": "+", "difference": "-", "product": "*"}[FAMILIES[level]]
    for a in range(1, 100):
        for b in range(1, 100):
            if _level_of(a, b, sign) == level:
                yield f"{a:02d}{sign}{b:02d}"


def _level_of(a: int, b: int, sign: str) -> int | None:
    if sign == "+":
        return 1 if b <= 20 else 2 if a > 20 else None
    if sign == "-":
        return None if a < b or a <= 20 else 3 if b <= 20 else 4
    if (a < 10) != (b < 10):
        return 5
    return 6 if a >= 10 and b >= 10 and a * b < 1000 else None
