"""Which reader a path has: every module with a `READER` is asked.

Those of runs lie in this folder, those of logs in the folders in it: where a run is read, the
formats of logs are not loaded.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from caopd_bench.runs.readers.reader import Reader

__all__ = ["all_readers", "find_reader", "list_left", "list_runs"]


@cache
def all_readers(*, of_logs: bool) -> tuple[Reader, ...]:
    """Return the readers of runs, or those of logs, in the order in which they are asked."""
    package = __package__ or __name__.rpartition(".")[0]
    here = Path(__file__).parent
    files = here.glob("*/[!_]*.py" if of_logs else "[!_]*.py")
    names = (".".join((package, *file.relative_to(here).with_suffix("").parts)) for file in files)
    modules = [import_module(name) for name in sorted(names)]
    readers = [module.READER for module in modules if hasattr(module, "READER")]
    return tuple(sorted(readers, key=lambda reader: (reader.order, reader.name)))


def find_reader(path: Path, *, of_logs: bool = False) -> Reader | None:
    """Find the reader of a path; with `of_logs` among those that open answers."""
    return next((one for one in all_readers(of_logs=of_logs) if one.finds(path)), None)


def list_runs(path: Path) -> list[Path]:
    """Return the paths of the runs that a path holds: itself, but for a path of several."""
    reader = find_reader(path)
    return [path] if reader is None or reader.runs is None else list(reader.runs(path))


def list_left(path: Path) -> dict[Path, str]:
    """Return everything in a path that no reader takes as part of a run, with the reasons."""
    found: dict[Path, str] = {}
    for reader in all_readers(of_logs=False):
        if reader.left is not None:
            found |= reader.left(path)
    return found
