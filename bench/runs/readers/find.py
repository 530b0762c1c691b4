"""Which reader a path has: every module in this folder with a `READER` is asked."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from caopd_bench.runs.readers.reader import Reader

__all__ = ["all_readers", "find_reader", "list_runs"]


@cache
def all_readers() -> tuple[Reader, ...]:
    """Give the `READER` of every module in this folder, in the order in which they are asked."""
    package = __package__ or __name__.rpartition(".")[0]
    folder = str(Path(__file__).parent)
    found = [one.name for one in walk_packages([folder], f"{package}.") if not one.ispkg]
    modules = [import_module(name) for name in found]
    readers = [module.READER for module in modules if hasattr(module, "READER")]
    return tuple(sorted(readers, key=lambda reader: (reader.order, reader.name)))


def find_reader(path: Path, *, of_logs: bool = False) -> Reader | None:
    """Find the reader of a path; with `of_logs` among those that open answers."""
    for reader in all_readers():
        able = reader.open_log if of_logs else (reader.read or reader.runs)
        if able is not None and reader.finds(path):
            return reader
    return None


def list_runs(path: Path) -> list[Path]:
    """Give the paths of the runs that a path holds: itself, but for a path of several."""
    reader = find_reader(path)
    return [path] if reader is None or reader.runs is None else list(reader.runs(path))
