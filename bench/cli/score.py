"""`caopd-bench score`: read, compute, print, and write what was asked for."""

from __future__ import annotations

import argparse
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from caopd_bench.comparison.pair_notes import notes_on_items, notes_on_thinking, notes_on_weights
from caopd_bench.core.deliver import print_table, write_files, write_json
from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.process.progress import stage
from caopd_bench.core.process.share import usable_cores
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, inline
from caopd_bench.metrics import plot_reliabilities, reliability_table
from caopd_bench.runs.check_texts import refuse_unlike_texts
from caopd_bench.runs.counts import Missing
from caopd_bench.runs.flat.read import MAX_ROWS, Columns
from caopd_bench.runs.note import Note
from caopd_bench.runs.read import expand_specs, read_runs
from caopd_bench.runs.records import Record, render_json
from caopd_bench.runs.reparse import reparse
from caopd_bench.runs.run import AnyRun, CountedRun, Run
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.notes import describe_run, notes_on_task
from caopd_bench.scores.score import score
from caopd_bench.scores.table import HEADS, render_groups, render_task
from caopd_bench.tasks.read.parse import PARSER_VERSION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_outputs", "present", "run_score"]

FIGURE_SUFFIXES = (".pdf", ".png", ".svg")


def run_score(options: argparse.Namespace) -> int:
    """Carry out the command; everything is checked before anything is printed or written."""
    options.runs = expand_specs(options.runs)
    if options.store and len(options.runs) > 1:
        raise UsageError("--store takes one run; store each with its own folder")
    check_outputs(options)
    keys = list(dict.fromkeys(key for keys in options.by for key in keys))
    columns = Columns(
        options.confidence_column,
        options.correct_column,
        options.item_column,
        tuple(keys),
        options.decimals,
    )
    read = read_runs(options.runs, columns)
    runs = [_select(run, options.task) for run in read]
    if options.reparse:
        runs = [_reparse(run) for run in runs]
    elif options.store:
        refuse_unlike_texts(runs[0])  # else every reader would refuse what is stored
    return present(runs, options, keys)


def _reparse(run: AnyRun) -> Run:
    again, changed = reparse(run)
    share = f"{changed:,} of {len(again.rows):,} rows"
    note = f"read again by parser {PARSER_VERSION}, which made a difference to {share}"
    said = Note(None, f"{inline(run.name, NAME_WIDTH)} {note}")
    return replace(again, warnings=(*again.warnings, said))


def check_outputs(options: argparse.Namespace) -> None:
    """Refuse what cannot be written before anything is read."""
    if options.text and not options.store:
        raise UsageError("--text says what --store keeps; add --store DIR")
    if options.figure and options.figure.suffix.lower() not in FIGURE_SUFFIXES:
        raise UsageError(f"--figure {options.figure}: must end in {', '.join(FIGURE_SUFFIXES)}")


def present(runs: Sequence[AnyRun], options: argparse.Namespace, keys: Sequence[str]) -> int:
    """Score runs, print the tables, and write what the options ask for."""
    kept = _check_kept(runs[0]) if options.store else None
    missing: Missing = options.missing
    records = score(
        runs, by=keys, level=options.confidence, missing=missing, workers=usable_cores()
    )
    with stage("drawing"):
        figure = _draw(runs, options.confidence, missing) if options.figure else None
    # Without a usable confidence there is no figure, and all the more need of the table.
    is_missing = bool(options.figure) and figure is None
    text = render_json(records) if options.json else ""
    with stage("writing the numbers"):
        write_json(options.json, text)
    if kept:
        with writing(options.store), stage("storing the rows"):
            write_stored(
                kept, records, options.store, level=options.confidence, with_text=options.text
            )
    if figure:
        write_files({options.figure: _save(figure, options.figure.suffix.lower())})
    print_table(_render(runs, records, keys, options.confidence, missing), options.json, text)
    if is_missing:
        raise UsageError(
            f"--figure {options.figure}: no row states a usable confidence; nothing to draw"
        )
    return 0


def _check_kept(run: AnyRun) -> Run:
    if isinstance(run, Run):
        return run
    raise UsageError(
        f"--store {run.path}: keeps rows one by one, of files with up to {MAX_ROWS:,} rows; this "
        f"has {run.counts.n:,}: keep the files, and the numbers by --json FILE"
    )


def _select(run: AnyRun, task: str | None) -> AnyRun:
    if task is None:
        return run
    if not run.has(task):
        raise UsageError(f"{run.path}: no task {task!r}; it has {', '.join(run.tasks)}")
    if isinstance(run, CountedRun):
        return run
    ours = [w for w in run.warnings if task in w.tasks or not any(map(run.has, w.tasks))]
    return replace(run, rows=run.task_rows(task), warnings=tuple(ours))


def _render(
    runs: Sequence[AnyRun],
    records: Sequence[Record],
    keys: Sequence[str],
    level: float,
    missing: Missing,
) -> Iterator[str]:
    """Yield what is printed, a block at a time."""
    # Of ten thousand tasks each is looked up once, not searched for among all.
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
        yield render_task(ours, [run.name for run in members], level, missing)
        for run in members:
            name = inline(run.name, NAME_WIDTH)
            for key in keys:
                table = render_groups(of_run.get(run.name, []), key, level, missing)
                yield f"\n  {name} by {inline(key)}\n{table}\n{_without(run, task, key)}"
            head = f"note on {name}" if len(runs) > 1 else "note"
            for note in notes_on_task(run, task, missing):
                yield f"  {head}: {inline(note)}"
    for note in [*notes_on_items(runs), *notes_on_weights(runs), *notes_on_thinking(runs)]:
        yield f"\nwarning: {inline(note)}"
    general = {str(w) for run in runs for w in run.warnings if not any(map(run.has, w.tasks))}
    for warning in sorted(general):
        yield f"\nnote: {inline(warning, WARNING_WIDTH)}"


def _without(run: AnyRun, task: str, key: str) -> str:
    """Say how many rows are in no group of a key."""
    n = run.count(task).n - sum(counts.n for counts in run.count_by(task, key).values())
    return f"  ({n:,} {'row has' if n == 1 else 'rows have'} no {inline(key)})\n" if n else ""


def _draw(runs: Sequence[AnyRun], level: float, missing: Missing) -> Figure | None:
    """Draw a panel per run and task, on one scale; None if there is nothing to draw."""
    panels = [
        (run, task, counts)
        for run in runs
        for task in run.tasks
        if (counts := run.count(task).tally(missing)) is not None
    ]
    if not panels:
        return None
    tasks = {task for _, task, _ in panels}
    tables = {}
    for run, task, counts in panels:
        title = inline(run.name, NAME_WIDTH)
        if len(tasks) > 1:
            title += f"\n{inline(task, NAME_WIDTH)}"
        if missing == "zero":
            title += f"\n{HEADS[missing]}"
        while title in tables:  # long names are shortened, and may then be alike
            title += "'"
        tables[title] = reliability_table(counts, level=level)
    return plot_reliabilities(tables)


def _save(figure: Figure, suffix: str) -> bytes:
    # No date, no random ids: the same rows give the same bytes.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "caopd-bench"}), warnings.catch_warnings():
        # Names in a script that matplotlib's font lacks or cannot shape: boxes, and no more words.
        warnings.filterwarnings("ignore", "Glyph|Matplotlib currently does not support")
        image = io.BytesIO()
        figure.savefig(image, format=suffix[1:], dpi=160, metadata=metadata[suffix])
    return image.getvalue()
