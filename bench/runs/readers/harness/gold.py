"""Extract the right answer from a whole solution, which is all that some harnesses log."""

from __future__ import annotations

from collections.abc import Iterable

from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.verify import verify
from caopd_bench.tasks.read.parse import find_spans

__all__ = ["find_answer", "shorten_golds"]

MARK = "####"
KINDS = ("number", "latex")


def shorten_golds(answers: Iterable[Logged], kind: str) -> tuple[list[Logged], list[str]]:
    """Extract the right answers from solutions.

    Returns
    -------
    answers : list of Logged
        In the given order.
    notes : list of str
        A note with the count if an answer was extracted.
    """
    kept = []
    taken = 0
    for logged in answers:
        gold, *also = (find_answer(text, kind) for text in (logged.gold, *logged.also))
        taken += gold != logged.gold
        if gold != logged.gold or also != [*logged.also]:
            logged = logged._replace(gold=gold, also=tuple(also))
        kept.append(logged)
    if not taken:
        return kept, []
    return kept, [
        f"{taken:,} of {len(kept):,} right answers are whole solutions; the part after {MARK} or "
        "after 'the answer is' was used"
    ]


def find_answer(gold: str, kind: str) -> str:
    """Return the answer at the end of a solution; the text itself if it is already an answer.

    Examples
    --------
    >>> find_answer("We add. 1+1=2 The answer is 2.", "number")
    '2'
    >>> find_answer("3 and 4 are 7. #### 7", "number")
    '7'
    >>> find_answer("12", "number"), find_answer("Paris is it.", "phrase")
    ('12', 'Paris is it.')
    """
    if kind not in KINDS:
        return gold
    if MARK in gold:
        return gold.rpartition(MARK)[2].strip() or gold
    # Texts without the word "answer", and bare numbers, are answers already, not solutions.
    if "answer" not in gold.lower() or (kind == "number" and _is_one(gold, kind)):
        return gold
    found = find_spans(gold, kind=kind).answer
    return found if found is not None and _is_one(found, kind) else gold


def _is_one(text: str, kind: str) -> bool:
    try:
        verify(None, text, kind=kind)
    except ValueError:
        return False
    return True
