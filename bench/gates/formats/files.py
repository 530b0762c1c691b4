"""Write a verdict to files, in the format of their suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from caopd_bench.core.deliver import write_files
from caopd_bench.core.errors import OutputError, UsageError

__all__ = ["check_files", "try_to_deliver", "write_verdict"]

Result = TypeVar("Result")


def check_files(files: Iterable[Path], renderers: Mapping[str, object]) -> None:
    """Refuse impossible outputs before reading anything."""
    for file in files:
        if file.suffix.lower() not in renderers:
            raise UsageError(f"--output {file}: must end in {', '.join(renderers)}")
        if file.is_dir():
            raise UsageError(f"--output {file}: is a folder; give a file name")


def try_to_deliver(write: Callable[[], None]) -> list[str]:
    """Write an output of a verdict; return the reason if that failed.

    The verdict does not depend on its outputs, so a full disk, a closed pipe and a shortage of
    memory are reported and not raised.
    """
    try:
        write()
    except BrokenPipeError as error:
        return [f"{error.filename or 'an output'}: cannot be written (its reader closed the pipe)"]
    except OutputError as error:
        return [str(error)]
    except MemoryError:
        return ["an output cannot be written (not enough memory)"]
    return []


def write_verdict(
    result: Result, files: Iterable[Path], renderers: Mapping[str, Callable[[Result], str]]
) -> None:
    """Write a verdict to all files, or to none if one cannot be written."""
    write_files(
        {
            file: renderers[file.suffix.lower()](result).encode("utf-8", "backslashreplace")
            for file in files
        }
    )
