"""Names of several runs: different runs have different names, shortened ones too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from caopd_bench.core.terminal import inline

__all__ = ["abbreviate", "number_repeated"]

#: Characters before the first difference that an abbreviation keeps.
LEAD = 4


def abbreviate(names: Sequence[str], width: int) -> list[str]:
    """Shorten names to a width, so that different names stay different.

    Examples
    --------
    >>> abbreviate(["a-long-common-beginning-1-and-the-end", "short"], 16)
    ['a-long-c...e-end', 'short']
    >>> abbreviate(["a-long-common-beginning-1-and-the-end",
    ...             "a-long-common-beginning-2-and-the-end"], 16)
    ['...ing-1-and-the', '...ing-2-and-the']
    """
    different = dict.fromkeys(names)
    shown = {name: inline(name, width) for name in different}
    if len(set(shown.values())) < len(different):
        clashes = {one: [n for n in different if shown[n] == one] for one in shown.values()}
        for alike in filter(lambda found: len(found) > 1, clashes.values()):
            start = max(0, len(_common_start(alike)) - LEAD)
            for name in alike:
                shown[name] = inline(f"...{name[start:]}"[:width])
        told = number_repeated(list(shown.values()))
        shown = dict(zip(shown, told, strict=True))
    return [shown[name] for name in names]


def _common_start(names: Sequence[str]) -> str:
    low, high = min(names), max(names)
    same = (i for i, (one, other) in enumerate(zip(low, high, strict=False)) if one != other)
    return low[: next(same, min(len(low), len(high)))]


def number_repeated(names: Sequence[str]) -> Iterator[str]:
    """Yield the names; what was there already gets a number."""
    taken: set[str] = set()
    for name in names:
        numbered = (f"{name} ({i})" for i in count(2))
        free = name if name not in taken else next(n for n in numbered if n not in taken)
        taken.add(free)
        yield free
