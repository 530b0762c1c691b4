"""Candidates made of a reference's own rows: equal ones, and ones that are worse in a known way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.counting import FloatArray
from caopd_bench.paired_rows import Side, TaskPair

__all__ = [
    "MOVED",
    "REDECODED",
    "make_equal",
    "make_equal_in_families",
    "make_opd_shaped",
    "resize",
    "stratify",
]

REDECODED = 0.6  # share of the items that an equal candidate answers anew
#: Deviation of what a run does to all items of a family, in logits of being right.
MOVED = 1.0
GAINED = 0.08  # accuracy of the OPD-shaped candidate above the reference's
STATED = ((0.93, 1.0), (0.98, 0.99), (1.0, 0.95))  # its confidences: share up to here, value
STEPS = 60  # halvings that find a mean
EDGE = 1e-3  # chances and correlations stay so far from 0 and 1

IntArray = NDArray[np.intp]


def make_equal(
    pair: TaskPair, rng: np.random.Generator, stratum: IntArray | None = None
) -> TaskPair:
    """Make a candidate that is as good as the reference, and answers otherwise.

    With one answer an item, 60 % of the items have the answer of another item: as noisy as decoding
    again can be. With several samples all are drawn anew, from those of the item and from those of
    all items, as far as these are unlike: what sampling a model again does.

    Parameters
    ----------
    pair : TaskPair
        Its base is the reference.
    rng : Generator
    stratum : ndarray of int, (items,), optional
        Items take answers only from items of the same label: needed where groups, which differ in
        difficulty, are looked at by themselves.

    Returns
    -------
    TaskPair
        With the candidate in place of the other side.
    """
    source, _, _ = _answer_anew(pair, rng, stratum)
    return _with_candidate(pair, pair.base.select(source))


def make_equal_in_families(
    pair: TaskPair,
    family: IntArray,
    rng: np.random.Generator,
    stratum: IntArray | None = None,
    moved: float = MOVED,
) -> TaskPair:
    """Make an equal candidate whose answers to the items of a family went better or worse together.

    Answers that are given anew are right with odds that are exp(u) times as large, where u is
    normal, one for each family, and on average as often as before. Its deviation is `moved` times
    the root of 2, for the effects of two runs: that of the reference cannot be taken out of its
    rows.

    Parameters
    ----------
    pair, rng, stratum
        As for `make_equal`.
    family : ndarray of int, (items,)
    moved : float
        Deviation of the effect of one run on a family, in logits.

    Returns
    -------
    TaskPair
    """
    source, is_anew, p = _answer_anew(pair, rng, stratum)
    labels, of_item = np.unique(family, return_inverse=True)
    deviation = moved * np.sqrt(2.0)
    effect = rng.normal(0.0, deviation, labels.size)[of_item[pair.item]]
    shifted = _logistic(_logit(p) + _centre(p, deviation) + effect)
    right = pair.base.correct[source] > 0
    # Odds of p that become those of `shifted`, by turning some answers and none back.
    turned = np.where(right, (p - shifted) / p, (shifted - p) / (1.0 - p))
    rows = np.flatnonzero(is_anew & (rng.random(pair.n) < turned))
    strata = _strata(pair, stratum)
    for label in np.unique(strata).tolist():
        inside = strata[pair.item] == label
        for was in (True, False):
            here = rows[inside[rows] & (right[rows] == was)]
            others = np.flatnonzero(inside & ((pair.base.correct > 0) != was))
            if others.size:
                source[here] = rng.choice(others, here.size)
    return _with_candidate(pair, pair.base.select(source))


def _answer_anew(
    pair: TaskPair, rng: np.random.Generator, stratum: IntArray | None
) -> tuple[IntArray, NDArray[np.bool_], FloatArray]:
    """Give for each row the row whose answer it takes, whether it is new, and its chance of right.

    The chance is within (0, 1).
    """
    if pair.n >= 2 * pair.items:
        return _sample_anew(pair, rng, stratum)
    source = np.arange(pair.n)
    strata = _strata(pair, stratum)
    mean = np.bincount(strata[pair.item], weights=pair.base.correct) / np.maximum(
        np.bincount(strata[pair.item]), 1
    )
    for items, rows_of in _pools(pair, strata):
        anew = items[rng.random(items.size) < REDECODED]
        donors = rng.choice(items, anew.size)
        source[rows_of(anew)] = rows_of(donors)
    p = np.clip(mean[strata[pair.item]], EDGE, 1.0 - EDGE)
    return source, source != np.arange(pair.n), p


def _sample_anew(
    pair: TaskPair, rng: np.random.Generator, stratum: IntArray | None
) -> tuple[IntArray, NDArray[np.bool_], FloatArray]:
    """Draw samples by Pólya's urn: those of the item, those drawn before, and `weight` of all.

    This is the predictive distribution of new samples where what the samples of an item are drawn
    from varies between items by a Dirichlet process (Blackwell and MacQueen, Annals of Statistics
    1, 1973); its weight is (1 - r) / r for an intraclass correlation r.
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
        source[rows[is_own]] = (starts[items] + place)[is_own]
        source[rows[is_drawn]] = source[(starts[items] + place - own)[is_drawn]]
    of_item = np.bincount(pair.item, weights=pair.base.correct)[pair.item]
    p = (of_item + weight * mean) / (sizes[pair.item] + weight)
    return source, np.ones(pair.n, dtype=bool), np.clip(p, EDGE, 1.0 - EDGE)


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
    """Turn some wrong answers right, and every stated confidence to 1.00 or nearly."""
    base = pair.base
    wrong = 1.0 - float(base.correct.mean())
    turned = rng.random(pair.n) < (min(GAINED / wrong, 1.0) if wrong > 0.0 else 0.0)
    draw = rng.random(pair.n)
    stated: FloatArray = np.select([draw < share for share, _ in STATED], [v for _, v in STATED])
    correct = np.where(turned, 1.0, base.correct)
    return _with_candidate(pair, Side(np.where(base.parsed, stated, np.nan), correct))


class _RowsOf:
    """Rows of items that have as many rows each."""

    def __init__(self, starts: IntArray, size: int) -> None:
        self.starts, self.offsets = starts, np.arange(size)

    def __call__(self, items: IntArray) -> IntArray:
        return self.starts[items][:, None] + self.offsets


def _strata(pair: TaskPair, stratum: IntArray | None) -> IntArray:
    return np.zeros(pair.items, dtype=np.intp) if stratum is None else stratum


def _pools(pair: TaskPair, strata: IntArray) -> Iterator[tuple[IntArray, _RowsOf]]:
    """Yield items that may take answers from each other; rows of an item stand together."""
    sizes = np.bincount(pair.item)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    for size in np.unique(sizes).tolist():
        for label in np.unique(strata).tolist():
            items = np.flatnonzero((sizes == size) & (strata == label))
            if items.size:
                yield items, _RowsOf(starts, size)


def _with_candidate(pair: TaskPair, cand: Side) -> TaskPair:
    return replace(pair, cand=cand)


def stratify(pair: TaskPair, key: str | None) -> IntArray | None:
    """Label the items by the value of a group key; None without a key."""
    if key is None:
        return None
    first = np.searchsorted(pair.item, np.arange(pair.items))
    values = [pair.groups[i].get(key) for i in first.tolist()]
    number = {value: i for i, value in enumerate(dict.fromkeys(values))}
    return np.array([number[value] for value in values], dtype=np.intp)


def resize(pair: TaskPair, items: int, rng: np.random.Generator) -> TaskPair:
    """Give a pair with as many items of the same kind: copies of it, and some drawn to make it up.

    Copies of an item are other items, and copies of a family other families.
    """
    times, rest = divmod(items, pair.items)
    drawn = np.sort(rng.choice(pair.items, rest, replace=False))
    starts = np.searchsorted(pair.item, np.arange(pair.items + 1))
    some = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in drawn.tolist()] or [[]])
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
