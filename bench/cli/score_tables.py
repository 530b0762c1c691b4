"""The output of `score` and `rescore`: for each task the runs, their table, groups and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, inline

if TYPE_CHECKING:
    from caopd_bench.runs.counts import Missing
    from caopd_bench.runs.records import Record
    from caopd_bench.runs.run import AnyRun

__all__ = ["render_tables", "say_no_confidence"]

#: Few terminals are wide enough for a table of more runs.
SIDE_BY_SIDE = 8


def render_tables(
    runs: Sequence[AnyRun],
    records: Sequence[Record],
    keys: Sequence[str],
    level: float,
    missing: Missing,
) -> Iterator[str]:
    """Yield what is printed, a block at a time."""
    from caopd_bench.comparison.equal_answers import notes_on_equal_answers
    from caopd_bench.comparison.pair_notes import (
        notes_on_items,
        notes_on_thinking,
        notes_on_weights,
    )
    from caopd_bench.runs.confidence_of import join_wordings, wording_of
    from caopd_bench.scores.notes import describe_run, notes_on_task
    from caopd_bench.scores.table import render_groups, render_task

    # With ten thousand tasks, look each up instead of searching all records for it.
    of_task: dict[str, list[Record]] = {}
    for record in records:
        of_task.setdefault(record.task, []).append(record)
    for task in dict.fromkeys(task for run in runs for task in run.tasks):
        members = [run for run in runs if run.has(task)]
        ours = of_task.get(task, [])
        of_run: dict[str, list[Record]] = {}
        for record in ours:
            of_run.setdefault(record.run, []).append(record)
        yield f"\n{inline(task, NAME_WIDTH)}"
        for run in members:
            yield f"  {inline(run.name, NAME_WIDTH)}: {describe_run(run, task)}"
        yield ""
        wording = join_wordings(wording_of(run, task) for run in members)
        yield render_task(ours, [run.name for run in members], level, missing, wording)
        for run in members:
            name = inline(run.name, NAME_WIDTH)
            for key in keys:
                groups = of_run.get(run.name, [])
                table = render_groups(groups, key, level, missing, wording_of(run, task))
                yield f"\n  {name} by {inline(key)}\n{table}\n{_without(run, task, key)}"
            head = f"note on {name}" if len(runs) > 1 else "note"
            for note in notes_on_task(run, task, missing):
                yield f"  {head}: {inline(note)}"
    kinds = (notes_on_items, notes_on_weights, notes_on_equal_answers, notes_on_thinking)
    for note in (note for notes_on in kinds for note in notes_on(runs)):
        yield f"\nwarning: {inline(note)}"
    general = {str(w) for run in runs for w in run.warnings if not any(map(run.has, w.tasks))}
    for warning in sorted(general):
        yield f"\nnote: {inline(warning, WARNING_WIDTH)}"
    if len(runs) > SIDE_BY_SIDE:
        yield (
            f"\nnote: the table of {len(runs):,} runs is wide; for all numbers use --json FILE; "
            "for a page with one line per run: caopd-bench report RUN... -o FILE.html (.csv, .md)"
        )


def _without(run: AnyRun, task: str, key: str) -> str:
    """Return a line with the number of rows in no group of a key."""
    n = run.count(task).n - sum(counts.n for counts in run.count_by(task, key).values())
    return f"  ({n:,} {'row has' if n == 1 else 'rows have'} no {inline(key)})\n" if n else ""


def say_no_confidence(runs: Sequence[AnyRun]) -> str:
    """Return the sentence for runs without a usable confidence."""
    from caopd_bench.runs.confidence_of import join_wordings, wording_of
    from caopd_bench.scores.shares import NO_ROWS

    wordings = (wording_of(run, task) for run in runs for task in run.tasks)
    return join_wordings(wordings).reword(NO_ROWS)
