"""Parse the responses of a line again, to compare each row with its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.lm_eval.rows import has_text, judge_again, list_texts, make_rows
from caopd_bench.tasks.catalogue.ways import way_of
from caopd_bench.tasks.judge.verify import KINDS
from caopd_bench.tasks.read.parse import PARSER_VERSION, parse_response

__all__ = ["Verdict", "read_twice"]

#: Values in which two readings of a text must agree: confidence, status, correct.
Verdict = tuple[float | None, str, int | None]
#: Statuses of rows whose answer counts in the vote.
ANSWERED = ("ok", "no_confidence", "bad_confidence")


def read_twice(
    task: str, sample: Mapping[str, Any], where: str
) -> Iterator[tuple[Verdict, Verdict]]:
    """Yield each row's stored verdict and the verdict from its text."""
    doc = sample["doc"]
    way, kind = way_of(doc), doc.get("kind")
    # Such documents cannot be judged again. Probabilities (ptrue) need no check: they are kept.
    if kind not in KINDS or not isinstance(doc.get("answer"), str):
        return
    parser = doc.get("parser_version")
    if isinstance(parser, str) and parser != PARSER_VERSION:
        return
    recorded = list(make_rows(task, sample, where))
    statuses = _list_statuses(sample, len(recorded))
    if kind != "latex":
        try:
            again = list(make_rows(task, judge_again(sample, where), where))
        except UsageError:  # a gold answer of another kind
            return
        is_lost = any(
            r.status in ANSWERED and not has_text(r.text) for r in recorded if r.task == task
        )
        for ours, read, status in zip(recorded, again, statuses, strict=True):
            # A vote has no text of its own; count it again if all of its answers have texts.
            if has_text(ours.text) if ours.task == task else not is_lost:
                yield _compare(
                    (ours.confidence, ours.status, ours.correct),
                    (read.confidence, read.status, read.correct),
                    status,
                )
    elif not way.about_answer:
        for ours, text, status in zip(recorded, list_texts(sample), statuses, strict=False):
            if text is not None and has_text(text):
                parsed = parse_response(text, kind=kind)
                confidence = parsed.confidence if parsed.status == "ok" else None
                # Only the stored row knows its token budget, so unfinished counts as no answer.
                known = "no_answer" if ours.status == "unfinished" else ours.status
                found = "no_answer" if parsed.status == "unfinished" else parsed.status
                yield _compare((ours.confidence, known, None), (confidence, found, None), status)


def _list_statuses(sample: Mapping[str, Any], rows: int) -> list[Any]:
    """Return the logged status of each row; None if the status was only inferred."""
    written = sample.get("status")
    listed = written if isinstance(written, list) else [written]
    return [*listed, *[None] * (rows - len(listed))]


def _compare(recorded: Verdict, read: Verdict, status: Any) -> tuple[Verdict, Verdict]:
    """Return both verdicts, ignoring the reason for a missing confidence if it was not logged."""
    if status is None and recorded[0] is None and read[0] is None:
        return recorded, (None, recorded[1], read[2])
    return recorded, read
