"""The bootstrap: rows as multinomial draws on the cells of a tally, or whole clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.closed_form import Limits, brier_limits, gap_limits
from caopd_bench.metrics.closed_form_ranking import ranking_limits
from caopd_bench.metrics.counting import ClusterCounts, FloatArray
from caopd_bench.metrics.intervals import Interval, proportion_interval
from caopd_bench.metrics.inversion import CLUSTERED, ece_interval
from caopd_bench.metrics.ranking import auroc_within, check_groups, count_pairs, share
from caopd_bench.metrics.seeds import Seed, check_level, check_replicates, generator
from caopd_bench.metrics.summary import METRICS, check_metrics, undefined_reason
from caopd_bench.metrics.tally import Tally

BLOCK = 1 << 21  # numbers held at once, whatever the size of the tally
MAX_UNDEFINED = 0.05  # share of undefined replicates that an interval may leave out
ROUNDING = 1e-12  # a narrower interval has no width
ALIKE = "replicates all alike: no interval"

NAN = float("nan")

RANKING = ("auroc", "spr", "tie_rate")

# For independent rows: the name of the method, and (tally, level) -> limits.
CLOSED_FORMS: dict[str, tuple[str, Callable[[Tally, float], Limits]]] = {
    "overconfidence_gap": ("mover", gap_limits),
    "brier": ("adjusted student", brier_limits),
    **{name: ("score", partial(ranking_limits, name)) for name in RANKING},
}


def bootstrap(
    tally: Tally,
    *,
    metrics: Iterable[str] = tuple(METRICS),
    replicates: int = 1000,
    seed: Seed = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Return an interval for each metric, all from the same replicates.

    Parameters
    ----------
    tally : Tally
        With clusters, whole clusters are resampled; otherwise rows are.
    metrics : iterable of str
        Names in :data:`METRICS`; all of them by default.
    replicates : int, default 1000
    seed : int or numpy.random.Generator, default 0
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    dict of str to Interval
        For independent rows the limits are in closed form where percentiles fail, each named by
        ``method``: :func:`ece_interval` for "ece", Wilson for "accuracy",
        :func:`~caopd_bench.metrics.closed_form.gap_limits`,
        :func:`~caopd_bench.metrics.closed_form.brier_limits`, and
        :func:`~caopd_bench.metrics.closed_form_ranking.ranking_limits` for "auroc", "spr" and
        "tie_rate". Means of confidence, and clusters, get percentiles. The standard error is that
        of the replicates throughout, NaN if they are all alike or more than 5 % are undefined.

        No interval has zero width: where it would, the limits are NaN with a reason. So they are
        for an undefined metric, for a percentile interval with more than 5 % of the replicates
        undefined, and for the ECE of clustered rows.

    Raises
    ------
    ValueError
        If the tally is weighted, or another argument is invalid.

    Notes
    -----
    The counts of a bootstrap sample of rows are multinomial on the cells (value, right or wrong),
    so drawing them is the ordinary bootstrap itself at a cost that depends on the number of
    distinct values only. Efron and Tibshirani, An Introduction to the Bootstrap (1993).

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> t = tally([0.9] * 60 + [0.6] * 40, [1] * 50 + [0] * 10 + [1] * 20 + [0] * 20)
    >>> i = bootstrap(t, metrics=["auroc"])["auroc"]
    >>> round(i.estimate, 3), i.low < i.estimate < i.high
    (0.69, True)
    >>> bootstrap(tally([0.9, 0.8], [1, 1]), metrics=["auroc"])["auroc"].reason
    'all answers right: AUROC needs right and wrong answers'
    >>> gap = bootstrap(tally([0.95] * 20, [0] * 20))["overconfidence_gap"]
    >>> round(gap.low, 2), round(gap.high, 2), gap.method
    (0.79, 0.95, 'mover')
    """
    names = check_metrics(metrics)
    check_replicates(replicates)
    check_level(level)
    draws: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for right, wrong in _replicate_counts(tally, replicates, generator(seed)):
        for name in names:
            draws[name].append(METRICS[name].cells(tally.values, right, wrong))
    return {name: _interval(name, tally, np.concatenate(draws[name]), level) for name in names}


def bootstrap_within(
    tallies: Iterable[Tally], *, replicates: int = 1000, seed: Seed = 0, level: float = 0.95
) -> Interval:
    """Return a percentile interval for :func:`auroc_within`, resampling inside each group.

    Parameters
    ----------
    tallies : iterable of Tally
        One tally per group; a tally with clusters is resampled by cluster.
    replicates, seed, level
        As for :func:`bootstrap`.

    Returns
    -------
    Interval
        NaN with a reason if no group has both right and wrong answers, or if all replicates are
        alike, as they are when every group is perfectly separated.

    Raises
    ------
    ValueError
        If there is no tally, one is weighted, or another argument is invalid.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> groups = [tally([0.9, 0.8] * 20, [1, 0, 1, 1] * 10), tally([0.4, 0.2] * 20, [1, 0] * 20)]
    >>> i = bootstrap_within(groups)
    >>> i.low < i.estimate < i.high
    True
    """
    groups = check_groups(tallies)
    check_replicates(replicates)
    check_level(level)
    rng = generator(seed)
    ranked, total = np.zeros(replicates), np.zeros(replicates)
    for group in groups:
        blocks = [count_pairs(*block) for block in _replicate_counts(group, replicates, rng)]
        ranked += np.concatenate([pairs.concordant + pairs.tied / 2 for pairs in blocks])
        total += np.concatenate([pairs.total for pairs in blocks])
    estimate = auroc_within(groups)
    clustered = any(group.clusters is not None for group in groups)
    reason = "no group has both right and wrong answers" if np.isnan(estimate) else ""
    n = int(sum(group.n for group in groups))
    return _percentile(estimate, share(ranked, total), level, n, clustered, "AUROC", reason)


def _interval(name: str, tally: Tally, draws: FloatArray, level: float) -> Interval:
    metric, n, clustered = METRICS[name], int(tally.n), tally.clusters is not None
    reason = undefined_reason(name, tally) or _too_few(tally)
    estimate = metric.function(tally)
    alike = _alike_reason(name, tally)
    percentile = _percentile(estimate, draws, level, n, clustered, metric.label, reason, alike)
    if name == "ece" and clustered:
        return replace(percentile, low=NAN, high=NAN, reason=CLUSTERED)
    if clustered:
        return percentile
    error = percentile.standard_error
    if name == "ece":
        closed = ece_interval(tally, level=level)
        if closed.high - closed.low > ROUNDING:
            return replace(closed, standard_error=error)
        return replace(closed, low=NAN, high=NAN, standard_error=NAN, reason=ALIKE)
    if name == "accuracy":
        return replace(proportion_interval(int(tally.n_right), n, level), standard_error=error)
    if name in CLOSED_FORMS and not reason:
        method, limits_of = CLOSED_FORMS[name]
        if name in RANKING and tally.values.size == 1:
            return replace(percentile, method=method)
        low, high = limits_of(tally, level)
        if high - low > ROUNDING:
            return Interval(estimate, low, high, level, n, method, error)
        return Interval(estimate, NAN, NAN, level, n, method, NAN, reason=alike)
    return percentile


def _too_few(tally: Tally) -> str:
    if tally.clusters is not None:
        return "one cluster: nothing to resample" if tally.clusters.labels.size == 1 else ""
    return "one row: nothing to resample" if tally.n == 1 else ""


def _alike_reason(name: str, tally: Tally) -> str:
    """Return what to say when no replicate differs from another."""
    if name == "confidence_when_wrong" and tally.n_wrong == 1:
        return "one wrong answer: no interval"
    if name == "confidence_when_wrong" and np.count_nonzero(tally.wrong) == 1:
        return "wrong answers stated all alike: no interval"
    if tally.values.size == 1 and name not in ("accuracy", "ece", "overconfidence_gap"):
        return "one value stated: no interval"
    return ALIKE


def _percentile(
    estimate: float,
    draws: FloatArray,
    level: float,
    n: int,
    clustered: bool,
    label: str,
    reason: str,
    alike: str = ALIKE,
) -> Interval:
    method = "cluster percentile" if clustered else "percentile"
    defined = draws[~np.isnan(draws)]
    undefined = 1.0 - defined.size / draws.size
    if not reason and defined.size and np.ptp(defined) <= ROUNDING:
        reason = alike
    if not reason and undefined > MAX_UNDEFINED:
        reason = f"{label} is undefined in {undefined:.0%} of the replicates: too few rows"
    if reason:
        return Interval(estimate, NAN, NAN, level, n, method, NAN, reason=reason)
    low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    error = float(defined.std(ddof=1))
    if high - low <= ROUNDING:  # a few replicates differ, too few to show
        return Interval(estimate, NAN, NAN, level, n, method, NAN, reason=ALIKE)
    return Interval(estimate, float(low), float(high), level, n, method, error)


def _replicate_counts(
    tally: Tally, replicates: int, rng: np.random.Generator
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield blocks of (right, wrong) counts, each (b, u), that add up to ``replicates`` rows."""
    if tally.weighted:
        raise ValueError("tally must not be weighted; the bootstrap needs whole rows")
    u = tally.values.size
    if tally.clusters is None:
        counts = np.concatenate([tally.right, tally.wrong])
        used = np.flatnonzero(counts)
        for size in _blocks(replicates, counts.size):
            cells = np.zeros((size, counts.size))
            cells[:, used] = _draw(counts[used], size, rng)
            yield cells[:, :u], cells[:, u:]
        return
    matrix = _cluster_matrix(tally.clusters, u)
    drawn_once = np.ones(matrix.shape[1], dtype=np.int64)
    for size in _blocks(replicates, max(matrix.shape)):
        cells = (matrix @ _draw(drawn_once, size, rng).T).T
        yield cells[:, :u], cells[:, u:]


def _draw(counts: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw sum(counts) items with replacement, ``size`` times; return the counts by cell."""
    n, cells = int(counts.sum()), counts.size
    if 4 * cells < n:
        return rng.multinomial(n, counts / n, size=size)
    # A multinomial draw costs as much per cell as several rows do: with few rows a cell, draw rows.
    cell_of = np.repeat(np.arange(cells), counts)
    draws = (np.bincount(cell_of[rng.integers(0, n, n)], minlength=cells) for _ in range(size))
    return np.stack([*draws])


def _blocks(replicates: int, width: int) -> Iterator[int]:
    step = max(1, BLOCK // width)
    for start in range(0, replicates, step):
        yield min(step, replicates - start)


def _cluster_matrix(clusters: ClusterCounts, u: int) -> Any:
    """Return the counts as a sparse matrix (2u, clusters), right cells above wrong cells."""
    # Imported here: it costs 0.1 s.
    from scipy.sparse import csr_matrix

    cell = np.concatenate([clusters.value, clusters.value + u])
    column = np.concatenate([clusters.cluster, clusters.cluster])
    counts = np.concatenate([clusters.right, clusters.wrong]).astype(np.float64)
    return csr_matrix((counts, (cell, column)), shape=(2 * u, clusters.labels.size))
