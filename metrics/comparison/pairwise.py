"""Many models on the same items: Brier skill and accuracy of every pair, in closed form.

A leaderboard of a hundred models has 4,950 pairs. The limits are those of
:func:`~caopd_bench.metrics.compare`, computed from the rows without sorting anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.comparison.paired_limits import MIN_CLASS, MIN_UNITS
from caopd_bench.metrics.comparison.paired_student import TINY, PairedLimits, limits_around
from caopd_bench.metrics.rows.columns import as_numbers
from caopd_bench.metrics.rows.counting import FloatArray, check_cluster
from caopd_bench.metrics.rows.seeds import check_level

NAN = float("nan")
ALIKE = "the two models do not differ in any row"


class SkillPair(NamedTuple):
    """Two models: the difference b - a of their Brier skill, and of their accuracy.

    Both are over all rows; a row without a usable confidence has the largest possible loss.
    Accuracy is reported with the skill, because a model can gain skill by answering wrongly.

    Attributes
    ----------
    a, b : int
        Positions of the models in the input.
    n : int
        Rows.
    difference, low, high, p_value, standard_error : float
        For the skill; NaN, with a `reason`, if undefined.
    reason : str
    accuracy_difference, accuracy_p_value : float
    """

    a: int
    b: int
    n: int
    difference: float
    low: float
    high: float
    p_value: float
    standard_error: float
    reason: str
    accuracy_difference: float
    accuracy_p_value: float


def skill_pairs(
    models: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> list[SkillPair]:
    r"""Compare Brier skill and accuracy of all pairs of models on the same items.

    Parameters
    ----------
    models : sequence of (confidence, correct)
        Arrays of shape (rows,) for each model: confidence in [0, 1], or NaN if there is no usable
        one, and correct 0 or 1. Row i is the same question, and the same sample of it, for all.
    cluster : array_like of int or str, shape (rows,), optional
        The unit of dependence of each row, such as the question of several samples.
    level : float, default 0.95
        Nominal coverage of the limits.

    Returns
    -------
    list of SkillPair
        a < b, in lexical order. p-values are not adjusted: see :func:`holm`. No p-value with fewer
        than five rows (clusters), for the skill with fewer than five right or five wrong answers
        of either model (clusters with such answers), or where two models do not differ.

    Raises
    ------
    ValueError
        If shapes differ, a confidence is outside [0, 1], or an outcome is not 0 or 1; the message
        names the model.

    Notes
    -----
    The skill of a model with accuracy a, :math:`V = a (1 - a)` and losses
    :math:`l_i = (c_i - y_i)^2` with mean B (a loss is 1 if no usable confidence is stated) is

    .. math:: S = 1 - B / V

    It is at most 0 for every model that always states the same confidence. The influence of row i
    is

    .. math:: \psi_i = - \frac{l_i - B}{V} + \frac{B (1 - 2 a) (y_i - a)}{V^2}

    and the limits of a difference are those of the method "paired student" of
    :func:`~caopd_bench.metrics.compare` for the differences of :math:`\psi`, summed by cluster.

    Examples
    --------
    >>> right = ([1] * 3 + [0] * 2) * 20
    >>> knows = [0.9, 0.8, 0.6, 0.5, 0.2] * 20
    >>> (pair,) = skill_pairs([([0.6] * 100, right), (knows, right)])
    >>> round(pair.difference, 3), round(pair.low, 3), round(pair.high, 3)
    (0.583, 0.513, 0.654)
    >>> (pair,) = skill_pairs([([0.0] * 100, [0] * 100), (knows, right)])  # always wrong
    >>> pair.reason, round(pair.accuracy_difference, 3)
    ('fewer than 5 right answers in a', 0.6)
    """
    check_level(level)
    columns = [_check(i, *model) for i, model in enumerate(models)]
    sizes = {c.size for c, _ in columns}
    if len(sizes) > 1:
        raise ValueError(f"models must have the same rows, got {sorted(sizes)} of them")
    if not columns:
        return []
    unit, units = _number_clusters(cluster, columns[0][0].size)
    kind = "rows" if cluster is None else "clusters"
    parts = [_take(c, y, unit, units) for c, y in columns]
    n = columns[0][0].size
    share = np.ones(units) if unit is None else np.bincount(unit, minlength=units).astype(float)
    return [
        _compare(a, b, parts[a], parts[b], share, n, level, kind)
        for a, b in combinations(range(len(parts)), 2)
    ]


class _Parts(NamedTuple):
    """Inputs of a pair from one model: sums over each unit (cluster or row)."""

    skill: float
    moved: FloatArray  # influence on the skill
    accuracy: float
    right: FloatArray
    few: str  # why there is no test of its skill


def _check(i: int, confidence: ArrayLike, correct: ArrayLike) -> tuple[FloatArray, FloatArray]:
    name = f"models[{i}]"
    c, y = (as_numbers(f"{name}: {of}", column) for of, column in
            (("confidence", confidence), ("correct", correct)))  # fmt: skip
    if not {c.dtype.kind, y.dtype.kind} <= set("biuf") or c.dtype.kind == "b":
        raise ValueError(f"{name}: confidence must be numbers and correct 0 or 1")
    c, y = c.astype(np.float64), y.astype(np.float64)
    if c.ndim != 1 or c.shape != y.shape:
        raise ValueError(
            f"{name}: confidence and correct must be 1-D and alike, got {c.shape} and {y.shape}"
        )
    if not c.size:
        raise ValueError(f"{name}: confidence must have at least one row, got 0")
    outside = c[(c < 0.0) | (c > 1.0)]
    if outside.size:
        raise ValueError(
            f"{name}: confidence must be in [0, 1] or NaN, got {outside[0]}; divide percentages "
            "by 100"
        )
    unclear = y[(y != 0.0) & (y != 1.0)]
    if unclear.size:
        raise ValueError(f"{name}: correct must be 0 or 1, got {unclear[0]}")
    return c, y


def _number_clusters(cluster: ArrayLike | None, rows: int) -> tuple[NDArray[np.intp] | None, int]:
    if cluster is None:
        return None, rows
    distinct, numbers = np.unique(check_cluster(cluster, rows), return_inverse=True)
    return numbers.reshape(-1), int(distinct.size)


def _take(c: FloatArray, y: FloatArray, unit: NDArray[np.intp] | None, units: int) -> _Parts:
    def sums(of_row: FloatArray) -> FloatArray:
        if unit is None:
            return of_row
        return np.bincount(unit, weights=of_row, minlength=units).astype(np.float64)

    right, wrong = sums(y), sums(1.0 - y)
    of = "" if unit is None else "clusters with "
    few = [
        f"fewer than {MIN_CLASS} {of}{kind} answers"
        for kind, count in (("right", right), ("wrong", wrong))
        if np.count_nonzero(count) < MIN_CLASS
    ]
    accuracy = float(y.mean())
    spread = accuracy * (1.0 - accuracy)
    if not spread:
        return _Parts(NAN, np.zeros(units), accuracy, right, few[0])
    loss = np.where(np.isnan(c), 1.0, (np.nan_to_num(c) - y) ** 2)
    brier = float(loss.mean())
    moved = -(loss - brier) / spread
    moved += brier * (1.0 - 2.0 * accuracy) * (y - accuracy) / spread**2
    return _Parts(1.0 - brier / spread, sums(moved), accuracy, right, few[0] if few else "")


def _compare(
    a: int, b: int, of_a: _Parts, of_b: _Parts, share: FloatArray, n: int, level: float, kind: str
) -> SkillPair:
    skill, accuracy = of_b.skill - of_a.skill, of_b.accuracy - of_a.accuracy
    if share.size < MIN_UNITS:
        few = f"fewer than {MIN_UNITS} {kind}"
        return SkillPair(a, b, n, skill, NAN, NAN, NAN, NAN, few, accuracy, NAN)
    answers = of_b.right - of_a.right
    p_value = _student(answers - accuracy * share, accuracy, share, n, level).p_value
    for model, parts in (("a", of_a), ("b", of_b)):
        if parts.few:
            why = f"{parts.few} in {model}"
            return SkillPair(a, b, n, skill, NAN, NAN, NAN, NAN, why, accuracy, p_value)
    found = _student(of_b.moved - of_a.moved, skill, share, n, level)
    return SkillPair(a, b, n, skill, *found[:4], found.reason, accuracy, p_value)


def _student(
    sums: FloatArray, estimate: float, share: FloatArray, n: int, level: float
) -> PairedLimits:
    """Return limits from sums of influences by unit of `share` rows; NaN if none differs."""
    moved = sums + estimate * share
    unlike = np.abs(moved) > TINY
    if not unlike.any():
        return PairedLimits(NAN, NAN, NAN, NAN, "", ALIKE)
    # Add half a unit that differs in each direction, as in `compare`.
    typical = float((moved[unlike] ** 2).mean())
    units = share.size
    squares = float((sums**2).sum())
    error = math.sqrt(squares + typical) / n * math.sqrt(units / (units - 1.0))
    return limits_around(estimate, error, units - 1.0, level, "paired student")
