"""Names, things and lead-in sentences, which vary the length of questions at every level.

A lead-in never contains a digit and never affects the answer. Long and short questions occur at
every level, so the length of a question reveals almost nothing about its difficulty.

The words are in `data/wording.json`. The people inside a problem and those in a lead-in
(`narrators`) come from different lists, so that nobody appears in both roles. A scene is a place
with its possible events: any selection from one place is consistent.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

__all__ = ["ask", "lead_in", "people", "thing"]

_WORDS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "wording.json").read_text(encoding="utf-8")
)
_PEOPLE, _NARRATORS, _COLOURED, _THINGS = (
    str(_WORDS[name]).split() for name in ("people", "narrators", "coloured", "things")
)


def ask(rng: Random, expression: str) -> str:
    """Ask for the value of an expression in one of the plain ways."""
    question: str = rng.choice(_WORDS["ask"])
    return question.format(expression)


def people(rng: Random, count: int) -> list[str]:
    """Draw `count` different first names."""
    return rng.sample(_PEOPLE, count)


def thing(rng: Random, *, coloured: bool = False) -> str:
    """Draw something that can be counted, in the plural; perhaps one that has any colour."""
    return rng.choice(_COLOURED if coloured else _THINGS)


def lead_in(rng: Random, length: int) -> str:
    """Write harmless sentences to stand before a question.

    Parameters
    ----------
    rng : Random
        The item's own generator.
    length : int
        Target length in characters; the lead-in may be about forty shorter or longer.

    Returns
    -------
    str
        Whole sentences with a space after them, or "" when `length` is under 40.
    """
    if length < 40:
        return ""
    place, *events = rng.choice(_WORDS["scenes"])
    who = f"{rng.choice(_NARRATORS)} is {rng.choice(_WORDS['doing'])} {place}."
    sentences = [who]
    rng.shuffle(events)
    while len(" ".join(sentences)) < length - 70 and len(events) > 1:
        sentences.append(events.pop())
    if len(" ".join(sentences)) < length - 15:
        sentences.append(rng.choice(_WORDS["links"]))
    return " ".join(sentences) + " "
