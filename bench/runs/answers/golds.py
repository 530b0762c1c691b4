"""The right answers of questions with options: letters, texts or places, alike in a whole log."""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.options import LETTERS, find_option, first_place, gold_letter

__all__ = ["name_golds", "tell_places"]


def name_golds(held: Sequence[Logged]) -> list[Logged]:
    """Give right answers as letters, where the options are known.

    One form is taken for the whole log, the first that fits all: the letters, the texts, the
    places. Places count from 1 where the last one occurs and 0 never does, else from 0. Where texts
    and places both fit and differ, nobody can tell.

    Raises
    ------
    UsageError
        If a right answer names no option, or one of two.
    """
    asked = _asked(held)
    if not asked:
        return list(held)
    texts = [find_option(one.gold, one.options) for one in asked]
    first, places = _read_places(asked)
    if None not in texts and places and texts != places:
        differs = next(i for i, (a, b) in enumerate(zip(texts, places, strict=True)) if a != b)
        raise UsageError(
            f"{asked[differs].where}: the right answers may be texts of options or their places, "
            f"counted from {first or 0}: {quote(asked[differs].gold)} is both; write letters"
        )
    chosen = places if None in texts else [place for place in texts if place is not None]
    if not chosen:
        return [one._replace(gold=_name(one)) if one.options else one for one in held]
    letters = iter([LETTERS[place] for place in chosen])
    return [
        one._replace(gold=next(letters)) if one.options and not one.probabilities else one
        for one in held
    ]


def tell_places(held: Sequence[Logged]) -> list[str]:
    """Say how the places of right answers were counted, unless a 0 among them shows it.

    Parameters
    ----------
    held : sequence of Logged
        As `name_golds` is given them.
    """
    asked = _asked(held)
    first, places = _read_places(asked)
    is_place = places and any(find_option(one.gold, one.options) is None for one in asked)
    return [_HOW_COUNTED[first]] if is_place and first in _HOW_COUNTED else []


_HOW_COUNTED = {
    1: "the right answers are places of options, counted from 1: the last one occurs, 0 never does",
    None: (
        "the right answers are places of options, counted from 0, but neither 0 nor the last one "
        "occurs; if they are counted from 1, all are read wrongly: write letters"
    ),
}


def _asked(held: Sequence[Logged]) -> list[Logged]:
    """Give the answers to questions with options, if not all right answers are letters."""
    asked = [one for one in held if one.options and not one.probabilities]
    return [] if all(_letter(one) is not None for one in asked) else asked


def _letter(one: Logged) -> int | None:
    gold = one.gold
    return LETTERS.index(gold) if len(gold) == 1 and gold in LETTERS[: len(one.options)] else None


def _read_places(asked: Sequence[Logged]) -> tuple[int | None, list[int]]:
    """Give the first place and the places, counted from 0; none if a right answer is no place."""
    numbers = [
        int(one.gold) if one.gold.isascii() and one.gold.isdigit() and len(one.gold) < 3 else -1
        for one in asked
    ]
    counts = [len(one.options) for one in asked]
    first = first_place(zip(numbers, counts, strict=True))
    places = [number - (first or 0) for number in numbers]
    fits = all(0 <= place < count for place, count in zip(places, counts, strict=True))
    return first, places if fits else []


def _name(one: Logged) -> str:
    if one.probabilities:
        return one.gold
    try:
        return gold_letter(one.gold, one.options)
    except ValueError as error:
        raise UsageError(f"{one.where}: {error}") from None
