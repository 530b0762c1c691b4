"""Cross-fitted recalibration: every row is mapped by a fit to other rows."""

from __future__ import annotations

from typing import NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.recalibration.recalibrate import Method, merged_tally, recalibrate
from caopd_bench.metrics.rows.counting import (
    ClusterCounts,
    FloatArray,
    canonical,
    check_cluster,
    check_confidence,
    check_correct,
)
from caopd_bench.metrics.rows.seeds import Seed, generator
from caopd_bench.metrics.rows.tally import Tally, as_tally


class _Folds(NamedTuple):
    """Counts at each value in each fold (folds, u), and the fold of each cluster, if any."""

    right: NDArray[np.int64]
    wrong: NDArray[np.int64]
    of_cluster: NDArray[np.int64] | None


@overload
def cross_recalibrate(
    confidence: Tally,
    correct: None = None,
    *,
    method: Method,
    folds: int = 5,
    cluster: None = None,
    seed: Seed = 0,
    bins: int = 10,
) -> Tally: ...
@overload
def cross_recalibrate(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    method: Method,
    folds: int = 5,
    cluster: ArrayLike | None = None,
    seed: Seed = 0,
    bins: int = 10,
) -> FloatArray: ...
def cross_recalibrate(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    method: Method,
    folds: int = 5,
    cluster: ArrayLike | None = None,
    seed: Seed = 0,
    bins: int = 10,
) -> FloatArray | Tally:
    """Recalibrate a set of answers without a second set: map each row by a fit to other rows.

    The rows are split into folds; each fold is mapped by the :func:`recalibrate` fit to the others.

    Parameters
    ----------
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or an unweighted tally in place of both arguments.
    correct : array_like, shape (n,), optional
        0/1 or bool.
    method : {"constant", "temperature", "platt", "beta", "isotonic", "histogram"}
        See :func:`recalibrate`.
    folds : int, default 5
        At least 2, at most the number of rows (of clusters, if given).
    cluster : array_like of int or str, shape (n,), optional
        Labels such as the question that several samples share: a cluster is never split between
        folds. The clusters of a tally are kept together in the same way.
    seed : int or numpy Generator, default 0
        Determines the folds.
    bins : int, default 10
        For ``method="histogram"`` only.

    Returns
    -------
    ndarray of float64, shape (n,), or Tally
        The recalibrated confidences, in the order of the rows; for a tally, a tally of them.

    Raises
    ------
    ValueError
        If the input is invalid (see :func:`tally`) or weighted, or ``folds`` does not fit it.

    Notes
    -----
    Folds have about equally many rows of each confidence. The right rows among them are left to
    chance: if folds were balanced in correctness too, they would be so similar that scoring a fold
    would be like scoring the rows of the fit (see docs/metrics/recalibration.md). Clusters are
    dealt in order of their size and mean confidence.

    The folds depend on the seed, the tally and, if given, the cluster labels. After a permutation
    of the rows the triples of confidence, correctness and result are the same, to the bit; only
    rows with equal confidence and correctness may swap results. Each fold has its own map, so equal
    confidences can become slightly different and ties can break.

    Examples
    --------
    >>> c, y = [0.9] * 8 + [0.6] * 4, [1, 1, 1, 1, 0, 0, 0, 0] + [1, 0, 0, 0]
    >>> cross_recalibrate(c, y, method="constant", folds=2).round(3).tolist()
    [0.333, 0.333, 0.333, 0.5, 0.333, 0.5, 0.5, 0.5, 0.5, 0.333, 0.333, 0.5]
    """
    t = as_tally(confidence, correct, cluster=cluster)
    if t.weighted:
        raise ValueError("a weighted tally cannot be dealt into folds; leave the weights out")
    dealt = _deal(t, folds, generator(seed))
    maps = np.stack([_map_of_the_rest(t, dealt, k, method, bins) for k in range(folds)])
    if isinstance(confidence, Tally) or correct is None:
        return _tally_of(t, dealt, maps)
    value = np.searchsorted(t.values, canonical(check_confidence(confidence)))
    if cluster is None or dealt.of_cluster is None or t.clusters is None:
        fold = _fold_of_rows(dealt, value, check_correct(correct, value.size))
    else:
        fold = dealt.of_cluster[
            np.searchsorted(t.clusters.labels, check_cluster(cluster, value.size))
        ]
    return np.asarray(maps[fold, value])


def cross_tallies(
    t: Tally, *, method: Method, folds: int = 5, seed: Seed = 0, bins: int = 10
) -> list[tuple[Tally, Tally]]:
    """Return the rows of each fold, as stated and as mapped by the fit to the other folds.

    The folds are those of :func:`cross_recalibrate`; so are the parameters and errors.
    A fold with more right rows than its share gets a lower map, because the map is fitted without
    these rows. Pairs across folds are therefore ranked the wrong way round more often than not (the
    AUROC of a constant map would be below one half), so compare rankings within folds.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> t = tally([0.9] * 8 + [0.6] * 4, [1, 1, 1, 1, 0, 0, 0, 0] + [1, 0, 0, 0])
    >>> [(stated.values.size, mapped.values.size) for stated, mapped in
    ...  cross_tallies(t, method="constant", folds=2)]
    [(2, 1), (2, 1)]
    """
    dealt = _deal(t, folds, generator(seed))
    found = []
    for k in range(folds):
        mapped = _map_of_the_rest(t, dealt, k, method, bins)
        if t.clusters is None or dealt.of_cluster is None:
            value = np.flatnonzero(dealt.right[k] + dealt.wrong[k])
            counts, clusters = (dealt.right[k][value], dealt.wrong[k][value]), None
        else:
            c, is_ours = t.clusters, dealt.of_cluster == k
            ours = is_ours[c.cluster]
            value, counts = c.value[ours], (c.right[ours], c.wrong[ours])
            number = np.cumsum(is_ours) - 1
            clusters = ClusterCounts(c.labels[is_ours], number[c.cluster[ours]], value, *counts)
        found.append(
            (
                merged_tally(t.values[value], *counts, clusters),
                merged_tally(mapped[value], *counts, clusters),
            )
        )
    return found


def _deal(t: Tally, folds: int, rng: np.random.Generator) -> _Folds:
    units, name = (t.n, "rows") if t.clusters is None else (t.clusters.labels.size, "clusters")
    if isinstance(folds, bool) or not isinstance(folds, (int, np.integer)) or folds < 2:
        raise ValueError(f"folds must be an integer >= 2, got {folds!r}; the usual choice is 5")
    if folds > units:
        raise ValueError(f"folds must be at most the number of {name} ({units}), got {folds}")
    if t.clusters is None:
        return _deal_rows(t, folds, rng)
    return _deal_clusters(t.clusters, t.values, folds, rng)


def _deal_rows(t: Tally, folds: int, rng: np.random.Generator) -> _Folds:
    """Deal the rows of each value evenly to the folds, the right ones at random."""
    count = t.right + t.wrong
    rows = np.tile(count // folds, (folds, 1))
    # Continue dealing from value to value, so that the folds also have equal sizes.
    value = np.repeat(np.arange(count.size), count % folds)
    np.add.at(rows, (_deck(value.size, folds, rng), value), 1)
    right = np.zeros_like(rows)
    good, bad = t.right.copy(), t.wrong.copy()
    for k in range(folds - 1):
        right[k] = rng.hypergeometric(good, bad, rows[k])
        good -= right[k]
        bad -= rows[k] - right[k]
    right[-1] = good
    return _Folds(right, rows - right, None)


def _deal_clusters(
    c: ClusterCounts, values: FloatArray, folds: int, rng: np.random.Generator
) -> _Folds:
    size = np.bincount(c.cluster, weights=c.right + c.wrong)
    stated = np.bincount(c.cluster, weights=(c.right + c.wrong) * values[c.value])
    of_cluster = np.empty(size.size, np.int64)
    of_cluster[np.lexsort((stated / size, -size))] = _deck(size.size, folds, rng)
    cell = of_cluster[c.cluster] * values.size + c.value
    right, wrong = (
        np.bincount(cell, weights=x, minlength=folds * values.size).astype(np.int64)
        for x in (c.right, c.wrong)
    )
    return _Folds(right.reshape(folds, -1), wrong.reshape(folds, -1), of_cluster)


def _deck(n: int, folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n fold numbers in random order, each once in every block of ``folds`` entries."""
    rounds = np.tile(np.arange(folds), (-(-n // folds), 1))
    return np.asarray(rng.permuted(rounds, axis=1).ravel()[:n], dtype=np.int64)


def _map_of_the_rest(t: Tally, dealt: _Folds, k: int, method: Method, bins: int) -> FloatArray:
    """Map all values (u,) by the fit to the rows outside fold k."""
    right, wrong = t.right - dealt.right[k], t.wrong - dealt.wrong[k]
    used = right + wrong > 0
    rest = Tally(t.values[used], right[used], wrong[used])
    return recalibrate(rest, method=method, bins=bins).map_values(t.values)


def _fold_of_rows(
    dealt: _Folds, value: NDArray[np.intp], right: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Assign each row a fold such that each fold gets the counts dealt to it."""
    folds, u = dealt.right.shape
    in_cell = np.stack([dealt.wrong, dealt.right]).transpose(2, 0, 1)  # (u, 2, folds)
    fold = np.empty(value.size, np.intp)
    by_cell = np.argsort(2 * value + right, kind="stable")
    fold[by_cell] = np.repeat(np.tile(np.arange(folds), 2 * u), in_cell.ravel())
    return fold


def _tally_of(t: Tally, dealt: _Folds, maps: FloatArray) -> Tally:
    if t.clusters is None or dealt.of_cluster is None:
        used = dealt.right + dealt.wrong > 0
        return merged_tally(maps[used], dealt.right[used], dealt.wrong[used])
    c = t.clusters
    return merged_tally(maps[dealt.of_cluster[c.cluster], c.value], c.right, c.wrong, c)
