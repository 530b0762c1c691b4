"""`caopd-bench score`: read, compute, print, and write what was asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.cli.score_tables import render_tables, say_no_confidence
from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.process.progress import stage
from caopd_bench.core.terminal import NAME_WIDTH, inline

if TYPE_CHECKING:
    from pathlib import Path

    from caopd_bench.maps.saved import ConfidenceMap
    from caopd_bench.runs.counts import Missing
    from caopd_bench.runs.flat.read import Keep
    from caopd_bench.runs.run import AnyRun, Run

__all__ = ["add", "add_outputs", "check_outputs", "present", "run_score"]

FIGURE_SUFFIXES = (".pdf", ".png", ".svg")


def add(commands: Any) -> None:
    """Add `score`."""
    score = commands.add_parser(
        "score",
        help="score runs: accuracy, calibration and discrimination, with intervals",
        description="Score runs of lm_eval (--output_path DIR --log_samples), stored runs, or any "
        "JSONL, CSV or Parquet files with a row an answer.",
    )
    score.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="PATH or NAME=PATH: a folder, a file, or files by a pattern ('shards/*.parquet')",
    )
    score.add_argument("--task", metavar="NAME", help="score this task only")
    score.add_argument(
        "--by",
        type=arguments.names,
        action="extend",
        default=[],
        metavar="KEY[,KEY]",
        help="also score groups: level, family, ... or columns of flat files",
    )
    score.add_argument(
        "--reparse",
        action="store_true",
        help="parse the responses again, for runs of an earlier parser; --store keeps the result",
    )
    score.add_argument(
        "--map",
        type=arguments.path,
        metavar="FILE",
        help="score confidences recalibrated by a map that recalibrate -o wrote",
    )
    add_outputs(score)
    together = score.add_argument_group("several tasks together")
    together.add_argument(
        "--panel",
        action="store_true",
        help="show the spread of every metric between prompts (task caopd_math_panel)",
    )
    together.add_argument(
        "--probe",
        action="store_true",
        help="compare success and stated confidence with and without context (tasks NAME_sc8 and "
        "NAME_priv_sc8)",
    )
    arguments.add_columns(score)
    score.set_defaults(run=run_score, more="runs")


def add_outputs(command: argparse.ArgumentParser) -> None:
    """Add what is computed and where it goes: the options that `rescore` has too."""
    arguments.add_level(command)
    command.add_argument(
        "--missing",
        choices=("drop", "zero"),
        default="drop",
        help="rows without a usable confidence: left out of the set metrics (drop), or counted "
        "as 0 as in the official code of CaOPD (zero)",
    )
    command.add_argument(
        "--json",
        type=arguments.path,
        metavar="FILE",
        help="write the records, strict JSON; - for standard output, the table then goes to "
        "standard error",
    )
    command.add_argument(
        "--figure",
        type=arguments.path,
        metavar="FILE",
        help="draw a reliability diagram: .png, .svg or .pdf",
    )
    command.add_argument(
        "--store",
        type=arguments.path,
        metavar="DIR",
        help="store rows and numbers in a folder (one run)",
    )
    command.add_argument(
        "--text", action="store_true", help="with --store, keep questions and texts too"
    )


def run_score(options: argparse.Namespace) -> int:
    """Carry out the command; everything is checked before anything is printed or written."""
    from caopd_bench.runs.read import read_runs

    if options.panel or options.probe:
        return _run_together(options)
    options.runs = arguments.find_runs(options)
    if options.store and len(options.runs) > 1:
        raise UsageError("--store takes one run; store each with its own folder")
    if options.store and options.map:
        raise UsageError(
            "--store keeps what the model said; leave --map out, and give it where the stored run "
            "is read"
        )
    fitted = _load_map(options.map)
    check_outputs(options)
    keys = list(dict.fromkeys(options.by))
    # Two runs are told to have answered different questions by the labels of these.
    counted: Keep = "labels" if len(options.runs) > 1 else "nothing"
    keep: Keep = "rows" if options.store or options.reparse else counted
    columns = replace(arguments.read_columns(options, keys), judge=options.reparse, keep=keep)
    read = read_runs(options.runs, columns)
    runs = [_select(run, options.task) for run in read]
    if options.reparse:
        runs = [_reparse(run) for run in runs]
    elif options.store:
        from caopd_bench.runs.check_texts import refuse_unlike_texts

        refuse_unlike_texts(runs[0])  # else every reader would refuse what is stored
    if fitted:
        from caopd_bench.maps.apply import apply_map

        runs = [apply_map(run, fitted) for run in runs]
    return present(runs, options, keys)


def _run_together(options: argparse.Namespace) -> int:
    """Carry out --panel or --probe; options that are for the ordinary table are refused."""
    from caopd_bench.core.deliver import print_table, write_json
    from caopd_bench.runs.read import read_runs
    from caopd_bench.runs.records import render_json
    from caopd_bench.scores.panel import read_panel, record_spreads
    from caopd_bench.scores.panel_probe_table import render_panel, render_probes
    from caopd_bench.scores.probe import probe

    name = "--panel" if options.panel else "--probe"
    if options.panel and options.probe:
        raise UsageError("--panel and --probe: give one of them")
    for option in ("store", "figure", "task", "by", "text", "reparse", "map"):
        if getattr(options, option):
            raise UsageError(f"{name}: --{option} does not go with it")
    if options.missing != "drop":
        raise UsageError(f"{name}: --missing does not go with it")
    runs = read_runs(arguments.find_runs(options))
    if options.panel:
        with stage("comparing prompts"):
            spreads, turns, records = read_panel(runs, level=options.level)
        records = [*record_spreads(spreads), *records]
        blocks = list(render_panel(spreads, turns, options.level))
    else:
        with stage("computing probes"):
            records = probe(runs, level=options.level)
        blocks = list(render_probes(records, options.level))
    text = render_json(records) if options.json else ""
    write_json(options.json, text)
    print_table(blocks, options.json, text)
    return 0


def _load_map(file: Path | None) -> ConfidenceMap | None:
    if file is None:
        return None
    from caopd_bench.maps.saved import load_map

    return load_map(file)


def _reparse(run: AnyRun) -> Run:
    from dataclasses import replace

    from caopd_bench.runs.note import Note
    from caopd_bench.runs.reparse import count_texts, reparse
    from caopd_bench.tasks.read import PARSER_VERSION

    again, changed = reparse(run)
    texts = count_texts(again)
    share = f"{changed:,} of {texts:,} rows"
    note = f"read again by parser {PARSER_VERSION}, which made a difference to {share}"
    if not texts:
        note = "holds probabilities of options, which no parser reads: nothing was parsed again"
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
    from caopd_bench.core.deliver import print_table, write_files, write_json
    from caopd_bench.core.process.share import usable_cores
    from caopd_bench.runs.records import render_json
    from caopd_bench.scores.score import score

    kept = _check_kept(runs[0]) if options.store else None
    missing: Missing = options.missing
    records = score(runs, by=keys, level=options.level, missing=missing, workers=usable_cores())
    figure = None
    if options.figure:
        from caopd_bench.scores.figure import draw_reliability

        with stage("drawing"):
            figure = draw_reliability(runs, options.level, missing)
    # Without a usable confidence there is no figure, and all the more need of the table.
    is_missing = bool(options.figure) and figure is None
    text = render_json(records) if options.json else ""
    with stage("writing the numbers"):
        write_json(options.json, text)
    if kept:
        from caopd_bench.runs.stored.store import write_stored

        with writing(options.store), stage("storing the rows"):
            write_stored(kept, records, options.store, level=options.level, with_text=options.text)
    if figure:
        from caopd_bench.scores.figure import render_figure

        write_files({options.figure: render_figure(figure, options.figure.suffix.lower())})
    print_table(render_tables(runs, records, keys, options.level, missing), options.json, text)
    if is_missing:
        raise UsageError(f"--figure {options.figure}: {say_no_confidence(runs)}; nothing to draw")
    return 0


def _check_kept(run: AnyRun) -> Run:
    from caopd_bench.runs.flat.read import MAX_ROWS
    from caopd_bench.runs.run import Run

    if isinstance(run, Run):
        return run
    raise UsageError(
        f"--store {run.path}: keeps rows one by one, of files with up to {MAX_ROWS:,} rows; this "
        f"has {run.counts.n:,}: keep the files, and the numbers by --json FILE"
    )


def _select(run: AnyRun, task: str | None) -> AnyRun:
    from caopd_bench.runs.run import SUBTASK, CountedRun

    if task is None:
        return run
    if not run.has(task):
        among = next((name for name in run.tasks if task in run.count_by(name, SUBTASK)), None)
        hint = f"; its rows are in {among}: --task {among} --by {SUBTASK}" if among else ""
        left = next((note.text for note in run.warnings if note.task == task), "")
        if left:  # why it is left out, and what reads it
            why = left.removesuffix("; left out").replace(" RUN ", f" {run.path} ")
            raise UsageError(f"{run.path}: no rows of {task!r}: {why}")
        raise UsageError(f"{run.path}: no task {task!r}; it has {', '.join(run.tasks)}{hint}")
    if isinstance(run, CountedRun):
        return run
    ours = [w for w in run.warnings if task in w.tasks or not any(map(run.has, w.tasks))]
    return replace(run, rows=run.task_rows(task), warnings=tuple(ours))
