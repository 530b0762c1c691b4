"""The interval of the ECE by test inversion, for independent rows and for clusters."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import bootstrap, ece, ece_interval, tally
from caopd_bench.metrics.intervals.bootstrap import resample

STATED = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0])
SHARE = np.array([2, 1, 2, 3, 3, 8, 6, 9, 6, 13, 10, 17, 13, 7]) / 100
SIMULATE = Path(__file__).parents[2] / "studies" / "metrics" / "simulate_ece.py"


def draw(rng, n, truth):
    c = rng.choice(STATED, n, p=SHARE)
    return tally(c, rng.random(n) < truth(c))


def calibrated(c):
    return c


def overconfident(c):
    return np.maximum(c - 0.2, 0.0)


@pytest.fixture
def typical():
    return draw(np.random.default_rng(1), 300, overconfident)


@pytest.mark.parametrize("truth", [calibrated, overconfident])
def test_it_covers(truth):
    bins = np.minimum(np.floor(STATED * 10 + 1e-9).astype(int), 9)
    target = np.abs(np.bincount(bins, weights=SHARE * (STATED - truth(STATED)))).sum()
    rng = np.random.default_rng(7)
    intervals = [ece_interval(draw(rng, 100, truth)) for _ in range(80)]
    assert np.mean([i.low <= target <= i.high for i in intervals]) >= 0.90
    assert np.mean([i.high - i.low for i in intervals]) < 0.22
    debiased = np.mean([i.debiased for i in intervals])
    assert abs(debiased - target) < 0.03
    assert abs(debiased - target) < abs(np.mean([i.estimate for i in intervals]) - target) + 0.005


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 20).map(lambda k: k / 20), st.booleans()), min_size=1, max_size=60
    ),
    st.randoms(use_true_random=False),
)
def test_it_holds_both_estimates_whatever_the_order_of_the_rows(rows, random):
    c, y = zip(*rows, strict=True)
    i = ece_interval(tally(c, y))
    assert i.estimate == ece(c, y)
    assert 0.0 <= i.low <= i.debiased <= i.estimate <= i.high <= 1.0
    assert i.high > 0.0
    shuffled = random.sample(rows, len(rows))
    assert ece_interval(tally(*zip(*shuffled, strict=True))) == i


def test_it_agrees_with_the_study():
    # research/intervals.md section 7 with its own Sobol scrambling, so to Monte Carlo accuracy.
    c = np.repeat([0.2, 0.5, 0.9], [10, 10, 20])
    y = np.repeat([1, 0, 1, 0, 1, 0], [3, 7, 4, 6, 15, 5])
    i = ece_interval(tally(c, y))
    assert (i.low, i.high) == pytest.approx((0.0, 0.2564), abs=4e-3)
    assert i.debiased == pytest.approx(0.0771595, abs=1e-6)  # closed form, no draws
    i = ece_interval(tally([0.9] * 100, [1] * 60 + [0] * 40))
    assert (i.low, i.high) == pytest.approx((0.2093, 0.3977), abs=4e-3)


def test_at_exact_calibration_it_starts_at_zero_and_has_a_length():
    # Two bins of half a million rows with a total of exactly 0 once gave [0, 0].
    c = np.repeat([0.25, 0.75], 500_000)
    y = np.concatenate([np.arange(500_000) < 125_000, np.arange(500_000) < 375_000])
    i = ece_interval(tally(c, y))
    assert (i.estimate, i.debiased, i.low) == (0.0, 0.0, 0.0)
    assert 0.0010 < i.high < 0.0015


@pytest.mark.parametrize(("c", "y"), [([0.7], [1]), ([1.0], [0]), ([1.0] * 9, [1] * 9)])
def test_a_few_rows_still_have_an_interval(c, y):
    i = ece_interval(tally(c, y))
    assert i.n == len(c)
    assert 0.0 <= i.low <= i.estimate <= i.high <= 1.0
    assert i.high > i.low


def test_two_rows_on_both_sides_do_not_leave_the_range():
    # Each bin may hold more rows than it shows; their sum once came to 1.02.
    assert ece_interval(tally([0.0, 0.1], [1, 0])).high <= 1.0


def test_bins_edges_and_level(typical):
    assert ece_interval(typical, bins=5).estimate == ece(typical, bins=5)
    assert ece_interval(typical, edges="paper").estimate == ece(typical, edges="paper")
    narrow, wide = ece_interval(typical, level=0.8), ece_interval(typical, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    with pytest.raises(ValueError, match=r"level must be between 0 and 1, got 95; .* write 0.95"):
        ece_interval(typical, level=95)
    with pytest.raises(ValueError, match="must not be weighted"):
        ece_interval(tally([0.5, 0.6], [1, 0], weights=[1, 2]))


def test_the_standard_error_is_near_that_of_the_bootstrap():
    t = draw(np.random.default_rng(2), 2000, lambda c: np.maximum(c - 0.3, 0))
    closed = ece_interval(t)
    assert closed.standard_error == pytest.approx(
        resample(t, metrics=["ece"])["ece"].std(), rel=0.1
    )
    assert bootstrap(t, metrics=["ece"])["ece"] == closed


def test_continuous_confidences_fall_into_bins():
    rng = np.random.default_rng(3)
    c = rng.beta(6, 1.5, 3000)
    i = ece_interval(tally(c, rng.random(c.size) < c - 0.1))
    assert i.low < 0.1 < i.high
    assert i.high - i.low < 0.05


# Clusters


def questions(n=60, samples=8, seed=0):
    rng = np.random.default_rng(seed)
    c = np.repeat(rng.choice([0.6, 0.8, 0.9], n), samples)
    return c, np.repeat(rng.random(n) < 0.6, samples), np.repeat(np.arange(n), samples)


def test_clusters_of_one_row_are_rows():
    rng = np.random.default_rng(1)
    c = rng.choice(STATED, 300, p=SHARE)
    y = rng.random(300) < overconfident(c)
    assert ece_interval(tally(c, y, cluster=np.arange(300))) == ece_interval(tally(c, y))


def test_rows_that_are_all_alike_are_worth_one():
    c, y, question = questions()
    alike = ece_interval(tally(c, y, cluster=question))
    one_each = ece_interval(tally(c[::8], y[::8]))
    ignored = ece_interval(tally(c, y))
    assert alike.method == "cluster inversion"
    assert alike.estimate == one_each.estimate == ignored.estimate
    width = [i.high - i.low for i in (alike, one_each, ignored)]
    assert 0.9 < width[0] / width[1] < 1.25
    assert width[0] > 2 * width[2]


def test_independent_samples_are_hardly_penalised():
    rng = np.random.default_rng(5)
    c = rng.choice([0.6, 0.8, 0.9], 800)
    y = rng.random(800) < c - 0.2
    rows, clustered = (
        ece_interval(t) for t in (tally(c, y), tally(c, y, cluster=np.arange(800) // 8))
    )
    assert clustered.high - clustered.low == pytest.approx(rows.high - rows.low, rel=0.2)


def test_clusters_do_not_depend_on_the_order_of_rows_or_labels():
    c, y, question = questions()
    order = np.random.default_rng(2).permutation(c.size)
    renamed = np.random.default_rng(3).permutation(60)[question]
    one = ece_interval(tally(c, y, cluster=question))
    assert ece_interval(tally(c[order], y[order], cluster=question[order])) == one
    other = ece_interval(tally(c, y, cluster=renamed))
    assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=1e-9)


def test_one_or_two_clusters_have_no_interval():
    for n in (1, 2):
        c, y, question = questions(n)
        i = ece_interval(tally(c, y, cluster=question))
        assert i.reason == f"as good as {n} clusters: no interval"
        assert np.isnan([i.low, i.high, i.debiased, i.standard_error]).all()
        assert i.estimate == ece(c, y)


def test_a_cluster_of_nearly_all_rows_counts_as_what_it_is():
    c, y, question = questions(40)
    i = ece_interval(tally(c, y, cluster=np.minimum(question, 1)))
    assert i.reason.startswith("as good as 1")


# Coverage: subsets of what docs/metrics/calibration.md reports


@pytest.mark.slow
@pytest.mark.parametrize("n", [50, 100, 500, 2000])
def test_it_covers_in_every_cell(n):
    study = runpy.run_path(str(SIMULATE))
    short, widths = {}, []
    for population in study["POPULATIONS"]["populations"]():
        cell = study["study_rows"](population, n, 100, np.random.default_rng([3, n]))
        if cell["coverage"] < 0.90:
            # With 48 cells of 100 samples some fall short by chance: look again at those.
            cell = study["study_rows"](population, n, 600, np.random.default_rng([4, n]))
            if cell["coverage"] < 0.90:
                short[population.name] = cell["coverage"]
        if cell["normal_coverage"] >= 0.93:
            widths.append(cell["width"] / cell["normal_width"])
    assert not short
    if n >= 500:  # below, the other interval hardly covers anywhere: nothing to compare with
        assert np.median(widths) <= 1.3


@pytest.mark.slow
def test_it_covers_clusters_where_ignoring_them_does_not():
    study = runpy.run_path(str(SIMULATE))
    ignored = []
    for name in ("tied", "two-valued", "continuous"):
        for truth in ("strongly over", "sign-crossing"):
            population = study["POPULATIONS"]["population"](name, truth)
            cell = study["study_clusters"](population, 60, 100, np.random.default_rng(4))
            assert cell["coverage"] >= 0.88, (population.name, cell)
            ignored.append(cell["ignored_coverage"])
    assert np.median(ignored) < 0.85
