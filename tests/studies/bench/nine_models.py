"""Nine models on the same items, of which most look good by the Brier score and are not.

The law of the first: a right answer's logit is larger than a wrong one's, so that the AUROC and
the mean confidence are those asked for. All others are made of it, row by row.
"""

from statistics import NormalDist

import numpy as np
from scipy.special import expit

from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.store import write_stored

TASK = "questions"
#: Who must never stand above the recalibrated model.
BAD = (
    "always_wrong_says_0",
    "silent_when_wrong",
    "silent_on_half_of_wrong",
    "acc20_const",
    "opd_says_1",
    "random_confidence",
)


def shift(stated, mean):
    """Add the same to every confidence, within [0, 1], so that they have this mean."""
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if np.clip(stated + middle, 0, 1).mean() < mean else (low, middle)
        )
    return np.clip(stated + low, 0, 1)


def draw_base(n, rng, *, accuracy=0.65, mean=0.90, auroc=0.90):
    """Confidence and correctness of the overconfident base model, (n,) each."""
    correct = np.zeros(n)
    correct[rng.permutation(n)[: round(accuracy * n)]] = 1
    apart = np.sqrt(2) * NormalDist().inv_cdf(auroc)
    logit = rng.normal(size=n) + apart * correct
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(logit + middle).mean() < mean else (low, middle)
    return np.round(expit(logit + low), 2), correct


def nine_models(n=600, seed=0, **law):
    """Give {name: (confidence with NaN where there is none, correct)}."""
    rng = np.random.default_rng(seed)
    stated, correct = draw_base(n, rng, **law)
    wrong = np.flatnonzero(correct == 0)
    half = rng.permutation(wrong)[: wrong.size // 2]
    better, silent, half_silent = correct.copy(), stated.copy(), stated.copy()
    better[half] = 1
    silent[wrong] = np.nan
    half_silent[half] = np.nan
    return {
        "base": (stated, correct),
        "recalibrated": (np.round(shift(stated, correct.mean()), 2), correct),
        "only_more_accurate": (stated, better),
        "always_wrong_says_0": (np.zeros(n), np.zeros(n)),
        "silent_when_wrong": (silent, correct),
        "silent_on_half_of_wrong": (half_silent, correct),
        "acc20_const": (np.full(n, 0.3), (rng.random(n) < 0.178).astype(float)),
        "opd_says_1": (np.ones(n), correct),
        "random_confidence": (np.round(rng.random(n), 2), correct),
    }


def sandbag(stated, correct, share):
    """Turn the least confident answers wrong, and state 0 for them: certain, and right about it."""
    unsure = stated <= np.quantile(stated, share)
    return np.where(unsure, 0.0, stated), np.where(unsure, 0.0, correct)


def to_rows(stated, correct, *, samples=1):
    """Rows of a run; several of them are samples of one item."""
    return [
        Row(
            task=TASK,
            item_hash=f"q{i // samples:06d}",
            sample=i % samples if samples > 1 else -1,
            groups={},
            confidence=None if np.isnan(c) else float(c),
            correct=int(y),
            status="no_confidence" if np.isnan(c) else "ok",
            answer=str(int(y)),
        )
        for i, (c, y) in enumerate(zip(stated, correct, strict=True))
    ]


def write_models(models, folder, *, samples=1):
    """Write stored runs of the models, and give their folders in order."""
    made = []
    for name, (stated, correct) in models.items():
        run = Run(name, str(folder), to_rows(stated, correct, samples=samples), {"model": name})
        write_stored(run, [], folder / name)
        made.append(folder / name)
    return made
