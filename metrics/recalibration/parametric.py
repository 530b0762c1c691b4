"""The logistic maps (temperature, Platt, beta) of log-odds, with separate values for 0 and 1.

The log-odds of 0 and 1 are infinite. If they were clipped to a finite number, a single
wrong answer stated at 1.0 would dominate the fit, so 0 and 1 each have a probability of their own;
the map as a whole must increase.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.grid import GRID, SNAP

# One pseudo-row of a calibrated model, spread over ten confidences. The identity map fits it best,
# so it never makes a fit worse than none, and no data can make a fit diverge.
PRIOR_VALUES = (np.arange(10) + 0.5) / 10
PRIOR_COUNT = np.full(10, 0.1)

COEFFICIENTS = {
    "temperature": ("slope",),
    "platt": ("slope", "intercept"),
    "beta": ("a", "b", "intercept"),
}
IDENTITY = {"temperature": (1.0,), "platt": (1.0, 0.0), "beta": (1.0, 1.0, 0.0)}
# Numbers of leading coefficients that must be at least 0.
SLOPES = {"temperature": 1, "platt": 1, "beta": 2}

# The smallest distance from 0 and 1 that a tally resolves. A steep map stops there, because a
# single refuted 0 or 1 makes the log score infinite.
NEAREST = 2 * SNAP / GRID

MAX_STEPS = 200
MAX_HALVINGS = 60
TOLERANCE = 1e-9  # relative size of the last Newton step; the remaining error is far smaller
ROUNDING = 1e-12  # relative, in the log score
DAMPING = 1e-10


class _Candidate(NamedTuple):
    """A fit, its log score in nats over all rows, and whether it increases from 0 to 1."""

    parameters: dict[str, float]
    loss: float
    increasing: bool


def logistic(method: str, parameters: Mapping[str, Any], values: FloatArray) -> FloatArray:
    """Map confidences (k,) by fitted parameters."""
    at_zero, at_one = parameters["at_zero"], parameters["at_one"]
    mapped: FloatArray = np.where(values == 0.0, at_zero, at_one)
    inner = (values > 0.0) & (values < 1.0)
    coefficients = np.array([parameters[name] for name in COEFFICIENTS[method]])
    mapped[inner] = np.clip(_curve(method, coefficients, values[inner]), at_zero, at_one)
    return mapped


def fit_logistic(
    method: str, values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]
) -> dict[str, float]:
    """Fit a logistic map to counts (u,) by penalised maximum likelihood.

    Parameters
    ----------
    method : {"temperature", "platt", "beta"}
        The family of maps.
    values : ndarray, shape (u,)
        Distinct confidences in [0, 1], ascending.
    right, wrong : ndarray, shape (u,)
        Counts or sums of weights, not both 0 at any value.

    Returns
    -------
    dict of str to float
        The coefficients, and ``at_zero`` and ``at_one``: the images of 0 and 1, which are also the
        limits of the map between them.

    Notes
    -----
    Minimises the log score over slopes >= 0 and over both ends, subject to f(0) <= f(lowest other
    value) and f(highest other value) <= f(1). The problem is convex, and an end whose constraint
    binds is treated as that other value: the solution is the best increasing one of at most four
    fits. An end that no row stated takes the image of the value next to it.
    """
    ends = (values == 0.0) | (values == 1.0)
    # Each stated end gets a pseudo-row that is half right, so its probability is never 0 or 1.
    hits, count = right + 0.5 * ends, right + wrong + 1.0 * ends
    if ends.all():
        return _fit_ends(method, values, hits, count)
    low, high = values[~ends][[0, -1]]
    best = _fit_between(method, values, hits, count)
    if best.increasing:  # no constraint binds
        return best.parameters
    stated = (
        np.where(values == 0.0, at_zero, np.where(values == 1.0, at_one, values))
        for at_zero, at_one in ((0.0, high), (low, 1.0), (low, high))
    )
    fits = [_fit_between(method, joined, hits, count) for joined in stated]
    return min((fit for fit in fits if fit.increasing), key=lambda fit: fit.loss).parameters


def _fit_between(
    method: str, values: FloatArray, hits: NDArray[Any], count: NDArray[Any]
) -> _Candidate:
    """Fit the curve to the values strictly between 0 and 1, and each end to its own rows."""
    inner = (values > 0.0) & (values < 1.0)
    coefficients, loss = _fit_curve(method, values[inner], hits[inner], count[inner])
    low, high = (float(x) for x in _curve(method, coefficients, values[inner][[0, -1]]))
    share = hits[~inner] / count[~inner]
    loss -= float((count[~inner] * (share * np.log(share) + (1 - share) * np.log1p(-share))).sum())
    at_zero = float(share[0]) if values[0] == 0.0 else low
    at_one = float(share[-1]) if values[-1] == 1.0 else high
    parameters = _named(method, coefficients, at_zero, at_one)
    return _Candidate(parameters, loss, at_zero <= low and high <= at_one)


def _fit_ends(
    method: str, values: FloatArray, hits: NDArray[Any], count: NDArray[Any]
) -> dict[str, float]:
    """Fit data that state only 0 and 1: the curve between them is the prior's, the identity."""
    coefficients, _ = _fit_curve(method, values[:0], hits[:0], count[:0])
    share = hits / count
    if share[0] > share[-1]:
        share = np.full_like(share, hits.sum() / count.sum())
    return _named(method, coefficients, float(share[0]), float(share[-1]))


def _named(
    method: str, coefficients: FloatArray, at_zero: float, at_one: float
) -> dict[str, float]:
    fitted = dict(zip(COEFFICIENTS[method], coefficients.tolist(), strict=True))
    return {**fitted, "at_zero": max(at_zero, NEAREST), "at_one": min(at_one, 1.0 - NEAREST)}


def _fit_curve(
    method: str, values: FloatArray, hits: NDArray[Any], count: NDArray[Any]
) -> tuple[FloatArray, float]:
    """Return the coefficients, slopes at least 0, and the log score including the prior's row."""
    features = _features(method, np.concatenate([values, PRIOR_VALUES]))
    hits = np.concatenate([hits, PRIOR_VALUES * PRIOR_COUNT])
    count = np.concatenate([count, PRIOR_COUNT])
    slopes = SLOPES[method]
    fits = []
    # By convexity: if a slope is negative without the constraint, the best fit has a slope of 0.
    for kept in product((True, False), repeat=slopes):
        use = np.array([*kept, *[True] * (features.shape[1] - slopes)])
        coefficients = np.where(use, IDENTITY[method], 0.0)
        coefficients[use] = fit_odds(features[:, use], hits, count, coefficients[use])
        if (coefficients[:slopes] >= 0.0).all():
            fits.append((coefficients, _loss(features @ coefficients, hits, count)))
        if fits and all(kept):
            break
    return min(fits, key=lambda fit: fit[1])


def fit_odds(
    features: FloatArray, hits: NDArray[Any], count: NDArray[Any], start: FloatArray
) -> FloatArray:
    """Return the maximum-likelihood coefficients (p,) of a logistic regression on counts (u,).

    By Newton's method from ``start`` or from 0, whichever is better, each step halved until the log
    score does not rise. If the features (u, p) separated right from wrong rows there would be no
    finite solution; the prior's row prevents that.
    """
    starts = (start, np.zeros_like(start))
    losses = [_loss(features @ coefficients, hits, count) for coefficients in starts]
    loss = min(losses)
    coefficients = starts[losses.index(loss)]
    for _ in range(MAX_STEPS if start.size else 0):
        share = _sigmoid(features @ coefficients)
        gradient = features.T @ (count * share - hits)
        curvature = (features.T * (count * share * (1.0 - share))) @ features
        # With steep curves the score is almost flat in some directions; damping keeps it solvable.
        damping = DAMPING * (curvature.diagonal() + DAMPING)
        step = np.linalg.solve(curvature + np.diag(damping), gradient)
        moved, moved_loss = coefficients, loss
        for _ in range(MAX_HALVINGS):
            moved = coefficients - step
            moved_loss = _loss(features @ moved, hits, count)
            if moved_loss <= loss * (1.0 + ROUNDING):
                break
            step = step / 2.0
        coefficients, loss = moved, moved_loss
        if np.abs(step).max() <= TOLERANCE * (1.0 + np.abs(coefficients).max()):
            break
    return coefficients


def _features(method: str, values: FloatArray) -> FloatArray:
    log_c, log_not_c = np.log(values), np.log1p(-values)
    columns = {
        "temperature": [log_c - log_not_c],
        "platt": [log_c - log_not_c, np.ones_like(values)],
        "beta": [log_c, -log_not_c, np.ones_like(values)],
    }
    return np.stack(columns[method], axis=-1)


def _curve(method: str, coefficients: FloatArray, values: FloatArray) -> FloatArray:
    return _sigmoid(_features(method, values) @ coefficients)


def _sigmoid(log_odds: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)))


def _loss(log_odds: FloatArray, hits: NDArray[Any], count: NDArray[Any]) -> float:
    return float((count * np.logaddexp(0.0, log_odds) - hits * log_odds).sum())
