"""Point values: known answers, identities, brute force and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from caopd_bench.metrics import (
    METRICS,
    accuracy,
    auroc,
    auroc_within,
    brier,
    confidence_when_wrong,
    corp,
    ece,
    mean_confidence,
    null_ece,
    overconfidence_gap,
    spr,
    tally,
    tie_rate,
    undefined_reason,
)
from caopd_bench.metrics.binning import bin_index

twentieths = st.integers(0, 20).map(lambda k: k / 20)
values = st.one_of(twentieths, st.floats(0.0, 1.0, allow_subnormal=False))
pairs = st.lists(st.tuples(values, st.booleans()), min_size=1, max_size=40)
quick = settings(deadline=None, max_examples=80)


def columns(rows):
    return np.array([c for c, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=int)


@pytest.fixture
def three_values():
    """10 rows at .2 (3 right), 10 at .5 (4 right), 20 at .9 (15 right)."""
    c = np.repeat([0.2, 0.5, 0.9], [10, 10, 20])
    y = np.repeat([1, 0, 1, 0, 1, 0], [3, 7, 4, 6, 15, 5])
    return c, y


def test_known_answers(three_values):
    c, y = three_values
    # |2 - 3| + |5 - 4| + |18 - 15| = 5 of 40 rows.
    assert ece(c, y) == pytest.approx(0.125)
    # (3 * .64 + 7 * .04 + 10 * .25 + 15 * .01 + 5 * .81) / 40
    assert brier(c, y) == pytest.approx(0.2225)
    # 22 right and 18 wrong make 396 pairs: 4 * 7 + 15 * 13 = 223 ranked, 21 + 24 + 75 = 120 tied.
    assert spr(c, y) == pytest.approx(223 / 396)
    assert tie_rate(c, y) == pytest.approx(120 / 396)
    assert auroc(c, y) == pytest.approx(283 / 396)
    assert accuracy(c, y) == pytest.approx(0.55)
    assert mean_confidence(c, y) == pytest.approx(0.625)
    assert overconfidence_gap(c, y) == pytest.approx(0.075)
    # (7 * .2 + 6 * .5 + 5 * .9) / 18
    assert confidence_when_wrong(c, y) == pytest.approx(8.9 / 18)
    # The accuracies .3, .4, .75 increase, so they are the curve: it scores
    # (10 * .21 + 10 * .24 + 20 * .1875) / 40 = .20625, the base rate .55 * .45 = .2475.
    result = corp(c, y)
    assert result[:4] == pytest.approx((0.01625, 0.04125, 0.2475, 0.2225))
    assert result.curve == pytest.approx([0.3, 0.4, 0.75])


def test_published_answers():
    # torchmetrics documentation: (.5 + |2.05 - 3|) / 5
    assert ece([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1], bins=2) == pytest.approx(0.29)
    # scikit-learn's tests: (|1 - 1| + |3 - 4|) / 8, and (1 * 0 + 3 * 1) / 16 with weights 1 and 3
    c, y = [0.25] * 4 + [0.75] * 4, [0, 0, 0, 1, 1, 1, 1, 1]
    assert ece(c, y, bins=2) == pytest.approx(0.125)
    assert ece(tally(c, y, weights=[1] * 4 + [3] * 4), bins=2) == pytest.approx(0.1875)
    # model-diagnostics' tests, from R's reliabilitydiag
    result = corp([0.4, 0.3, 0.2, 0.1, 0.5, 0.9], [0, 0, 0, 1, 1, 1])
    assert result[:4] == pytest.approx((0.1016667, 0.125, 0.25, 0.2266667), abs=1e-7)


def test_bins_are_left_closed_and_the_last_is_closed():
    tenths = np.arange(11) / 10
    assert bin_index(tenths).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    assert bin_index(tenths, edges="paper").tolist() == [0, 1, 2, 2, 4, 5, 5, 6, 8, 9, 9]
    assert ece([0.3, 0.35], [1, 0]) == pytest.approx(0.175)  # one bin: |.65 - 1| / 2
    assert ece([0.3, 0.35], [1, 0], edges="paper") == pytest.approx(0.525)  # (.7 + .35) / 2
    assert ece([0.95, 1.0], [1, 0]) == pytest.approx(0.475)  # 1.0 has no bin of its own
    assert ece([0.5, 0.55], [1, 0]) == pytest.approx(0.025)
    assert ece([0.2, 0.8], [1, 0], bins=1) == pytest.approx(0.0)


def paper_ece(confidence, correct, bins=10):
    """The released formula, row by row: sum_b n_b / N * |conf_b - acc_b|."""
    edges = np.linspace(0, 1, bins + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    rows = [[] for _ in range(bins)]
    for c, y in zip(confidence, correct, strict=True):
        rows[int(np.digitize(c, edges)) - 1].append((c, y))
    return sum(
        len(b) / len(confidence) * abs(np.mean([c for c, _ in b]) - np.mean([y for _, y in b]))
        for b in rows
        if b
    )


def test_paper_edges_reproduce_the_released_formula():
    rng = np.random.default_rng(0)
    edge_cases = np.array([0.3, 0.6, 0.7, 1.0])
    differs = 0
    for _ in range(1000):
        n = int(rng.integers(0, 12))
        c = np.concatenate([edge_cases, rng.integers(0, 21, n) / 20, rng.random(3)])
        y = rng.integers(0, 2, c.size)
        bins = int(rng.choice([5, 10, 15]))
        assert ece(c, y, bins=bins, edges="paper") == pytest.approx(
            paper_ece(c, y, bins), abs=1e-12
        )
        differs += abs(ece(c, y, edges="paper") - ece(c, y)) > 1e-3
    assert differs > 100  # the two readings are not the same thing


@pytest.mark.parametrize("bins", [0, -1, 10.0, True, "10"])
def test_bad_bins_are_named(bins):
    with pytest.raises(ValueError, match="bins must be a positive integer"):
        ece([0.5], [1], bins=bins)


def test_bad_edges_are_named():
    with pytest.raises(ValueError, match='edges must be "exact" or "paper"'):
        ece([0.5], [1], edges="left")


@quick
@given(pairs)
def test_brute_force(rows):
    c, y = columns(rows)
    right, wrong = c[y == 1], c[y == 0]
    bins = [[] for _ in range(10)]
    for confidence, correct in zip(c, y, strict=True):
        bins[min(math.floor(confidence * 10 + 1e-9), 9)].append(confidence - correct)
    loop = sum(abs(sum(b)) for b in bins) / c.size
    assert ece(c, y) == pytest.approx(loop, abs=1e-12)
    assert brier(c, y) == pytest.approx(float(np.mean((c - y) ** 2)), abs=1e-12)
    if right.size and wrong.size:
        snapped = tally(c, y)  # values within 1e-12 of a decimal are one value
        of = dict(zip(snapped.values.tolist(), snapped.values.tolist(), strict=True))
        right, wrong = (
            np.array([min(of, key=lambda v, x=x: abs(v - x)) for x in group])
            for group in (right, wrong)
        )
        above = np.mean(right[:, None] > wrong[None, :])
        tied = np.mean(right[:, None] == wrong[None, :])
        assert spr(c, y) == pytest.approx(above, abs=1e-12)
        assert tie_rate(c, y) == pytest.approx(tied, abs=1e-12)
    else:
        assert all(math.isnan(f(c, y)) for f in (spr, tie_rate, auroc))


@quick
@given(st.lists(st.tuples(st.integers(0, 40).map(lambda k: k / 40), st.booleans()), min_size=2))
def test_equal_to_scikit_learn(rows):
    c, y = columns(rows)
    assert brier(c, y) == pytest.approx(brier_score_loss(y, c, pos_label=1), abs=1e-12)
    if 0 < y.sum() < y.size:
        assert auroc(c, y) == pytest.approx(roc_auc_score(y, c), abs=1e-12)
    pav = IsotonicRegression().fit(c, y).predict(tally(c, y).values)
    assert corp(c, y).curve == pytest.approx(pav, abs=1e-12)


@quick
@given(pairs)
def test_identities(rows):
    c, y = columns(rows)
    t = tally(c, y)
    assert 0.0 <= ece(t) <= 1.0
    assert ece(t) >= abs(overconfidence_gap(t)) - 1e-12
    assert ece(t, bins=1) == pytest.approx(abs(overconfidence_gap(t)), abs=1e-12)
    assert ece(t, bins=20) >= ece(t, bins=10) - 1e-12  # splitting a bin undoes cancellation
    mcb, dsc, unc, score, _, curve = corp(t)
    assert score == pytest.approx(brier(t), abs=1e-12)
    assert mcb - dsc + unc == pytest.approx(score, abs=1e-12)
    assert mcb >= -1e-12
    assert dsc >= -1e-12
    assert unc == pytest.approx(t.accuracy * (1 - t.accuracy), abs=1e-12)
    assert np.all(np.diff(curve) >= 0)
    recalibrated = curve[
        np.searchsorted(t.values, [min(t.values, key=lambda v: abs(v - x)) for x in c])
    ]
    assert corp(recalibrated, y).miscalibration == pytest.approx(0.0, abs=1e-9)
    if t.n_right and t.n_wrong:
        assert auroc(t) == pytest.approx(spr(t) + tie_rate(t) / 2, abs=1e-12)
        swapped = spr(c, 1 - y)
        assert spr(t) + swapped + tie_rate(t) == pytest.approx(1.0, abs=1e-12)
        assert auroc(1 - c, y) == pytest.approx(1 - auroc(t), abs=1e-12)


@quick
@given(pairs, st.integers(2, 5))
def test_repeating_every_row_changes_no_point_value(rows, k):
    c, y = columns(rows)
    for name, metric in METRICS.items():
        once, often = metric.function(c, y), metric.function(np.repeat(c, k), np.repeat(y, k))
        assert often == pytest.approx(once, abs=1e-12, nan_ok=True), name


@quick
@given(st.lists(st.tuples(twentieths, st.booleans()), min_size=1, max_size=40))
def test_ranking_depends_on_the_order_only(rows):
    c, y = columns(rows)
    for increasing in (np.square, np.sqrt, lambda x: 0.1 + 0.8 * x):
        assert np.array_equal(auroc(increasing(c), y), auroc(c, y), equal_nan=True)
        assert np.array_equal(spr(increasing(c), y), spr(c, y), equal_nan=True)


@pytest.mark.parametrize("value", [0.0, 0.3, 0.9, 1.0])
def test_one_stated_value(value):
    c, y = [value] * 10, [1] * 4 + [0] * 6
    assert auroc(c, y) == 0.5
    assert spr(c, y) == 0.0
    assert tie_rate(c, y) == 1.0
    assert ece(c, y) == pytest.approx(abs(value - 0.4))
    assert corp(c, y).discrimination == pytest.approx(0.0)


def test_a_perfect_model():
    c = y = [0, 1, 1, 0]
    assert ece(c, y) == brier(c, y) == 0.0
    assert auroc(c, y) == spr(c, y) == 1.0


def test_one_class_is_undefined_with_a_reason():
    right, wrong = tally([0.9, 0.8], [1, 1]), tally([0.9, 0.8], [0, 0])
    for name in ("auroc", "spr", "tie_rate"):
        label = METRICS[name].label
        for t, kind in ((right, "right"), (wrong, "wrong")):
            assert math.isnan(METRICS[name].function(t))
            reason = f"all answers {kind}: {label} needs right and wrong answers"
            assert undefined_reason(name, t) == reason
    assert math.isnan(confidence_when_wrong(right))
    assert "all answers right" in undefined_reason("confidence_when_wrong", right)
    assert confidence_when_wrong(wrong) == pytest.approx(0.85)
    assert undefined_reason("confidence_when_wrong", wrong) == ""
    for name in ("accuracy", "mean_confidence", "overconfidence_gap", "ece", "brier"):
        for t in (right, wrong):
            assert math.isfinite(METRICS[name].function(t))
            assert undefined_reason(name, t) == ""


def test_one_row():
    assert ece([0.8], [1]) == pytest.approx(0.2)
    assert brier([0.8], [1]) == pytest.approx(0.04)
    assert math.isnan(auroc([0.8], [1]))
    assert corp([0.8], [1])[:4] == pytest.approx((0.04, 0.0, 0.0, 0.04))


def test_every_metric_returns_a_float_and_works_along_the_last_axis(three_values):
    t = tally(*three_values)
    for name, metric in METRICS.items():
        value = metric.function(t)
        assert type(value) is float
        stacked = np.stack([t.right, 2 * t.right]), np.stack([t.wrong, 2 * t.wrong])
        assert metric.cells(t.values, *stacked) == pytest.approx([value, value]), name
    with pytest.raises(ValueError, match="metrics must be among"):
        undefined_reason("f1", t)


# AUROC within groups


def test_auroc_within_counts_pairs_of_one_group_only():
    easy = tally([0.9, 0.8, 0.8], [1, 1, 0])  # 1 ranked + 1 tied of 2 pairs
    hard = tally([0.1, 0.2, 0.3], [1, 0, 0])  # 0 of 2
    only = tally([0.5, 0.6], [1, 1])  # no pair
    assert auroc_within([easy, hard, only]) == pytest.approx((1 + 0.5) / 4)
    assert auroc_within([easy]) == auroc(easy)
    # Saying 0.9 on an easy level and 0.1 on a hard one ranks the pooled rows, not the answers.
    levels = [tally([0.9] * 10, [1] * 9 + [0]), tally([0.1] * 10, [1] + [0] * 9)]
    assert auroc(sum(levels)) == pytest.approx(0.9)
    assert auroc_within(levels) == 0.5
    assert math.isnan(auroc_within([only]))
    for bad in ([], easy, [easy, 1]):
        with pytest.raises(ValueError, match="tallies must"):
            auroc_within(bad)


# The ECE of a calibrated model


def test_null_ece_equals_the_exact_binomial():
    # One value: ECE is |K/n - c| with K ~ Binomial(n, c).
    n, c = 100, 0.5
    pmf = [math.comb(n, k) * c**k * (1 - c) ** (n - k) for k in range(n + 1)]
    mean = sum(p * abs(k / n - c) for k, p in enumerate(pmf))
    null = null_ece(tally([c] * n, [1] * n), replicates=20_000)
    assert null.mean == pytest.approx(mean, rel=0.02)
    assert null.upper == pytest.approx(0.10, abs=0.011)
    assert null_ece(tally([0.0, 1.0], [1, 0])) == (0.0, 0.0)


def test_null_ece_depends_on_what_was_stated_only_and_is_reproducible():
    c = np.repeat([0.2, 0.5, 0.9], [10, 10, 20])
    a, b = tally(c, [1] * 40), tally(c[::-1], [0] * 40)
    assert null_ece(a) == null_ece(b) == null_ece(a, seed=np.random.default_rng(0))
    assert null_ece(a) != null_ece(a, seed=1)
    with pytest.raises(ValueError, match="seed must be an int"):
        null_ece(a, seed=None)
    with pytest.raises(ValueError, match="replicates must be"):
        null_ece(a, replicates=1)
    with pytest.raises(ValueError, match="must not be weighted"):
        null_ece(tally([0.5], [1], weights=[2]))


def test_null_ece_of_continuous_confidences_is_that_of_the_rows():
    rng = np.random.default_rng(3)
    c = rng.beta(6, 1.5, 3000)
    y = rng.random((400, 3000)) < c
    simulated = np.mean([ece(c, row) for row in y])
    assert null_ece(tally(c, y[0])).mean == pytest.approx(simulated, rel=0.06)
