"""Load the items of a set from its source, from a function, or from several mixed sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from caopd_bench.tasks.catalogue.checks import check_item
from caopd_bench.tasks.catalogue.dataset import Item, ToItem
from caopd_bench.tasks.catalogue.datasets import DATASETS
from caopd_bench.tasks.catalogue.download import find_present, load_rows
from caopd_bench.tasks.catalogue.rows import DataError, Row

__all__ = ["count_items", "load_items"]


def count_items(name: str) -> int:
    """Count the questions of a set, without reading them; a key of `DATASETS`."""
    chosen = DATASETS[name]
    if chosen.parts:
        return sum(map(count_items, chosen.parts))
    return chosen.source.rows if chosen.source else chosen.items


def load_items(name: str, *, data_dir: str | Path | None = None, **options: Any) -> list[Item]:
    """Load the items of a set.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    data_dir : str or Path, optional
        A folder with the dataset's file; see `download.load_rows`.
    **options
        `problem_seed`, `levels` and `first`, for the bundled sets; a combined set takes no `first`,
        which would change the shares of its parts.

    Returns
    -------
    list of dict
        See `dataset`. All items have the same keys.

    Raises
    ------
    DataError
        If the rows are unavailable, or one cannot become an item; names file, row and field.
    """
    chosen = DATASETS[name]
    if chosen.load is not None:
        return list(chosen.load(**options))
    if chosen.parts:
        parts = []
        for part in chosen.parts:
            own = {k: v for k, v in options.items() if k != "first"} if DATASETS[part].load else {}
            loaded = load_items(part, data_dir=data_dir, **own)
            parts.append([{**item, "domain": item.get("domain", "caopd_math")} for item in loaded])
        return _alike(_interleave(parts))
    given = [key for key, value in options.items() if value is not None]
    if given:
        raise ValueError(
            f"--metadata: {given[0]} only applies to the bundled problems, and {name} contains none"
        )
    assert chosen.source is not None, name
    assert chosen.to_item is not None, name
    rows, source = load_rows(chosen.source, data_dir)
    file = find_present(chosen.source, data_dir)
    items = []
    for number, row in enumerate(rows, 1):
        where = f"{file} row {number}"
        item = _read_row(chosen.to_item, row, where)
        check_item(item, where)
        item.setdefault("id", f"{source['set']}-{number}")
        items.append({**item, "source": {**source, "version": None, "seed": None}})
    return _alike(items)


def _read_row(to_item: ToItem, row: Row, where: str) -> Item:
    """Make an item from a row; report unexpected errors of the entry's function in one line too."""
    try:
        return to_item(row, where)
    except DataError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise DataError(
            f"{where}: no item can be made of {str(row)[:80]} ({said}); fix the row, or the "
            "entry's function"
        ) from error


def _interleave(parts: list[list[Item]]) -> list[Item]:
    """Mix sets so that every prefix has about the same share of each, and any limit is balanced."""
    placed = [
        ((i + 0.5) / len(part), p, item)
        for p, part in enumerate(parts)
        for i, item in enumerate(part)
    ]
    return [item for _, _, item in sorted(placed, key=lambda entry: entry[:2])]


def _alike(items: list[Item]) -> list[Item]:
    """Add missing keys, so that all items have the same: a table of documents has one schema."""
    keys = dict.fromkeys(key for item in items for key in item)
    return [{key: item.get(key) for key in keys} for item in items]
