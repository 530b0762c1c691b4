"""Check a sample of an lm-eval run's rows against their responses by parsing these again.

Such a run stores `confidence`, `status` and `acc` next to the response that they were parsed from.
Edited numbers, or those of a changed task, look like any others, but the text does not change with
them. So before they decide a verdict, some are parsed again by the parser named in the log. Edits
that also change the text are not found, nor are edits of rows whose text was removed from the log.
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

#: Number of questions per task to check, spread evenly over its file.
CHECKED = 200


class Unlike(NamedTuple):
    """Rows of a task that do not agree with their texts."""

    task: str
    rows: int
    checked: int
    example: str


def refuse_unlike_texts(run: AnyRun) -> None:
    """Raise NotComparableError if rows disagree with their texts; see `find_unlike_texts`."""
    for found in find_unlike_texts(run):
        raise NotComparableError(
            f"{inline(run.name, NAME_WIDTH)}: {inline(found.task, NAME_WIDTH)}: rows do not match "
            f"their texts, {found.rows:,} of {found.checked:,} parsed again: {found.example}; to "
            "decide by the texts: gate --reparse; to store the reparsed rows: score RUN --reparse "
            "--store DIR"
        )


def find_unlike_texts(run: AnyRun, most: int = CHECKED) -> Iterator[Unlike]:
    """Parse some responses again, and find rows that disagree with them.

    Parameters
    ----------
    run : Run
        The run. Only a folder of lm_eval contains responses; nothing is yielded for other runs.
    most : int
        Number of questions to check per task, spread evenly over its file.

    Yields
    ------
    Unlike
        One for each task in which some rows differ from their texts in confidence, status or
        correctness. Rows read by another parser according to the log, and rows without a text, are
        left out. The correctness of LaTeX answers is not checked, since that takes algebra with
        time limits.
    """
    path = Path(run.path)
    if not isinstance(run, Run) or not is_results(path) or not path.is_file():
        return
    # Imported here because the text parser is large and other runs have no texts.
    from caopd_bench.runs.lm_eval.read import iterate_samples
    from caopd_bench.runs.lm_eval.reread import read_twice

    for task, file in find_samples(path).items():
        if not run.has(task):
            continue  # the task states no confidence
        if run.settings(task).get("confidence"):
            continue  # not parsed from a text; outcomes of options are checked on reading
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
