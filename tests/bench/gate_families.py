"""Populations that a gate is tried on, equal candidates, and candidates that are worse or better.

Answers are (confidence, correct), each (items, samples); a confidence of NaN was not stated.
"""

import numpy as np
from scipy.special import expit, ndtr

VALUES = np.array([0, 10, 30, 50, 60, 70, 75, 80, 85, 90, 95, 98, 99, 100]) / 100
SHARES = np.array([1, 1, 2, 3, 3, 5, 5, 10, 10, 15, 25, 5, 5, 10]) / 100
HIGH_VALUES = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
HIGH_SHARES = np.array([3, 4, 5, 8, 15, 65]) / 100

FAMILIES = ("tied", "saturated", "continuous", "K = 8", "low accuracy", "parse rate drifts")
METRICS = (
    "brier",
    "overconfidence_gap",
    "auroc",
    "confidence_when_wrong",
    "parse_rate",
    "accuracy",
)


def draw(family, n, rng, ease=None):
    """Draw answers to n items; `ease` (n, 1) is what samples of a question have in common."""
    shape = (n, 8 if family == "K = 8" else 1)
    latent = rng.normal(size=shape)
    tied_to_it = 0.5 * latent + 0.866 * rng.normal(size=shape)
    if family in ("tied", "parse rate drifts"):
        stated = _pick(VALUES, SHARES, ndtr(latent))
        right = rng.random(shape) < 0.15 + 0.6 * stated
    elif family == "saturated":
        stated = _pick(HIGH_VALUES, HIGH_SHARES, ndtr(latent))
        right = rng.random(shape) < 0.75 + 0.9 * (stated - 0.947)
    elif family == "continuous":
        stated = expit(0.25 + 1.2 * latent).round(3)
        right = ndtr(tied_to_it) > 0.45
    elif family == "K = 8":
        ease = rng.normal(size=(n, 1)) if ease is None else ease
        right = rng.random(shape) < expit(0.3 + 1.8 * ease)
        sure = (0.55 * ease + 0.83 * rng.normal(size=shape) + 0.25 * right) / 1.02
        stated = _pick(VALUES, SHARES, ndtr(sure))
    elif family == "low accuracy":
        stated = _pick(VALUES, SHARES, ndtr(latent))
        right = ndtr(tied_to_it) > 0.8
    elif family == "accuracy .95":
        stated = _pick(VALUES, SHARES, ndtr(latent))
        right = ndtr(tied_to_it) > 0.05
    else:
        raise ValueError(family)
    spoken = np.where(right, 0.98, 0.89) if family == "parse rate drifts" else 0.995
    return np.where(rng.random(shape) < spoken, stated, np.nan), right.astype(float)


def equal_pair(family, n, rng, share=0.6):
    """Draw a reference, and a candidate that answers a share of the items anew."""
    ease = rng.normal(size=(n, 1))
    first, second = draw(family, n, rng, ease), draw(family, n, rng, ease)
    anew = rng.random((n, 1)) < share
    return first, tuple(np.where(anew, b, a) for a, b in zip(first, second, strict=True))


def worsen(metric, answers, q, rng):
    """Make answers worse in one metric, the more the larger q is."""
    stated, right = answers[0].copy(), answers[1].copy()
    hit = rng.random(stated.shape) < q
    if metric == "brier":
        stated[hit] = np.where(right[hit] > 0, 0.2, 1.0)
    elif metric == "overconfidence_gap":
        stated[hit] = 1.0
    elif metric == "auroc":
        stated[hit] = rng.permutation(stated.ravel())[: int(hit.sum())]
    elif metric == "confidence_when_wrong":
        stated[hit & (right == 0)] = 1.0
    elif metric == "parse_rate":
        stated[hit] = np.nan
    else:
        right[hit] = 0.0
    # What was not stated stays so.
    return np.where(np.isnan(answers[0]), np.nan, stated), right


def opd_shaped(answers, rng):
    """Accuracy up by 8 points (or half of the wrong answers), confidence to 1.00, AUROC to .5."""
    stated, right = answers
    wrong = max(1 - right.mean(), 1e-9)
    gained = rng.random(right.shape) < min(0.08, wrong / 2) / wrong
    u = rng.random(stated.shape)
    sure = np.where(u < 0.93, 1.0, np.where(u < 0.98, 0.99, 0.95))
    return np.where(np.isnan(stated), np.nan, sure), np.maximum(right, gained)


def less_sure_when_wrong(answers, rng):
    """Better: half of the wrong answers state 0.25 less."""
    stated, right = answers
    lower = (rng.random(stated.shape) < 0.5) & (right == 0)
    return np.where(lower, np.maximum(stated - 0.25, 0.0), stated), right


def more_accurate(answers, rng):
    """Better: 12 % of the wrong answers become right, with the same confidence."""
    stated, right = answers
    return stated, np.maximum(right, rng.random(right.shape) < 0.12)


def silent(answers, rng):
    """Half of the confidences are not stated."""
    return np.where(rng.random(answers[0].shape) < 0.5, np.nan, answers[0]), answers[1]


def _pick(values, shares, u):
    place = np.searchsorted(np.cumsum(shares), u)
    return values[np.minimum(place, values.size - 1)]
