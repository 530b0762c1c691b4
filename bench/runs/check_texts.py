"""Do the rows of an lm-eval run say what their responses say? A sample of them is read again.

Of such a run, `confidence`, `status` and `acc` stand beside the response that they were read from.
Numbers that were edited, or that a changed task gave, look like any others; the text does not
change with them. So before they decide, some are read again by the parser that they name. Whoever
edits the text too is not found, nor is an edit of a row whose text was taken out of the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.lm_eval.find import find_samples, is_results
from caopd_bench.runs.lm_eval.read import iterate_samples
from caopd_bench.runs.lm_eval.rows import has_text, judge_again, list_texts, make_rows
from caopd_bench.runs.run import AnyRun, Run
from caopd_bench.tasks.catalogue.ways import way_of
from caopd_bench.tasks.judge.verify import KINDS
from caopd_bench.tasks.read.parse import PARSER_VERSION, parse_response

__all__ = ["CHECKED", "find_unlike_texts", "refuse_unlike_texts"]

#: Questions of each task that are read again, evenly over its file.
CHECKED = 200
#: What two readings of one text must agree in.
Verdict = tuple[float | None, str, int | None]
#: Statuses of rows whose answer has a part in the vote.
ANSWERED = ("ok", "no_confidence", "bad_confidence")


class Unlike(NamedTuple):
    """Rows of a task that do not fit their texts."""

    task: str
    rows: int
    checked: int
    example: str


def refuse_unlike_texts(run: AnyRun) -> None:
    """Raise NotComparableError if rows do not say what their texts say: see `find_unlike_texts`."""
    for found in find_unlike_texts(run):
        raise NotComparableError(
            f"{inline(run.name, NAME_WIDTH)}: {inline(found.task, NAME_WIDTH)}: rows do not fit "
            f"their texts, {found.rows:,} of {found.checked:,} that were read again: "
            f"{found.example}; to decide by the texts: gate --reparse, to store what they say: "
            "score RUN --reparse --store DIR"
        )


def find_unlike_texts(run: AnyRun, most: int = CHECKED) -> Iterator[Unlike]:
    """Read some responses again, and find rows that do not say what they say.

    Parameters
    ----------
    run : Run
        As read. Only a folder of lm_eval holds responses; of any other run nothing is yielded.
    most : int
        Questions of each task, evenly over its file.

    Yields
    ------
    Unlike
        Of a task in which some rows differ in confidence, status or correctness from what their
        texts say. Rows that another parser is said to have read are left out, and so are rows
        without a text. Whether a LaTeX answer is right is not asked: that takes algebra, with
        limits of time.
    """
    path = Path(run.path)
    if not isinstance(run, Run) or not is_results(path) or not path.is_file():
        return
    for task, file in find_samples(path).items():
        if not run.has(task):
            continue  # it states no confidence
        if run.settings(task).get("confidence"):
            continue  # nor was one read from a text; outcomes of options are checked on reading
        questions = len({row.item_hash for row in run.task_rows(task)})
        rows, checked, example = 0, 0, ""
        for number, sample in iterate_samples(file, max(questions // most, 1)):
            for recorded, read in _read_twice(task, sample, f"{file} line {number}"):
                checked += 1
                rows += recorded != read
                if recorded != read and not example:
                    example = f"line {number} has {_say(recorded)}, its text {_say(read)}"
        if rows:
            yield Unlike(task, rows, checked, example)


def _read_twice(
    task: str, sample: Mapping[str, Any], where: str
) -> Iterator[tuple[Verdict, Verdict]]:
    """Yield what each row has, and what its text says."""
    doc = sample["doc"]
    way, kind = way_of(doc), doc.get("kind")
    # What was not made to be judged again. Probabilities (ptrue) stay as they are by themselves.
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
        except UsageError:  # a gold answer that is not of its kind
            return
        is_lost = any(
            r.status in ANSWERED and not has_text(r.text) for r in recorded if r.task == task
        )
        for ours, read, status in zip(recorded, again, statuses, strict=True):
            # A vote has no text of its own: it is counted again if every answer in it has one.
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
                # A row knows its budget of tokens, and may be unfinished for it.
                known = "no_answer" if ours.status == "unfinished" else ours.status
                found = "no_answer" if parsed.status == "unfinished" else parsed.status
                yield _compare((ours.confidence, known, None), (confidence, found, None), status)


def _list_statuses(sample: Mapping[str, Any], rows: int) -> list[Any]:
    """Give the status that is written for each row; None where its row only supposes one."""
    written = sample.get("status")
    listed = written if isinstance(written, list) else [written]
    return [*listed, *[None] * (rows - len(listed))]


def _compare(recorded: Verdict, read: Verdict, status: Any) -> tuple[Verdict, Verdict]:
    """Give both; why there is no confidence is no difference where that was not written."""
    if status is None and recorded[0] is None and read[0] is None:
        return recorded, (None, recorded[1], read[2])
    return recorded, read


def _say(verdict: Verdict) -> str:
    confidence, status, correct = verdict
    stated = "no usable confidence" if confidence is None else f"confidence {confidence:g}"
    answer = "" if correct is None else f", {'right' if correct else 'wrong'}"
    return f"{stated}{answer} ({status})"
