"""What must hold for any rows: properties 1 to 12, 14 to 16 and 18 of research/metrics.md.

Smooth ECE and the selective metrics have theirs beside them, the bootstrap too.
"""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from caopd_bench.metrics import (
    METRICS,
    auprc,
    auroc,
    brier,
    corp,
    ece,
    log_score,
    murphy,
    over_ece,
    overconfidence_gap,
    spr,
    tally,
    tie_rate,
)

STRATEGIES = ("width", "mass", "value", "sweep")
decimals = st.one_of(
    st.integers(0, 20).map(lambda k: k / 20), st.integers(0, 1000).map(lambda k: k / 1000)
)
values = st.one_of(decimals, st.floats(0.0, 1.0, allow_subnormal=False))


def rows_of(confidences, max_size=40):
    return st.lists(st.tuples(confidences, st.booleans()), min_size=1, max_size=max_size)


some = settings(deadline=None, max_examples=50)


def columns(rows):
    return np.array([c for c, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=int)


def everything(t):
    """Every point value there is, by name."""
    found = {name: metric.function(t) for name, metric in METRICS.items()}
    for strategy in STRATEGIES:
        found[f"over {strategy}"] = over_ece(t, strategy=strategy)
        for norm in ("l1", "l2", "max"):
            found[f"{strategy} {norm}"] = ece(t, strategy=strategy, norm=norm)
        for part, value in murphy(t, strategy=strategy)._asdict().items():
            found[f"{strategy} {part}"] = value
    found["paper"] = ece(t, edges="paper")
    found["auprc wrong"] = auprc(t, positive="wrong")
    for part, value in corp(t)._asdict().items():
        found[f"corp {part}"] = value
    return found


def same_bits(a, b):
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a) and len(a) == len(b)


@some
@given(rows_of(values), st.randoms(use_true_random=False))
def test_1_the_order_of_the_rows_changes_no_bit(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert same_bits(everything(tally(*columns(rows))), everything(tally(*columns(shuffled))))


@some
@given(rows_of(values), st.integers(2, 5))
def test_2_repeating_every_row_changes_no_point_value(rows, k):
    c, y = columns(rows)
    once, often = everything(tally(c, y)), everything(tally(np.repeat(c, k), np.repeat(y, k)))
    for name in set(once) - {"aurc", "eaurc"}:  # sums over the first row, the first two, ...
        value = once[name]
        assert often[name] == pytest.approx(value, abs=1e-7, nan_ok=True), name


@some
@given(rows_of(values), rows_of(values))
def test_3_shards_add_up(a, b):
    apart = tally(*columns(a)) + tally(*columns(b))
    assert same_bits(everything(apart), everything(tally(*columns(a + b))))


@settings(deadline=None, max_examples=15)
@given(rows_of(decimals))
def test_4_dtype_and_memory_layout_change_no_bit(rows):
    c, y = columns(rows)
    wide = np.column_stack([c, c[::-1]])
    inputs = [
        (c.tolist(), y.tolist()),
        (c.astype(np.float32), y.astype(bool)),
        (c.astype(">f8"), y.astype(">i2")),
        (c.astype(">f4"), y.astype(np.uint8)),
        (c.astype(object), y.astype(object)),
        (np.repeat(c, 3)[::3], np.repeat(y, 2)[::2]),
        (np.repeat(c.astype(np.float32), 3)[::3], y.astype(float)),
        (wide[:, 0], y.astype(np.float32)),
        (np.asfortranarray(wide)[::-1, 1], y),
        (c[::-1].copy()[::-1], y[::-1].copy()[::-1]),
    ]
    expected = everything(tally(c, y))
    for confidence, correct in inputs:
        assert same_bits(everything(tally(confidence, correct)), expected)
    for name, metric in METRICS.items():  # the public functions take the arrays as they are
        for confidence, correct in inputs:
            assert np.array_equal(metric.function(confidence, correct), expected[name], True)


@some
@given(st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=1, max_size=20))
def test_4_integers_are_numbers_too(rows):
    c, y = columns(rows)
    assert same_bits(everything(tally(c.astype(int), y)), everything(tally(c, y)))


@some
@given(rows_of(values), st.integers(1, 15))
def test_5_norms_and_bounds(rows, bins):
    t = tally(*columns(rows))
    for strategy in STRATEGIES:
        l1, l2, top = (
            ece(t, bins=bins, strategy=strategy, norm=norm) for norm in ("l1", "l2", "max")
        )
        assert abs(overconfidence_gap(t)) - 1e-12 <= l1
        assert 0.0 <= l1 <= l2 + 1e-9
        assert l2 <= top + 1e-9
        assert top <= 1.0 + 1e-12
        assert ece(t, bins=bins, strategy=strategy, norm="l2", debias=True) <= l2
        assert -1e-12 <= over_ece(t, bins=bins, strategy=strategy) <= l1 + 1e-12
    for strategy in ("width", "mass"):
        single = ece(t, bins=1, strategy=strategy)
        assert single == pytest.approx(abs(overconfidence_gap(t)), abs=1e-12)


@some
@given(rows_of(values))
def test_6_finer_nested_bins_never_lower_the_ece(rows):
    t = tally(*columns(rows))
    finest = ece(t, strategy="value")
    for strategy in ("width", "mass"):
        coarse, fine = (ece(t, bins=bins, strategy=strategy) for bins in (10, 20))
        assert coarse <= fine + 1e-12
        assert fine <= finest + 1e-12
    assert ece(t, strategy="sweep") <= finest + 1e-12


@some
@given(rows_of(values))
def test_7_corp_adds_up(rows):
    t = tally(*columns(rows))
    mcb, dsc, unc, score, _, _ = corp(t)
    assert score == brier(t)
    assert mcb - dsc + unc == pytest.approx(score, abs=1e-12)
    assert mcb >= -1e-12
    assert -1e-12 <= dsc <= unc + 1e-12
    assert unc == pytest.approx(t.accuracy * (1 - t.accuracy), abs=1e-12)


@some
@given(rows_of(values))
def test_8_murphy_with_a_bin_for_each_value_sums_to_brier(rows):
    t = tally(*columns(rows))
    m = murphy(t, strategy="value")
    assert m.reliability - m.resolution + m.uncertainty == pytest.approx(brier(t), abs=1e-12)


@some
@given(rows_of(decimals))
def test_9_recalibrated_confidence_is_calibrated(rows):
    c, y = columns(rows)
    t = tally(c, y)
    curve = corp(t).curve
    assert np.all(np.diff(curve) >= 0)
    recalibrated = curve[np.searchsorted(t.values, c)]
    again = corp(recalibrated, y)
    assert again.miscalibration == pytest.approx(0.0, abs=1e-9)
    assert again.discrimination == pytest.approx(corp(t).discrimination, abs=1e-9)
    # Snapping thirds to printed decimals is the only thing that a second pass changes.
    assert np.unique(again.curve) == pytest.approx(np.unique(again.values), abs=1e-9)
    assert ece(recalibrated, y, strategy="value") == pytest.approx(0.0, abs=1e-9)


@some
@given(rows_of(st.integers(0, 20).map(lambda k: k / 20)))
def test_10_ranking_depends_on_the_order_only(rows):
    c, y = columns(rows)
    for increasing in (np.square, np.sqrt, lambda x: 0.1 + 0.8 * x):
        for metric in (auroc, spr, tie_rate, auprc):
            assert np.array_equal(metric(increasing(c), y), metric(c, y), equal_nan=True)
        assert corp(increasing(c), y).discrimination == corp(c, y).discrimination
    assert auroc(1 - c, y) == pytest.approx(1 - auroc(c, y), abs=1e-12, nan_ok=True)


@some
@given(rows_of(values))
def test_11_pairs_are_ranked_swapped_or_tied(rows):
    c, y = columns(rows)
    assume(0 < y.sum() < y.size)
    assert spr(c, y) + spr(c, 1 - y) + tie_rate(c, y) == pytest.approx(1.0, abs=1e-12)
    assert auroc(c, y) == pytest.approx(spr(c, y) + tie_rate(c, y) / 2, abs=1e-12)
    assert spr(c, y) <= auroc(c, y)


@some
@given(values, st.integers(0, 20), st.integers(0, 20))
def test_12_one_stated_value_ranks_nothing(value, right, wrong):
    assume(right + wrong > 0)
    t = tally([value] * (right + wrong), [1] * right + [0] * wrong)
    assert corp(t).discrimination == 0.0
    if right and wrong:
        assert (auroc(t), spr(t), tie_rate(t)) == (0.5, 0.0, 1.0)


@some
@given(rows_of(values, max_size=20))
def test_14_brute_force(rows):
    c, y = columns(rows)
    bins = [[] for _ in range(10)]
    for confidence, correct in rows:
        bins[min(math.floor(confidence * 10 + 1e-9), 9)].append(confidence - correct)
    loop = sum(abs(sum(b)) for b in bins) / c.size
    assert ece(c, y) == pytest.approx(loop, abs=1e-12)
    assert brier(c, y) == pytest.approx(float(np.mean((c - y) ** 2)), abs=1e-12)
    if 0 < y.sum() < y.size:
        t = tally(c, y)
        assert auroc(c, y) == pytest.approx(roc_auc_score(y, snapped(c, t)), abs=1e-12)


def snapped(c, t):
    """Give the values that the tally holds: within 1e-12 of a printed decimal, that decimal."""
    return np.array([min(t.values.tolist(), key=lambda v, x=x: abs(v - x)) for x in c])


@some
@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_15_a_perfect_model(y):
    c = np.array(y, dtype=float)
    assert ece(c, y) == brier(c, y) == log_score(c, y) == 0.0
    if 0 < sum(y) < len(y):
        assert auroc(c, y) == spr(c, y) == auprc(c, y) == 1.0


@some
@given(rows_of(decimals), st.randoms(use_true_random=False))
def test_16_rounding_noise_moves_no_row_across_an_edge(rows, random):
    c, y = columns(rows)
    towards = np.array([random.choice([0.0, 1.0]) for _ in rows])
    noisy = np.clip(np.nextafter(c, towards), 0.0, 1.0)
    assert same_bits(everything(tally(noisy, y)), everything(tally(c, y)))
