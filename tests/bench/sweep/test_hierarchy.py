"""The hierarchical bootstrap: its metrics are the metrics, and its intervals cover."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import (
    auroc,
    auroc_within,
    brier,
    ece,
    overconfidence_gap,
    spr,
    tally,
)
from caopd_bench.metrics.intervals.over_bases import find_limits, find_slope
from caopd_bench.metrics.intervals.over_seeds import (
    Answers,
    draw_items,
    draw_seeds,
    mean_over_seeds,
    replicate_metrics,
)

METRICS = {
    "ece": ece,
    "brier": brier,
    "auroc": auroc,
    "spr": spr,
    "overconfidence_gap": overconfidence_gap,
}
ANSWERS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 100)), st.integers(0, 1), st.integers(-1, 3)),
    min_size=1,
    max_size=60,
)


def _answers(rows):
    stated = [math.nan if c is None else c / 100 for c, _, _ in rows]
    right = np.array([float(y) for _, y, _ in rows])
    return Answers(np.array(stated), right, np.array([level for *_, level in rows]))


@settings(max_examples=150, deadline=None)
@given(ANSWERS)
def test_as_observed_they_are_the_metrics(pairs):
    answers = _answers(pairs)
    made = replicate_metrics(answers, np.ones((1, len(pairs))))
    parsed = [(c / 100, y) for c, y, _ in pairs if c is not None]
    assert made["accuracy"][0] == pytest.approx(np.mean([y for _, y, _ in pairs]))
    assert made["parse_rate"][0] == pytest.approx(len(parsed) / len(pairs))
    for name, metric in METRICS.items():
        expected = metric(*zip(*parsed, strict=True)) if parsed else math.nan
        assert made[name][0] == pytest.approx(expected, abs=1e-12, nan_ok=True), name


@settings(max_examples=150, deadline=None)
@given(ANSWERS)
def test_the_auroc_within_a_level_is_the_metric_of_that_name(rows):
    made = replicate_metrics(_answers(rows), np.ones((1, len(rows))))["auroc_within_level"][0]
    levels = {}
    for c, y, level in rows:
        if c is not None and level >= 0:
            levels.setdefault(level, []).append((c / 100, y))
    tallies = [tally(*zip(*answers, strict=True)) for answers in levels.values()]
    expected = auroc_within(tallies) if tallies else math.nan
    assert made == pytest.approx(expected, abs=1e-12, nan_ok=True)
    without = Answers(*_answers(rows)[:2])
    assert math.isnan(replicate_metrics(without, np.ones((1, len(rows))))["auroc_within_level"][0])


@pytest.mark.parametrize("shares", [(0.2, 0.6), (0.1, 0.9), (0.4, 0.95), (0.05, 0.3, 0.8)])
def test_at_matched_accuracy_only_the_confidence_counts(shares):
    """However good a model is: 1/2 if it is always sure, 0 if each level's number is its share."""
    levels = np.repeat(np.arange(len(shares)), 200)
    right = np.concatenate([(np.arange(200) < 200 * share).astype(float) for share in shares])
    weights = draw_items(len(right), 20, np.random.default_rng(0))
    made = replicate_metrics(Answers(np.ones(len(right)), right, levels), weights)
    assert made["matched_gap"] == pytest.approx(0.5)
    calibrated = np.asarray(shares)[levels]
    one = np.ones((1, len(right)))
    assert replicate_metrics(Answers(calibrated, right, levels), one)["matched_gap"] == (
        pytest.approx(0.0, abs=1e-12)
    )
    shifted = replicate_metrics(Answers(calibrated + 0.05, right, levels), one)
    assert shifted["matched_gap"] == pytest.approx(0.05)


def test_matched_accuracy_by_hand():
    """Two levels are weighted equally far from one half: the gap is their plain mean."""
    levels = np.repeat([0, 1], [100, 300])
    right = np.r_[np.arange(100) < 20, np.arange(300) < 240].astype(float)
    stated = np.where(levels == 0, 0.7, 0.9)
    made = replicate_metrics(Answers(stated, right, levels), np.ones((1, 400)))
    assert made["matched_gap"] == pytest.approx((0.7 + 0.9) / 2 - 0.5)


@pytest.mark.parametrize("shares", [(0.6, 0.9), (0.1, 0.4), (1.0, 1.0)])
def test_what_no_weighting_can_match_is_undefined(shares):
    """All levels are above one half, or none."""
    levels = np.repeat([0, 1], 100)
    right = np.concatenate([(np.arange(100) < 100 * share).astype(float) for share in shares])
    one = np.ones((1, 200))
    assert math.isnan(replicate_metrics(Answers(right, right, levels), one)["matched_gap"][0])
    assert math.isnan(replicate_metrics(Answers(right, right), one)["matched_gap"][0])


@settings(max_examples=50, deadline=None)
@given(ANSWERS, st.integers(0, 5))
def test_a_replicate_is_the_metric_of_the_drawn_items(pairs, seed):
    answers, n = _answers(pairs), len(pairs)
    weights = draw_items(n, 3, np.random.default_rng(seed))
    made = replicate_metrics(answers, weights)
    for row in range(1, 4):
        drawn = np.repeat(np.arange(n), weights[row].astype(int))
        again = Answers(*(column[drawn] for column in answers))
        expected = replicate_metrics(again, np.ones((1, n)))
        for name, values in made.items():
            assert values[row] == pytest.approx(expected[name][0], abs=1e-12, nan_ok=True), name


def test_means_over_seeds_follow_the_draws():
    values = np.arange(2 * 3 * 4, dtype=float).reshape(2, 3, 4)
    draws = draw_seeds(2, 3, 3, np.random.default_rng(0))
    made = mean_over_seeds(values, draws)
    assert made[0] == values[:, :, 0].mean()
    for r in range(3):
        chosen = [
            values[base, seed, r + 1]
            for base, seeds in zip(draws.bases[r], draws.seeds[r], strict=True)
            for seed in seeds
        ]
        assert made[r + 1] == pytest.approx(np.mean(chosen))


def _study(rng, bases, seeds, items, spread):
    """Draw a study whose mean accuracy is .6: bases differ, seeds differ, items differ."""
    easy = rng.normal(0, 0.1, items)
    base = rng.normal(0, spread, bases)
    share = 0.6 + base[:, None, None] + rng.normal(0, 0.02, (bases, seeds, 1)) + easy
    return (rng.random((bases, seeds, items)) < np.clip(share, 0, 1)).astype(float)


@pytest.mark.parametrize(
    ("bases", "spread", "bounds"), [(12, 0.05, (0.9, 1)), (3, 0.1, (0.7, 0.9))]
)
def test_the_limits_cover_what_the_docs_say(bases, spread, bounds):
    """Many bases: the bootstrap covers. Three that differ: less (docs/sweep.md); Student's do."""
    rng, hits, hits_t, studies = np.random.default_rng(7), 0, 0, 200
    for _ in range(studies):
        correct = _study(rng, bases, 3, 200, spread)
        weights = draw_items(200, 300, rng)
        values = np.stack([[weights @ cell / 200 for cell in seeds] for seeds in correct])
        made = mean_over_seeds(values, draw_seeds(bases, 3, 300, rng))
        limits = find_limits(made, values.mean(1), 0.95)
        hits += limits.low_bootstrap <= 0.6 <= limits.high_bootstrap
        hits_t += limits.low <= 0.6 <= limits.high
    assert bounds[0] <= hits / studies <= bounds[1]
    assert hits_t / studies >= 0.88


def test_the_limits_of_an_ece_are_about_its_estimate():
    """Drawn items make an ECE larger: percentiles alone would lie above the estimate."""
    rng, hits, studies = np.random.default_rng(11), 0, 100
    for _ in range(studies):
        stated = rng.choice([0.3, 0.5, 0.7, 0.9], 400)
        weights = draw_items(400, 300, rng)
        cells = [(rng.random(400) < stated - 0.15).astype(float) for _ in range(6)]
        values = np.stack(
            [[replicate_metrics(Answers(stated, cell), weights)["ece"]] for cell in cells]
        )
        made = mean_over_seeds(values, draw_seeds(6, 1, 300, rng))
        limits = find_limits(made, values.mean(1), 0.95)
        assert limits.low_bootstrap < limits.estimate < limits.high_bootstrap
        hits += limits.low_bootstrap <= 0.15 <= limits.high_bootstrap
    assert hits / studies >= 0.85


def test_a_difference_within_a_replicate_is_narrower_than_of_two_studies():
    rng = np.random.default_rng(3)
    confidence = np.full(400, 0.9)
    a = (rng.random(400) < 0.6).astype(float)
    b = np.where(rng.random(400) < 0.1, 1 - a, a)
    weights = draw_items(400, 500, rng)
    one = replicate_metrics(Answers(confidence, a), weights)["accuracy"]
    other = replicate_metrics(Answers(confidence, b), weights)["accuracy"]
    apart = replicate_metrics(Answers(confidence, b), draw_items(400, 500, rng))["accuracy"]
    assert (one - other)[1:].std() < 0.6 * (one - apart)[1:].std()


def test_undefined_stays_undefined():
    limits = find_limits(np.full(10, math.nan), np.full((2, 10), math.nan), 0.95)
    assert all(math.isnan(value) for value in limits)
    nothing = replicate_metrics(Answers(np.array([math.nan]), np.array([1.0])), np.ones((2, 1)))
    assert nothing["accuracy"].tolist() == [1.0, 1.0]
    assert all(math.isnan(v) for v in nothing["ece"])


def test_the_slope_is_that_of_a_line():
    sizes = [10.0**x for x in (3, 4, 5, 6)]
    means = [np.full(3, 0.3 - 0.05 * x) for x in (3, 4, 5, 6)]
    limits, intercept = find_slope(sizes, means, [np.stack([m, m]) for m in means], 0.95)
    assert limits.estimate == pytest.approx(-0.05)
    assert intercept == pytest.approx(0.3)
    # No scatter of items or bases: both kinds of limits are the estimate.
    assert limits[1:] == pytest.approx([-0.05] * 4)


def test_the_limits_of_a_slope_cover_when_bases_scatter_more_at_some_sizes():
    """Four sizes with three bases each, as in a sweep; items do not scatter."""
    rng, x = np.random.default_rng(5), np.array([4.0, 4.5, 5.0, 5.8])
    sizes, scatter, held = list(10.0**x), np.array([0.1, 0.02, 0.02, 0.05]), 0
    studies = 400
    for _ in range(studies):
        drawn = 0.2 - 0.05 * x[:, None] + scatter[:, None] * rng.normal(size=(4, 3))
        by_base = [np.repeat(values[:, None], 3, axis=1) for values in drawn]
        means = [values.mean(0) for values in by_base]
        limits, _ = find_slope(sizes, means, by_base, 0.95)
        held += limits.low <= -0.05 <= limits.high
    assert 0.92 < held / studies < 0.995
