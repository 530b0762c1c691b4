"""Accuracy, mean confidence, their difference, and related means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.definition import metric
from caopd_bench.metrics.limits.influences import Influence, centred
from caopd_bench.metrics.limits.skewed import skewed_limits
from caopd_bench.metrics.limits.student import Limits, add_rows, wilson, wilson_limits
from caopd_bench.metrics.metric_parts import SHARE, WRONG, Caution, ClosedForm, Shown
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally


@metric(
    "Accuracy",
    better="higher",
    range=SHARE,
    interval=ClosedForm(
        "wilson", lambda t, level: wilson_limits(t.n_right, t.n, level), one_row=True
    ),
    influence=lambda t: centred(t, np.ones_like(t.values), np.zeros_like(t.values)),
    average="rows",
    # Over all rows, like the parse rate; the metrics below use the parsed rows only.
    scored=False,
    shown=Shown("accuracy", "share of right answers, all rows", "acc"),
    place=1,
)
def accuracy(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Return the share of right answers.

    Examples
    --------
    >>> accuracy([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0])
    0.75
    """
    return np.asarray(right.sum(axis=-1) / (right + wrong).sum(axis=-1))


@metric(
    "Confidence",
    range=SHARE,
    interval=ClosedForm(
        "skewness-adjusted",
        lambda t, level: skewed_limits(t.values, t.right + t.wrong, t.right + t.wrong, level),
        spread=True,
    ),
    influence=lambda t: centred(t, t.values, t.values),
    average="rows",
    shown=Shown(
        "mean confidence",
        "mean stated confidence",
        "stated",
        place=3,
        extremes=((0.0, 0.0), (1.0, 1.0)),
    ),
    place=2,
)
def mean_confidence(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Return the mean stated confidence.

    Examples
    --------
    >>> mean_confidence([1.0, 0.5], [1, 0])
    0.75
    """
    count = right + wrong
    return np.asarray((count * values).sum(axis=-1) / count.sum(axis=-1))


def gap_limits(tally: Tally, level: float = 0.95) -> Limits:
    r"""Return limits for mean confidence minus accuracy: the limits of both, combined by MOVER.

    Parameters
    ----------
    tally : Tally
        Independent rows.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Limits
        Inside [-1, 1], around the estimate. With a single stated confidence, the Wilson limits of
        the accuracy, mirrored.

    Notes
    -----
    .. math:: L = C - A - \sqrt{(C - l_C)^2 + (u_A - A)^2 - 2 r (C - l_C) (u_A - A)},\quad
       U = C - A + \sqrt{(u_C - C)^2 + (A - l_A)^2 - 2 r (u_C - C) (A - l_A)}

    with mean confidence C and its limits by
    :func:`~caopd_bench.metrics.limits.skewed.skewed_limits`, accuracy A and its Wilson
    limits, and the correlation r of confidence and correctness after
    :func:`~caopd_bench.metrics.limits.student.add_rows`. Zou and Donner, Statistics in Medicine
    27 (2008). Simulated coverage at 0.95, 48 populations: at least 0.92 with 20 rows and 0.93 with
    50 to 500, median 0.95 to 0.96. Student's limits for C covered down to 0.82.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = gap_limits(tally([0.95] * 20, [0] * 20))
    >>> round(limits.low, 3), limits.high
    (0.789, 0.95)
    """
    n, count = float(tally.n), tally.right + tally.wrong
    accuracy, confidence = tally.accuracy, tally.mean_confidence
    low, high = (float(limit) for limit in wilson(tally.n_right, n, level))
    gap = confidence - accuracy
    if tally.values.size == 1:
        return Limits(confidence - high, confidence - low)
    right, _ = add_rows(tally.right, tally.wrong)
    share = float(right.sum()) / (n + 2.0)
    covariance = float((right * (tally.values - confidence)).sum()) / (n + 2.0)
    variance = float((count * (tally.values - confidence) ** 2).sum()) / n
    correlation = covariance / np.sqrt(variance * share * (1.0 - share))

    def join(of_confidence: float, of_accuracy: float) -> float:
        product = correlation * of_confidence * of_accuracy
        squared = of_confidence**2 + of_accuracy**2 - 2.0 * product
        return float(np.sqrt(max(squared, 0.0)))

    lowest, highest = skewed_limits(tally.values, count, count, level)
    below = join(confidence - lowest, high - accuracy)
    above = join(highest - confidence, accuracy - low)
    return Limits(max(gap - below, -1.0), min(gap + above, 1.0))


@metric(
    "Gap",
    range=(-1.0, 1.0),
    interval=ClosedForm("mover", gap_limits),
    influence=lambda t: centred(t, t.values - 1.0, t.values),
    average="rows",
    shown=Shown(
        "overconfidence gap",
        "mean stated confidence minus accuracy, parsed rows",
        "gap",
        place=4,
        extremes=((0.0, 0.0), (1.0, 1.0)),
        worst_case=True,
    ),
    place=3,
)
def overconfidence_gap(
    values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]
) -> NDArray[Any]:
    """Return mean confidence minus accuracy, the OCG.

    Returns
    -------
    float
        In [-1, 1], positive if the model is overconfident. Its absolute value never
        exceeds the ECE.

    Examples
    --------
    >>> overconfidence_gap([1.0, 1.0, 1.0, 1.0], [1, 0, 0, 0])
    0.75
    """
    stated = mean_confidence.cells(values, right, wrong)
    return np.asarray(stated - accuracy.cells(values, right, wrong))


def _influence_when_wrong(t: Tally) -> Influence:
    mean = (t.wrong * t.values).sum() / t.n_wrong
    return Influence(np.zeros_like(t.values), (t.values - mean) * (t.n / t.n_wrong))


@metric(
    "Confidence when wrong",
    better="lower",
    needs=WRONG,
    range=SHARE,
    # Right answers show which other values the model states. So there is an interval even for a
    # single wrong answer, or wrong answers with a single confidence, if right ones have others.
    interval=ClosedForm(
        "skewness-adjusted",
        lambda t, level: skewed_limits(t.values, t.wrong, t.right + t.wrong, level),
        spread=True,
    ),
    influence=_influence_when_wrong,
    average="classes",
    shown=Shown(
        "confidence when wrong",
        "mean stated confidence of the wrong answers",
        "if wrong",
        place=9,
        extremes=((0.0, 0.0), (1.0, 1.0)),
        worst_case=True,
    ),
    place=20,
)
def confidence_when_wrong(
    values: FloatArray, _right: NDArray[Any], wrong: NDArray[Any]
) -> NDArray[Any]:
    """Return the mean confidence of the wrong answers, the MCIP.

    Returns
    -------
    float
        In [0, 1], lower is better; NaN if no answer is wrong.

    Examples
    --------
    >>> confidence_when_wrong([1.0, 0.75, 0.25], [1, 0, 0])
    0.5
    >>> confidence_when_wrong([1.0], [1])
    nan
    """
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: no answer is wrong
        return np.asarray((wrong * values).sum(axis=-1) / wrong.sum(axis=-1))


def _saturation(
    values: FloatArray, right: NDArray[Any], wrong: NDArray[Any], at: float = 0.99
) -> NDArray[Any]:
    count = right + wrong
    return np.asarray((count * (values >= at)).sum(axis=-1) / count.sum(axis=-1))


@metric(
    "Saturation",
    cells=_saturation,
    range=SHARE,
    interval=ClosedForm(
        "wilson",
        lambda t, level: wilson_limits(float(_saturation(*t.cells)) * t.n, t.n, level),
        one_row=True,
    ),
    influence=lambda t: centred(t, *[(t.values >= 0.99).astype(np.float64)] * 2),
    average="rows",
    caution=Caution(
        0.86,
        "fewer than 100 clusters",
        lambda t: t.clusters is not None and t.clusters.labels.size < 100,
    ),
    scored=False,
    place=21,
)
def saturation(
    confidence: ArrayLike | Tally, correct: ArrayLike | None = None, *, at: float = 0.99
) -> float:
    """Return the share of rows that state 0.99 (``at``) or more.

    Parameters
    ----------
    at : float, default 0.99
        In (0, 1].

    Returns
    -------
    float
        In [0, 1]. Neither direction is better in itself: a model that is always right may state 1.

    Raises
    ------
    ValueError
        If the input is invalid or empty, or ``at`` is not in (0, 1].

    Examples
    --------
    >>> saturation([1.0, 0.99, 0.98, 0.5], [1, 0, 1, 0])
    0.5
    """
    if isinstance(at, bool) or not isinstance(at, (int, float, np.number)) or not 0.0 < at <= 1.0:
        raise ValueError(f"at must be a confidence in (0, 1], got {at!r}; the usual choice is 0.99")
    return float(_saturation(*as_tally(confidence, correct).cells, float(at)))
