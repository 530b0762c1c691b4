"""A verdict in files, by their suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from caopd_bench.core.deliver import write_files
from caopd_bench.core.errors import OutputError, UsageError
from caopd_bench.gates.result import GateResult
from caopd_bench.gates.wording.as_json import render_json
from caopd_bench.gates.wording.html import render_html
from caopd_bench.gates.wording.junit import render_junit
from caopd_bench.gates.wording.markdown import render_markdown

__all__ = ["check_outputs", "try_to_deliver", "write_outputs"]

RENDERERS = {
    ".html": render_html,
    ".json": render_json,
    ".md": render_markdown,
    ".xml": render_junit,
}


def check_outputs(files: Iterable[Path]) -> None:
    """Refuse what cannot be written before anything is read."""
    for file in files:
        if file.suffix.lower() not in RENDERERS:
            raise UsageError(f"--output {file}: must end in {', '.join(RENDERERS)}")
        if file.is_dir():
            raise UsageError(f"--output {file}: is a folder; name a file")


def try_to_deliver(write: Callable[[], None]) -> list[str]:
    """Write something of a verdict that is decided; give why it could not be, or nothing.

    The verdict does not depend on it, so a full disk, a pipe that nobody reads and a shortage of
    memory are said, and not raised.
    """
    try:
        write()
    except BrokenPipeError as error:
        return [f"{error.filename or 'an output'}: cannot be written (its reader has gone)"]
    except OutputError as error:
        return [str(error)]
    except MemoryError:
        return ["an output cannot be written (not enough memory)"]
    return []


def write_outputs(result: GateResult, files: Iterable[Path]) -> None:
    """Write a verdict into files: all of them, or none if one cannot be written."""
    write_files(
        {
            file: RENDERERS[file.suffix.lower()](result).encode("utf-8", "backslashreplace")
            for file in files
        }
    )
