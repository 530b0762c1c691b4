"""Do the rows of an lm-eval run say what their responses say? A sample of them is read again.

Of such a run, `confidence`, `status` and `acc` stand beside the response that they were read from.
Numbers that were edited, or that a changed task gave, look like any others; the text does not
change with them. So before they decide, some are read again by the parser that they name. Whoever
edits the text too is not found, nor is an edit of a row whose text was taken out of the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from caopd_bench.core.errors import NotComparableError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.lm_eval.find import find_samples, is_results
from caopd_bench.runs.run import AnyRun, Run

if TYPE_CHECKING:
    from caopd_bench.runs.lm_eval.reread import Verdict

__all__ = ["CHECKED", "find_unlike_texts", "refuse_unlike_texts"]

#: Questions of each task that are read again, evenly over its file.
CHECKED = 200


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
            f"{inline(run.name, NAME_WIDTH)}: {inline(found.task, NAME_WIDTH)}: rows do not match "
            f"their texts, {found.rows:,} of {found.checked:,} parsed again: {found.example}; to "
            "decide by the texts: gate --reparse; to store the reparsed rows: score RUN --reparse "
            "--store DIR"
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
    # Here: what reads texts is large, and other runs hold none.
    from caopd_bench.runs.lm_eval.read import iterate_samples
    from caopd_bench.runs.lm_eval.reread import read_twice

    for task, file in find_samples(path).items():
        if not run.has(task):
            continue  # it states no confidence
        if run.settings(task).get("confidence"):
            continue  # nor was one read from a text; outcomes of options are checked on reading
        questions = len({row.item_hash for row in run.task_rows(task)})
        rows, checked, example = 0, 0, ""
        for number, sample in iterate_samples(file, max(questions // most, 1)):
            for recorded, read in read_twice(task, sample, f"{file} line {number}"):
                checked += 1
                rows += recorded != read
                if recorded != read and not example:
                    example = f"line {number} has {_say(recorded)}, its text {_say(read)}"
        if rows:
            yield Unlike(task, rows, checked, example)


def _say(verdict: Verdict) -> str:
    confidence, status, correct = verdict
    stated = "no usable confidence" if confidence is None else f"confidence {confidence:g}"
    answer = "" if correct is None else f", {'right' if correct else 'wrong'}"
    return f"{stated}{answer} ({status})"
