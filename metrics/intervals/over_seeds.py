"""The hierarchical bootstrap of a sweep: base seed > training seed > item.

A replicate draws base seeds with replacement, training seeds within each, and items. All cells
answer the same items, so a replicate uses one draw of items for every cell. This preserves the
dependence between cells that answer the same questions. Differences are taken within a replicate.

Metrics of a cell are functions of its counts of right and wrong answers by stated value, as in
`caopd_bench.metrics`; here they are computed for all replicates at once. (Davison and Hinkley,
Bootstrap Methods and Their Application, 1997, section 3.8.)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.registry import METRICS as REGISTERED

Array = NDArray[np.float64]
METRICS = (
    *("accuracy", "mean_confidence", "parse_rate", "brier", "ece", "auroc", "spr"),
    "overconfidence_gap",
)
#: `METRICS`, which are in cells.csv, and the metrics that need levels or matched accuracy.
ALL_METRICS = (*METRICS, "auroc_within_level", "matched_gap")
#: Smallest and largest value of a metric, as registered; limits stay inside.
RANGES = {
    **{name: REGISTERED["accuracy" if name == "parse_rate" else name].range for name in METRICS},
    "auroc_within_level": REGISTERED["auroc"].range,
    "matched_gap": (-0.5, 0.5),
}
BINS = 10
#: The accuracy of `matched_gap`, the largest tilt of the levels, and the bisections to find it.
MATCHED, MOST_TILT, HALVINGS = 0.5, 200.0, 60


class Answers(NamedTuple):
    """Answers of one cell to the items, in the common order of all cells."""

    confidence: Array  # shape (items,); NaN where none was stated
    correct: Array  # shape (items,); 0 or 1
    levels: NDArray[np.int64] | None = None  # shape (items,); below 0 where an item has none


class Draws(NamedTuple):
    """Drawn seeds: indices of bases, shape (replicates, bases), and of training seeds in each."""

    bases: NDArray[np.int64]
    seeds: NDArray[np.int64]  # (replicates, bases, seeds)


def draw_items(items: int, replicates: int, rng: np.random.Generator) -> Array:
    """Draw item weights, shape (1 + replicates, items); the first row is the observed sample."""
    drawn = rng.multinomial(items, np.full(items, 1.0 / items), size=replicates)
    return np.vstack([np.ones(items), drawn.astype(np.float64)])


def draw_seeds(bases: int, seeds: int, replicates: int, rng: np.random.Generator) -> Draws:
    """Draw base seeds and, within each of them, training seeds."""
    return Draws(
        rng.integers(bases, size=(replicates, bases)),
        rng.integers(seeds, size=(replicates, bases, seeds)),
    )


def replicate_metrics(answers: Answers, weights: Array) -> dict[str, Array]:
    """Compute every metric of one cell under each row of item weights.

    Parameters
    ----------
    answers : Answers
    weights : ndarray, shape (replicates, items)

    Returns
    -------
    dict of str to ndarray, shape (replicates,)
        By name of `ALL_METRICS`; NaN where undefined. `auroc_within_level` uses the pairs of a
        right and a wrong answer of the same level, as `caopd_bench.metrics.auroc_within` does.
        `matched_gap` is the overconfidence gap after the levels are weighted so that half of the
        answers are right: level l has the weight exp(t (a_l - 1/2)), where a_l is its accuracy and
        t is determined numerically. The right and wrong answers of a level keep their shares. So a
        model that is calibrated within each level has 0, and one that always states 1 has 1/2,
        whatever the accuracy. NaN if no level, or every level, has an accuracy above 1/2.
    """
    total = weights.sum(1)
    parsed = ~np.isnan(answers.confidence)
    found = {
        "accuracy": weights @ answers.correct / total,
        "parse_rate": weights[:, parsed].sum(1) / total,
    }
    if not parsed.any():
        undefined = np.full(len(weights), math.nan)
        return {name: found.get(name, undefined) for name in ALL_METRICS}
    levels = np.full(len(parsed), -1) if answers.levels is None else answers.levels
    levels, stated, right, wrong = _count(levels, answers, weights, parsed)
    with np.errstate(invalid="ignore", divide="ignore"):
        found["auroc_within_level"] = _rank_within_levels(levels, right, wrong)
        found["matched_gap"] = _match(levels, stated, right, wrong)
        found |= _set_metrics(*_add_up(stated, right, wrong))
    return {name: found[name] for name in ALL_METRICS}


def _count(
    levels: NDArray[np.int64], answers: Answers, weights: Array, wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Array, Array, Array]:
    """Count right and wrong answers by level and stated value, in that order."""
    places = np.flatnonzero(wanted)
    keys = np.stack([levels, answers.confidence, answers.correct])[:, places]
    order = np.lexsort(keys[::-1])
    keys = keys[:, order]
    starts = np.flatnonzero(np.r_[True, (np.diff(keys) != 0).any(0)])
    counted = np.add.reduceat(weights[:, places[order]], starts, axis=1)
    keys = keys[:, starts]
    first = np.r_[True, (np.diff(keys[:2]) != 0).any(0)]
    both = np.zeros((2, len(weights), int(first.sum())))
    both[keys[2].astype(int), :, np.cumsum(first) - 1] = counted.T
    return keys[0, first].astype(np.int64), keys[1, first], both[1], both[0]


def _rank_within_levels(levels: NDArray[np.int64], right: Array, wrong: Array) -> Array:
    """Return the AUROC over the pairs from the same level."""
    ranked, pairs = np.zeros(len(right)), np.zeros(len(right))
    for level in np.unique(levels[levels >= 0]):
        ours, theirs = right[:, levels == level], wrong[:, levels == level]
        ranked += (ours * (np.cumsum(theirs, axis=1) - 0.5 * theirs)).sum(1)
        pairs += ours.sum(1) * theirs.sum(1)
    return ranked / pairs


def _match(levels: NDArray[np.int64], stated: Array, right: Array, wrong: Array) -> Array:
    """Return mean confidence less accuracy, with levels weighted to an accuracy of 1/2."""
    known = np.unique(levels[levels >= 0])
    if not len(known):
        return np.full(len(right), math.nan)
    is_of = (levels == known[:, None]).astype(np.float64).T  # (values, levels)
    n, n_right = (right + wrong) @ is_of, right @ is_of
    counts = n > 0
    off = np.where(counts, n_right / n - MATCHED, 0.0)
    # Bisection works because the weighted accuracy rises with the tilt.
    low, high = np.full(len(n), -MOST_TILT), np.full(len(n), MOST_TILT)
    for _ in range(HALVINGS):
        tilt = (low + high) / 2.0
        is_above = (n * off * np.exp(tilt[:, None] * off)).sum(1) > 0.0
        low, high = np.where(is_above, low, tilt), np.where(is_above, tilt, high)
    weights = n * np.exp(((low + high) / 2.0)[:, None] * off)
    mean = np.where(counts, ((right + wrong) * stated) @ is_of / n, 0.0)
    gap = (weights * mean).sum(1) / weights.sum(1) - MATCHED
    least, most = off.min(1), off.max(1)
    can_match = ((least < 0) & (most > 0)) | ((least == 0) & (most == 0) & counts.any(1))
    return np.where(can_match, gap, math.nan)


def _add_up(stated: Array, right: Array, wrong: Array) -> tuple[Array, Array, Array]:
    """Sum the counts over levels, by stated value."""
    order = np.argsort(stated, kind="stable")
    values, starts = np.unique(stated[order], return_index=True)
    right, wrong = (np.add.reduceat(x[:, order], starts, axis=1) for x in (right, wrong))
    return values, right, wrong


def _set_metrics(stated: Array, right: Array, wrong: Array) -> dict[str, Array]:
    """Compute the metrics of the counts by stated value, shape (replicates, values)."""
    both = right + wrong
    n, n_right, n_wrong = both.sum(1), right.sum(1), wrong.sum(1)
    # Left-closed bins; 0.3 is in [0.3, 0.4) although 10 * 0.3 is a hair below 3.
    place = np.minimum(np.floor(stated * BINS + 1e-9).astype(int), BINS - 1)
    excess = both * stated - right
    per_bin = np.stack([excess[:, place == b].sum(1) for b in np.unique(place)])
    lower = np.cumsum(wrong, axis=1) - wrong  # wrong answers with a lower stated value
    pairs = n_right * n_wrong
    strict = (right * lower).sum(1) / pairs
    return {
        "mean_confidence": both @ stated / n,
        "overconfidence_gap": excess.sum(1) / n,
        "ece": np.abs(per_bin).sum(0) / n,
        "brier": (right @ (1.0 - stated) ** 2 + wrong @ stated**2) / n,
        "auroc": strict + 0.5 * (right * wrong).sum(1) / pairs,
        "spr": strict,
    }


def mean_over_seeds(values: Array, draws: Draws) -> Array:
    """Return the mean over bases and training seeds in each replicate.

    Parameters
    ----------
    values : ndarray, shape (bases, seeds, 1 + replicates)
        A metric of each cell; the first entry is the observed value.
    draws : Draws
        Draws for the same numbers of bases and seeds.

    Returns
    -------
    ndarray, shape (1 + replicates,)
    """
    replicate = np.arange(1, values.shape[2])[:, None, None]
    drawn = values[draws.bases[:, :, None], draws.seeds, replicate]
    return np.concatenate([mean_of_defined(values[None, :, :, 0]), mean_of_defined(drawn)])


def mean_of_defined(values: Array) -> Array:
    """Return means of the defined values over all but the first axis; NaN if there are none."""
    flat = values.reshape(len(values), -1)
    counted = (~np.isnan(flat)).sum(1)
    sums = np.nansum(flat, axis=1)
    means: Array = np.full(len(flat), math.nan)
    np.divide(sums, counted, out=means, where=counted > 0)
    return means
