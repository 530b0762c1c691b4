"""Read the output of `lm_eval --output_path DIR --log_samples`.

    DIR/<model>/results_<date>.json            numbers and configuration of one invocation
    DIR/<model>/samples_<task>_<date>.jsonl    one line per document

The date links the files. Numbers are recomputed from the samples; only the configuration is read
from the results.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import BlankLines, read_lines
from caopd_bench.core.files.plain_json import parse_json, read_json
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.process.garbage import without_collecting
from caopd_bench.core.process.progress import track
from caopd_bench.core.terminal import quote
from caopd_bench.runs.answers.count import AnswerCount
from caopd_bench.runs.lm_eval.find import date_of, find_samples
from caopd_bench.runs.lm_eval.kinds import WHY_NOT, kind_of
from caopd_bench.runs.lm_eval.lines import complete
from caopd_bench.runs.lm_eval.made import Made, add_options, check_count, say_filters
from caopd_bench.runs.lm_eval.provenance import (
    Sources,
    run_provenance,
    section,
    task_provenance,
    thinking_setting,
)
from caopd_bench.runs.lm_eval.rows import (
    Shared,
    count_repeats,
    holds_parts,
    judge_again,
    make_rows,
)
from caopd_bench.runs.model_name import name_model
from caopd_bench.runs.note import Note
from caopd_bench.runs.provenance import clean_provenance, parser_warnings
from caopd_bench.runs.run import AGREEMENT, Row, Run
from caopd_bench.tasks.catalogue.ways import way_of
from caopd_bench.tasks.judge.options import options_of
from caopd_bench.tasks.read import PARSER_VERSION
from caopd_bench.tasks.read.thinking import holds_thinking

__all__ = [
    "iterate_samples",
    "load_results",
    "read_lm_eval",
]

NO_SAMPLES = "in the results, but its samples file is missing (deleted, or not copied?)"
#: Maximum number of reasons in an error, and of tasks in a note.
SHOWN = 3
#: Remedy for answers that name no letter.
NO_OPTIONS = (
    "documents of earlier releases do not list them: evaluate again, or read the texts with "
    "caopd-bench rescore and --options"
)


def read_lm_eval(
    results_file: Path, *, reparse: bool = False, judge: bool = False, by: Sequence[str] = ()
) -> Run:
    """Read the run of one results file, with all its tasks that have a confidence.

    With `reparse`, all responses are judged again by the current parser; with `judge`, only those
    that were not judged (`--predict_only`). `by` names document columns by which questions with
    options are grouped.
    """
    results = load_results(results_file)
    samples = find_samples(results_file)
    if not samples:
        raise UsageError(
            f"{results_file.parent}: no samples_*_{date_of(results_file)}.jsonl; run lm_eval "
            "again with --log_samples"
        )
    made = Made(results, reparse or judge, by)
    made.warnings += _say_missing(results, samples)
    listed = track(samples.items(), f"reading {results_file.parent.name}", "tasks", len(samples))
    for task, file in listed:
        first = next((sample for _, sample in iterate_samples(file)), None)
        if first is None:
            raise UsageError(f"{file}: empty (was the run stopped?); run lm_eval again")
        kind = kind_of(first, section(results, "configs", task))
        if kind == "ours" or (kind == "ours, not judged" and made.judges):
            _add_stated(made, task, file, reparse or kind != "ours")
        elif kind == "options" or (kind == "options, not judged" and made.judges):
            add_options(made, task, file, first)
        else:
            made.warnings.append(Note(task, f"{WHY_NOT[kind].format(task=task)}; left out"))
    made.pool_groups()
    if not made.rows:
        why = [str(note).removesuffix("; left out") for note in made.warnings]
        more = f"; and {len(why) - SHOWN} more tasks" if len(why) > SHOWN else ""
        raise UsageError(
            f"{results_file}: none of its tasks has a confidence to score: "
            f"{'; '.join(why[:SHOWN])}{more}"
        )
    about = run_provenance(results)
    provenance = clean_provenance({**about, "tasks": made.settings})
    warnings = [*made.warnings, *parser_warnings(provenance, made.rows)]
    # A name that identifies no model, such as one of thousands of characters, is dropped.
    name = name_model(about["model"] if provenance.get("model") else "") or "model"
    return Run(clean_name(name), str(results_file), made.rows, provenance, tuple(warnings))


def _say_missing(results: Mapping[str, Any], samples: Collection[str]) -> Iterator[Note]:
    """Yield notes on tasks that have questions in the results but no samples."""
    missing = [task for task in section(results, "n-samples") if task not in samples]
    for task in missing[:SHOWN]:
        yield Note(task, f"{NO_SAMPLES}; left out")
    if len(missing) > SHOWN:
        yield Note(None, f"{len(missing) - SHOWN:,} more tasks: {NO_SAMPLES}; left out")


def _add_stated(made: Made, task: str, file: Path, reparse: bool) -> None:
    with without_collecting():
        read = _read_samples(task, file, reparse)
    check_count(task, file, read.lines, made.results)
    made.rows += read.rows
    settings = task_provenance(task, read.first, made.results)
    settings["parser_version"] = read.parser
    settings["source"] = read.sources.pool()
    config = section(made.results, "config")
    settings["thinking"] = {
        **thinking_setting(config.get("model_args"), config.get("model")),
        "seen": read.thought / len(read.rows),
    }
    made.warnings += [Note(task, text) for text in read.notes]
    for name in dict.fromkeys(row.task for row in read.rows):  # a vote is a separate task
        made.settings[name] = settings


class _Read(NamedTuple):
    """The contents of the samples of one task."""

    rows: list[Row]
    lines: Mapping[str | int, int]
    first: Mapping[str, Any]
    sources: Sources
    thought: int
    parser: Any
    notes: list[str]


def _read_samples(task: str, file: Path, reparse: bool) -> _Read:
    rows: list[Row] = []
    first: Mapping[str, Any] = {}
    sources = Sources()
    parsers: dict[str, None] = {}
    seen: dict[str | int, set[str | int]] = {}
    lines: dict[str | int, int] = {}
    repeated = in_parts = 0
    counted = AnswerCount()
    shared: Shared = {}
    for number, sample in iterate_samples(file):
        where = f"{file} line {number}"
        missing = [key for key in ("confidence", "acc") if key not in sample]
        if missing and not reparse:
            raise UsageError(f"{where}: no {missing[0]!r}, unlike the lines before; damaged?")
        chosen = _identity(sample.get("filter"))
        name, names = _identity(sample.get("doc_id")), seen.setdefault(chosen, set())
        if name in names:
            raise UsageError(
                f"{where}: doc_id {quote(name)} appears twice; was the file appended to?"
            )
        names.add(name)
        lines[chosen] = lines.get(chosen, 0) + 1
        if chosen != next(iter(lines)):  # another filter of the same responses
            continue
        read = judge_again(sample, where) if reparse else sample
        judged = list(make_rows(task, read, where, shared))
        rows += judged
        doc = sample["doc"]
        _count(counted, judged, doc)
        first = first or sample
        repeated = max(repeated, count_repeats(sample))
        in_parts += holds_parts(sample)
        sources.add(doc.get("source"))
        version = doc.get("parser_version")
        if isinstance(version, str):
            parsers[version] = None
    thought = sum(row.text is not None and holds_thinking(row.text) for row in rows)
    # Put the rows of a vote after all rows of the samples.
    rows.sort(key=lambda row: row.task != task)
    # If rows come from several parsers, do not attribute them all to this one.
    parser = next((one for one in parsers if one != PARSER_VERSION), next(iter(parsers), None))
    if repeated > 1:
        parser = PARSER_VERSION
    notes = [*_say(lines, repeated, in_parts, reparse), *counted.notes(NO_OPTIONS)]
    return _Read(rows, lines, first, sources, thought, parser, notes)


def _count(counted: AnswerCount, rows: Sequence[Row], doc: Mapping[str, Any]) -> None:
    """Count the responses to one document, and the answers to a choice."""
    if not way_of(doc).generates:
        return
    for row in rows:
        if not row.task.endswith(AGREEMENT):
            counted.add_text(row.text)
            if doc.get("kind") == "choice":
                counted.add_choice(row.status, row.correct, row.answer, options_of(doc))


def _say(
    lines: Mapping[str | int, int], repeated: int, in_parts: int, reparse: bool
) -> Iterator[str]:
    """Yield notes on unusual lines."""
    if len(lines) > 1:
        names = ", ".join(quote(str(name)) for name in lines)
        yield f"{say_filters(names, len(lines))}"
    if repeated > 1:
        yield (
            f"each question was answered {repeated} times (repeats), but lm-eval only judged the "
            f"first answer; all were judged by parser {PARSER_VERSION}"
        )
    if in_parts and reparse:
        yield f"{in_parts:,} replies are lists of content parts: their texts are read"
    elif in_parts:
        yield (
            f"{in_parts:,} replies are lists of content parts, whose texts the evaluation did not "
            "read; --reparse reads them"
        )


def _identity(value: Any) -> str | int:
    return value if isinstance(value, (str, int)) else quote(value)


def iterate_samples(file: Path, every: int = 1) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield numbered lines of a file of samples: the first, and then every n-th."""
    blank = BlankLines(file)
    for number, line in read_lines(file):
        if not blank.add(line.isspace()) and (number - 1) % every == 0:
            where = f"{file} line {number}"
            with complete(where):
                value = parse_json(line, where)
            yield number, _mapping(value, where)


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: expected a JSON object, got {type(value).__name__}")
    return value


def load_results(file: Path) -> dict[str, Any]:
    """Read a results file; Python accepts lm-eval's bare NaN, which means undefined here."""
    with complete(str(file)):
        value = read_json(file)
    return _mapping(value, str(file))
