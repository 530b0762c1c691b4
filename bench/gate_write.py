"""A verdict in files, by their suffix."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from caopd_bench.errors import UsageError
from caopd_bench.gate_html import render_html
from caopd_bench.gate_json import render_json
from caopd_bench.gate_junit import render_junit
from caopd_bench.gate_markdown import render_markdown
from caopd_bench.gating import GateResult
from caopd_bench.stored import replace_files

__all__ = ["check_outputs", "write_output"]

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


def write_output(result: GateResult, file: Path) -> None:
    """Write a verdict; what was there stays until all is written."""
    text = RENDERERS[file.suffix.lower()](result)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_files({file: text.encode("utf-8", "backslashreplace")})
    except OSError as error:
        raise UsageError(
            f"{error.filename or file}: cannot be written ({error.strerror})"
        ) from None
