"""`caopd-bench score`: read runs, compute and print their numbers, and write the outputs."""

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
        help="score runs: accuracy, calibration and discrimination, with confidence intervals",
        description="Score runs of lm_eval (--output_path DIR --log_samples), stored runs, or "
        "JSONL, CSV or Parquet files with one answer per row.",
        examples=["score base=out/base new=out/new --level 0.9 --figure reliability.png"],
        codes="4 a stored run was edited, or the map was fitted to these rows",
        more=arguments.WORDS,
    )
    score.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="PATH or NAME=PATH: a folder, a file, or a pattern of files ('shards/*.parquet')",
    )
    score.add_argument("--task", metavar="NAME", help="score this task only")
    score.add_argument(
        "--by",
        type=arguments.names,
        action="extend",
        default=[],
        metavar="KEY[,KEY]",
        help="also score groups: by difficulty (level), by family, ..., or by a column of a flat "
        "file",
    )
    score.add_argument(
        "--reparse",
        action="store_true",
        help="parse the responses again with the current parser; --store DIR saves the result",
    )
    score.add_argument(
        "--map",
        type=arguments.path,
        metavar="FILE",
        help="recalibrate the confidences with a map written by recalibrate -o",
    )
    add_outputs(score)
    together = score.add_argument_group("several tasks together")
    together.add_argument(
        "--panel",
        action="store_true",
        help="show how much every metric varies between prompts (task caopd_math_panel)",
    )
    together.add_argument(
        "--probe",
        action="store_true",
        help="compare success and stated confidence with and without the teacher's context (tasks "
        "NAME_sc8 and NAME_priv_sc8)",
    )
    arguments.add_columns(score)
    score.set_defaults(run=run_score, more="runs")


def add_outputs(command: argparse.ArgumentParser) -> None:
    """Add the options on metrics and outputs, shared with `rescore`."""
    arguments.add_level(command)
    command.add_argument(
        "--missing",
        choices=("drop", "zero"),
        default="drop",
        help="treatment of rows without a usable confidence: drop leaves them out of the "
        "calibration metrics, zero counts them as confidence 0 like the official CaOPD code "
        "(drop)",
    )
    command.add_argument(
        "--json",
        type=arguments.path,
        metavar="FILE",
        help="write the numbers as strict JSON; with -, they go to standard output and the table "
        "to standard error",
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
        help="store rows and numbers of one run in a folder, which other commands read as a RUN",
    )
    command.add_argument(
        "--text", action="store_true", help="with --store, also keep questions and responses"
    )


def run_score(options: argparse.Namespace) -> int:
    """Carry out the command; everything is checked before anything is printed or written."""
    from caopd_bench.runs.read import read_runs

    if options.panel or options.probe:
        return _run_together(options)
    options.runs = arguments.find_runs(options)
    if options.store and len(options.runs) > 1:
        raise UsageError("--store takes one run; store each run in its own folder")
    if options.store and options.map:
        raise UsageError(
            "--store keeps the model's own confidences; leave --map out here, and give it when "
            "you score the stored run"
        )
    fitted = _load_map(options.map)
    check_outputs(options)
    keys = list(dict.fromkeys(options.by))
    # Their labels show whether two runs answered different questions.
    counted: Keep = "labels" if len(options.runs) > 1 else "nothing"
    keep: Keep = "rows" if options.store or options.reparse else counted
    columns = replace(arguments.read_columns(options, keys), judge=options.reparse, keep=keep)
    read = read_runs(options.runs, columns)
    runs = [_select(run, options.task) for run in read]
    if options.reparse:
        runs = [_reparse(run) for run in runs]
    elif options.store:
        from caopd_bench.runs.check_texts import refuse_unlike_texts

        refuse_unlike_texts(runs[0])  # otherwise every reader would refuse the stored run
    if fitted:
        from caopd_bench.maps.apply import apply_map

        runs = [apply_map(run, fitted) for run in runs]
    return present(runs, options, keys)


def _run_together(options: argparse.Namespace) -> int:
    """Carry out --panel or --probe; refuse options of the ordinary table."""
    from caopd_bench.core.deliver import print_table, write_json
    from caopd_bench.runs.read import read_runs
    from caopd_bench.runs.records import render_json
    from caopd_bench.scores.panel import read_panel, record_spreads
    from caopd_bench.scores.panel_probe_table import render_panel, render_probes
    from caopd_bench.scores.probe import probe

    name = "--panel" if options.panel else "--probe"
    if options.panel and options.probe:
        raise UsageError("--panel and --probe cannot be combined")
    for option in ("store", "figure", "task", "by", "text", "reparse", "map"):
        if getattr(options, option):
            raise UsageError(f"{name} cannot be combined with --{option}")
    if options.missing != "drop":
        raise UsageError(f"{name} cannot be combined with --missing")
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
    note = f"was parsed again by parser {PARSER_VERSION}, which changed {share}"
    if not texts:
        note = "holds probabilities of options, which need no parser: nothing was parsed again"
    said = Note(None, f"{inline(run.name, NAME_WIDTH)} {note}")
    return replace(again, warnings=(*again.warnings, said))


def check_outputs(options: argparse.Namespace) -> None:
    """Refuse impossible outputs before reading anything."""
    if options.text and not options.store:
        raise UsageError("--text needs --store DIR")
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
    # Without a usable confidence there is no figure; the table shows why, so print it first.
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
        f"--store {run.path}: can store at most {MAX_ROWS:,} rows, got {run.counts.n:,}; keep the "
        "files, and save the numbers with --json FILE"
    )


def _select(run: AnyRun, task: str | None) -> AnyRun:
    from caopd_bench.runs.run import SUBTASK, CountedRun

    if task is None:
        return run
    if not run.has(task):
        among = next((name for name in run.tasks if task in run.count_by(name, SUBTASK)), None)
        hint = f"; its rows are in {among}: --task {among} --by {SUBTASK}" if among else ""
        left = next((note.text for note in run.warnings if note.task == task), "")
        if left:  # the reason, and how to read the run nevertheless
            why = left.removesuffix("; left out").replace(" RUN ", f" {run.path} ")
            raise UsageError(f"{run.path}: no rows for task {task!r}: {why}")
        raise UsageError(f"{run.path}: no task {task!r}; it has {', '.join(run.tasks)}{hint}")
    if isinstance(run, CountedRun):
        return run
    ours = [w for w in run.warnings if task in w.tasks or not any(map(run.has, w.tasks))]
    return replace(run, rows=run.task_rows(task), warnings=tuple(ours))
