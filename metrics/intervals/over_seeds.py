"""The hierarchical bootstrap of a sweep: base seed > training seed > item.

A replicate draws base seeds with replacement, training seeds within each, and items. The items are
the same for all cells, so one draw of them serves every cell of a replicate: what two cells share
by answering the same questions stays shared. Differences are taken within a replicate.

Metrics of a cell are functions of its counts of right and wrong answers by stated value, as in
`caopd_bench.metrics`; here they are computed for all replicates at once. (Davison and Hinkley,
Bootstrap Methods and Their Application, 1997, section 3.8.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.registry import METRICS as REGISTERED

Array = NDArray[np.float64]
METRICS = (
    *("accuracy", "mean_confidence", "parse_rate", "brier", "ece", "auroc", "spr"),
    "overconfidence_gap",
)
#: Those, which are in cells.csv, and what needs levels or looks at matched accuracy.
ALL_METRICS = (*METRICS, "auroc_within_level", "matched_gap")
#: Least and greatest value of a metric, as registered: no limits lie outside.
RANGES = {
    **{name: REGISTERED["accuracy" if name == "parse_rate" else name].range for name in METRICS},
    "auroc_within_level": REGISTERED["auroc"].range,
    "matched_gap": (-0.5, 0.5),
}
BINS = 10


class Answers(NamedTuple):
    """One cell's answers to the items, in the order that all cells share."""

    confidence: Array  # shape (items,); NaN where none was stated
    correct: Array  # shape (items,); 0 or 1
    levels: NDArray[np.int64] | None = None  # shape (items,); below 0 where an item has none


class Draws(NamedTuple):
    """Drawn seeds: indices of bases, shape (replicates, bases), and of training seeds within."""

    bases: NDArray[np.int64]
    seeds: NDArray[np.int64]  # (replicates, bases, seeds)


class Limits(NamedTuple):
    """A number with its limits, and with those of the bootstrap.

    The limits are Student's over the means of the bases; without two bases, the bootstrap's.
    """

    estimate: float
    low: float
    high: float
    low_bootstrap: float
    high_bootstrap: float


def draw_items(items: int, replicates: int, rng: np.random.Generator) -> Array:
    """Draw how often each item counts: shape (1 + replicates, items), the first row as observed."""
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
        By name of `ALL_METRICS`; NaN where undefined. `auroc_within_level` takes the pairs of a
        right and a wrong answer of one level, as `caopd_bench.metrics.auroc_within`.
        `matched_gap` is (E[c | right] + E[c | wrong]) / 2 - 1/2, the overconfidence gap after right
        and wrong answers are weighted to one half each: stated minus accuracy at an accuracy of
        1/2, which a model that states 1 to everything has as 1/2 however good it is.
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
    with np.errstate(invalid="ignore", divide="ignore"):
        found |= _set_metrics(*_count(answers, weights, parsed))
        found["auroc_within_level"] = _rank_within_levels(answers, weights, parsed)
    return {name: found[name] for name in ALL_METRICS}


def _count(
    answers: Answers, weights: Array, wanted: NDArray[np.bool_]
) -> tuple[Array, Array, Array]:
    """Give the stated values of the wanted answers, and how many of each are right and wrong."""
    order = np.argsort(answers.confidence[wanted], kind="stable")
    places = np.flatnonzero(wanted)[order]
    stated, starts = np.unique(answers.confidence[places], return_index=True)
    counted, correct = weights[:, places], answers.correct[places]
    right = np.add.reduceat(counted * correct, starts, axis=1)
    return stated, right, np.add.reduceat(counted * (1.0 - correct), starts, axis=1)


def _rank_within_levels(answers: Answers, weights: Array, parsed: NDArray[np.bool_]) -> Array:
    """Give the AUROC over the pairs that share a level."""
    ranked, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    levels = np.full(len(parsed), -1) if answers.levels is None else answers.levels
    for level in np.unique(levels[parsed & (levels >= 0)]):
        _, right, wrong = _count(answers, weights, parsed & (levels == level))
        lower = np.cumsum(wrong, axis=1) - 0.5 * wrong
        ranked += (right * lower).sum(1)
        pairs += right.sum(1) * wrong.sum(1)
    return ranked / pairs


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
        "matched_gap": (right @ stated / n_right + wrong @ stated / n_wrong - 1.0) / 2.0,
    }


def mean_over_seeds(values: Array, draws: Draws) -> Array:
    """Give the mean over bases and training seeds in each replicate.

    Parameters
    ----------
    values : ndarray, shape (bases, seeds, 1 + replicates)
        A metric of each cell; the first as observed.
    draws : Draws
        Of the same numbers of bases and seeds.

    Returns
    -------
    ndarray, shape (1 + replicates,)
    """
    replicate = np.arange(1, values.shape[2])[:, None, None]
    drawn = values[draws.bases[:, :, None], draws.seeds, replicate]
    return np.concatenate([[_mean(values[:, :, 0])], _means(drawn)])


def find_limits(replicates: Array, by_base: Array, level: float) -> Limits:
    """Give Student's limits over the means of the bases, and those of the bootstrap beside them.

    Three bases are few: a bootstrap of three draws too narrow an interval (its variance is two
    thirds of what it should be, and three values have no tails), which covers .75 to .9 instead of
    .95. Student's t over the means of the bases does not, with the scatter that all bases share
    because they answer the same items added in squares. Where there are no two bases, the limits
    are the bootstrap's.

    Those are percentiles, moved by what the replicates' mean is away from the estimate: drawn items
    make a metric that is never negative (ECE) larger than it was. Near zero that is not enough, and
    no limits of this kind cover a small ECE: judge by Brier score and gap there.

    Parameters
    ----------
    replicates : ndarray, shape (1 + replicates,)
        The first as observed.
    by_base : ndarray, shape (bases, 1 + replicates)
        Of each base, over its training seeds (or of each training seed of a single base).
    level : float
    """
    estimate, rest = float(replicates[0]), replicates[1:]
    rest = rest[~np.isnan(rest)]
    tail = (1.0 - level) / 2.0
    low, high = (math.nan, math.nan)
    if not math.isnan(estimate) and len(rest):
        low, high = (float(x) for x in np.quantile(rest, [tail, 1.0 - tail]))
        moved = estimate - float(rest.mean())
        low, high = low + moved, high + moved
    return _prefer(_student(by_base, level), Limits(estimate, low, high, low, high))


def _prefer(student: tuple[float, float], limits: Limits) -> Limits:
    """Put Student's limits in the place of the bootstrap's, if they are defined."""
    if math.isnan(student[0]):
        return limits
    return limits._replace(low=student[0], high=student[1])


def _student(by_base: Array, level: float) -> tuple[float, float]:
    from scipy.stats import norm, t

    if len(by_base) < 2 or np.isnan(by_base[:, 0]).any():
        return math.nan, math.nan
    observed, tail = by_base[:, 0], (1.0 + level) / 2.0
    seeds = t.ppf(tail, len(observed) - 1) * observed.std(ddof=1) / math.sqrt(len(observed))
    items = norm.ppf(tail) * np.nanstd(_means(by_base.T)[1:])
    reach = math.hypot(float(seeds), float(items))
    return float(observed.mean() - reach), float(observed.mean() + reach)


def _student_slope(weights: Array, by_base: Sequence[Array], level: float) -> tuple[float, float]:
    """Give Student's limits of a weighted sum over sizes, of which each has bases of its own.

    The scatter of the bases adds up over sizes, with the degrees of freedom of Welch and
    Satterthwaite; that of the items is shared by all sizes.
    """
    from scipy.stats import norm, t

    if any(len(values) < 2 or np.isnan(values[:, 0]).any() for values in by_base):
        return math.nan, math.nan
    tail = (1.0 + level) / 2.0
    free = np.array([len(values) - 1 for values in by_base], dtype=np.float64)
    parts = weights**2 * [values[:, 0].var(ddof=1) / len(values) for values in by_base]
    squares = float((parts**2 / free).sum())
    seeds = 0.0
    if squares > 0.0:
        seeds = float(t.ppf(tail, parts.sum() ** 2 / squares)) * math.sqrt(float(parts.sum()))
    summed = weights @ np.stack([_means(values.T) for values in by_base])
    reach = math.hypot(seeds, float(norm.ppf(tail) * np.nanstd(summed[1:])))
    return float(summed[0] - reach), float(summed[0] + reach)


def _mean(values: Array) -> float:
    return float(_means(values[None])[0])


def _means(values: Array) -> Array:
    """Give means over all but the first axis, of what is defined; NaN where nothing is."""
    flat = values.reshape(len(values), -1)
    counted = (~np.isnan(flat)).sum(1)
    sums = np.nansum(flat, axis=1)
    means: Array = np.full(len(flat), math.nan)
    np.divide(sums, counted, out=means, where=counted > 0)
    return means


def find_slope(
    sizes: Sequence[float], means: Sequence[Array], by_base: Sequence[Array], level: float
) -> tuple[Limits, float]:
    """Fit the slope of a metric against the logarithm (base 10) of the size, in each replicate.

    Parameters
    ----------
    sizes : sequence of float
    means : sequence of ndarray, shape (1 + replicates,)
        Of each size, `mean_over_seeds`.
    by_base : sequence of ndarray, shape (bases, 1 + replicates)
        Of each size, as in `find_limits`.
    level : float

    Returns
    -------
    limits : Limits
        Of the change for a factor of ten. They do not know whether a line fits.
    intercept : float
        Of the line through what was observed, at a size of 1.
    """
    x = np.log10(sizes)
    centred = x - x.mean()
    weights: Array = centred / (centred @ centred)
    y = np.stack(means)
    limits = find_limits(weights @ y, np.empty((0, 1)), level)
    intercept = float(y[:, 0].mean() - limits.estimate * x.mean())
    return _prefer(_student_slope(weights, by_base, level), limits), intercept
