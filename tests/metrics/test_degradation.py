"""By how much a candidate is worse: values against the metrics, errors against resampling."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from caopd_bench.metrics import METRICS, degradation, tally

NAMES = (
    "brier",
    "overconfidence_gap",
    "auroc",
    "confidence_when_wrong",
    "parse_rate",
    "accuracy",
)


def draw(n, seed, k=1, silent=0.05):
    rng = np.random.default_rng(seed)
    ease = rng.normal(size=(n, 1))
    stated = rng.choice([0.3, 0.6, 0.8, 0.9, 1.0], (n, k))
    right = (rng.random((n, k)) < 1 / (1 + np.exp(-ease - 2 * stated + 1))).astype(int)
    return np.where(rng.random((n, k)) < silent, np.nan, stated), right


def flat(rows):
    return rows[0].ravel(), rows[1].ravel()


def items(n, k):
    return np.repeat(np.arange(n), k)


def test_values_are_those_of_the_metrics():
    base, cand = draw(400, 0), draw(400, 1)
    found = degradation(flat(base), flat(cand), direction="over")
    for rows, side in ((base, "reference"), (cand, "candidate")):
        stated, right = flat(rows)
        spoken = ~np.isnan(stated)
        of = tally(stated[spoken], right[spoken])
        for name in ("brier", "overconfidence_gap", "confidence_when_wrong"):
            assert getattr(found[name], side) == pytest.approx(METRICS[name].function(of))
        assert getattr(found["parse_rate"], side) == spoken.mean()
        assert getattr(found["accuracy"], side) == pytest.approx(right.mean())
    for name, d in found.items():
        sign = -1 if name in ("auroc", "parse_rate", "accuracy") else 1
        assert d.worse_by == pytest.approx(sign * (d.candidate - d.reference))
        assert d.items == 400


def test_auroc_is_of_the_rows_whose_correctness_did_not_change():
    base, cand = draw(500, 2), draw(500, 3)
    (c_a, y_a), (c_b, y_b) = flat(base), flat(cand)
    same = ~np.isnan(c_a) & ~np.isnan(c_b) & (y_a == y_b)
    found = degradation((c_a, y_a), (c_b, y_b))["auroc"]
    assert found.reference == pytest.approx(roc_auc_score(y_a[same], c_a[same]))
    assert found.candidate == pytest.approx(roc_auc_score(y_b[same], c_b[same]))


@pytest.mark.parametrize("k", [1, 6])
def test_errors_against_a_bootstrap_of_the_items(k):
    n, replicates = 400, 400
    base, cand = draw(n, 4, k), draw(n, 5, k)
    found = degradation(flat(base), flat(cand), question=items(n, k), direction="over")
    rng = np.random.default_rng(0)
    drawn = {name: [] for name in NAMES}
    for _ in range(replicates):
        some = rng.integers(0, n, n)
        again = degradation(
            flat((base[0][some], base[1][some])),
            flat((cand[0][some], cand[1][some])),
            question=items(n, k),
            direction="over",
        )
        for name in NAMES:
            drawn[name].append(again[name].worse_by)
    for name in NAMES:
        extra = 2 / n**2 if name == "parse_rate" else 0.0
        expected = math.sqrt(np.nanvar(drawn[name], ddof=1) + extra)
        # 400 replicates know a standard deviation to 3.5 %.
        assert found[name].standard_error == pytest.approx(expected, rel=0.15), name
        z = 1.6448536
        excess = found[name].upper - found[name].worse_by - z * found[name].standard_error
        assert excess >= -1e-12


def test_clustering_counts():
    base, cand = draw(100, 6), draw(100, 7)
    eight = [tuple(np.repeat(x, 8, axis=1) for x in rows) for rows in (base, cand)]
    once = degradation(flat(base), flat(cand))
    copies = degradation(flat(eight[0]), flat(eight[1]), question=items(100, 8))
    blind = degradation(flat(eight[0]), flat(eight[1]))
    for name in ("brier", "accuracy", "confidence_when_wrong", "overconfidence_gap"):
        assert copies[name].standard_error == pytest.approx(once[name].standard_error)
        assert blind[name].standard_error < 0.4 * once[name].standard_error


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 3]))
def test_order_and_names_of_items_do_not_matter(seed, k):
    n = 40
    base, cand = draw(n, seed, k), draw(n, seed + 1, k)
    rows = flat(base), flat(cand)
    found = degradation(*rows, question=items(n, k))
    order = np.random.default_rng(seed).permutation(n * k)
    mixed = [tuple(x[order] for x in side) for side in rows]
    names = np.array([f"item {i * 7 % n}" for i in items(n, k)])
    again = degradation(*mixed, question=names[order])
    for name in NAMES:
        for key in ("worse_by", "upper", "p_value", "standard_error"):
            assert getattr(again[name], key) == pytest.approx(
                getattr(found[name], key), abs=1e-9, nan_ok=True
            )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_a_swap_changes_the_sign(seed):
    base, cand = draw(80, seed), draw(80, seed + 1)
    there = degradation(flat(base), flat(cand), direction="over")
    back = degradation(flat(cand), flat(base), direction="over")
    for name in NAMES:
        assert there[name].worse_by == pytest.approx(-back[name].worse_by, nan_ok=True)
        assert there[name].standard_error == pytest.approx(back[name].standard_error, nan_ok=True)


def test_the_size_of_a_gap_has_a_kink():
    y = np.array([1, 0] * 200)
    under, over = np.full(400, 0.4), np.full(400, 0.6)
    d = degradation((under, y), (over, y))["overconfidence_gap"]
    assert (d.reference, d.candidate) == (pytest.approx(-0.1), pytest.approx(0.1))
    # As large as before, so not worse; and it may well have been smaller.
    assert d.worse_by == pytest.approx(0.0, abs=1e-12)
    assert d.p_value >= 0.5
    assert d.upper > 0
    signed = degradation((under, y), (over, y), direction="over")["overconfidence_gap"]
    assert signed.worse_by == pytest.approx(0.2)
    # A gap that grows below 0 is worse only where both directions count.
    lower = np.full(400, 0.2)
    assert degradation((under, y), (lower, y))["overconfidence_gap"].worse_by > 0.19
    assert degradation((under, y), (lower, y), direction="over")["overconfidence_gap"].worse_by < 0


def test_silence_widens_what_may_have_become_worse():
    stated, y = np.tile([0.9, 0.6], 100), np.tile([1, 1, 1, 0], 50)
    silent = np.where(np.arange(200) < 20, np.nan, stated)
    open_ = degradation((stated, y), (stated, y))
    shut = degradation((stated, y), (silent, y))
    assert shut["parse_rate"].worse_by == pytest.approx(0.1)
    for name in ("brier", "overconfidence_gap"):
        assert shut[name].upper >= open_[name].upper + 0.1 - abs(shut[name].worse_by) - 1e-9
    room = 1 - shut["confidence_when_wrong"].candidate
    wrong = shut["confidence_when_wrong"]
    z = 1.6448536
    assert wrong.upper == pytest.approx(
        wrong.worse_by + z * wrong.standard_error + 0.1 * room, abs=1e-6
    )
    # Who spoke less before has nothing to answer for.
    better = degradation((silent, y), (stated, y))["brier"]
    assert better.upper == pytest.approx(better.worse_by + z * better.standard_error, abs=1e-6)


def test_what_cannot_be_computed_says_why():
    stated, y = np.full(100, 0.9), np.ones(100)
    found = degradation((stated, y), (stated, y))
    assert "0 right or wrong rows" in found["auroc"].reason
    assert "0 wrong rows, fewer than 20" in found["confidence_when_wrong"].reason
    assert math.isnan(found["auroc"].upper)
    mute = np.full(100, np.nan)
    found = degradation((stated, y), (mute, y))
    for name in ("brier", "overconfidence_gap", "auroc", "confidence_when_wrong"):
        assert found[name].reason == "no row states a usable confidence"
        assert math.isnan(found[name].p_value)
    assert found["parse_rate"].worse_by == 1.0


def test_the_same_rows_differ_in_nothing():
    rows = flat(draw(150, 9))
    for name, d in degradation(rows, rows).items():
        assert d.worse_by == 0.0, name
        assert d.p_value == (0.5 if name == "parse_rate" else 1.0)
        assert d.upper == (
            pytest.approx(1.6448536 * math.sqrt(2) / 150) if name == "parse_rate" else 0.0
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference": 3}, "reference must be a pair"),
        ({"candidate": ([0.5, 0.5], [1])}, "candidate: correct must have"),
        ({"candidate": ([0.5], [1])}, "one row per row of reference"),
        ({"candidate": ([0.5, 95.0], [1, 0])}, r"candidate: confidence must be in \[0, 1\]"),
        ({"candidate": ([0.5, float("inf")], [1, 0])}, "candidate: confidence must be finite"),
        ({"candidate": ([0.5, 0.5], [1, 2])}, "candidate: correct must be 0/1"),
        ({"question": [1, 1]}, "question must have at least 2 distinct"),
        ({"question": [1]}, "question must have one label per"),
        ({"cluster": [1]}, "cluster must have one label per"),
        ({"cluster": [1, 1]}, "cluster must have at least 2 distinct"),
        (
            {"question": [1, 1], "cluster": [1, 2]},
            "cluster must be the same for all rows of a question, and 1 questions",
        ),
        ({"direction": "under"}, "direction must be 'both' or 'over'"),
        ({"level": 95}, "level must be between 0 and 1"),
    ],
)
def test_invalid_input_is_named(change, said):
    arguments = {"reference": ([0.5, 0.9], [1, 0]), "candidate": ([0.5, 0.5], [1, 0]), **change}
    reference, candidate = arguments.pop("reference"), arguments.pop("candidate")
    with pytest.raises(ValueError, match=said):
        degradation(reference, candidate, **arguments)
