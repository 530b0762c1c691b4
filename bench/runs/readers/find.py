"""Find the reader of a path by asking every module with a `READER`.

Readers of runs are in this folder and readers of logs in its subfolders, so that reading a run does
not load the log formats.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from caopd_bench.runs.readers.reader import Reader

__all__ = ["all_readers", "find_reader", "list_left", "list_runs"]


@cache
def all_readers(*, of_logs: bool) -> tuple[Reader, ...]:
    """Return the readers of runs or of logs, in the order in which they are tried."""
    package = __package__ or __name__.rpartition(".")[0]
    here = Path(__file__).parent
    files = here.glob("*/[!_]*.py" if of_logs else "[!_]*.py")
    names = (".".join((package, *file.relative_to(here).with_suffix("").parts)) for file in files)
    modules = [import_module(name) for name in sorted(names)]
    readers = [module.READER for module in modules if hasattr(module, "READER")]
    return tuple(sorted(readers, key=lambda reader: (reader.order, reader.name)))


def find_reader(path: Path, *, of_logs: bool = False) -> Reader | None:
    """Find the reader of a path; with `of_logs`, among the readers of logs."""
    return next((one for one in all_readers(of_logs=of_logs) if one.finds(path)), None)


def list_runs(path: Path) -> list[Path]:
    """Return the paths of the runs in a path, which is the path itself if it is a single run."""
    reader = find_reader(path)
    return [path] if reader is None or reader.runs is None else list(reader.runs(path))


def list_left(path: Path) -> dict[Path, str]:
    """Return the items of a path that are not part of any run, with the reasons."""
    found: dict[Path, str] = {}
    for reader in all_readers(of_logs=False):
        if reader.left is not None:
            found |= reader.left(path)
    return found
