"""A verdict for GitHub Actions: the step summary and annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from caopd_bench.gates.formats.actions import (
    MAX_ANNOTATIONS,
    append_text,
    make_annotation,
    print_annotations,
)
from caopd_bench.gates.result import GateCell, GateResult
from caopd_bench.gates.wording.markdown import render_markdown
from caopd_bench.gates.wording.table import headline, said
from caopd_bench.gates.wording.words import label

__all__ = ["annotate", "append_summary", "list_annotations"]


def append_summary(result: GateResult, environment: Mapping[str, str] | None = None) -> None:
    """Append to the step summary, if GITHUB_STEP_SUMMARY is set.

    Parameters
    ----------
    result : GateResult
    environment : Mapping, optional
        Overrides the process's environment; GITHUB_STEP_SUMMARY names the file.

    Raises
    ------
    OutputError
        If the file cannot be written: readers of the summary would take a missing one for no
        change.
    """
    append_text(render_markdown(result), environment)


def annotate(result: GateResult, environment: Mapping[str, str] | None = None) -> None:
    """Print annotations if the process runs on GitHub: GITHUB_ACTIONS is "true"."""
    print_annotations(list_annotations(result), environment)


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
    """Describe for each task what prevents a PASS, beginning with what more items cannot decide."""
    if result.outcome == "PASS":
        return []
    asked = result.policy.min_items
    tasks = {
        task: [f"{items:,} items, but the policy requires {asked:,} (min_items)"]
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
    return make_annotation(level, f"Calibration gate {result.outcome}", line)
