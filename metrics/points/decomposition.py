"""Decompositions of the Brier score: miscalibration, discrimination, and uncertainty.

Report CORP (isotonic, without bins); Murphy's decomposition (with bins) is the classic one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.definition import metric
from caopd_bench.metrics.limits.influences import Influence, centred
from caopd_bench.metrics.metric_parts import QUARTER, SHARE, Caution, Folded, Shown
from caopd_bench.metrics.points.proper_scores import (
    brier,
    influence_of_brier,
    influence_of_uncertainty,
    uncertainty,
)
from caopd_bench.metrics.rows.binning import Edges, Strategy, bin_totals
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.isotonic import isotonic_curve, isotonic_used
from caopd_bench.metrics.rows.tally import Tally, as_tally


class Corp(NamedTuple):
    """Brier score = miscalibration - discrimination + uncertainty, and the isotonic curve."""

    miscalibration: float
    discrimination: float
    uncertainty: float
    score: float
    values: FloatArray  # (u,) distinct confidences, ascending
    curve: FloatArray  # (u,) recalibrated probability at each, never decreasing


class Murphy(NamedTuple):
    """Score = reliability - resolution + uncertainty + within_variance - within_covariance."""

    reliability: float
    resolution: float
    uncertainty: float
    within_variance: float
    within_covariance: float
    score: float


def _recalibrated_score(right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Brier score after isotonic recalibration of each row of counts (..., u)."""
    count = right + wrong
    hits, rows = (counts.reshape(-1, count.shape[-1]) for counts in (right, count))
    used = rows > 0
    widths, total = used.sum(axis=1), rows.sum(axis=1)
    hits, rows = hits[used], rows[used]
    curves = isotonic_used(hits, rows, widths)
    losses = hits * (1.0 - curves) ** 2 + (rows - hits) * curves**2
    scores, starts = np.empty(widths.size), np.cumsum(widths) - widths
    # One group per width: summing over padding would round differently.
    for width in np.unique(widths):
        of_width = np.flatnonzero(widths == width)
        scores[of_width] = losses[starts[of_width, None] + np.arange(width)].sum(axis=-1)
    return np.asarray(scores / total).reshape(count.shape[:-1])


def _influence_when_recalibrated(t: Tally) -> Influence:
    curve = isotonic_curve(t.right, t.right + t.wrong)
    return centred(t, (1.0 - curve) ** 2, curve**2)


@metric(
    "MCB",
    better="lower",
    range=SHARE,
    interval=Folded(stream=8),
    influence=lambda t: influence_of_brier(t) - _influence_when_recalibrated(t),
    caution=Caution(0.83),
    scored=False,
    place=9,
)
def miscalibration(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Return the MCB of :func:`corp`: the Brier improvement from recalibration, 0 or more.

    Examples
    --------
    >>> round(miscalibration([0.9] * 4, [1, 0, 1, 0]), 4)
    0.16
    """
    return np.asarray(brier.cells(values, right, wrong) - _recalibrated_score(right, wrong))


@metric(
    "DSC",
    better="higher",
    range=QUARTER,
    interval=Folded("without skill", stream=9),
    influence=lambda t: influence_of_uncertainty(t) - _influence_when_recalibrated(t),
    caution=Caution(0.85),
    shown=Shown(
        "  discrimination", "Brier reduction from separating right and wrong (DSC)", "DSC", place=2
    ),
    place=10,
)
def discrimination(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Return the DSC of :func:`corp`: the Brier improvement from telling right from wrong.

    It is 0 if accuracy does not rise with confidence, and equals the uncertainty if all right
    answers have a higher confidence than all wrong ones.

    Examples
    --------
    >>> discrimination([0.9, 0.8, 0.3, 0.2], [1, 1, 0, 0])
    0.25
    >>> discrimination([0.9] * 4, [1, 0, 1, 0])
    0.0
    """
    return np.asarray(uncertainty.cells(values, right, wrong) - _recalibrated_score(right, wrong))


def corp(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> Corp:
    """Return the CORP decomposition of the Brier score.

    Parameters and errors as for :func:`ece`.

    Returns
    -------
    Corp
        ``miscalibration`` (MCB) is the gain from the best increasing recalibration,
        ``discrimination`` (DSC) the gain of the recalibrated confidence over the base rate, and
        ``uncertainty`` (UNC) the score of the base rate. MCB and DSC are never negative.

    Notes
    -----
    With S the mean score of the stated, of the recalibrated (isotonic, by pool-adjacent-violators)
    and of the constant base-rate confidence: MCB = S_stated - S_recalibrated and
    DSC = S_base - S_recalibrated. No bins. Dimitriadis, Gneiting, Jordan, PNAS 118 (2021).

    Examples
    --------
    >>> c = corp([0.4, 0.3, 0.2, 0.1, 0.5, 0.9], [0, 0, 0, 1, 1, 1])
    >>> [round(x, 4) for x in c[:4]]
    [0.1017, 0.125, 0.25, 0.2267]
    >>> c.curve.tolist()
    [0.25, 0.25, 0.25, 0.25, 1.0, 1.0]
    """
    t = as_tally(confidence, correct)
    curve = isotonic_curve(t.right, t.right + t.wrong)
    score, recalibrated = (
        float(brier.cells(stated, t.right, t.wrong)) for stated in (t.values, curve)
    )
    base = float(uncertainty.cells(*t.cells))
    return Corp(score - recalibrated, base - recalibrated, base, score, t.values, curve)


def murphy(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    bins: int = 10,
    strategy: Strategy = "width",
    edges: Edges = "exact",
) -> Murphy:
    r"""Return Murphy's decomposition of the Brier score over bins, with the within-bin terms.

    Parameters
    ----------
    confidence, correct, bins, strategy, edges
        As for :func:`ece`, with the same errors.

    Returns
    -------
    Murphy
        ``reliability`` is the squared L2 ECE, ``resolution`` the variance of the accuracies of the
        bins. The two within-bin terms are 0 for ``strategy="value"`` and make the sum exact for
        every binning: ``score = reliability - resolution + uncertainty + within_variance -
        within_covariance``.

    Notes
    -----
    .. math:: \mathrm{REL} = \sum_b \tfrac{n_b}{n} (\bar c_b - \bar y_b)^2,\;
       \mathrm{RES} = \sum_b \tfrac{n_b}{n} (\bar y_b - \bar y)^2,\;
       \mathrm{UNC} = \bar y (1 - \bar y),

       \mathrm{WBV} = \tfrac1n \sum_b \sum_{i \in b} (c_i - \bar c_b)^2,\;
       \mathrm{WBC} = \tfrac2n \sum_b \sum_{i \in b} (c_i - \bar c_b)(y_i - \bar y_b)

    Murphy, Journal of Applied Meteorology 12 (1973); Stephenson, Coelho, Jolliffe, Weather and
    Forecasting 23 (2008). Reliability and resolution are both too large at small n; see
    :func:`corp` for a decomposition without bins.

    Examples
    --------
    >>> m = murphy([0.3, 0.35, 0.9, 0.9], [0, 1, 1, 1])
    >>> [round(x, 5) for x in m]
    [0.02031, 0.0625, 0.1875, 0.00031, 0.0125, 0.13313]
    """
    t = as_tally(confidence, correct)
    if t.weighted and strategy == "sweep":
        raise ValueError('strategy="sweep" needs whole rows, not weights; use "mass"')
    values, count, n = t.values, t.right + t.wrong, t.n
    total = bin_totals(*t.cells, bins, edges, strategy)
    rows, stated, hits = total(count), total(count * values), total(t.right)
    reliability = ((stated - hits) ** 2 / rows).sum() / n
    resolution = ((hits / rows - t.accuracy) ** 2 * rows).sum() / n
    variance = (total(count * values**2) - stated**2 / rows).sum() / n
    covariance = 2.0 * (total(t.right * values) - stated * hits / rows).sum() / n
    base, score = uncertainty.cells(*t.cells), brier.cells(*t.cells)
    terms = (reliability, resolution, base, variance, covariance, score)
    return Murphy(*(float(term) for term in terms))
