"""Intervals at the boundary: coverage where percentiles fail, and never a zero width."""

import math

import numpy as np
import pytest

from caopd_bench.metrics import (
    METRICS,
    bootstrap,
    bootstrap_within,
    proportion_interval,
    resample,
    tally,
)
from caopd_bench.metrics.metric_parts import Folded
from caopd_bench.metrics.points.means import gap_limits
from caopd_bench.metrics.points.proper_scores import brier_limits

SATURATED = (np.array([0.6, 0.8, 0.95, 1.0]), np.array([0.03, 0.04, 0.90, 0.03]))
TWO = (np.array([0.5, 0.9]), np.array([0.3, 0.7]))


def never(c):
    return np.full_like(c, 0.02)


def rarely(c):
    return np.full_like(c, 0.05)


def almost_always(c):
    return np.full_like(c, 0.98)


def separating(c):
    return np.where(c >= 0.85, 0.97, 0.05)


def tallies(stated, truth, n, count=400):
    rng = np.random.default_rng(3)
    values, share = stated
    for _ in range(count):
        c = rng.choice(values, n, p=share)
        yield tally(c, rng.random(n) < truth(c))


def coverage(limits_of, target, samples):
    limits = [limits_of(t) for t in samples]
    return np.mean([low - 1e-9 <= target <= high + 1e-9 for low, high in limits])


# Coverage. Percentiles cover 0.59 to 0.73 of the time in these cells with 20 rows.


@pytest.mark.parametrize("n", [20, 100])
@pytest.mark.parametrize("truth", [never, rarely, almost_always])
def test_gap_and_brier_limits_cover_at_the_boundary(truth, n):
    values, share = SATURATED
    a = truth(values)
    samples = list(tallies(SATURATED, truth, n))
    assert coverage(gap_limits, (share * (values - a)).sum(), samples) >= 0.9
    score = (share * (a * (1 - values) ** 2 + (1 - a) * values**2)).sum()
    assert coverage(brier_limits, score, samples) >= 0.92


@pytest.mark.parametrize(("stated", "n"), [(TWO, 50), (SATURATED, 500)])
@pytest.mark.parametrize("name", ["auroc", "spr", "tie_rate"])
def test_ranking_limits_cover_where_answers_are_nearly_separated_or_tied(name, stated, n):
    values, share = stated
    a = separating(values)
    exact = tally(
        np.concatenate([values, values]),
        [1] * values.size + [0] * values.size,
        weights=np.concatenate([share * a, share * (1 - a)]),
    )
    samples = [t for t in tallies(stated, separating, n, 200) if t.n_right and t.n_wrong]
    target = METRICS[name].function(exact)
    assert coverage(lambda t: METRICS[name].interval.limits(t, 0.95), target, samples) >= 0.90


# Limits at the boundary


def test_the_gap_of_one_stated_value_is_the_mirrored_wilson_interval():
    for right in (0, 1, 7, 20):
        low, high = gap_limits(tally([0.95] * 20, [1] * right + [0] * (20 - right)))
        share = proportion_interval(right, 20)
        assert (low, high) == pytest.approx((0.95 - share.high, 0.95 - share.low), abs=1e-12)


def test_all_wrong_all_right_and_perfect_separation_have_a_width():
    wrong, right = tally([0.95] * 20, [0] * 20), tally([0.95] * 20, [1] * 20)
    i, j = bootstrap(wrong), bootstrap(right)
    assert (i["overconfidence_gap"].low, i["overconfidence_gap"].high) == pytest.approx(
        (0.789, 0.95), abs=1e-3
    )
    assert (j["overconfidence_gap"].low, j["overconfidence_gap"].high) == pytest.approx(
        (-0.05, 0.111), abs=1e-3
    )
    for k in (i, j):
        for name in ("brier", "log_score", "accuracy", "uncertainty"):
            assert k[name].low < k[name].high
            assert math.isnan(k[name].standard_error)
    separated = bootstrap(tally([0.9] * 10 + [0.5] * 10, [1] * 10 + [0] * 10))
    for name in ("auroc", "spr"):
        assert (separated[name].estimate, separated[name].high) == (1.0, 1.0)
        assert 0.6 < separated[name].low < 0.9
        assert math.isnan(separated[name].standard_error)
    assert separated["tie_rate"].low == 0.0 < separated["tie_rate"].high


def test_perfectly_separated_groups_have_a_width():
    i = bootstrap_within([tally([0.9] * 20 + [0.5] * 20, [1] * 20 + [0] * 20)] * 2)
    assert (i.estimate, i.high, i.reason) == (1.0, 1.0, "")
    assert 0.9 < i.low < 1.0
    assert math.isnan(i.standard_error)


def test_one_group_is_the_auroc():
    rng = np.random.default_rng(2)
    c = rng.choice(np.arange(11) / 10, 300)
    t = tally(c, rng.random(300) < c)
    plain, within = bootstrap(t, metrics=["auroc"])["auroc"], bootstrap_within([t])
    assert within.estimate == plain.estimate
    assert within.standard_error == pytest.approx(plain.standard_error, rel=1e-9)
    assert (within.low, within.high) == pytest.approx((plain.low, plain.high), abs=2e-3)


def test_limits_are_in_line_with_percentiles_away_from_the_boundary():
    rng = np.random.default_rng(0)
    c = rng.choice(np.arange(1, 20) / 20, 2000)
    t = tally(c, rng.random(2000) < 0.2 + 0.6 * c)
    draws = resample(t, replicates=2000)
    for name, i in bootstrap(t).items():
        if name in ("ece", "ece_l2", "over_ece", "tie_rate", "saturation"):
            continue  # biased, wide by design, or nothing saturated
        if isinstance(METRICS[name].interval, Folded):
            continue  # biased
        low, high = np.quantile(draws[name], [0.025, 0.975])
        width = high - low
        assert i.low == pytest.approx(low, abs=0.12 * width), name
        assert i.high == pytest.approx(high, abs=0.12 * width), name
