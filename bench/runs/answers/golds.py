"""The right answers of questions with options: letters, texts or places, alike in a whole log.

Letters and texts may also stand in one log, where no right answer can be both.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.options import LETTERS, bare_letter, find_option, first_place

__all__ = ["name_golds", "tell_forms"]


def name_golds(held: Sequence[Logged]) -> list[Logged]:
    """Return right answers as letters, where the options are known.

    One form is taken for the whole log, the first that fits all: the letters, the texts, the
    places. Places count from 1 where the last one occurs and 0 never does, else from 0. Where texts
    and places both fit and differ, nobody can tell. Of letters and texts in one log each is read by
    itself; a place among them is refused, since it may count from 0 or 1.

    Raises
    ------
    UsageError
        If a right answer names no option, or one of two.
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
    """Say how the right answers were read, where they do not show it themselves.

    That is from where their places count, unless there is a 0 among them, and that letters and
    texts stand in one log.

    Parameters
    ----------
    held : sequence of Logged
        As `name_golds` is given them.
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
    """Return the letter that a right answer is; "" if it is none, or the text of another option."""
    letters = LETTERS[: len(one.options)]
    if len(one.gold) == 1 and one.gold in letters:
        return one.gold
    word = one.gold.strip()
    letter = word.upper() if len(word) == 1 else bare_letter(word) or ""
    found = find_option(one.gold, one.options) if letter else None
    return letter if letter in letters and found in (None, letters.find(letter)) else ""


def _read_places(asked: Sequence[Logged]) -> tuple[int | None, list[int]]:
    """Return the first place and the places, counted from 0; none if a right answer is no place."""
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
    """Name the right answers of a log that has letters and texts; refuse what is neither."""
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
    # What is no place either comes first: of places one number too high makes all of them wrong.
    for one, problem in sorted(wrong, key=lambda row: _is_place(row[0])):
        mend = "; a position mixed with letters or texts may count from 0 or 1: write letters"
        raise UsageError(
            f"{one.where}: the gold answer {quote(one.gold)} {problem}"
            f"{mend if _is_place(one) else ''}"
        )
    return named


def _is_place(one: Logged) -> bool:
    """Return whether a right answer may be a place, counted from 0."""
    gold = one.gold
    return gold.isascii() and gold.isdigit() and len(gold) < 3 and int(gold) < len(one.options)
