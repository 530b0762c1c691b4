"""Many models on the same items: the Brier score of every pair, in closed form, and groups of them.

A leaderboard of a hundred models has 4,950 pairs. The limits are those of
:func:`~caopd_bench.metrics.compare`, computed from the rows without sorting anything.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.counting import FloatArray
from caopd_bench.metrics.paired_limits import MIN_UNITS, TINY
from caopd_bench.metrics.seeds import check_level

NAN = float("nan")


class BrierPair(NamedTuple):
    """The Brier scores of two models on the rows that both state a confidence on.

    `difference` is b - a. Limits, p-value and standard error are NaN with fewer than five rows (or
    clusters).
    """

    a: int
    b: int
    n: int
    difference: float
    low: float
    high: float
    p_value: float
    standard_error: float


def brier_pairs(
    models: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> list[BrierPair]:
    r"""Compare the Brier scores of all pairs of models on the same items.

    Parameters
    ----------
    models : sequence of (confidence, correct)
        Of each model, arrays of shape (rows,): confidence in [0, 1], NaN where there is no usable
        one, and correct 0 or 1. Row i is the same question, and the same sample of it, for all.
    cluster : array_like of int, shape (rows,), optional
        What the answers of a row depend on, such as the question of several samples.
    level : float, default 0.95
        Nominal coverage of the limits.

    Returns
    -------
    list of BrierPair
        Places in `models`, a < b, in lexical order. p-values are not adjusted: see :func:`holm`.

    Raises
    ------
    ValueError
        If shapes differ, a confidence is outside [0, 1], or an outcome is not 0 or 1: it names the
        model.

    Notes
    -----
    For each pair, on the rows i that both state a confidence on, with
    :math:`d_i = (c_{bi} - y_{bi})^2 - (c_{ai} - y_{ai})^2`, the same as "paired student" in
    :func:`~caopd_bench.metrics.compare`.

    Examples
    --------
    >>> right = ([1] * 3 + [0] * 2) * 20
    >>> (pair,) = brier_pairs([([0.9] * 100, right), ([0.6] * 100, right)])
    >>> round(pair.difference, 3), round(pair.low, 3), round(pair.high, 3)
    (-0.09, -0.149, -0.031)
    """
    check_level(level)
    columns = [_check(i, *model) for i, model in enumerate(models)]
    sizes = {c.size for c, _ in columns}
    if len(sizes) > 1:
        raise ValueError(f"models must have the same rows, got {sorted(sizes)} of them")
    if not columns:
        return []
    c, y = (np.array(column) for column in zip(*columns, strict=True))
    spoken = ~np.isnan(c)
    units = _number_clusters(cluster, c.shape[1])
    losses = (np.where(spoken, c, 0.0) - y) ** 2
    return [
        _compare(a, b, losses, spoken, units, level) for a, b in combinations(range(c.shape[0]), 2)
    ]


def _check(i: int, confidence: ArrayLike, correct: ArrayLike) -> tuple[FloatArray, FloatArray]:
    try:
        c, y = (np.asarray(column, dtype=np.float64) for column in (confidence, correct))
    except (TypeError, ValueError):
        raise ValueError(f"models[{i}]: confidence and correct must be numbers") from None
    if c.ndim != 1 or c.shape != y.shape:
        raise ValueError(
            f"models[{i}]: confidence and correct must be 1-D and alike, got {c.shape} and "
            f"{y.shape}"
        )
    outside = c[(c < 0.0) | (c > 1.0)]
    if outside.size:
        raise ValueError(
            f"models[{i}]: confidence must be in [0, 1] or NaN, got {outside[0]}; divide "
            "percentages by 100"
        )
    unclear = y[(y != 0.0) & (y != 1.0)]
    if unclear.size:
        raise ValueError(f"models[{i}]: correct must be 0 or 1, got {unclear[0]}")
    return c, y


def group_letters(
    order: Sequence[int], different: Collection[tuple[int, int]] | Iterable[tuple[int, int]]
) -> list[str]:
    """Letter models so that two share a letter exactly if they were not told apart.

    Parameters
    ----------
    order : sequence of int, shape (m,)
        The models 0 to m - 1, best first: "a" is the first one's.
    different : iterable of (int, int)
        Pairs that were told apart, in either order.

    Returns
    -------
    list of str, shape (m,)
        Of model i, its letters: "a", "ab", ...; after "z" come "A" to "Z", then "(53)", "(54)".

    Raises
    ------
    ValueError
        If `order` is not a permutation.

    Notes
    -----
    The compact letter display by insertion and absorption: Piepho, Journal of Computational and
    Graphical Statistics 13 (2004).

    Examples
    --------
    >>> group_letters([2, 0, 1], {(2, 1)})
    ['ab', 'b', 'a']
    """
    m = len(order)
    if sorted(order) != list(range(m)):
        raise ValueError(f"order must hold 0 to {m - 1} once each, got {list(order)!r}")
    columns: list[frozenset[int]] = [frozenset(range(m))] if m else []
    for pair in sorted({(min(p), max(p)) for p in different}):
        split: list[frozenset[int]] = []
        for column in columns:
            split += [column - {one} for one in pair] if column >= set(pair) else [column]
        # What is part of another column says nothing of its own.
        columns = _absorb(split)
    place = {model: i for i, model in enumerate(order)}
    columns.sort(key=lambda column: sorted(place[model] for model in column))
    letters = [""] * m
    for number, column in enumerate(columns):
        for model in column:
            letters[model] += _letter(number)
    return letters


def _absorb(columns: list[frozenset[int]]) -> list[frozenset[int]]:
    kept: list[frozenset[int]] = []
    for column in sorted(set(columns), key=lambda one: (-len(one), sorted(one))):
        if not any(column <= other for other in kept):
            kept.append(column)
    return kept


def _letter(number: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return alphabet[number] if number < len(alphabet) else f"({number + 1})"


def _number_clusters(cluster: ArrayLike | None, rows: int) -> NDArray[np.intp] | None:
    if cluster is None:
        return None
    labels = np.asarray(cluster)
    if labels.shape != (rows,):
        raise ValueError(f"cluster must have a label for each of {rows} rows, got {labels.shape}")
    numbers: NDArray[np.intp] = np.unique(labels, return_inverse=True)[1].reshape(-1)
    return numbers


def _compare(
    a: int,
    b: int,
    losses: FloatArray,
    spoken: NDArray[np.bool_],
    cluster: NDArray[np.intp] | None,
    level: float,
) -> BrierPair:
    both = spoken[a] & spoken[b]
    apart = (losses[b] - losses[a])[both]
    n = apart.size
    if not n:
        return BrierPair(a, b, 0, NAN, NAN, NAN, NAN, NAN)
    estimate = float(apart.mean())
    moved, share = apart, np.ones(n)
    if cluster is not None:
        own = np.unique(cluster[both], return_inverse=True)[1].reshape(-1)
        moved, share = np.bincount(own, weights=apart), np.bincount(own).astype(np.float64)
    units = moved.size
    if units < MIN_UNITS:
        return BrierPair(a, b, n, estimate, NAN, NAN, NAN, NAN)
    unlike = np.abs(moved) > TINY
    if not unlike.any():
        reach = 1.0 - ((1.0 - level) / 2.0) ** (1.0 / units)
        return BrierPair(a, b, n, estimate, -reach, reach, 1.0, 0.0)
    # Half a unit more in either direction, as in `compare`.
    typical = float((moved[unlike] ** 2).mean())
    squares = float(((moved - estimate * share) ** 2).sum())
    error = math.sqrt(squares + typical) / n * math.sqrt(units / (units - 1.0))
    # Imported here: it costs 0.1 s.
    from scipy.special import stdtr, stdtrit

    reach = float(stdtrit(units - 1.0, (1.0 + level) / 2.0)) * error
    p_value = min(2.0 * float(stdtr(units - 1.0, -abs(estimate) / error)), 1.0)
    return BrierPair(a, b, n, estimate, estimate - reach, estimate + reach, p_value, error)
