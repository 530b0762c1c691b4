"""Do the rows of an lm-eval run say what their responses say? A sample of them is read again.

Of such a run, `confidence`, `status` and `acc` stand beside the response that they were read from.
Numbers that were edited, or that a changed task gave, look like any others; the text does not
change with them. So before they decide, some are read again by the parser that they name. Whoever
edits the text too is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.errors import NotComparableError, UsageError
from caopd_bench.lm_eval_output import find_samples, is_results, iterate_samples
from caopd_bench.lm_eval_rows import JUDGING, judge_again, list_texts, make_rows
from caopd_bench.rows import AnyRun, Run
from caopd_bench.tasks.parsing import PARSER_VERSION, parse_response
from caopd_bench.tasks.verifiers import KINDS
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = ["CHECKED", "find_unlike_texts", "refuse_unlike_texts"]

#: Questions of each task that are read again, evenly over its file.
CHECKED = 200
#: What two readings of one text must agree in.
Verdict = tuple[float | None, str, int | None]


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
        Of a task whose rows no other parser is said to have read, and in which some differ in
        confidence, status or correctness. Whether a LaTeX answer is right is not asked: that takes
        algebra, with limits of time.
    """
    path = Path(run.path)
    if not isinstance(run, Run) or not is_results(path) or not path.is_file():
        return
    for task, file in find_samples(path).items():
        if not run.has(task):
            continue  # it states no confidence
        if run.settings(task).get("parser_version") not in (None, PARSER_VERSION):
            continue
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
    way, kind = doc.get("way"), doc.get("kind")
    # What was not made to be judged again, and probabilities, which have no text.
    if way == "ptrue" or kind not in KINDS or not isinstance(doc.get("answer"), str):
        return
    recorded = list(make_rows(task, sample, where))
    if kind != "latex":
        try:
            again = list(make_rows(task, judge_again(sample, where), where))
        except UsageError:  # a gold answer that is not of its kind
            return
        for ours, read in zip(recorded, again, strict=True):
            yield (
                (ours.confidence, ours.status, ours.correct),
                (read.confidence, read.status, read.correct),
            )
    elif way not in JUDGING:
        for ours, text in zip(recorded, list_texts(sample), strict=False):
            if text is not None:
                parsed = parse_response(text, kind=kind)
                confidence = parsed.confidence if parsed.status == "ok" else None
                # A row knows its budget of tokens, and may be unfinished for it.
                status = "no_answer" if ours.status == "unfinished" else ours.status
                found = "no_answer" if parsed.status == "unfinished" else parsed.status
                yield (ours.confidence, status, None), (confidence, found, None)


def _say(verdict: Verdict) -> str:
    confidence, status, correct = verdict
    stated = "no usable confidence" if confidence is None else f"confidence {confidence:g}"
    answer = "" if correct is None else f", {'right' if correct else 'wrong'}"
    return f"{stated}{answer} ({status})"
