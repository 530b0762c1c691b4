"""Detect two models with identical answers: one of them may never have been evaluated.

lm-eval's cache (`--use_cache FILE`) stores requests without the model. A second model that is
evaluated with the first one's cache file gets the first one's answers, and no request is sent. A
server that ignores the model's name also returns one model's answers under two names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from caopd_bench.comparison.pair_notes import cut_notes, weights_of
from caopd_bench.core.terminal import inline
from caopd_bench.runs.run import AnyRun, Row, Run

__all__ = ["notes_on_equal_answers"]

WIDTH = 40
SHOWN = 3  # maximum number of tasks named in a note
#: With this number and total length of texts, equality of all of them cannot be chance.
LEAST_TEXTS, LEAST_CHARACTERS = 3, 100
#: The same for answers with confidences, which are short, and the number of distinct ones.
LEAST_ANSWERS, LEAST_DISTINCT = 20, 3


class _Equal(NamedTuple):
    """Rows of one task that two runs share."""

    rows: int
    equal: int
    characters: int
    has_texts: bool
    distinct: int

    @property
    def is_suspicious(self) -> bool:
        if self.equal < self.rows:
            return False
        if self.has_texts:
            return self.rows >= LEAST_TEXTS and self.characters >= LEAST_CHARACTERS
        return self.rows >= LEAST_ANSWERS and self.distinct >= LEAST_DISTINCT


def notes_on_equal_answers(runs: Sequence[AnyRun], tasks: Sequence[str] | None = None) -> list[str]:
    """List pairs of models whose answers are all equal, or that shared a cache of lm-eval.

    Parameters
    ----------
    runs : sequence of Run
        Pairs of one model, or of the same weights, are left out: `notes_on_weights` lists those.
    tasks : sequence of str, optional
        Only these tasks.

    Returns
    -------
    list of str
        A line for each pair, and one more if there are many.
    """
    return cut_notes(_notes(runs, tasks), "with equal answers")


def _notes(runs: Sequence[AnyRun], tasks: Sequence[str] | None) -> Iterator[str]:
    held: dict[tuple[int, str], dict[tuple[str, int], Row]] = {}

    def rows_of(number: int, task: str) -> dict[tuple[str, int], Row]:
        if (number, task) not in held:
            run = runs[number]
            found = run.task_rows(task) if isinstance(run, Run) else []
            rows = {(row.item_hash, row.sample): row for row in found}
            # Item names that repeat within a run do not show which rows belong together.
            held[number, task] = rows if len(rows) == len(found) else {}
        return held[number, task]

    for i, j in combinations(range(len(runs)), 2):
        a, b = runs[i], runs[j]
        if not isinstance(a, Run) or not isinstance(b, Run) or not _are_different(a, b):
            continue
        cache = a.provenance.get("use_cache")
        cache = cache if cache and cache == b.provenance.get("use_cache") else None
        shared = [task for task in a.tasks if b.has(task) and (tasks is None or task in tasks)]
        found = {
            task: _count(rows_of(i, task), rows_of(j, task), whole=cache is not None)
            for task in shared
        }
        names = f"{inline(a.name, WIDTH)} and {inline(b.name, WIDTH)}"
        yield from _say_cache(names, str(cache), found) if cache else _say_equal(names, found)


def _say_cache(names: str, cache: str, found: Mapping[str, _Equal]) -> Iterator[str]:
    rows, equal = (sum(one[i] for one in found.values()) for i in (0, 1))
    # If no answer is equal, two different caches had the same file name.
    if equal or not rows:
        yield (
            f"{names} are different models but used the same --use_cache file "
            f"({inline(cache, WIDTH)}), which does not distinguish models: {equal:,} of {rows:,} "
            "answers are equal and may come from one model; evaluate again with a separate file "
            "for each"
        )


def _say_equal(names: str, found: Mapping[str, _Equal]) -> Iterator[str]:
    same = {task: one for task, one in found.items() if one.is_suspicious}
    if not same:
        return
    named = ", ".join(inline(task, WIDTH) for task in list(same)[:SHOWN])
    more = f" and {len(same) - SHOWN} more tasks" if len(same) > SHOWN else ""
    rows = sum(one.rows for one in same.values())
    has_texts = all(one.has_texts for one in same.values())
    what = "texts" if has_texts else "answers with their confidences (no texts are kept)"
    yield (
        f"{names} claim to be different models, but all {rows:,} {what} of {named}{more} are "
        "equal; did both use one --use_cache file, or is it one model under two names?"
    )


def _are_different(a: Run, b: Run) -> bool:
    """Return whether two runs claim to be different models and are not known to be the same."""
    ours, theirs = weights_of(a), weights_of(b)
    if ours & theirs:
        return False
    is_named = a.provenance.get("model") != b.provenance.get("model")
    return is_named or bool(ours and theirs)


def _count(
    ours: dict[tuple[str, int], Row], theirs: dict[tuple[str, int], Row], *, whole: bool
) -> _Equal:
    """Count the shared rows and the equal ones; stop at the first difference unless `whole`.

    Rows without an answer, such as those of files of confidences, are not counted.
    """
    rows = equal = characters = 0
    has_texts = True
    seen: set[Any] = set()
    for place, row in ours.items():
        other = theirs.get(place)
        told = None if other is None else _tell(row, other)
        if told is None:
            continue
        one, two, is_text = told
        rows += 1
        equal += one == two
        characters += len(one) if is_text else 0
        has_texts = has_texts and is_text
        seen.add(one)
        if one != two and not whole:
            break
    return _Equal(rows, equal, characters, has_texts and rows > 0, len(seen))


def _tell(a: Row, b: Row) -> tuple[Any, Any, bool] | None:
    """Return the content of two rows in the fullest form both have, and whether it is the text."""
    if _has_text(a) and _has_text(b):
        return a.text, b.text, True
    ours, theirs = ((row.answer, row.stated, row.confidence) for row in (a, b))
    if a.probabilities or b.probabilities:
        return (*ours, a.probabilities), (*theirs, b.probabilities), False
    return None if ours[:2] == theirs[:2] == (None, None) else (ours, theirs, False)


def _has_text(row: Row) -> bool:
    return bool(row.text and row.text.strip())
