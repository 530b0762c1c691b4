"""The right answers of questions with options: letters, texts or places, alike in a whole log."""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.options import LETTERS, find_option, gold_letter

__all__ = ["name_golds"]


def name_golds(held: Sequence[Logged]) -> list[Logged]:
    """Give right answers as letters, where the options are known.

    One form is taken for the whole log, the first that fits all: the letters, the texts, the places
    counted from 0. Where texts and places both fit and differ, nobody can tell.

    Raises
    ------
    UsageError
        If a right answer names no option, or one of two.
    """
    asked = [one for one in held if one.options and not one.probabilities]
    if not asked or all(_letter(one) is not None for one in asked):
        return list(held)
    texts = [find_option(one.gold, one.options) for one in asked]
    places = [_place(one) for one in asked]
    if None not in texts and None not in places and texts != places:
        first = next(i for i, (a, b) in enumerate(zip(texts, places, strict=True)) if a != b)
        raise UsageError(
            f"{asked[first].where}: the right answers may be texts of options or their places, "
            f"counted from 0: {quote(asked[first].gold)} is both; write letters"
        )
    chosen = next((form for form in (texts, places) if None not in form), None)
    if chosen is None:
        return [one._replace(gold=_name(one)) if one.options else one for one in held]
    letters = iter([LETTERS[place] for place in chosen if place is not None])
    return [
        one._replace(gold=next(letters)) if one.options and not one.probabilities else one
        for one in held
    ]


def _letter(one: Logged) -> int | None:
    gold = one.gold
    return LETTERS.index(gold) if len(gold) == 1 and gold in LETTERS[: len(one.options)] else None


def _place(one: Logged) -> int | None:
    gold = one.gold
    place = int(gold) if gold.isascii() and gold.isdigit() and len(gold) < 3 else None
    return place if place is not None and place < len(one.options) else None


def _name(one: Logged) -> str:
    if one.probabilities:
        return one.gold
    try:
        return gold_letter(one.gold, one.options)
    except ValueError as error:
        raise UsageError(f"{one.where}: {error}") from None
