"""Name several runs so that different runs have different names, even when shortened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from caopd_bench.core.terminal import inline
from caopd_bench.runs.lm_eval.find import is_results
from caopd_bench.runs.model_name import name_model

__all__ = ["abbreviate", "number_repeated", "tell_apart"]

#: Number of characters before the first difference that an abbreviation keeps.
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
    """Yield the names; append a number to a repeated name."""
    taken: set[str] = set()
    for name in names:
        numbered = (f"{name} ({i})" for i in count(2))
        free = name if name not in taken else next(n for n in numbered if n not in taken)
        taken.add(free)
        yield free


def tell_apart(name: str, paths: list[Path]) -> list[str]:
    """Name runs of one model by their folders, or by their dates if they share a folder."""
    folders = [path.parent if is_results(path) else path for path in paths]
    if len({folder.resolve() for folder in folders}) == len(folders):
        return _shorten_models(folders) or _shortest_distinct(folders)
    if all(map(is_results, paths)):
        dates = [path.stem.rpartition("_")[2] for path in paths]
        seconds = [date[:19] for date in dates]
        for told in (seconds, dates):
            if len(set(told)) == len(told):
                return [f"{name} ({date})" for date in told]
    return _shortest_distinct(paths)


def _shorten_models(folders: list[Path]) -> list[str]:
    """Name runs by their models, from lm-eval's folder names: `org__model`, `__data__model`.

    Only the two parts of a path that identify the model are shown. Return no names if these do not
    distinguish the runs.
    """
    texts = [folder.resolve().name for folder in folders]
    if not all("__" in text for text in texts):
        return []
    texts = [text if text.count("__") > 1 else text.replace("__", "/") for text in texts]
    for parts in (1, 2):
        names = [name_model(text, parts=parts) for text in texts]
        if len(set(names)) == len(names):
            return names
    return []


def _shortest_distinct(paths: list[Path]) -> list[str]:
    """Return the shortest path endings of equal length that differ; "" if two paths are equal.

    A folder that lm-eval named after its model's path is shown by the model's name.
    """
    parts = [path.resolve().parts for path in paths]
    named = [(*part[:-1], name_model(part[-1])) if "__" in part[-1] else part for part in parts]
    return _ends_that_differ(named) or [""] * len(paths)


def _ends_that_differ(parts: Sequence[tuple[str, ...]]) -> list[str]:
    for depth in range(1, max(map(len, parts)) + 1):
        ends = ["/".join(part[-depth:]) for part in parts]
        if len(set(ends)) == len(ends):
            return ends
    return []
