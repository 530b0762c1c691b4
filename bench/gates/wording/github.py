"""What GitHub Actions shows of a verdict: the step summary, and annotations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from caopd_bench.core.errors import OutputError
from caopd_bench.core.markers import print_command
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, inline
from caopd_bench.gates.result import GateCell, GateResult
from caopd_bench.gates.wording.markdown import render_markdown
from caopd_bench.gates.wording.table import headline, said
from caopd_bench.gates.wording.words import label

__all__ = ["annotate", "append_summary", "list_annotations"]

#: GitHub drops the whole summary of a step above 1 MiB.
MAX_SUMMARY = 1024 * 1024
CUT = "\n\nThe rest does not fit into a step summary; `--output` FILE has all of it.\n"
#: GitHub shows so many errors, and as many warnings, of a step.
MAX_ANNOTATIONS = 10
WIDTH = NAME_WIDTH + WARNING_WIDTH


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
            raise OutputError.of(f"GITHUB_STEP_SUMMARY {file}", error) from None


def annotate(result: GateResult, environment: Mapping[str, str] | None = None) -> None:
    """Print annotations where GitHub reads them: GITHUB_ACTIONS is "true"."""
    variables = os.environ if environment is None else environment
    if variables.get("GITHUB_ACTIONS") == "true":
        for line in list_annotations(result):
            print_command(line)


def list_annotations(result: GateResult) -> Iterator[str]:
    """Yield a workflow command for each warning and each task that does not pass, ten at most."""
    level = "error" if result.exit_code else "warning"
    lines = [("warning", line) for line in result.warnings]
    lines += [(level, line) for line in _list_tasks(result)]
    shown = lines if len(lines) <= MAX_ANNOTATIONS else lines[: MAX_ANNOTATIONS - 1]
    for its_level, line in shown:
        yield _command(its_level, result, line)
    if len(shown) < len(lines):
        more = "more lines" if result.warnings else "more tasks"
        yield _command(level, result, f"and {len(lines) - len(shown)} {more}")


def _list_tasks(result: GateResult) -> list[str]:
    """Say of each task what keeps it from a PASS; first what no items of the same kind decide."""
    if result.outcome == "PASS":
        return []
    asked = result.policy.min_items
    tasks = {
        task: [f"{items:,} items, and the policy asks for {asked:,} (min_items)"]
        for task, items in result.too_few.items()
    }
    for why, cells in _by_reason(result).items():
        for task in dict.fromkeys(cell.task for cell in cells):
            names = ", ".join(_name(cell) for cell in cells if cell.task == task)
            tasks.setdefault(task, []).append(f"{names}: {said(cells[0], result)} ({why})")
    for cell in result.cells:
        is_why = cell.tier == "gate" and cell.outcome == result.outcome and not cell.undecidable
        if is_why and cell.task not in result.too_few:
            tasks.setdefault(cell.task, []).append(f"{_name(cell)}: {said(cell, result)}")
    return [f"{task}: {'; '.join(why)}" for task, why in tasks.items()] or [headline(result)]


def _by_reason(result: GateResult) -> dict[str, list[GateCell]]:
    found: dict[str, list[GateCell]] = {}
    for cell in result.undecidable if result.outcome == "INCONCLUSIVE" else ():
        if cell.task not in result.too_few:
            found.setdefault(cell.undecidable, []).append(cell)
    return found


def _name(cell: GateCell) -> str:
    return f"{cell.group} {label(cell)}" if cell.group else label(cell)


def _command(level: str, result: GateResult, line: str) -> str:
    title = f"title=Calibration gate {result.outcome}"
    return f"::{level} {title}::{_escape(inline(line, WIDTH))}"


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
