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
#: References that are saturated already, as the paper's bases are: stated values and their shares
#: (or centre and spread of a logit, in thousandths), accuracy, correlation of the two behind them.
BASES = {
    "8B, tied": (((0.9, 0.95, 0.98, 1.0), (6, 24, 26, 44)), 0.60, 0.253),
    "8B, fine": ((4.25, 1.1), 0.60, 0.220),
    "1.7B, tied": (((0.9, 0.95, 0.98, 0.99, 1.0), (5, 20, 20, 20, 35)), 0.55, 0.193),
    "1.7B, fine": ((4.35, 1.1), 0.55, 0.178),
    "3/4 at 1.00": (((0.7, 0.8, 0.9, 0.95, 1.0), (3, 3, 6, 13, 75)), 0.75, 0.324),
}
#: By how much the paper's OPD raised their accuracy, and the share that it then states at 1.00.
PUBLISHED = {"8B": (0.079, 0.93), "1.7B": (0.024, 1.0), "3/4": (0.079, 0.93)}
METRICS = (
    "brier",
    "overconfidence_gap",
    "auroc",
    "confidence_when_wrong",
    "parse_rate",
    "accuracy",
    "strict_auroc",
)


def draw(family, n, rng, ease=None):
    """Draw answers to n items; `ease` (n, 1) is what samples of a question have in common."""
    if family in BASES:
        return draw_base(family, n, rng)
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


def draw_base(family, n, rng, surer=0.0, gained=0.0):
    """Draw answers of a saturated reference, or of one that became surer and more accurate."""
    values, accuracy, rho = BASES[family]
    latent = rng.normal(size=(n, 1))
    tied_to_it = rho * latent + np.sqrt(1 - rho**2) * rng.normal(size=(n, 1))
    if isinstance(values[0], tuple):
        shares = np.array(values[1]) / 100
        stated = _pick(np.array(values[0]), shares, ndtr(latent + surer))
    else:
        stated = expit(values[0] + values[1] * (latent + surer)).round(3)
    return stated, (ndtr(tied_to_it) > 1 - accuracy - gained).astype(float)


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
    elif metric == "strict_auroc":
        stated[hit] = np.nanmax(stated)
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


def as_published(family, answers, rng, fine=False):
    """Do to a saturated reference what the paper's OPD did: its accuracy, its mean, AUROC .5."""
    stated, right = answers
    gain, at_one = PUBLISHED[family.split(",")[0].split(" ")[0]]
    gained = rng.random(right.shape) < gain / max(1 - right.mean(), 1e-9)
    u = rng.random(stated.shape)
    sure = np.where(u < at_one, 1.0, np.where(u < 0.98, 0.99, 0.95))
    if fine:  # .99 and more, in thousandths
        sure = expit(6.3 + 0.8 * rng.normal(size=stated.shape)).round(3)
    return sure, np.maximum(right, gained)


def collapsed(answers, rng, share=0.25):
    """A part of the rows states 1.00, right or wrong: the beginning of the paper's failure."""
    stated, right = answers
    return np.where(rng.random(stated.shape) < share, 1.0, stated), right


def recalibrated(answers, rng):
    """State eighths around the accuracy that know more of the single answer: what CaOPD is for."""
    stated, right = answers
    about = right.mean() + 0.3 * (right - right.mean()) + 0.2 * rng.normal(size=right.shape)
    return np.where(np.isnan(stated), np.nan, np.round(8 * np.clip(about, 0, 1)) / 8), right


def renamed(answers, _):
    """State .97 in place of .95, and .93 in place of .90: nothing else is new."""
    stated, right = answers
    return np.where(stated == 0.95, 0.97, np.where(stated == 0.9, 0.93, stated)), right


def in_steps(answers, steps):
    """Round the stated confidence."""
    return np.round(answers[0] * steps) / steps, answers[1]


def of_templates(groups, rng, effect, size=10):
    """Draw two equal runs of questions from templates, and each question's template.

    `effect` is by how much (in logits) a run is better at all questions of a template by chance;
    its confidence moves by half of it, too. 60 % of the items are answered anew.
    """
    template = np.repeat(np.arange(groups), size)
    n = template.size
    ease = 0.6 + 0.8 * rng.normal(size=groups)[template]
    latent = rng.normal(size=n)
    runs = []
    for own in (latent, np.where(rng.random(n) < 0.6, rng.normal(size=n), latent)):
        luck, mood = (effect * rng.normal(size=groups)[template] for _ in range(2))
        stated = _pick(VALUES, SHARES, ndtr(own + mood / 2))
        right = rng.random(n) < expit(ease + 0.5 * own + luck)
        runs.append((stated, right.astype(float)))
    return *runs, template


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
