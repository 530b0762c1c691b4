"""Is this perfectly calibrated? The test and the band."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from caopd_bench.metrics import (
    consistency_band,
    consistency_test,
    corp,
    ece,
    reliability_table,
    tally,
)

STATISTICS = ["kuiper", "ece", "chi2", "brier"]
SIMULATE = Path(__file__).parents[2] / "studies" / "metrics" / "simulate_consistency.py"


def overconfident(n=400, gap=0.15, seed=0):
    rng = np.random.default_rng(seed)
    c = rng.choice([0.3, 0.6, 0.8, 0.9, 0.95], n)
    return c, rng.random(n) < c - gap


@pytest.mark.parametrize("statistic", ["kuiper", "ece", "chi2"])
@pytest.mark.parametrize("right", [3, 6, 9, 12])
def test_p_is_that_of_the_exact_binomial_test(statistic, right):
    # One value: each statistic orders the outcomes by |K - n c|.
    n, c = 12, 0.7
    k = np.arange(n + 1)
    extreme = np.abs(k - n * c) >= abs(right - n * c) - 1e-9
    exact = binom.pmf(k, n, c)[extreme].sum()
    test = consistency_test(
        tally([c] * n, [1] * right + [0] * (n - right)), statistic=statistic, replicates=20_000
    )
    assert test.p_value == pytest.approx(exact, abs=0.012)


def test_brier_is_blind_at_one_half_and_kuiper_is_not():
    t = tally([0.5] * 100, [1] * 90 + [0] * 10)
    assert consistency_test(t, statistic="brier").p_value == 1.0
    assert consistency_test(t).p_value < 0.01


def test_kuiper_is_the_largest_gap_of_any_range():
    c, y = overconfident(60)
    values = np.unique(c)
    gaps = [sum(ci - yi for ci, yi in zip(c, y, strict=True) if ci == v) for v in values]
    ranges = [abs(sum(gaps[i:j])) for i in range(5) for j in range(i + 1, 6)]
    assert consistency_test(tally(c, y)).value == pytest.approx(max(ranges) / 60)


def test_ece_is_the_ece():
    t = tally(*overconfident())
    assert consistency_test(t, statistic="ece").value == pytest.approx(ece(t))


@pytest.mark.parametrize("statistic", STATISTICS)
def test_it_tells_overconfident_from_calibrated(statistic):
    c, y = overconfident()
    calibrated = np.random.default_rng(5).random(c.size) < c
    assert consistency_test(tally(c, y), statistic=statistic).p_value < 0.01
    assert consistency_test(tally(c, calibrated), statistic=statistic).p_value > 0.05


@pytest.mark.parametrize("statistic", STATISTICS)
def test_one_impossible_row_is_counted(statistic):
    test = consistency_test(tally([1.0, 1.0, 0.0, 0.5], [1, 0, 1, 1]), statistic=statistic)
    assert test.impossible == 2
    assert test.p_value < 0.01


def test_a_right_row_at_one_is_no_evidence():
    assert consistency_test(tally([1.0] * 5, [1] * 5)).p_value == 1.0


def test_neither_order_nor_the_way_of_counting_matters():
    c, y = overconfident()
    order = np.random.default_rng(1).permutation(c.size)
    label = np.arange(c.size) // 4
    for cluster in (None, label):
        moved = None if cluster is None else cluster[order]
        one = consistency_test(tally(c, y, cluster=cluster))
        assert one == consistency_test(tally(c[order], y[order], cluster=moved))
        assert one == consistency_test(tally(c, y, cluster=cluster), seed=np.random.default_rng(0))


def test_clusters_make_it_careful():
    rng = np.random.default_rng(3)
    c = np.repeat(rng.choice([0.6, 0.8], 40), 8)
    y = np.repeat(rng.random(40) < 0.58, 8)  # 40 questions, right or wrong eight times over
    alone = consistency_test(tally(c, y)).p_value
    together = consistency_test(tally(c, y, cluster=np.repeat(np.arange(40), 8))).p_value
    assert alone < 0.01
    assert together > 5 * alone


def test_few_clusters_have_no_p_value():
    test = consistency_test(tally([0.5] * 58, [0, 1] * 29, cluster=np.arange(58) // 2))
    assert np.isnan(test.p_value)
    assert test.reason == "29 clusters: the test needs 30"
    assert test.value == 0.0


def test_many_distinct_values_are_grouped():
    rng = np.random.default_rng(2)
    c = rng.beta(6, 1.5, 20_000)
    assert consistency_test(tally(c, rng.random(c.size) < c)).p_value > 0.05
    assert consistency_test(tally(c, rng.random(c.size) < c - 0.02)).p_value < 0.01


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"statistic": "hosmer"}, 'one of "kuiper", "ece", "chi2", "brier"'),
        ({"replicates": 0}, "replicates must be"),
        ({"seed": None}, "seed must be an int"),
    ],
)
def test_refused(options, said):
    with pytest.raises(ValueError, match=said):
        consistency_test(tally([0.5, 0.6], [1, 0]), **options)


def test_refused_input():
    with pytest.raises(ValueError, match="must not be weighted"):
        consistency_test(tally([0.5], [1], weights=[2]))
    with pytest.raises(ValueError, match="rejects too often for clusters"):
        consistency_test(tally([0.5, 0.6], [1, 0], cluster=[0, 1]), statistic="chi2")


def test_the_band_of_one_value_is_that_of_the_binomial():
    band = consistency_band(tally([0.7] * 50, [1] * 50), replicates=20_000)
    low, high = binom.ppf([0.025, 0.975], 50, 0.7) / 50
    assert (band.low[0], band.high[0]) == (
        pytest.approx(low, abs=0.021),
        pytest.approx(high, abs=0.021),
    )


def test_the_band_surrounds_the_diagonal_and_rises():
    t = tally(*overconfident())
    band = consistency_band(t)
    assert np.array_equal(band.values, t.values)
    for limit in (band.low, band.high):
        assert (np.diff(limit) >= 0).all()
        assert ((limit >= 0) & (limit <= 1)).all()
    assert (band.low <= band.values).all()
    assert (band.high >= band.values).all()
    wider = consistency_band(t, level=0.99)
    assert ((wider.high - wider.low) >= (band.high - band.low)).all()
    assert (wider.high - wider.low).sum() > (band.high - band.low).sum()


def test_the_band_ignores_what_was_right():
    c, y = overconfident()
    one, other = consistency_band(tally(c, y)), consistency_band(tally(c[::-1], ~y))
    assert all(map(np.array_equal, one, other))


def test_the_curve_of_a_calibrated_model_runs_inside_as_often_as_stated():
    rng = np.random.default_rng(4)
    c = rng.choice([0.3, 0.6, 0.8, 0.9], 300)
    band = consistency_band(tally(c, c > 0.5))
    inside = []
    for _ in range(400):
        curve = corp(tally(c, rng.random(c.size) < c)).curve
        inside.append((curve >= band.low) & (curve <= band.high))
    share = np.mean(inside, axis=0)
    assert (share > 0.92).all()  # pointwise 0.95, and never below by more than chance
    assert (share < 0.99).all()


def test_clusters_widen_the_band():
    rng = np.random.default_rng(3)
    c = np.repeat(rng.choice([0.6, 0.8], 40), 8)
    y = np.repeat(rng.random(40) < 0.7, 8)
    rows = reliability_table(tally(c, y)).band
    alike = reliability_table(tally(c, y, cluster=np.repeat(np.arange(40), 8))).band
    assert ((alike.high - alike.low) > 1.5 * (rows.high - rows.low)).all()


@pytest.mark.slow
@pytest.mark.parametrize("n", [50, 100, 500, 2000])
def test_the_size_is_between_3_and_7_percent(n):
    study = runpy.run_path(str(SIMULATE))
    populations = study["POPULATIONS"]
    sizes = {}
    for name in populations["DISTRIBUTIONS"]:
        population = populations["population"](name, "calibrated")
        rng = np.random.default_rng([7, n])
        sizes[name] = study["rejection_rates"]("rows", population, n, 1000, rng)["kuiper"]
    # Four standard errors of 0.0069 would leave room for 2 to 8 %; what was seen stays inside.
    assert all(0.025 <= size <= 0.07 for size in sizes.values()), sizes


@pytest.mark.slow
@pytest.mark.parametrize("questions", [30, 250])
def test_the_size_with_clusters(questions):
    study = runpy.run_path(str(SIMULATE))
    populations = study["POPULATIONS"]
    for name in ("tied", "two-valued", "continuous"):
        population = populations["population"](name, "calibrated")
        rng = np.random.default_rng([8, questions])
        rates = study["rejection_rates"]("clusters", population, questions, 400, rng)
        assert rates["kuiper"] <= 0.085, (name, rates)  # 7 % and 1.2 standard errors
