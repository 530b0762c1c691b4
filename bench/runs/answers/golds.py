"""Convert right answers of questions with options to letters, from letters, texts or places.

A whole log uses one form, except that letters and texts may be mixed if no right answer is both.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.options import LETTERS, bare_letter, find_option, first_place

__all__ = ["name_golds", "tell_forms"]


def name_golds(held: Sequence[Logged]) -> list[Logged]:
    """Return the answers with their right answers as letters, if the options are known.

    The first form that fits all right answers of the log is used: letters, texts, places. Places
    count from 1 if the last place occurs and 0 never does, and otherwise from 0. If texts and
    places both fit and differ, the right answers are ambiguous. In a log of both letters and texts,
    each right answer is read by itself; a place among them is refused, since it may count from 0 or
    from 1.

    Raises
    ------
    UsageError
        If a right answer names no option, or is ambiguous between two.
    """
    asked = _asked(held)
    if not asked:
        return [one._replace(gold=_letter_of(one)) if _has_options(one) else one for one in held]
    texts = [find_option(one.gold, one.options) for one in asked]
    first, places = _read_places(asked)
    if None not in texts and places and texts != places:
        differs = next(i for i, (a, b) in enumerate(zip(texts, places, strict=True)) if a != b)
        raise UsageError(
            f"{asked[differs].where}: the right answers may be texts of options or their "
            f"positions, counted from {first or 0}: {quote(asked[differs].gold)} is both; write "
            "letters"
        )
    chosen = places if None in texts else [place for place in texts if place is not None]
    letters = iter([LETTERS[place] for place in chosen] or _name_each(asked))
    return [one._replace(gold=next(letters)) if _has_options(one) else one for one in held]


def tell_forms(held: Sequence[Logged]) -> list[str]:
    """Return notes on how the right answers were read, if that is not obvious from them.

    The notes tell whether places count from 0 or 1 (unless one of them is 0), and that a log mixes
    letters and texts.

    Parameters
    ----------
    held : sequence of Logged
        The answers that `name_golds` receives.
    """
    asked = _asked(held)
    first, places = _read_places(asked)
    other = sum(find_option(one.gold, one.options) is None for one in asked)
    if other and not places:
        return [
            f"{other:,} of {len(asked):,} right answers are letters and the others are texts of "
            "options; each was read separately"
        ]
    is_place = places and other
    return [_HOW_COUNTED[first]] if is_place and first in _HOW_COUNTED else []


_HOW_COUNTED = {
    1: "the right answers were read as positions of options counted from 1, because the last "
    "position occurs and 0 never does",
    None: (
        "the right answers were read as positions of options counted from 0, but neither 0 nor "
        "the last position occurs; if they count from 1, all are wrong: write letters"
    ),
}


def _asked(held: Sequence[Logged]) -> list[Logged]:
    """Return the answers to questions with options, if not all right answers are letters."""
    asked = [one for one in held if _has_options(one)]
    return [] if all(_letter_of(one) for one in asked) else asked


def _has_options(one: Logged) -> bool:
    return bool(one.options) and not one.probabilities


def _letter_of(one: Logged) -> str:
    """Return a right answer that is a letter; "" if it is not, or is another option's text."""
    letters = LETTERS[: len(one.options)]
    if len(one.gold) == 1 and one.gold in letters:
        return one.gold
    word = one.gold.strip()
    letter = word.upper() if len(word) == 1 else bare_letter(word) or ""
    found = find_option(one.gold, one.options) if letter else None
    return letter if letter in letters and found in (None, letters.find(letter)) else ""


def _read_places(asked: Sequence[Logged]) -> tuple[int | None, list[int]]:
    """Return the first position, and all from 0 on; none of them if an answer is no position."""
    numbers = [
        int(one.gold) if one.gold.isascii() and one.gold.isdigit() and len(one.gold) < 3 else -1
        for one in asked
    ]
    counts = [len(one.options) for one in asked]
    first = first_place(zip(numbers, counts, strict=True))
    places = [number - (first or 0) for number in numbers]
    fits = all(0 <= place < count for place, count in zip(places, counts, strict=True))
    return first, places if fits else []


def _name_each(asked: Sequence[Logged]) -> list[str]:
    """Convert the right answers of a log with letters and texts; refuse anything else."""
    named = []
    wrong = []
    for one in asked:
        letter, found = _letter_of(one), find_option(one.gold, one.options)
        if letter and found is not None and LETTERS[found] != letter:
            wrong.append((one, f"is a letter and the text of option {LETTERS[found]}"))
        elif not letter and found is None:
            last, number = LETTERS[len(one.options) - 1], len(one.options)
            problem = f"is neither one of the letters A to {last} nor the text of one of {number} "
            wrong.append((one, f"{problem}options"))
        named.append(letter or LETTERS[found or 0])
    # Report answers that are not even positions first: a single number that is too high makes all
    # positions wrong.
    for one, problem in sorted(wrong, key=lambda row: _is_place(row[0])):
        mend = "; a position mixed with letters or texts may count from 0 or 1: write letters"
        raise UsageError(
            f"{one.where}: the gold answer {quote(one.gold)} {problem}"
            f"{mend if _is_place(one) else ''}"
        )
    return named


def _is_place(one: Logged) -> bool:
    """Return whether a right answer may be a place counted from 0."""
    gold = one.gold
    return gold.isascii() and gold.isdigit() and len(gold) < 3 and int(gold) < len(one.options)
