"""Output for GitHub Actions: the step summary and annotations."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from caopd_bench.core.errors import OutputError
from caopd_bench.core.markers import print_command
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, inline

__all__ = ["MAX_ANNOTATIONS", "MAX_SUMMARY", "append_text", "make_annotation", "print_annotations"]

#: GitHub drops the whole summary of a step above 1 MiB.
MAX_SUMMARY = 1024 * 1024
CUT = "\n\nThe rest does not fit into a step summary; `--output FILE` writes all of it.\n"
#: GitHub shows this many errors, and as many warnings, per step.
MAX_ANNOTATIONS = 10
WIDTH = NAME_WIDTH + WARNING_WIDTH


def append_text(markdown: str, environment: Mapping[str, str] | None = None) -> None:
    """Append to the step summary, if GITHUB_STEP_SUMMARY is set.

    Parameters
    ----------
    markdown : str
    environment : Mapping, optional
        Overrides the process's environment; GITHUB_STEP_SUMMARY names the file.

    Raises
    ------
    OutputError
        If the file cannot be written: readers of the summary would take a missing one for no
        change.
    """
    file = (os.environ if environment is None else environment).get("GITHUB_STEP_SUMMARY")
    if file:
        try:
            _append(Path(file), markdown)
        except OSError as error:
            raise OutputError.of(f"GITHUB_STEP_SUMMARY {file}", error) from None


def print_annotations(lines: Iterable[str], environment: Mapping[str, str] | None = None) -> None:
    """Print annotations if the process runs on GitHub: GITHUB_ACTIONS is "true"."""
    variables = os.environ if environment is None else environment
    if variables.get("GITHUB_ACTIONS") == "true":
        for line in lines:
            print_command(line)


def make_annotation(level: str, title: str, line: str) -> str:
    r"""Make the workflow command of an annotation; the title is ours, the line may hold anything.

    Examples
    --------
    >>> make_annotation("error", "Calibration gate FAIL", "a name with 5 % and a\nnewline")
    '::error title=Calibration gate FAIL::a name with 5 %25 and a\\nnewline'
    """
    return f"::{level} title={title}::{_escape(inline(line, WIDTH))}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _append(file: Path, text: str) -> None:
    taken = file.stat().st_size if file.exists() else 0
    content, room = text.encode("utf-8", "backslashreplace"), MAX_SUMMARY - taken - 1
    if len(content) > room:
        kept = content[: max(room - len(CUT.encode()), 0)].decode("utf-8", "ignore")
        # Cut at whole lines, since half a table row is not rendered.
        content = (kept.rpartition("\n")[0] + CUT).encode() if kept else b""
    with file.open("ab") as stream:
        stream.write(content)
