"""Candidates simulated from a reference's rows: equal ones, and worse ones of a known kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from caopd_bench.comparison.pairs import Side, TaskPair
from caopd_bench.metrics.rows.counting import FloatArray

__all__ = [
    "MOVED",
    "REDECODED",
    "make_equal",
    "make_equal_in_families",
    "make_opd_shaped",
    "resize",
    "stratify",
]

REDECODED = 0.6  # share of the items that an equal candidate answers again
#: Standard deviation of a run's effect on all items of a family, in logits of correctness.
MOVED = 1.0
GAINED = 0.08  # gain in accuracy of the OPD-shaped candidate over the reference
STATED = ((0.93, 1.0), (0.98, 0.99), (1.0, 0.95))  # its confidences: share up to here, value
STEPS = 60  # bisection steps for a mean
EDGE = 1e-3  # minimum distance of probabilities and correlations from 0 and 1

IntArray = NDArray[np.intp]


def make_equal(
    pair: TaskPair, rng: np.random.Generator, stratum: IntArray | None = None
) -> TaskPair:
    """Draw two runs of equal models from the reference's rows.

    The first run assigns each item the answers of a random item: the reference is one draw from its
    model, and holding it fixed would ignore its noise. The second run gives 60 % of the items the
    answers of other items and keeps the rest. With several samples per item, all samples are drawn
    again, from the item's own and from those of all items in proportion to how similar items are.

    Parameters
    ----------
    pair : TaskPair
        A pair whose base is the reference.
    rng : Generator
    stratum : ndarray of int, (items,), optional
        Items only take answers from items with the same label. Needed if groups of different
        difficulty are examined separately.

    Returns
    -------
    TaskPair
    """
    first = _answer_anew(pair, rng, stratum)
    if _is_sampled(pair):
        second, _ = _sample_anew(pair, first, rng, stratum)
    else:
        is_anew = (rng.random(pair.items) < REDECODED)[pair.item]
        second = np.where(is_anew, _answer_anew(pair, rng, stratum), first)
    return replace(pair, base=pair.base.select(first), cand=pair.base.select(second))


def make_equal_in_families(
    pair: TaskPair,
    family: IntArray,
    rng: np.random.Generator,
    stratum: IntArray | None = None,
    moved: float = MOVED,
) -> TaskPair:
    """Draw two runs of equal models in which whole families of items go better or worse.

    All items are answered again. The odds of a right answer are multiplied by exp(u), where u is
    normal and shared by a family within a run; the overall accuracy stays the same.

    Parameters
    ----------
    pair, rng, stratum
        As for `make_equal`.
    family : ndarray of int, (items,)
    moved : float
        Standard deviation of u.

    Returns
    -------
    TaskPair
    """
    if _is_sampled(pair):
        # The second run draws from samples of the first and inherits its effect, so it has both.
        first = _answer_anew(pair, rng, stratum)
        second, p = _sample_anew(pair, first, rng, stratum)
        second = _tilt(pair, second, p, family, np.sqrt(2.0) * moved, rng, stratum)
        return replace(pair, base=pair.base.select(first), cand=pair.base.select(second))
    strata = _strata(pair, stratum)[pair.item]
    rows, right = np.bincount(strata), np.bincount(strata, weights=pair.base.correct)
    p = np.clip((right / np.maximum(rows, 1))[strata], EDGE, 1.0 - EDGE)
    first, second = (
        _tilt(pair, _answer_anew(pair, rng, stratum), p, family, moved, rng, stratum)
        for _ in range(2)
    )
    return replace(pair, base=pair.base.select(first), cand=pair.base.select(second))


def _tilt(
    pair: TaskPair,
    source: IntArray,
    p: FloatArray,
    family: IntArray,
    moved: float,
    rng: np.random.Generator,
    stratum: IntArray | None,
) -> IntArray:
    """Make some answers right or wrong, together by family; `p` is the probability of being right.

    Returns, for each row, the row whose answer it takes.
    """
    labels, of_item = np.unique(family, return_inverse=True)
    effect = rng.normal(0.0, moved, labels.size)[of_item[pair.item]]
    shifted = _logistic(_logit(p) + _centre(p, moved) + effect)
    right = pair.base.correct[source] > 0
    # Change probability p to `shifted` by flipping some answers in one direction only.
    turned = np.where(right, (p - shifted) / p, (shifted - p) / (1.0 - p))
    rows = np.flatnonzero(rng.random(pair.n) < turned)
    tilted, strata = source.copy(), _strata(pair, stratum)[pair.item]
    for label in np.unique(strata).tolist():
        inside = strata == label
        for was in (True, False):
            here = rows[inside[rows] & (right[rows] == was)]
            others = np.flatnonzero(inside & ((pair.base.correct > 0) != was))
            if others.size:
                tilted[here] = rng.choice(others, here.size)
    return tilted


def _is_sampled(pair: TaskPair) -> bool:
    """Return whether items have samples, rather than a few having repeated rows."""
    return pair.n >= 2 * pair.items


def _answer_anew(pair: TaskPair, rng: np.random.Generator, stratum: IntArray | None) -> IntArray:
    """Return, for each row, the row whose answer it takes, from an item with as many rows."""
    source = np.arange(pair.n)
    for items, rows_of in _pools(pair, _strata(pair, stratum)):
        source[rows_of(items)] = rows_of(rng.choice(items, items.size))
    return source


def _sample_anew(
    pair: TaskPair, first: IntArray, rng: np.random.Generator, stratum: IntArray | None
) -> tuple[IntArray, FloatArray]:
    """Draw samples from Pólya's urn: the samples of `first`, earlier draws, and a weight of all.

    Returns, for each row, the row whose answer it takes, and the probability that it is right.

    This is the predictive distribution of new samples if each item has its own distribution of
    answers, drawn from a Dirichlet process (Blackwell and MacQueen, Annals of Statistics 1, 1973).
    The weight is (1 - r) / r for an intraclass correlation r.
    """
    sizes = np.bincount(pair.item)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    weight = 1.0 / _correlation(pair, sizes) - 1.0
    strata = _strata(pair, stratum)[pair.item]
    donor = np.empty(pair.n, dtype=np.intp)
    mean = np.empty(pair.n)
    for label in np.unique(strata).tolist():
        here = np.flatnonzero(strata == label)
        donor[here] = rng.choice(here, here.size)
        mean[here] = pair.base.correct[here].mean()
    source = np.empty(pair.n, dtype=np.intp)
    for k in range(int(sizes.max())):
        items = np.flatnonzero(sizes > k)
        own = sizes[items]
        ball = rng.random(items.size) * (own + k + weight)
        is_own, is_drawn = ball < own, (ball >= own) & (ball < own + k)
        rows = starts[items] + k
        source[rows] = donor[rows]
        place = np.floor(ball).astype(np.intp)
        source[rows[is_own]] = first[(starts[items] + place)[is_own]]
        source[rows[is_drawn]] = source[(starts[items] + place - own)[is_drawn]]
    of_item = np.bincount(pair.item, weights=pair.base.correct[first])[pair.item]
    p = (of_item + weight * mean) / (sizes[pair.item] + weight)
    return source, np.clip(p, EDGE, 1.0 - EDGE)


def _correlation(pair: TaskPair, sizes: IntArray) -> float:
    """Estimate the intraclass correlation of correctness, by the analysis of variance."""
    y, n, items = pair.base.correct, pair.n, pair.items
    means = np.bincount(pair.item, weights=y) / sizes
    within = float(((y - means[pair.item]) ** 2).sum()) / max(n - items, 1)
    between = float((sizes * (means - y.mean()) ** 2).sum()) / max(items - 1, 1)
    size = (n - float((sizes**2).sum()) / n) / max(items - 1, 1)
    total = between + (size - 1.0) * within
    return float(np.clip((between - within) / total if total > 0.0 else 1.0, EDGE, 1.0 - EDGE))


def _centre(p: FloatArray, deviation: float) -> FloatArray:
    """Find the shift at which the mean over normal effects on the log-odds of p is p."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    values, at = np.unique(p, return_inverse=True)
    low, high = np.full_like(values, -30.0), np.full_like(values, 30.0)
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        each = _logistic((_logit(values) + middle)[:, None] + deviation * nodes)
        is_low = each @ weights / weights.sum() < values
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return np.asarray(((low + high) / 2.0)[at])


def _logit(p: FloatArray) -> FloatArray:
    return np.asarray(np.log(p) - np.log1p(-p))


def _logistic(x: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def make_opd_shaped(pair: TaskPair, rng: np.random.Generator) -> TaskPair:
    """Make some wrong answers right, and every stated confidence 1.00 or nearly so."""
    base = pair.base
    wrong = 1.0 - float(base.correct.mean())
    turned = rng.random(pair.n) < (min(GAINED / wrong, 1.0) if wrong > 0.0 else 0.0)
    draw = rng.random(pair.n)
    stated: FloatArray = np.select([draw < share for share, _ in STATED], [v for _, v in STATED])
    correct = np.where(turned, 1.0, base.correct)
    return replace(pair, cand=Side(np.where(base.parsed, stated, np.nan), correct))


class _RowsOf:
    """The rows of items that all have the same number of rows."""

    def __init__(self, starts: IntArray, size: int) -> None:
        self.starts, self.offsets = starts, np.arange(size)

    def __call__(self, items: IntArray) -> IntArray:
        return self.starts[items][:, None] + self.offsets


def _strata(pair: TaskPair, stratum: IntArray | None) -> IntArray:
    return np.zeros(pair.items, dtype=np.intp) if stratum is None else stratum


def _pools(pair: TaskPair, strata: IntArray) -> Iterator[tuple[IntArray, _RowsOf]]:
    """Yield items that may take answers from each other; rows of an item are adjacent."""
    sizes = np.bincount(pair.item)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    for size in np.unique(sizes).tolist():
        for label in np.unique(strata).tolist():
            items = np.flatnonzero((sizes == size) & (strata == label))
            if items.size:
                yield items, _RowsOf(starts, size)


def stratify(pair: TaskPair, key: str | None) -> IntArray | None:
    """Label the items by the value of a group key; None without a key."""
    if key is None:
        return None
    first = np.searchsorted(pair.item, np.arange(pair.items))
    values = [pair.groups[i].get(key) for i in first.tolist()]
    number = {value: i for i, value in enumerate(dict.fromkeys(values))}
    return np.array([number[value] for value in values], dtype=np.intp)


def resize(pair: TaskPair, items: int, rng: np.random.Generator) -> TaskPair:
    """Return a pair with the given number of items: copies of it, and a random draw for the rest.

    Copies of an item count as new items, and copies of a family as new families.
    """
    times, rest = divmod(items, pair.items)
    drawn = np.sort(rng.choice(pair.items, rest, replace=False))
    starts = np.searchsorted(pair.item, np.arange(pair.items + 1))
    of_drawn = [np.arange(starts[i], starts[i + 1]) for i in drawn.tolist()]
    some = np.concatenate([np.arange(0), *of_drawn])
    rows = np.concatenate([np.arange(pair.n)] * times + [some]).astype(np.intp)
    copy = np.repeat(np.arange(times + 1), [pair.n] * times + [some.size])
    _, item = np.unique(copy * pair.items + pair.item[rows], return_inverse=True)
    family = pair.family
    if family is not None:
        family = copy * (int(family.max()) + 1) + family[rows]
    return TaskPair(
        pair.task,
        pair.base.select(rows),
        pair.cand.select(rows),
        item,
        items,
        [pair.groups[i] for i in rows.tolist()],
        family,
    )
