"""Print where relplot's smECE differs from ours, and how much: docs/metrics/calibration.md.

python tests/studies/benchmarks/smooth_beside_relplot.py  # in that of `tox -e bench-metrics`
"""

import numpy as np
from relplot.metrics import smECE

from caopd_bench.metrics import ece, smooth_ece

N, SEED, SAMPLES = 2000, 1, 1000
INSIDE = np.array([0.1, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99])
LIMITS = (0.15, 0.2, 0.25, 0.3, 1.0)


def half_at_1(rng):
    return np.where(rng.random(N) < 0.5, 1.0, 0.9)


def mostly_at_1(rng):
    return np.where(rng.random(N) < 0.8, 1.0, rng.choice([0.8, 0.9, 0.95], N))


def with_ends(rng):
    return rng.choice([0.0, *INSIDE, 1.0], N)


def continuous(rng):
    return rng.beta(6.0, 1.5, N)


def of(*values):
    return lambda rng: rng.choice(values, N)


# What is stated, and how often it is right.
CASES = {
    "half state 1.00, none right; half .90, right 90 %": (half_at_1, lambda c: 0.9 * (c < 1)),
    "half state 1.00, all right; half .90, right 50 %": (half_at_1, lambda c: 0.5 + 0.5 * (c == 1)),
    "half state 1.00, right 60 %; half .90, right 80 %": (
        half_at_1,
        lambda c: 0.8 - 0.2 * (c == 1),
    ),
    "80 % state 1.00, all right; the others .80 to .95, right 50 %": (
        mostly_at_1,
        lambda c: 0.5 + 0.5 * (c == 1),
    ),
    "80 % state 1.00, the others .80 to .95; right 60 %": (mostly_at_1, lambda c: 0.6 + 0 * c),
    "14 values, 0 and 1 among them, over-confident": (with_ends, lambda c: 0.6 * c),
    "14 values, 0 and 1 among them, calibrated": (with_ends, lambda c: c),
    "all state 1.00, right 60 %": (of(1.0), lambda c: 0.6 * c),
    "continuous inside (0, 1), over-confident": (continuous, lambda c: c**3),
    "continuous inside (0, 1), calibrated": (continuous, lambda c: c),
    "12 values from .10 to .99, right 50 % whatever is stated": (
        of(*INSIDE),
        lambda c: 0.5 + 0 * c,
    ),
    ".05 or .95, right 90 % and 10 %": (of(0.05, 0.95), lambda c: np.where(c < 0.5, 0.9, 0.1)),
    "0 or 1, right 50 %": (of(0.0, 1.0), lambda c: 0.5 + 0 * c),
}


def number(x, sign=""):
    return f"{round(x, 4) + 0.0:{sign}.4f}".replace("0.", ".", 1)


def print_cases():
    print("| rows | ECE | `smooth_ece` | relplot | relplot less ours |\n|---|--:|--:|--:|--:|")
    for name, (state, truth) in CASES.items():
        rng = np.random.default_rng(SEED)
        c = state(rng)
        y = (rng.random(N) < truth(c)).astype(int)
        ours, theirs = smooth_ece(c, y), float(smECE(c, y.astype(float)))
        values = [number(x) for x in (ece(c, y), ours, theirs)] + [number(theirs - ours, "+")]
        print(f"| {name} |", " | ".join(values), "|")


def print_inside():
    """Rows that never state 0 or 1, so that only the width of the kernel tells the two apart."""
    rng = np.random.default_rng(SEED)
    worst = {}
    for i in range(SAMPLES):
        n = int(rng.choice([20, 100, 1000, 5000]))
        c = [
            rng.beta(6.0, 1.5, n),
            rng.choice(INSIDE, n),
            rng.uniform(0.01, 0.99, n),
            rng.choice(INSIDE[-4:], n),
            rng.choice([0.05, 0.95], n),
        ][i % 5]
        truth = [
            c,
            c - 0.9 * rng.random(),
            c ** rng.uniform(0.3, 4.0),
            c + rng.uniform(-0.15, 0.15),
            np.full(n, rng.random()),
            c + (1.0 - 2.0 * c) * rng.random(),
        ][rng.integers(6)]
        y = (rng.random(n) < truth).astype(int)
        ours, theirs = smooth_ece(c, y), float(smECE(c, y.astype(float)))
        worst.setdefault(next(x for x in LIMITS if ours < x), []).append(abs(theirs - ours))
    print("| no 0 or 1 stated, value | samples | largest difference |\n|---|--:|--:|")
    for limit, moves in sorted(worst.items()):
        print(f"| below {limit:.2f} | {len(moves)} | {number(max(moves))} |")


if __name__ == "__main__":
    print_cases()
    print_inside()
