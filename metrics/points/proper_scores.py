"""Proper scores: stating the true probability minimises them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.definition import metric
from caopd_bench.metrics.limits.influences import Influence, centred
from caopd_bench.metrics.limits.student import Limits, add_rows, student_quantile, wilson_limits
from caopd_bench.metrics.metric_parts import BOTH, QUARTER, SHARE, Caution, ClosedForm, Shown
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally


def brier_limits(tally: Tally, level: float = 0.95) -> Limits:
    """Return limits for the Brier score: a Student interval after :func:`add_rows`.

    Parameters
    ----------
    tally : Tally
        Two or more independent rows.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Limits
        Inside [0, 1], extended to the estimate where it lies outside. They coincide only if all
        rows state 0.5: the score is then 0.25 whatever the answers.

    Notes
    -----
    Rows are added as Agresti and Coull, The American Statistician 52 (1998), and Agresti and Caffo,
    ibid. 54 (2000), do for shares. Simulated coverage at 0.95, 48 populations and n from 20 to
    2000: at least 0.91, median 0.96.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = brier_limits(tally([0.95] * 20, [0] * 20))
    >>> round(limits.low, 3), round(limits.high, 3)
    (0.778, 0.945)
    """
    if_right, if_wrong = (1.0 - tally.values) ** 2, tally.values**2
    n = float(tally.n)
    estimate = float((tally.right * if_right + tally.wrong * if_wrong).sum()) / n
    right, wrong = add_rows(tally.right, tally.wrong)
    rows = n + 2.0
    centre = float((right * if_right + wrong * if_wrong).sum()) / rows
    squares = right * (if_right - centre) ** 2 + wrong * (if_wrong - centre) ** 2
    reach = student_quantile(level, n) * float(np.sqrt(squares.sum())) / rows
    return Limits(min(max(centre - reach, 0.0), estimate), max(min(centre + reach, 1.0), estimate))


def influence_of_brier(t: Tally) -> Influence:
    """Return the influences on the Brier score, a mean of losses."""
    return centred(t, (1.0 - t.values) ** 2, t.values**2)


@metric(
    "Brier",
    better="lower",
    range=SHARE,
    interval=ClosedForm("adjusted student", brier_limits),
    influence=influence_of_brier,
    average="rows",
    shown=Shown(
        "Brier",
        "mean squared error of the stated confidence",
        "Brier",
        place=1,
        extremes=((1.0, 0.0), (0.0, 1.0)),
        worst_case=True,
    ),
    place=8,
)
def brier(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    r"""Return the Brier score, the mean squared difference between confidence and correctness.

    Returns
    -------
    float
        In [0, 1], 0 is perfect; always stating 0.5 gives 0.25.

    Notes
    -----
    .. math:: \frac1n \sum_i (c_i - y_i)^2

    Brier, Monthly Weather Review 78 (1950).

    Examples
    --------
    >>> brier([1.0, 0.5], [1, 0])
    0.125
    """
    total = (right * (1.0 - values) ** 2 + wrong * values**2).sum(axis=-1)
    return np.asarray(total / (right + wrong).sum(axis=-1))


def influence_of_uncertainty(t: Tally) -> Influence:
    """Return the influences on accuracy times 1 - accuracy."""
    slope = 1.0 - 2.0 * t.accuracy
    up, down = centred(t, np.ones_like(t.values), np.zeros_like(t.values))
    return Influence(slope * up, slope * down)


def uncertainty_limits(tally: Tally, level: float = 0.95) -> Limits:
    """Return limits for a (1 - a): its range over the Wilson limits of the accuracy a.

    They contain the uncertainty whenever the Wilson limits contain the accuracy.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = uncertainty_limits(tally([0.9] * 20, [1] * 11 + [0] * 9))
    >>> round(limits.low, 3), limits.high
    (0.192, 0.25)
    """
    low, high = wilson_limits(tally.n_right, tally.n, level)
    ends = low * (1.0 - low), high * (1.0 - high)
    return Limits(min(ends), QUARTER[1] if low <= 0.5 <= high else max(ends))


@metric(
    "UNC",
    range=QUARTER,
    interval=ClosedForm("wilson", uncertainty_limits, worth="accuracy", one_row=True),
    influence=influence_of_uncertainty,
    scored=False,
    place=11,
)
def uncertainty(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Return the UNC of :func:`corp`: accuracy times 1 - accuracy.

    It is the Brier score of always stating the accuracy, and does not depend on the confidences.

    Examples
    --------
    >>> uncertainty([0.9] * 4, [1, 0, 0, 0])
    0.1875
    """
    accuracy = right.sum(axis=-1, keepdims=True) / (right + wrong).sum(axis=-1, keepdims=True)
    # Not written as a (1 - a), so that a flat curve has a DSC of exactly 0.0.
    return brier.cells(accuracy, right, wrong)


def _influence_of_skill(t: Tally) -> Influence:
    # 1 - Brier / UNC, by the quotient rule.
    loss, base = float(brier.cells(*t.cells)), float(uncertainty.cells(*t.cells))
    of_right, of_wrong = (
        (loss / base * psi_base - psi_loss) / base
        for psi_base, psi_loss in zip(
            influence_of_uncertainty(t), influence_of_brier(t), strict=True
        )
    )
    return Influence(of_right, of_wrong)


@metric(
    "Brier skill",
    better="higher",
    needs=BOTH,
    range=(-math.inf, 1.0),
    interval=ClosedForm("skewness-adjusted"),
    influence=_influence_of_skill,
    caution=Caution(
        0.62, "few rows right or few wrong", lambda t: min(t.n_right, t.n - t.n_right) < 10
    ),
    scored=False,
    place=12,
)
def brier_skill(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    r"""Return the Brier skill score against always stating the accuracy.

    Returns
    -------
    float
        1 is perfect, 0 is as good as the best constant confidence, and negative is worse (there is
        no lower limit). NaN without both right and wrong answers: the constant is then perfect.

    Notes
    -----
    .. math:: 1 - \frac{\mathrm{Brier}}{\bar y (1 - \bar y)}

    The constant is the accuracy of the same rows, which no forecast could know, so the skill is
    understated by about 1/n. Murphy, Monthly Weather Review 116 (1988).

    Examples
    --------
    >>> round(brier_skill([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0]), 4)
    0.27
    >>> brier_skill([0.9, 0.8], [1, 1])
    nan
    """
    base_rate = right.sum(axis=-1) / (right + wrong).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        skill = 1.0 - brier.cells(values, right, wrong) / (base_rate * (1.0 - base_rate))
    return np.where((base_rate > 0.0) & (base_rate < 1.0), skill, np.nan)


def _influence_of_log_score(t: Tally) -> Influence:
    with np.errstate(divide="ignore"):
        losses = -np.log(t.values), -np.log1p(-t.values)
    finite = centred(t, *(np.where(np.isfinite(loss), loss, 0.0) for loss in losses))
    of_right, of_wrong = (
        np.where(np.isfinite(x), psi, 0.0) for x, psi in zip(losses, finite, strict=True)
    )
    return Influence(of_right, of_wrong)


@metric(
    "Log score",
    better="lower",
    range=(0.0, math.inf),
    interval=ClosedForm("skewness-adjusted"),
    influence=_influence_of_log_score,
    infinite="a confidence of exactly 0 or 1 was refuted",
    scored=False,
    place=13,
)
def log_score(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    r"""Return the log score, the mean negative log-likelihood.

    Returns
    -------
    float
        In nats, 0 is perfect; always stating 0.5 gives ln 2 = 0.693. Infinite if a stated 1 was
        wrong or a stated 0 was right (to within 1e-12, see :func:`tally`). Nothing is clipped,
        because the clipping value would then determine the result.

    Notes
    -----
    .. math:: -\frac1n \sum_i \big( y_i \ln c_i + (1 - y_i) \ln (1 - c_i) \big)

    Good, Journal of the Royal Statistical Society B 14 (1952).

    Examples
    --------
    >>> round(log_score([0.9, 0.5], [1, 0]), 4)
    0.3993
    >>> log_score([1.0, 0.5], [0, 0])
    inf
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # ln 0, and 0 rows times ln 0
        of_right = np.where(right > 0, right * -np.log(values), 0.0)
        of_wrong = np.where(wrong > 0, wrong * -np.log1p(-values), 0.0)
    return np.asarray((of_right + of_wrong).sum(axis=-1) / (right + wrong).sum(axis=-1))
