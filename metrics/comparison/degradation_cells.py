"""The numbers of a degradation: values, moves of each row, limits and p-values.

A *move* is the influence of a row divided by the number of rows: the moves of all rows sum to 0,
and the square root of the sum of their squares is the standard error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from caopd_bench.metrics.comparison.degradation_rows import Answers, Items
from caopd_bench.metrics.rows.counting import FloatArray

#: Right and wrong rows that AUROC requires, and wrong ones that confidence when wrong requires.
LEAST = 20
#: Added items that differ, because a rate without failures would otherwise have a variance of 0.
PSEUDO_ITEMS = 2
#: Fewest clusters for a standard error, if the clusters are larger than questions.
LEAST_CLUSTERS = 10
#: Distance from 0, in standard errors, from which the sign of the reference's gap is trusted.
SURE_OF_SIGN = 2.5
#: Share of the reference's most confident answers, whose confidences count as sure.
SUREST = 0.25

NAN = float("nan")
Direction = Literal["both", "over"]


class Value(NamedTuple):
    """A number of one model, and the move of each row."""

    value: float
    moves: FloatArray


class Worse(NamedTuple):
    """A degradation: estimate, standard error, one-sided limit and p-value."""

    reference: float
    candidate: float
    by: float
    error: float
    upper: float
    p_value: float
    extra: float = 0.0


def mean(x: FloatArray, weight: FloatArray | None = None) -> Value:
    """Return a weighted mean and the moves of the rows."""
    w = np.ones_like(x) if weight is None else weight
    total = w.sum()
    centre = float((w * x).sum() / total)
    return Value(centre, w * (x - centre) / total)


def auroc(
    confidence: FloatArray, correct: FloatArray, weight: FloatArray, sure: float = math.inf
) -> Value:
    """Return the AUROC of weighted rows; the moves are DeLong's placements.

    A wrong row that states at least `sure` percent loses all its pairs.
    """
    values, at = np.unique(confidence, return_inverse=True)
    right = np.bincount(at, weights=weight * correct, minlength=values.size)
    wrong = np.bincount(at, weights=weight * (1.0 - correct), minlength=values.size)
    m, k = right.sum(), wrong.sum()
    beaten = in_percents(values) < sure
    lost = wrong * beaten
    # The share of the other class with lower confidence, ties counted half, at each value.
    of_right = (np.cumsum(lost) - lost / 2.0) / k
    of_wrong = beaten * (1.0 - (np.cumsum(right) - right / 2.0) / m)
    area = float(right @ of_right / m)
    placed = np.where(correct > 0, (of_right[at] - area) / m, (of_wrong[at] - area) / k)
    return Value(area, weight * placed)


def in_percents(confidence: FloatArray) -> FloatArray:
    """Return confidences rounded to whole percents."""
    return np.asarray(np.rint(100.0 * confidence))


def sure_from(x: Answers) -> float:
    """Return the lowest whole percent of the most confident quarter of the parsed rows."""
    stated = np.sort(in_percents(x.confidence[x.parsed > 0]))[::-1]
    return float(stated[math.ceil(SUREST * stated.size) - 1])


def unchanged(own: Answers, other: Answers, items: Items) -> FloatArray:
    """Weight each parsed row by the share of the other model's samples with the same correctness.

    With one sample per item: 1 if both are parsed and equally correct, else 0.
    """
    right = items.share(other.correct, other.parsed)
    some = items.share(np.ones_like(right), other.parsed)
    return own.parsed * some * np.where(own.correct > 0, right, 1.0 - right)


def worse(
    values: tuple[Value, Value],
    items: Items,
    level: float,
    *,
    sign: float = 1.0,
    extra: float = 0.0,
) -> Worse:
    """Compare the values of reference and candidate; `sign` is -1 where higher is better."""
    of_a, of_b = values
    by = sign * (of_b.value - of_a.value) + 0.0  # no -0.0
    error = items.error(of_b.moves - of_a.moves, extra)
    upper = by + _quantile(level, items) * error
    return Worse(of_a.value, of_b.value, by, error, upper, _p_value(by, error, items), extra)


def worse_size(values: tuple[Value, Value], items: Items, level: float) -> Worse:
    """Compare the sizes of two values that may have either sign.

    |b| - |a| is the larger of b - sa a and -b - sa a, where sa is the sign of a: the limit is the
    worst over these two. It is also the smaller of |b| - a and |b| + a: the p-value is the worst
    over these.

    If a is so near 0 that its sign may be due to chance, choosing the sign by a makes |a| look too
    large and the limit too low. In that case |b| - |a| <= |b - a| provides a limit that needs no
    sign, and that is 0 for a run compared with itself.
    """
    of_a, of_b = values
    a, b = of_a.value, of_b.value
    alike, unlike = items.error(of_b.moves - of_a.moves), items.error(of_b.moves + of_a.moves)
    sign_a, sign_b = (1.0 if x >= 0.0 else -1.0 for x in (a, b))
    t = _quantile(level, items)
    if abs(a) > max(SURE_OF_SIGN, t) * items.error(of_a.moves):
        of_sign = {sign_a: alike, -sign_a: unlike}
        upper = max(sign * b - sign_a * a + t * error for sign, error in of_sign.items())
    else:
        upper = abs(b - a) + t * alike
    p_value = max(
        _p_value(sign_b * b - s * a, alike if s == sign_b else unlike, items) for s in (1.0, -1.0)
    )
    error = alike if sign_a == sign_b else unlike
    return Worse(a, b, abs(b) - abs(a), error, upper, p_value)


def _quantile(level: float, items: Items) -> float:
    # Imported here: it costs 0.1 s.
    from scipy.special import stdtrit

    return float(stdtrit(items.freedom, level))


def _p_value(by: float, error: float, items: Items) -> float:
    # Imported here: it costs 0.1 s.
    from scipy.special import stdtr

    if error > 0.0:
        return float(stdtr(items.freedom, -by / error))
    return 0.0 if by > 0.0 else 1.0


@dataclass(frozen=True)
class Degradation:
    """The degradation of a candidate in one number; positive is worse.

    Attributes
    ----------
    name : str
    reference, candidate : float
        Values of the two models. AUROC and strict AUROC use the rows whose correctness did not
        change.
    worse_by : float
        For the gap with ``direction="both"``, the change of its size, |candidate| - |reference|.
    upper : float
        One-sided upper limit of `worse_by` in the population.
    p_value : float
        One-sided p-value for "not worse".
    standard_error : float
        Standard error of `worse_by`.
    items : int
        Number of questions.
    reason : str
        Why the numbers are NaN; empty if they are not.
    clusters : int
        Number of clusters in the standard error; the number of questions unless clusters are given.
    extra : float
        The part of the variance that falls with the square of the number of questions.
    excess : float
        The part of `upper` that more questions would not reduce: the possible effect of answers
        that are missing in the candidate.
    least_items : float
        Number of questions with which it could probably be computed, if it was not: infinite if a
        required kind of row never occurred; 0 if it was computed.
    """

    name: str
    reference: float
    candidate: float
    worse_by: float
    upper: float
    p_value: float
    standard_error: float
    items: int
    reason: str = ""
    clusters: int = 0
    extra: float = 0.0
    excess: float = 0.0
    least_items: float = 0.0


def defined(name: str, items: Items, w: Worse) -> Degradation:
    """Return a degradation that was computed."""
    return Degradation(
        name=name,
        reference=w.reference,
        candidate=w.candidate,
        worse_by=w.by,
        upper=w.upper,
        p_value=w.p_value,
        standard_error=w.error,
        items=items.questions.n,
        clusters=items.clusters.n,
        extra=w.extra,
    )


def undefined(name: str, items: Items, reason: str, times: float) -> Degradation:
    """Return an undefined degradation that would need ``times`` as many questions."""
    return Degradation(
        name=name,
        reference=NAN,
        candidate=NAN,
        worse_by=NAN,
        upper=NAN,
        p_value=NAN,
        standard_error=NAN,
        items=items.questions.n,
        reason=reason,
        clusters=items.clusters.n,
        least_items=items.questions.n * times,
    )
