"""Compute lm-eval's choice and its probability from the options' loglikelihoods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from caopd_bench.runs.run import NORM

__all__ = [
    "READINGS",
    "Asked",
    "Reading",
    "find_tied",
    "first_highest",
    "place_right",
    "scores_of",
    "softmax",
]


class Reading(NamedTuple):
    """A metric by which lm-eval chooses an option.

    Attributes
    ----------
    metric : str
        Name of the metric in the samples.
    suffix : str
        Suffix of the task's name in our tables.
    per : str
        The unit by whose number the loglikelihoods are divided.
    """

    metric: str
    suffix: str
    per: str


READINGS = (
    Reading("acc", "", "text"),
    Reading("acc_norm", NORM, "character"),
    Reading("acc_bytes", f"{NORM}_bytes", "byte"),
    Reading("acc_mutual_info", ":mutual_info", "prior"),
)
#: Relative difference of scores below which two options are tied, because a backend may add in a
#: different precision.
TIE = 1e-6


class Asked(NamedTuple):
    """The options of a line: their values and texts, and which are right (None if unknown)."""

    values: list[float]
    given: list[float]
    texts: list[bytes] | None
    right: tuple[int, ...] | None


def scores_of(per: str, asked: Asked) -> list[float] | None:
    """Return the scores that lm-eval maximises; None if the log does not contain them."""
    values, texts = asked.values, asked.texts
    if per == "text":
        return values
    if per == "prior":
        if len(asked.given) != len(values):
            return None
        return [value - prior for value, prior in zip(values, asked.given, strict=True)]
    if texts is None:
        return None
    if per == "byte" or b"".join(texts).isascii():
        lengths = [len(text) for text in texts]
    else:
        lengths = [len(text.decode("utf-8", "surrogatepass")) for text in texts]
    try:
        return [value / length for value, length in zip(values, lengths)]  # noqa: B905  checked
    except ZeroDivisionError:
        return [_divide(value, length) for value, length in zip(values, lengths, strict=True)]


def _divide(value: float, length: int) -> float:
    """Divide as numpy does."""
    return value / length if length else -math.inf if value < 0 else math.nan


def softmax(scores: Sequence[float]) -> tuple[float, ...]:
    """Return the softmax of the values; empty if it is undefined."""
    highest = max(scores)
    weights = [exp(score - highest) for score in scores]
    total = sum(weights)
    return tuple([weight / total for weight in weights]) if total >= 1.0 else ()


def first_highest(scores: list[float]) -> int:
    """Return the index of the maximum as numpy.argmax does, for which NaN is the highest."""
    undefined = [i for i, score in enumerate(scores) if score != score]
    return undefined[0] if undefined else scores.index(max(scores))


def find_tied(scores: Sequence[float], right: tuple[int, ...], correct: int) -> int | None:
    """Find an option tied with the highest one that has the logged outcome."""
    highest = max(scores)
    margin = TIE * max(abs(highest), 1.0)
    for i, score in enumerate(scores):
        if (i in right) == correct and highest - score <= margin:
            return i
    return None


def place_right(right: tuple[int, ...] | None, count: int, chosen: int, correct: int) -> int:
    """Return the index of the only right option; -1 if there are none or several, or if unknown."""
    if right is not None:
        return right[0] if len(right) == 1 else -1
    if correct:
        return chosen
    return 1 - chosen if count == 2 else -1
