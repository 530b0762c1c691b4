"""Write a verdict to files, in the format of their suffix."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from caopd_bench.gates.formats.files import check_files, write_verdict
from caopd_bench.gates.result import GateResult
from caopd_bench.gates.wording.as_json import render_json
from caopd_bench.gates.wording.html import render_html
from caopd_bench.gates.wording.junit import render_junit
from caopd_bench.gates.wording.markdown import render_markdown

__all__ = ["check_outputs", "write_outputs"]

RENDERERS = {
    ".html": render_html,
    ".json": render_json,
    ".md": render_markdown,
    ".xml": render_junit,
}


def check_outputs(files: Iterable[Path]) -> None:
    """Refuse impossible outputs before reading anything."""
    check_files(files, RENDERERS)


def write_outputs(result: GateResult, files: Iterable[Path]) -> None:
    """Write a verdict to all files, or to none if one cannot be written."""
    write_verdict(result, files, RENDERERS)
