"""Calibration: whether a stated confidence of 0.8 means right four times in five."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.definition import metric
from caopd_bench.metrics.limits.influences import Influence, centred
from caopd_bench.metrics.metric_parts import SHARE, Caution, ClosedForm, Shown
from caopd_bench.metrics.rows.binning import Edges, Strategy, bin_index, bin_totals
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally

Norm = Literal["l1", "l2", "max"]


def _ece(
    values: FloatArray,
    right: NDArray[Any],
    wrong: NDArray[Any],
    bins: int = 10,
    edges: Edges = "exact",
    strategy: Strategy = "width",
    norm: Norm = "l1",
    debias: bool = False,
) -> NDArray[Any]:
    count = right + wrong
    total, n = bin_totals(values, right, wrong, bins, edges, strategy), count.sum(axis=-1)
    gaps = total(count * values - right)  # n_b times the signed gap of bin b
    if norm == "l1":
        return np.asarray(np.abs(gaps).sum(axis=-1) / n)
    rows = total(count)
    rows = rows + (rows == 0)  # an empty bin has the gap 0 / 1
    if norm == "max":
        return np.asarray((np.abs(gaps) / rows).max(axis=-1))
    squares = gaps**2 / rows
    if debias:
        hits, others = total(right), np.maximum(rows - 1, 1)
        squares = np.where(rows > 1, squares - hits * (rows - hits) / (rows * others), 0.0)
    return np.asarray(np.sqrt(np.maximum(squares.sum(axis=-1) / n, 0.0)))


def _over_ece(
    values: FloatArray,
    right: NDArray[Any],
    wrong: NDArray[Any],
    bins: int = 10,
    edges: Edges = "exact",
    strategy: Strategy = "width",
) -> NDArray[Any]:
    count = right + wrong
    gaps = bin_totals(values, right, wrong, bins, edges, strategy)(count * values - right)
    return np.asarray(np.maximum(gaps, 0.0).sum(axis=-1) / count.sum(axis=-1))


def _influence_of_ece(t: Tally) -> Influence:
    index = bin_index(t.values, 10)
    gaps = np.bincount(index, weights=(t.right + t.wrong) * t.values - t.right)
    # A gap that is 0 up to rounding has no sign.
    sign = np.where(np.abs(gaps) > 1e-9, np.sign(gaps), 0.0)[index]
    return centred(t, sign * (t.values - 1.0), sign * t.values)


@metric(
    "ECE",
    cells=_ece,
    better="lower",
    range=SHARE,
    interval=ClosedForm("inversion", one_row=True),
    influence=_influence_of_ece,
    caution=Caution(
        0.82,
        "fewer than 125 clusters",
        lambda t: t.clusters is not None and t.clusters.labels.size < 125,
    ),
    shown=Shown(
        "ECE",
        "mean distance between confidence and accuracy, ten bins",
        "ECE",
        place=5,
        worst_case=True,
    ),
    place=4,
)
def ece(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    bins: int = 10,
    strategy: Strategy = "width",
    norm: Norm = "l1",
    debias: bool = False,
    edges: Edges = "exact",
) -> float:
    r"""Return the expected calibration error: the gap of each bin, averaged over the rows.

    Parameters
    ----------
    bins : int, default 10
        Number of bins; not used by "value" and "sweep".
    strategy : {"width", "mass", "value", "sweep"}, default "width"
        "width": bins of equal width. "mass": bins with nearly equal numbers of rows, which keep
        equal confidences together, see :func:`~caopd_bench.metrics.rows.binning.mass_index`.
        "value": one bin per distinct confidence, in which nothing cancels. "sweep": as many bins
        of equal mass as possible before accuracy first falls from one bin to the next, see
        :func:`~caopd_bench.metrics.rows.binning.sweep_index`.
    norm : {"l1", "l2", "max"}, default "l1"
        Mean, root mean square, or largest of the absolute gaps; l1 <= l2 <= max.
    debias : bool, default False
        Only for "l2": subtract what the noise of the accuracies adds to the squared gaps.
    edges : {"exact", "paper"}, default "exact"
        Where a bin of equal width begins, see :func:`~caopd_bench.metrics.rows.binning.bin_index`.
        "paper" reproduces the bins of the code released with CaOPD, in which 0.3, 0.6 and 0.7 fall
        into the next lower bin. As everywhere, a confidence within 1e-12 of a number with three
        decimals is first replaced by that number, so 0.30000000000000004 is binned as 0.3.

    Returns
    -------
    float
        In [0, 1]. Above 0 even for a perfectly calibrated model: see :func:`null_ece`.

    Raises
    ------
    ValueError
        If the input is invalid or empty (see :func:`tally`) or an option is invalid; for weights
        with ``debias`` or "sweep", which need whole rows.

    Notes
    -----
    .. math:: L_1 = \sum_b \frac{n_b}{n} | \bar c_b - \bar y_b |
       = \frac1n \sum_b \Big| \sum_{i \in b} (c_i - y_i) \Big|,\quad
       L_2^2 = \sum_b \frac{n_b}{n} (\bar c_b - \bar y_b)^2

    Naeini, Cooper, Hauskrecht, AAAI 2015. Gaps of opposite sign inside a bin cancel.

    ``debias`` subtracts :math:`\bar y_b (1 - \bar y_b) / (n_b - 1)` from the square of bin b:
    Bröcker, Climate Dynamics 39 (2012); Kumar, Liang, Ma, NeurIPS 2019. A bin with a single row,
    whose noise cannot be estimated, counts as 0, and so does a negative sum. For "l1" no such
    subtraction is exact; :func:`ece_interval` gives a debiased estimate.

    Examples
    --------
    >>> round(ece([0.3, 0.35], [1, 0]), 3)
    0.175
    >>> round(ece([0.3, 0.35], [1, 0], edges="paper"), 3)
    0.525
    >>> round(ece([0.3, 0.35], [1, 0], strategy="value", norm="l2"), 3)
    0.553
    """
    t = as_tally(confidence, correct)
    if norm not in ("l1", "l2", "max"):
        raise ValueError(f'norm must be "l1", "l2" or "max", got {norm!r}')
    if debias and norm != "l2":
        raise ValueError(
            f'debias needs norm="l2", got {norm!r}; for "l1" use ece_interval(tally).debiased'
        )
    if t.weighted and (debias or strategy == "sweep"):
        option = "debias" if debias else 'strategy="sweep"'
        raise ValueError(f"{option} needs whole rows, not weights; omit one of the two")
    return float(_ece(*t.cells, bins, edges, strategy, norm, debias))


def _cells_in_l2(
    values: FloatArray, right: NDArray[Any], wrong: NDArray[Any], **options: Any
) -> NDArray[Any]:
    return _ece(values, right, wrong, **{"norm": "l2", **options})


@metric(
    "ECE (L2)",
    name="ece_l2",
    cells=_cells_in_l2,
    better="lower",
    range=SHARE,
    interval=ClosedForm("simulated inversion", one_row=True, coarse=True),
    caution=Caution(0.84, "fewer than 500 rows", lambda t: t.n < 500),
    scored=False,
    place=5,
)
def _ece_in_l2(
    confidence: ArrayLike | Tally, correct: ArrayLike | None = None, **options: Any
) -> float:
    """Return the ECE in the L2 norm, the root mean square of the gaps of the bins.

    Parameters
    ----------
    **options
        As for :func:`ece`.
    """
    return ece(confidence, correct, **{"norm": "l2", **options})


def _influence_of_over_ece(t: Tally) -> Influence:
    gap = centred(t, t.values - 1.0, t.values)
    of_right, of_wrong = (
        (both + one) / 2.0 for both, one in zip(_influence_of_ece(t), gap, strict=True)
    )
    return Influence(of_right, of_wrong)


@metric(
    "Over ECE",
    cells=_over_ece,
    better="lower",
    range=SHARE,
    interval=ClosedForm("simulated inversion", one_row=True),
    influence=_influence_of_over_ece,
    caution=Caution(
        0.76,
        "fewer than 500 rows, or clusters",
        lambda t: t.n < 500 or t.clusters is not None,
    ),
    scored=False,
    place=6,
)
def over_ece(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    bins: int = 10,
    strategy: Strategy = "width",
    edges: Edges = "exact",
) -> float:
    r"""Return the part of the ECE that comes from overconfident bins, the PCE.

    Parameters
    ----------
    bins, strategy, edges
        As for :func:`ece`.

    Returns
    -------
    float
        In [0, 1]; 0 if confidence exceeds accuracy in no bin.

    Raises
    ------
    ValueError
        If the input is invalid or empty (see :func:`tally`) or an option is invalid; for weights
        with "sweep", which needs whole rows.

    Notes
    -----
    .. math:: \sum_b \frac{n_b}{n} \max(\bar c_b - \bar y_b, 0) = (\mathrm{ECE} + \mathrm{OCG}) / 2

    with the overconfidence gap OCG. Ma et al., arXiv 2603.09117 (PCE).

    Examples
    --------
    >>> c, y = [0.9, 0.9, 0.2, 0.2], [1, 0, 1, 0]  # overconfident by 0.4, underconfident by 0.3
    >>> round(ece(c, y), 3), round(over_ece(c, y), 3)
    (0.35, 0.2)
    """
    t = as_tally(confidence, correct)
    if t.weighted and strategy == "sweep":
        raise ValueError('strategy="sweep" needs whole rows, not weights; use "mass"')
    return float(_over_ece(*t.cells, bins, edges, strategy))
