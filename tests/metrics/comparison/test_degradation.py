"""By how much a candidate is worse: values against the metrics, errors against resampling."""

import math

import numpy as np
import pytest
import scipy.stats
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
    "strict_auroc",
)
LOWER_IS_WORSE = ("auroc", "parse_rate", "accuracy", "strict_auroc")


def draw(n, seed, k=1, silent=0.05):
    rng = np.random.default_rng(seed)
    ease = rng.normal(size=(n, 1))
    stated = rng.choice([0.3, 0.6, 0.8, 0.9, 1.0], (n, k))
    right = (rng.random((n, k)) < 1 / (1 + np.exp(-ease - 2 * stated + 1))).astype(int)
    return np.where(rng.random((n, k)) < silent, np.nan, stated), right


def flat(rows):
    return rows[0].ravel(), rows[1].ravel()


def t_quantile(n, level=0.95):
    return float(scipy.stats.t.ppf(level, n - 1))


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
        sign = -1 if name in LOWER_IS_WORSE else 1
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
        z = t_quantile(n)
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
    assert wrong.excess == pytest.approx(0.1 * room)
    assert shut["brier"].excess == pytest.approx(0.1)
    z = t_quantile(200)
    assert wrong.upper == pytest.approx(
        wrong.worse_by + z * wrong.standard_error + 0.1 * room, abs=1e-6
    )
    # Who spoke less before has nothing to answer for.
    better = degradation((silent, y), (stated, y))["brier"]
    assert better.upper == pytest.approx(better.worse_by + z * better.standard_error, abs=1e-6)


def test_what_cannot_be_computed_says_why():
    stated, y = np.full(100, 0.9), np.ones(100)
    found = degradation((stated, y), (stated, y))
    assert found["auroc"].reason == (
        "only 0 rows with a confidence are wrong in both runs, and 20 are needed"
    )
    few = (np.arange(100) >= 10).astype(float)
    lacking = {"reference": (few, y), "candidate": (y, few)}
    for run, (base, cand) in lacking.items():
        other = "candidate" if run == "reference" else "reference"
        reason = degradation((stated, base), (stated, cand))["confidence_when_wrong"].reason
        assert (
            reason
            == f"only 0 rows of the {other} are wrong and have a confidence, and 20 are needed"
        )
    one = (np.arange(100) < 99).astype(float)
    assert degradation((stated, one), (stated, one))["auroc"].reason == (
        "only 1 row with a confidence is wrong in both runs, and 20 are needed"
    )
    found_right = degradation((stated, 1.0 - few), (stated, 1.0 - few))["auroc"].reason
    assert found_right == "only 10 rows with a confidence are right in both runs, and 20 are needed"
    assert math.isnan(found["auroc"].upper)
    mute = np.full(100, np.nan)
    found = degradation((stated, y), (mute, y))
    for name in ("brier", "overconfidence_gap", "auroc", "confidence_when_wrong"):
        assert found[name].reason == "no row states a usable confidence"
        assert math.isnan(found[name].p_value)
    assert found["parse_rate"].worse_by == 1.0


def test_the_parse_rate_of_other_rows_is_never_sure():
    stated, y = np.tile([0.9, 0.6], 75), np.tile([1, 0, 1], 50)
    d = degradation((stated, y), (stated, 1 - y))["parse_rate"]
    assert (d.worse_by, d.p_value) == (0.0, 0.5)
    assert d.upper == pytest.approx(t_quantile(150) * math.sqrt(2) / 150)
    assert d.extra == pytest.approx(2 / 150**2)


@st.composite
def runs(draw):
    """Rows with ties, constant gaps, saturation, silence and samples."""
    n, k = draw(st.sampled_from([2, 3, 30, 90])), draw(st.sampled_from([1, 1, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    values = draw(
        st.sampled_from([[1.0], [0.5], [0.95, 0.98, 1.0], [0.0, 1.0], list(rng.random(50))])
    )
    stated = rng.choice(values, (n, k))
    right = (rng.random((n, k)) < draw(st.sampled_from([0.0, 0.5, 0.7, 0.98, 1.0]))).astype(int)
    if draw(st.booleans()):  # a gap of about 0
        right[: n // 2], right[n // 2 :] = 1, 0
    silent = draw(st.sampled_from([0.0, 0.2, 1.0]))
    return np.where(rng.random((n, k)) < silent, np.nan, stated), right


@settings(max_examples=150, deadline=None)
@given(
    runs(),
    st.sampled_from(["both", "over"]),
    st.sampled_from([0.5, 0.95, 0.975, 0.999]),
    st.booleans(),
)
def test_a_run_against_itself_is_not_worse(rows, direction, level, grouped):
    n, k = rows[0].shape
    cluster = items(n, k) % 15 if grouped and n >= 30 else None
    found = degradation(
        flat(rows),
        flat(rows),
        question=items(n, k),
        cluster=cluster,
        direction=direction,
        level=level,
    )
    assert tuple(found) == NAMES
    for name, d in found.items():
        if d.reason:
            assert math.isnan(d.upper)
        else:
            assert (d.worse_by, d.upper, d.standard_error, d.p_value) == (0.0, 0.0, 0.0, 1.0), name


def sure_of(stated):
    """Say from which percent on, written out: a quarter of the answers states it or more."""
    percents = np.rint(100 * stated[~np.isnan(stated)])
    return max(v for v in percents if (percents >= v).mean() >= 0.25)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1]), st.booleans())
def test_strict_auroc_against_pairs(seed, silent, is_fine):
    base, cand = draw(250, seed, silent=silent), draw(250, seed + 1, silent=silent)
    if is_fine:
        rng = np.random.default_rng(seed)
        base, cand = ((rng.beta(9, 1, s.shape) + 0 * s, y) for s, y in (base, cand))
    (c_a, y_a), (c_b, y_b) = flat(base), flat(cand)
    d = degradation((c_a, y_a), (c_b, y_b))["strict_auroc"]
    same = ~np.isnan(c_a) & ~np.isnan(c_b) & (y_a == y_b)
    sure = sure_of(c_a)
    for side, c, y in (("reference", c_a, y_a), ("candidate", c_b, y_b)):
        pairs = [
            0.0 if np.rint(100 * wrong) >= sure else float(right > wrong) + (right == wrong) / 2
            for right in c[same & (y == 1)]
            for wrong in c[same & (y == 0)]
        ]
        assert getattr(d, side) == pytest.approx(np.mean(pairs))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 0.5))
def test_strict_auroc_never_blames_surer_right_or_less_sure_wrong_answers(seed, by):
    rng = np.random.default_rng(seed)
    stated, right = flat(draw(200, seed, silent=0.0))
    some = rng.random(200) < 0.5
    surer = np.where(some & (right == 1), np.minimum(stated + by, 1.0), stated)
    shyer = np.where(some & (right == 0), np.maximum(stated - by, 0.0), stated)
    for changed in (surer, shyer):
        assert degradation((stated, right), (changed, right))["strict_auroc"].worse_by <= 1e-12


@pytest.mark.parametrize("values", [[0.95, 0.98, 1.0], np.linspace(0.93, 1.0, 71)])
def test_strict_auroc_sees_a_saturated_model_collapse(values):
    """The one number that moves far: confidence when wrong has no room left."""
    rng = np.random.default_rng(0)
    stated = rng.choice(values, 400)
    right = (rng.random(400) < 0.6 + 2.0 * (stated - stated.mean())).astype(int)
    found = degradation((stated, right), (np.ones(400), right))
    assert found["strict_auroc"].worse_by > 0.4
    assert found["strict_auroc"].p_value < 1e-6
    assert found["confidence_when_wrong"].worse_by < 0.05
    back = degradation((np.ones(400), right), (stated, right))["strict_auroc"]
    assert back.worse_by < -0.4
    assert back.p_value > 0.99


def test_questions_weigh_and_clusters_widen():
    base, cand = draw(200, 3, 2), draw(200, 4, 2)
    questions, families = items(200, 2), items(200, 2) // 10
    alone = degradation(flat(base), flat(cand), question=questions)
    grouped = degradation(flat(base), flat(cand), question=questions, cluster=families)
    rows_only = degradation(flat(base), flat(cand), cluster=families)
    for name in NAMES:
        # The values are of the questions, whatever the clusters.
        assert grouped[name].worse_by == alone[name].worse_by
        assert (grouped[name].items, grouped[name].clusters) == (200, 20)
        assert alone[name].clusters == 200
    assert rows_only["auroc"].worse_by != alone["auroc"].worse_by
    # The same family effect in all ten questions of a family: the error is that of 20 numbers.
    shift = np.repeat(np.random.default_rng(0).normal(0, 0.1, 20), 10)
    stated, y = np.full(200, 0.5), np.tile([0, 1], 100)
    d = degradation(
        (stated, y), (stated + shift, y), cluster=np.arange(200) // 10, direction="over"
    )
    expected = np.std(shift[::10], ddof=1) / math.sqrt(20)
    assert d["overconfidence_gap"].standard_error == pytest.approx(expected)
    assert d["overconfidence_gap"].upper == pytest.approx(shift.mean() + t_quantile(20) * expected)


def test_too_few_clusters_say_so():
    base, cand = draw(200, 3), draw(200, 4)
    for labels, said in (
        (np.arange(200) // 25, "worth 8 clusters"),
        (np.minimum(np.arange(200), 20), "worth 1.23 clusters"),  # 180 rows are of one
    ):
        for d in degradation(flat(base), flat(cand), cluster=labels).values():
            assert said in d.reason
            assert math.isnan(d.upper)
            assert d.least_items > 200
    ten = degradation(flat(base), flat(cand), cluster=np.arange(200) // 20)
    assert all(not d.reason for d in ten.values())


def test_items_with_which_a_number_can_be_computed():
    stated = np.tile([0.9, 0.6], 100)
    y = (np.arange(200) >= 10).astype(int)  # ten wrong answers
    found = degradation((stated, y), (stated, y))
    for name in ("auroc", "confidence_when_wrong", "strict_auroc"):
        # Twice as many would have twenty, and by chance fewer.
        assert 400 < found[name].least_items < 700
    assert found["brier"].least_items == 0.0
    none = degradation((stated, np.ones(200)), (stated, np.ones(200)))
    assert math.isinf(none["auroc"].least_items)


@pytest.mark.slow
@pytest.mark.parametrize("way", [1.0, -1.0])
@pytest.mark.parametrize("gap", [0.0, 0.01, 0.03, 0.2])
@pytest.mark.parametrize("anew", [0.3, 1.0])
def test_level_of_the_limit_of_the_size_of_a_gap(way, gap, anew):
    """A candidate that is worse by exactly the margin is below it in 5 % of draws."""
    n, draws, margin = 400, 1500, 0.1
    rng = np.random.default_rng(7)
    low = 0
    for _ in range(draws):
        first, second = rng.random(n), rng.random(n)
        second = np.where(rng.random(n) < anew, second, first)
        base = (np.full(n, 0.5), first < 0.5 - gap)
        cand = (np.full(n, 0.5), second < 0.5 - way * (gap + margin))
        low += degradation(base, cand)["overconfidence_gap"].upper < margin
    assert low / draws <= 0.06 + 3 * math.sqrt(0.05 * 0.95 / draws)


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
