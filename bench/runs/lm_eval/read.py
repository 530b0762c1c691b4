"""Read what `lm_eval --output_path DIR --log_samples` wrote.

    DIR/<model>/results_<date>.json            numbers and configuration of one invocation
    DIR/<model>/samples_<task>_<date>.jsonl    one line per document

The date joins them. Numbers are recomputed from the samples; of the results only the configuration
is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import BlankLines, read_lines
from caopd_bench.core.files.plain_json import parse_json, read_json
from caopd_bench.core.process.progress import track
from caopd_bench.core.terminal import quote
from caopd_bench.runs.lm_eval.provenance import (
    pool_sources,
    run_provenance,
    section,
    task_provenance,
    thinking_setting,
)
from caopd_bench.runs.lm_eval.rows import judge_again, make_rows
from caopd_bench.runs.note import Note
from caopd_bench.runs.provenance import clean_provenance, parser_warnings
from caopd_bench.runs.run import Row, Run
from caopd_bench.tasks.read.parse import PARSER_VERSION
from caopd_bench.tasks.read.thinking import holds_thinking

__all__ = [
    "find_results",
    "find_samples",
    "is_lm_eval",
    "is_results",
    "iterate_samples",
    "read_lm_eval",
]

DATE = re.compile(r"_(\d{4}-\d\d-\d\dT[\d\-.:]+)\.jsonl?$")


def is_lm_eval(path: Path) -> bool:
    """Say whether a file is of lm-eval or a stored run, or a folder holds such files."""
    files = [path] if path.is_file() else path.rglob("*.json*")
    return any(DATE.search(file.name) or file.name == "summary.json" for file in files)


def find_results(path: Path) -> Path:
    """Find the one results file at or below `path`; refuse none and several."""
    if path.is_file():
        if is_results(path):
            return path
        raise UsageError(
            f"{path}: not a run; give the folder named by --output_path, one of its "
            "results_<date>.json, a folder written by `caopd-bench score --store`, or a file of "
            "rows (.jsonl, .csv, .parquet)"
        )
    # `--output_path run.json` makes run_<date>.json, not results_<date>.json.
    found = sorted(file for file in path.rglob("*.json") if is_results(file) and file.is_file())
    if not found:
        stored = sorted(file.parent for file in path.rglob("summary.json"))
        if stored:
            runs = "one stored run" if len(stored) == 1 else f"{len(stored)} stored runs"
            raise UsageError(f"{path}: {runs} below, none here; name one:", stored)
        raise UsageError(
            f"{path}: no results_<date>.json here or below, and no rows (.jsonl, .csv, .parquet); "
            "give the folder named by lm_eval's --output_path"
        )
    if len(found) > 1:
        raise UsageError(f"{path}: {len(found)} runs here; name one of them:", found)
    return found[0]


def read_lm_eval(results_file: Path, *, reparse: bool = False) -> Run:
    """Read the run of one results file: all its tasks that state a confidence.

    With `reparse` the responses are judged again by the present parser.
    """
    results = _load_json(results_file)
    samples = find_samples(results_file)
    if not samples:
        raise UsageError(
            f"{results_file.parent}: no samples_*_{_date_of(results_file)}.jsonl; run lm_eval "
            "again with --log_samples"
        )
    rows: list[Row] = []
    warnings: list[Note] = []
    tasks: dict[str, Any] = {}
    listed = track(samples.items(), f"reading {results_file.parent.name}", "tasks", len(samples))
    for task, file in listed:
        read = _read_samples(task, file, reparse)
        if not read.rows:
            warnings.append(Note(task, "no stated confidence in its samples; left out"))
            continue
        _check_count(task, file, read.lines, results)
        rows += read.rows
        settings = task_provenance(task, read.first, results)
        settings["parser_version"] = read.parser
        settings["source"] = pool_sources(read.sources)
        settings["thinking"] = {
            **thinking_setting(section(results, "config").get("model_args")),
            "seen": read.thought / len(read.rows),
        }
        for name in dict.fromkeys(row.task for row in read.rows):  # a vote is a task of its own
            tasks[name] = settings
    if not rows:
        raise UsageError(
            f"{results_file}: none of its tasks ({', '.join(samples)}) states a confidence; "
            "`caopd-bench tasks` lists those that do"
        )
    provenance = clean_provenance({**run_provenance(results), "tasks": tasks})
    warnings += parser_warnings(provenance)
    # A name that identifies nothing, such as one of thousands of characters, is not kept.
    name = Path(provenance.get("model") or "model").name or "model"
    return Run(name, str(results_file), rows, provenance, tuple(warnings))


def find_samples(results_file: Path) -> dict[str, Path]:
    """Give the file of samples of each task that a results file is of."""
    date = _date_of(results_file)
    return {
        _task_of(file, date): file
        for file in sorted(results_file.parent.glob(f"samples_*_{date}.jsonl"))
    }


class _Read(NamedTuple):
    """What the samples of one task hold."""

    rows: list[Row]
    lines: int
    first: Mapping[str, Any]
    sources: list[Any]
    thought: int
    parser: Any


def _read_samples(task: str, file: Path, reparse: bool) -> _Read:
    rows: list[Row] = []
    first: Mapping[str, Any] = {}
    sources: dict[str, Any] = {}
    parsers: dict[str, None] = {}
    seen: set[tuple[str | int, str | int]] = set()
    for number, sample in iterate_samples(file):
        where = f"{file} line {number}"
        missing = [key for key in ("confidence", "acc") if key not in sample]
        if missing and not first:
            return _Read([], 0, {}, [], 0, None)
        if missing:
            raise UsageError(f"{where}: no {missing[0]!r}, unlike the lines before; damaged?")
        key = (_identity(sample.get("doc_id")), _identity(sample.get("filter")))
        if key in seen:
            raise UsageError(
                f"{where}: doc_id {quote(key[0])} appears twice; was the file appended to?"
            )
        seen.add(key)
        rows += make_rows(task, judge_again(sample, where) if reparse else sample, where)
        first = first or sample
        source = section(sample, "doc").get("source")
        sources.setdefault(json.dumps(source, sort_keys=True), source)
        version = section(sample, "doc").get("parser_version")
        if isinstance(version, str):
            parsers[version] = None
    if not rows:
        raise UsageError(f"{file}: empty (was the run stopped?); run lm_eval again")
    thought = sum(row.text is not None and holds_thinking(row.text) for row in rows)
    # The rows of a vote come after those of the samples, not between them.
    rows.sort(key=lambda row: row.task != task)
    # Rows of several parsers are not all of this one.
    parser = next((one for one in parsers if one != PARSER_VERSION), next(iter(parsers), None))
    return _Read(rows, len(seen), first, list(sources.values()), thought, parser)


def _identity(value: Any) -> str | int:
    return value if isinstance(value, (str, int)) else quote(value)


def _check_count(task: str, file: Path, count: int, results: Mapping[str, Any]) -> None:
    expected = section(results, "n-samples", task).get("effective")
    if isinstance(expected, int) and count != expected:
        raise UsageError(
            f"{file}: {count} rows, but the results file counts {expected}; the file is cut off or "
            "not of this run"
        )


def iterate_samples(file: Path, every: int = 1) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines of a file of samples with their numbers: the first, and every so manyth."""
    blank = BlankLines(file)
    for number, line in read_lines(file):
        if not blank.add(line.isspace()) and (number - 1) % every == 0:
            where = f"{file} line {number}"
            with _complete(where):
                value = parse_json(line, where)
            yield number, _mapping(value, where)


@contextmanager
def _complete(where: str) -> Iterator[None]:
    """Say what is wrong with JSON that cannot be read."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{where}: not UTF-8 text ({error.reason}); is it the right file?"
        ) from None
    except ValueError:  # also a number of 5000 digits
        raise UsageError(
            f"{where}: not complete JSON (was the run stopped?); run lm_eval again"
        ) from None


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: expected a JSON object, got {type(value).__name__}")
    return value


def _load_json(file: Path) -> dict[str, Any]:
    """Read a results file; Python reads lm-eval's bare NaN, which is undefined here."""
    with _complete(str(file)):
        value = read_json(file)
    return _mapping(value, str(file))


def _date_of(results_file: Path) -> str:
    match = DATE.search(results_file.name)
    if match is None:
        raise UsageError(f"{results_file}: its name has no date; expected results_<date>.json")
    return match.group(1)


def is_results(file: Path) -> bool:
    """Say whether a file is named like the results of a run."""
    return file.suffix == ".json" and DATE.search(file.name) is not None


def _task_of(file: Path, date: str) -> str:
    return file.name.removeprefix("samples_").removesuffix(f"_{date}.jsonl")
