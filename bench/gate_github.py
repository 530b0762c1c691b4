"""What GitHub Actions shows of a verdict: the step summary, and annotations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from caopd_bench.errors import OutputError
from caopd_bench.gate_markdown import render_markdown
from caopd_bench.gate_result import GateResult
from caopd_bench.gate_table import headline, label, said
from caopd_bench.markers import print_command
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = ["annotate", "append_summary", "list_annotations"]

#: GitHub drops the whole summary of a step above 1 MiB.
MAX_SUMMARY = 1024 * 1024
CUT = "\n\nThe rest does not fit into a step summary; `--output` FILE has all of it.\n"
#: GitHub shows so many errors, and as many warnings, of a step.
MAX_ANNOTATIONS = 10


def append_summary(result: GateResult, environment: Mapping[str, str] | None = None) -> None:
    """Append to the step summary, where GitHub asks for one.

    Parameters
    ----------
    result : GateResult
    environment : Mapping, optional
        In place of the process's: GITHUB_STEP_SUMMARY names the file.

    Raises
    ------
    OutputError
        If the file cannot be written: who reads summaries would take the silence for no change.
    """
    file = (os.environ if environment is None else environment).get("GITHUB_STEP_SUMMARY")
    if file:
        try:
            _append(Path(file), render_markdown(result))
        except OSError as error:
            said = f"GITHUB_STEP_SUMMARY {file}: cannot be written ({error.strerror})"
            raise OutputError(said) from None


def annotate(result: GateResult, environment: Mapping[str, str] | None = None) -> None:
    """Print annotations where GitHub reads them: GITHUB_ACTIONS is "true"."""
    variables = os.environ if environment is None else environment
    if variables.get("GITHUB_ACTIONS") == "true":
        for line in list_annotations(result):
            print_command(line)


def list_annotations(result: GateResult) -> Iterator[str]:
    """Yield a workflow command for each task that does not pass, ten at most."""
    if result.outcome == "PASS":
        return
    asked = result.policy.min_items
    tasks = {
        task: [f"{items:,} items, and the policy asks for {asked:,} (min_items)"]
        for task, items in result.too_few.items()
    }
    for cell in result.cells:
        is_why = cell.tier == "gate" and cell.outcome == result.outcome
        if is_why and cell.task not in result.too_few:
            place = f"{cell.group} " if cell.group else ""
            tasks.setdefault(cell.task, []).append(f"{place}{label(cell)}: {said(cell, result)}")
    level = "error" if result.exit_code else "warning"
    title = f"title=Calibration gate {result.outcome}"
    lines = [f"{task}: {'; '.join(why)}" for task, why in tasks.items()] or [headline(result)]
    shown = lines if len(lines) <= MAX_ANNOTATIONS else lines[: MAX_ANNOTATIONS - 1]
    for line in shown:
        yield f"::{level} {title}::{_escape(inline(line, 5 * NAME_WIDTH))}"
    if len(shown) < len(lines):
        yield f"::{level} {title}::and {len(lines) - len(shown)} more tasks"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _append(file: Path, text: str) -> None:
    taken = file.stat().st_size if file.exists() else 0
    content, room = text.encode("utf-8", "backslashreplace"), MAX_SUMMARY - taken - 1
    if len(content) > room:
        kept = content[: max(room - len(CUT.encode()), 0)].decode("utf-8", "ignore")
        # Whole lines only: half a table row is no row.
        content = (kept.rpartition("\n")[0] + CUT).encode() if kept else b""
    with file.open("ab") as stream:
        stream.write(content)
