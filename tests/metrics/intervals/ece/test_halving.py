"""Halving with guessed points is the bisection, step for step."""

import numpy as np
import pytest

from caopd_bench.metrics import ece_interval, tally
from caopd_bench.metrics.intervals.ece import invert
from caopd_bench.metrics.intervals.ece.drawn import Drawn
from caopd_bench.metrics.intervals.ece.halving import STEPS, first_below


def bisect(holds, low, high):
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


FALLING = {
    "smooth": lambda x: 0.3 - x**3,
    "steps": lambda x: np.sign(0.7123 - x),
    "back and forth": lambda x: np.sin(40.0 * x) + 0.2,
    "never": np.ones_like,
    "always": lambda x: -np.ones_like(x),
    "infinite": lambda x: np.where(x < 0.1, np.inf, -np.inf),
    "flat": np.zeros_like,
}


@pytest.mark.parametrize("name", FALLING)
@pytest.mark.parametrize("guess", [float("nan"), -1.0, 0.0, 0.1, 0.669, 0.9])
@pytest.mark.parametrize("most", [1, 3, STEPS])
def test_a_guess_changes_no_bit(name, guess, most):
    heights = FALLING[name]
    found = first_below(heights, -0.25, 1.1, guess=guess, most=lambda _: most)
    assert found == bisect(lambda x: heights(np.array(x)) <= 0.0, -0.25, 1.1)


def test_good_guesses_take_few_calls():
    calls = []

    def heights(points):
        calls.append(points.size)
        return 0.3 - points**3

    first_below(heights, -0.25, 1.1)
    assert len(calls) <= 8


def draw(rows, seed, clusters):
    rng = np.random.default_rng(seed)
    c = np.round(rng.beta(5, 2, rows), 2)
    y = rng.random(rows) < (0.8 * c if seed % 2 else c)
    return tally(c, y, cluster=rng.integers(0, rows // 2, rows) if clusters else None)


@pytest.mark.parametrize("rows", [5, 20, 300])
@pytest.mark.parametrize("clusters", [False, True])
def test_draws_that_are_left_out_change_no_bit(monkeypatch, rows, clusters):
    """The limits are those of a bisection that looks at every draw at every point."""
    tallies = [draw(rows, seed, clusters) for seed in range(4)]
    fast = [ece_interval(one) for one in tallies]

    def first(drawn, path, low, high, _guess):
        def holds(amount):
            mean = drawn.sign * path(np.array([[amount]]))[0]
            totals = np.abs(drawn.gaps.root(mean) @ drawn.normal + mean[:, None]).sum(axis=0)
            return np.sort(totals)[drawn.rank] <= drawn.bar

        return bisect(holds, low, high)

    monkeypatch.setattr(Drawn, "first", first)
    plain = lambda f, low, high: bisect(lambda x: f(np.array([x])) <= 0.0, low, high)  # noqa: E731
    monkeypatch.setattr(invert, "first_below", plain)
    assert repr([ece_interval(one) for one in tallies]) == repr(fast)
