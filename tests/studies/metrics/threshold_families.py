"""Laws with a known risk at every cut, and rules that choose a cut, for `simulate_threshold.py`.

A law has values from the surest down, how often each is stated, and how often it is wrong. Several
depend on the limit r, so that cuts lie close to it on the wrong side.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

SAMPLES = 4  # rows of a question, for the clustered law
CORRELATION = 0.5  # of the errors within a question
STATED = np.array([1.0, 0.99, 0.98, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.3, 0.2, 0.05])
OFTEN = np.array(
    [0.12, 0.06, 0.07, 0.17, 0.15, 0.08, 0.11, 0.05, 0.06, 0.05, 0.04, 0.02, 0.01, 0.01]
)
MIDDLES = (np.arange(400) + 0.5) / 400


@dataclass(frozen=True, eq=False)
class Law:
    """Values descending (u,), masses and risks; clustered if `samples` is above 1."""

    values: np.ndarray
    mass: np.ndarray
    risk: np.ndarray
    samples: int = 1

    @property
    def coverage(self):
        """Share kept at each cut."""
        return np.cumsum(self.mass)

    @property
    def risk_at(self):
        """Risk among the kept at each cut."""
        return np.cumsum(self.mass * self.risk) / self.coverage

    def draw(self, n, times, rng):
        """Draw rows and wrong rows (times, u) at each value."""
        rows = rng.multinomial(n, self.mass, size=times)
        return rows, rng.binomial(rows, self.risk)

    def draw_clusters(self, n, rng):
        """Draw n rows: index of the value, wrong, question."""
        questions = n // self.samples
        value = rng.choice(self.values.size, size=questions, p=self.mass)
        # A question's errors: beta-binomial, so that two of its rows correlate.
        size = 1.0 / CORRELATION - 1.0
        p = self.risk[value]
        chance = rng.beta(np.maximum(p * size, 1e-9), np.maximum((1 - p) * size, 1e-9))
        question = np.repeat(np.arange(questions), self.samples)
        return value[question], rng.random(question.size) < chance[question], question


def _law(values, mass, risk, samples=1):
    mass = np.asarray(mass, dtype=float)
    risk = np.broadcast_to(np.asarray(risk, dtype=float), mass.shape)
    return Law(np.asarray(values, dtype=float), mass / mass.sum(), risk.clip(0, 1), samples)


def _quantiles(a, b):
    # 400 quantiles of a beta distribution: as good as continuous, and the truth is exact.
    return stats.beta(a, b).ppf(MIDDLES)[::-1]


LAWS = {
    "calibrated": lambda _: _law(STATED, OFTEN, 1 - STATED),
    "calibrated, continuous": lambda _: _law(_quantiles(8, 1), np.ones(400), 1 - _quantiles(8, 1)),
    "saturated": lambda _: _law([1.0, 0.95, 0.9, 0.8, 0.5], [70, 12, 8, 5, 5],
                                [0.025, 0.1, 0.15, 0.3, 0.6]),
    "two atoms": lambda _: _law([0.95, 0.6], [55, 45], [0.02, 0.3]),
    "over-confident": lambda _: _law(STATED, OFTEN, 1 - STATED + 0.08),
    "under-confident": lambda _: _law(STATED, OFTEN, 0.4 * (1 - STATED)),
    "AUROC .5": lambda _: _law(_quantiles(6, 2), np.ones(400), 0.03),
    "few errors": lambda _: _law(STATED, OFTEN, 0.05 * (1 - STATED)),
    "worst at the top": lambda _: _law([1.0, 0.98, 0.95, 0.9, 0.8, 0.5], [6, 14, 30, 20, 15, 15],
                                       [0.12, 0.01, 0.015, 0.04, 0.15, 0.4]),
    "border everywhere": lambda r: _law(STATED, OFTEN, r * 1.001),
    "border, continuous": lambda r: _law(_quantiles(8, 1), np.ones(400), r * 1.001),
    "border, in waves": lambda r: _waves(r),
    "border, bad then good": lambda r: _mixed(r),
    "clustered": lambda _: _law(STATED, OFTEN, 0.5 * (1 - STATED), SAMPLES),
    "clustered, border": lambda r: _law(STATED, OFTEN, r * 1.001, SAMPLES),
}  # fmt: skip


def _waves(r):
    """Keep a little less and a little more than the limit in turn, cut by cut."""
    wanted = r * np.where(np.arange(STATED.size) % 2, 1.02, 0.98)
    return _solve(wanted)


def _mixed(r):
    """Above the limit at every cut: much too bad at the top, then as good as that allows."""
    return _solve(r * np.array([3.0, 1.8, 1.4, 1.001, *[1.001] * 10]))


def _solve(wanted):
    """Return the law with these risks at the cuts, as near as risks in [0, 1] allow."""
    mass, risk, errors, kept = OFTEN / OFTEN.sum(), [], 0.0, 0.0
    for m, target in zip(mass, wanted, strict=True):
        risk.append(min(max((target * (kept + m) - errors) / m, 0.0), 1.0))
        errors, kept = errors + m * risk[-1], kept + m
    return _law(STATED, OFTEN, risk)


def below_first(kept, wrong, _values, limit):
    """Go down while the observed risk is within the limit: the last cut before it is not."""
    fails = (wrong > limit * kept) & (kept > 0)
    first = np.where(fails.any(1), fails.argmax(1), kept.shape[1])
    return np.where(kept[np.arange(first.size), np.maximum(first - 1, 0)] > 0, first - 1, -1)


def below_largest(kept, wrong, _values, limit):
    """Take the largest coverage at which the observed risk is within the limit."""
    within = (wrong <= limit * kept) & (kept > 0)
    return np.where(within.any(1), within.shape[1] - 1 - within[:, ::-1].argmax(1), -1)


def stated_mean(kept, _wrong, values, limit):
    """Take the largest coverage at which the kept answers state a mean error within the limit."""
    rows = np.diff(kept, axis=1, prepend=0)
    within = (np.cumsum(rows * (1 - values), axis=1) <= limit * kept) & (kept > 0)
    return np.where(within.any(1), within.shape[1] - 1 - within[:, ::-1].argmax(1), -1)


def out_of_bag(rows, wrong, limit, rng, resamples=40):
    """Choose a cut as jev-eval is described to: resample, choose, look at the rows left out.

    Derived from one line, "cut-point with out-of-bag accuracy and 95 % range": in every resample
    the largest coverage with the wanted accuracy, its accuracy on the rows left out; the median cut
    is published if the median of those accuracies is the wanted one or more. Its code was not read.
    """
    value = np.repeat(np.arange(rows.size), rows)
    bad = np.concatenate([np.arange(m) < k for m, k in zip(rows, wrong, strict=True)])
    cuts, accuracies = [], []
    for _ in range(resamples):
        times = np.bincount(rng.integers(value.size, size=value.size), minlength=value.size)
        kept = np.cumsum(np.bincount(value, times, rows.size))
        errors = np.cumsum(np.bincount(value, times * bad, rows.size))
        cut = int(below_largest(kept[None], errors[None], None, limit)[0])
        out = (times == 0) & (value <= cut)
        if cut >= 0 and out.any():
            cuts.append(cut)
            accuracies.append(1.0 - bad[out].mean())
    if len(cuts) < resamples / 2 or np.median(accuracies) < 1.0 - limit:
        return -1
    return int(np.median(cuts))
