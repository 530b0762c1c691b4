"""Parse responses again with the current parser: `score --reparse`.

A run directory is judged again completely, from the texts. A stored run keeps the answer and the
confidence as written: these are parsed again, but correctness is kept, since the gold answers are
not stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.answers.scale import ENDS, bare_number, scale_of
from caopd_bench.runs.lm_eval.find import is_results
from caopd_bench.runs.lm_eval.read import read_lm_eval
from caopd_bench.runs.lm_eval.rows import has_text
from caopd_bench.runs.provenance import is_on_parser
from caopd_bench.runs.run import AGREEMENT, AnyRun, Row, Run
from caopd_bench.runs.stored.names import is_stored
from caopd_bench.tasks.catalogue.ways import way_of
from caopd_bench.tasks.read.parse import PARSER_VERSION, Spans, judge_spans

__all__ = ["count_texts", "reparse"]

#: Statuses of rows that have no response.
WITHOUT_TEXT = ("api_error",)


def reparse(run: AnyRun) -> tuple[Run, int]:
    """Parse the responses of a run again.

    Parameters
    ----------
    run : Run
        A run from an lm-eval folder, or a stored run.

    Returns
    -------
    (Run, int)
        The run as the current parser reads it, and the number of changed rows.

    Raises
    ------
    UsageError
        If the run comes from flat files, which hold no responses, or if the texts that its rows
        were parsed from are missing.
    """
    path = Path(run.path)
    if isinstance(run, Run) and is_results(path):
        again = read_lm_eval(path, reparse=True)
        wanted = set(run.tasks)
        rows = [row for row in again.rows if row.task in wanted]
        _refuse_lost(run, rows)
        said = [
            note
            for note in again.warnings
            if wanted.intersection(note.tasks) or not any(map(again.has, note.tasks))
        ]
    elif isinstance(run, Run) and is_stored(path):
        _refuse_without_text(run)
        known = {task: _Known.of(run, task) for task in run.tasks}
        rows = [_read_again(row, known[row.task]) for row in run.rows]
        said = list(run.warnings)
    else:
        raise UsageError(
            f"--reparse {run.path}: needs the responses: a folder of lm_eval or a stored run; for "
            "logged answers use caopd-bench rescore FILE"
        )
    before = [(row.status, row.confidence, row.correct) for row in run.rows]
    after = [(row.status, row.confidence, row.correct) for row in rows]
    changed = sum(a != b for a, b in zip(before, after, strict=True))
    kept = tuple(note for note in said if not is_on_parser(note))
    return replace(
        run, rows=rows, provenance=_of_this_parser(run.provenance), warnings=kept
    ), changed


def count_texts(run: Run) -> int:
    """Count the rows whose answer or confidence is parsed; probabilities need no parser."""
    parsed = {task: task.endswith(AGREEMENT) or not _is_computed(run, task) for task in run.tasks}
    return sum(parsed[row.task] for row in run.rows)


class _Known(NamedTuple):
    """The way in which a task's confidences were read."""

    is_computed: bool
    scale: int | None
    unclear: bool

    @classmethod
    def of(cls, run: Run, task: str) -> _Known:
        reading = run.settings(task).get("reading") or {}
        return cls(
            _is_computed(run, task),
            scale_of(run.settings(task)),
            bool(reading.get("unclear_scale")),
        )


def _read_again(row: Row, known: _Known) -> Row:
    if known.is_computed or row.probabilities or row.status in WITHOUT_TEXT:
        return row
    spans = Spans(row.answer, row.stated, row.status == "unfinished")
    parsed = judge_spans(spans, scale=known.scale)
    if known.unclear and parsed.status == "ok" and bare_number(row.stated) in ENDS:
        parsed = parsed._replace(status="bad_confidence")
    confidence = parsed.confidence if parsed.status == "ok" else None
    if parsed.status == row.status and confidence == row.confidence:
        return row
    return replace(
        row,
        status=parsed.status,  # type: ignore[arg-type]
        confidence=confidence,
        correct=row.correct if parsed.answer is not None else 0,
    )


def _refuse_lost(run: Run, again: Sequence[Row]) -> None:
    """Refuse to lose a confidence or a right answer because there is no text to parse."""
    lost = Counter(
        row.task
        for row, read in zip(run.rows, again, strict=True)
        if not has_text(row.text)
        and not _is_computed(run, row.task)
        and (row.confidence is not None or row.correct > read.correct)
    )
    for task, without in lost.items():
        raise UsageError(
            f"--reparse {run.path}: {inline(task, NAME_WIDTH)}: {without:,} of "
            f"{len(run.task_rows(task)):,} rows have no text to parse again, because their "
            "samples contain no responses (resps): leave --reparse out"
        )


def _refuse_without_text(run: Run) -> None:
    """Refuse rows that were not parsed from their texts: reparsing would lose them all."""
    for task in run.tasks:
        if _is_computed(run, task):
            continue
        rows = run.task_rows(task)
        is_flat = "columns" in (run.settings(task).get("source") or {})
        without = len(rows) if is_flat else sum(_lacks_text(row) for row in rows)
        if without:
            why = (
                "the run was stored from a file of confidences, which has no responses: leave "
                "--reparse out"
                if is_flat
                else "an answer or a confidence was read from a text that is not stored: parse "
                "the original run again (caopd-bench score RUN --reparse), or leave --reparse "
                "out"
            )
            raise UsageError(
                f"--reparse {run.path}: {inline(task, NAME_WIDTH)}: {without:,} of {len(rows):,} "
                f"rows have no text to parse again; {why}"
            )


def _lacks_text(row: Row) -> bool:
    """Return whether a row must have been parsed from a text, and that text is missing."""
    if row.status in WITHOUT_TEXT or row.probabilities:
        return False
    has_confidence = row.status in ("ok", "bad_confidence")
    has_answer = row.status == "ok" or row.correct > 0
    return (has_confidence and not has_text(row.stated)) or (has_answer and row.answer is None)


def _is_computed(run: Run, task: str) -> bool:
    """Return whether the confidence was computed, from a vote or as a probability."""
    settings = run.settings(task)
    is_of_option = bool(settings.get("confidence"))
    return task.endswith(AGREEMENT) or is_of_option or not way_of(settings).generates


def _of_this_parser(provenance: Mapping[str, Any]) -> dict[str, Any]:
    tasks = {
        task: settings
        if settings.get("confidence")  # not parsed from a text
        else {**settings, "parser_version": PARSER_VERSION}
        for task, settings in provenance.get("tasks", {}).items()
    }
    return {**provenance, "tasks": tasks}
