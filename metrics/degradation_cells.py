"""The six numbers of a degradation: values, moves of each row, limits and p-values.

A *move* is the influence of a row over the number of rows: the moves of all rows sum to 0, and the
square root of the sum of their squares is the standard error.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.counting import FloatArray

#: Right and wrong rows that AUROC asks for, and wrong ones that confidence when wrong does.
LEAST = 20
#: A rate without failures has a variance of 0: as if so many more items had differed.
PSEUDO_ITEMS = 2

NAN = float("nan")
Direction = Literal["both", "over"]


class Answers(NamedTuple):
    """Rows of one model, each (n,); one that is not parsed has confidence 0 and parsed 0."""

    confidence: FloatArray
    correct: FloatArray
    parsed: FloatArray


class Groups(NamedTuple):
    """The group of each row, 0 to n - 1; `of_row` is None if every row is its own."""

    of_row: NDArray[np.intp] | None
    n: int

    def label(self, rows: int) -> NDArray[np.intp]:
        """Give the group of each row as a number."""
        return np.arange(rows) if self.of_row is None else self.of_row

    def sum(self, of_rows: FloatArray) -> FloatArray:
        """Sum over the rows of each group."""
        if self.of_row is None:
            return of_rows
        return np.bincount(self.of_row, weights=of_rows, minlength=self.n).astype(np.float64)


class Items(NamedTuple):
    """Which rows are samples of one question, and which are not independent."""

    questions: Groups
    clusters: Groups

    def share(self, of_rows: FloatArray, among: FloatArray) -> FloatArray:
        """Give each row the mean over the rows of its question that are among; 0 if none is."""
        of = self.questions
        total, count = of.sum(of_rows * among), of.sum(among)
        share = np.divide(total, count, out=np.zeros(of.n), where=count > 0)
        return share if of.of_row is None else share[of.of_row]

    def error(self, moves: FloatArray, extra: float = 0.0) -> float:
        """Return the standard error of a number with such moves."""
        of = self.clusters
        squares = float((of.sum(moves) ** 2).sum())
        return float(np.sqrt(squares * of.n / (of.n - 1.0) + extra))


class Value(NamedTuple):
    """A number of one model, and the move of each row."""

    value: float
    moves: FloatArray


class Worse(NamedTuple):
    """By how much the candidate is worse: estimate, standard error, one-sided limit and p."""

    reference: float
    candidate: float
    by: float
    error: float
    upper: float
    p_value: float


def mean(x: FloatArray, weight: FloatArray | None = None) -> Value:
    """Return a weighted mean."""
    w = np.ones_like(x) if weight is None else weight
    total = w.sum()
    centre = float((w * x).sum() / total)
    return Value(centre, w * (x - centre) / total)


def auroc(confidence: FloatArray, correct: FloatArray, weight: FloatArray) -> Value:
    """Return the AUROC of weighted rows; the moves are DeLong's placements."""
    values, at = np.unique(confidence, return_inverse=True)
    right = np.bincount(at, weights=weight * correct, minlength=values.size)
    wrong = np.bincount(at, weights=weight * (1.0 - correct), minlength=values.size)
    m, k = right.sum(), wrong.sum()
    # The share of the other class that is stated lower (ties half), at each value.
    of_right = (np.cumsum(wrong) - wrong / 2.0) / k
    of_wrong = 1.0 - (np.cumsum(right) - right / 2.0) / m
    area = float(right @ of_right / m)
    placed = np.where(correct > 0, (of_right[at] - area) / m, (of_wrong[at] - area) / k)
    return Value(area, weight * placed)


def unchanged(own: Answers, other: Answers, items: Items) -> FloatArray:
    """Weigh each parsed row by the share of the other model's samples that are as right as it.

    With one sample an item: 1 where both are parsed and correctness is the same, else 0.
    """
    right = items.share(other.correct, other.parsed)
    some = items.share(np.ones_like(right), other.parsed)
    return own.parsed * some * np.where(own.correct > 0, right, 1.0 - right)


def worse(
    values: tuple[Value, Value], items: Items, z: float, *, sign: float = 1.0, extra: float = 0.0
) -> Worse:
    """Compare the values of reference and candidate; `sign` is -1 where higher is better."""
    of_a, of_b = values
    by = sign * (of_b.value - of_a.value) + 0.0  # no -0.0
    error = items.error(of_b.moves - of_a.moves, extra)
    return Worse(of_a.value, of_b.value, by, error, by + z * error, _p_value(by, error))


def worse_size(values: tuple[Value, Value], items: Items, z: float) -> Worse:
    """Compare the sizes of two values that may have either sign.

    |b| - |a| is the largest of b - sa a and -b - sa a, with sa the sign of a, and its smallest
    over the signs of a: the limit is the worst over the former, the p-value over the latter.
    """
    of_a, of_b = values
    a, b = of_a.value, of_b.value
    alike, unlike = items.error(of_b.moves - of_a.moves), items.error(of_b.moves + of_a.moves)
    sign_a, sign_b = (1.0 if x >= 0.0 else -1.0 for x in (a, b))
    upper = max(t * b - sign_a * a + z * (alike if t == sign_a else unlike) for t in (1.0, -1.0))
    p_value = max(
        _p_value(sign_b * b - t * a, alike if t == sign_b else unlike) for t in (1.0, -1.0)
    )
    error = alike if sign_a == sign_b else unlike
    return Worse(a, b, abs(b) - abs(a), error, upper, p_value)


def _p_value(by: float, error: float) -> float:
    # Imported here: it costs 0.1 s.
    from scipy.special import ndtr

    if error > 0.0:
        return float(ndtr(-by / error))
    return 0.0 if by > 0.0 else 1.0
