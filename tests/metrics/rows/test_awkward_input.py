"""Whatever cannot be scored is refused by name, whatever is undefined is NaN: in every metric."""

import inspect
import math
from types import MappingProxyType

import numpy as np
import pytest

import caopd_bench.metrics as m

# What a function needs besides confidence and correct; a new metric with such a need goes here.
NEEDED = {
    "certified_threshold": {"max_risk": 0.1},
    "cheapest_threshold": {"cost_wrong": 20.0, "cost_human": 1.0},
    "risk_at_coverage": {"min_coverage": 0.5},
    "selective_accuracy": {"coverage": 0.5},
    "coverage_at_risk": {"risk": 0.1},
    "recalibrate": {"method": "platt"},
    "cross_recalibrate": {"method": "platt"},
}
# They all take what tally() takes, and a tally: point metrics and what gives an interval or a test.
TAKES_ROWS = {
    name: function
    for name in m.__all__
    if name != "tally"
    and inspect.isfunction(function := getattr(m, name))
    and [*inspect.signature(function).parameters][:2] == ["confidence", "correct"]
}
METRICS = {
    name: function
    for name, function in TAKES_ROWS.items()
    if inspect.signature(function).return_annotation == "float"
}
ROWS = [0.9, 0.8, 0.3], [1, 1, 0]

AWKWARD = {
    "empty": ([], [], "confidence must have at least one row, got 0"),
    "NaN": ([0.9, math.nan], [1, 0], "confidence must be finite, got nan in row 1"),
    "None": ([0.9, None], [1, 0], "confidence must be finite, got nan in row 1"),
    "infinite": ([0.9, math.inf], [1, 0], "confidence must be finite, got inf in row 1"),
    "percent": ([95.0, 80.0], [1, 0], "got 95.0; divide percentages by 100"),
    "one percent value": ([0.9, 95.0], [1, 0], "got 95.0; divide percentages by 100"),
    "just above 1": ([0.9, 1 + 1e-12], [1, 0], r"must be in \[0, 1\], got 1.000000000001"),
    "negative": ([0.9, -0.1], [1, 0], r"must be in \[0, 1\], got -0.1"),
    "text": (["0.9", "0.8"], [1, 0], "confidence must be numbers"),
    "booleans": ([True, False], [1, 0], "got booleans; the arguments are"),
    "two-dimensional": ([[0.9], [0.8]], [1, 0], r"confidence must be 1-D, got shape \(2, 1\)"),
    "scalar": (0.9, 1, "confidence must be 1-D"),
    "lengths": ([0.9, 0.8], [1, 0, 1], r"one entry per confidence \(2\), got 3"),
    "fractional answers": ([0.9, 0.8], [1, 0.5], "correct must be 0/1 or bool, got 0.5 in row 1"),
    "labels 1 and 2": ([0.9, 0.8], [1, 2], "correct must be 0/1 or bool, got 2 in row 1"),
    "labels 1 and -1": ([0.9, 0.8], [1, -1], "correct must be 0/1 or bool, got -1 in row 1"),
    "swapped": ([1, 0], [0.9, 0.8], "check the order of the arguments"),
    "missing answer": ([0.9, 0.8], [1, math.nan], "correct must be 0/1 or bool, got nan in row 1"),
    "answers as text": ([0.9, 0.8], ["yes", "no"], "correct must be"),
    "two-dimensional answers": ([0.9, 0.8], [[1], [0]], r"correct must be 1-D, got shape \(2, 1\)"),
    "no answers": ([0.9, 0.8], None, "correct is missing"),
    "tally and answers": (m.tally(*ROWS), [1, 1, 0], "correct must be omitted"),
}


INTERVALS = {
    "bootstrap",
    "consistency_band",
    "consistency_test",
    "ece_interval",
    "ece_l2_interval",
    "null_ece",
    "reliability_bins",
    "reliability_table",
    "resample",
    "summary",
}


def test_every_metric_is_found():
    assert set(TAKES_ROWS) >= INTERVALS
    assert {"ece", "brier", "auroc", "log_score", "saturation", "corp", "summary"} <= set(
        TAKES_ROWS
    )
    assert {name for name in m.METRICS if name in m.__all__} <= set(METRICS)


@pytest.mark.parametrize("case", AWKWARD)
@pytest.mark.parametrize("name", sorted(TAKES_ROWS))
def test_bad_rows_are_refused_by_name(name, case):
    confidence, correct, message = AWKWARD[case]
    with pytest.raises(ValueError, match=message):
        TAKES_ROWS[name](confidence, correct, **NEEDED.get(name, {}))


@pytest.mark.parametrize("name", sorted(TAKES_ROWS))
def test_what_is_neither_rows_nor_a_tally_is_refused(name):
    function, needed = TAKES_ROWS[name], NEEDED.get(name, {})
    for given in (None, 5, "0.9", [0.9, 0.8], m, [m.tally(*ROWS)], m.brier):
        with pytest.raises(ValueError, match="correct is missing"):
            function(given, **needed)
        with pytest.raises(ValueError, match=r"^(confidence|correct) must"):
            function(given, [1, 0, 1, 1], **needed)
    if "cluster" in inspect.signature(function).parameters:
        with pytest.raises(ValueError, match="cluster must be omitted when the first argument"):
            function(m.tally(*ROWS), cluster=[1, 2, 3], **needed)


@pytest.mark.parametrize("name", sorted(TAKES_ROWS))
def test_rows_are_as_good_as_their_tally(name):
    rng = np.random.default_rng(5)
    question = np.repeat(np.arange(40), 4)  # whose answers are all alike
    c = rng.choice([0.3, 0.5, 0.8, 0.9], 40)[question]
    y = (rng.random(40)[question] < c).astype(int)
    function, needed = TAKES_ROWS[name], NEEDED.get(name, {})
    if name != "cross_recalibrate":  # which gives rows for rows
        assert _text(function(c, y, **needed)) == _text(function(m.tally(c, y), **needed))
    if name in INTERVALS - {"ece_l2_interval"}:
        clustered = _text(function(c, y, cluster=question, **needed))
        assert clustered == _text(function(m.tally(c, y, cluster=question), **needed))
        if name != "summary":
            assert clustered != _text(function(c, y, **needed))


def _text(value):
    """Return all digits of whatever a function returns."""
    if isinstance(value, (m.ReliabilityTable, m.Summary)):
        value = vars(value)
    if isinstance(value, np.ndarray):
        return repr(value.tolist())
    if isinstance(value, (dict, MappingProxyType)):
        return repr({key: _text(v) for key, v in value.items()})
    if isinstance(value, tuple):
        return repr([_text(v) for v in value])
    return repr(value)


def test_the_summary_takes_clusters_for_its_intervals():
    c, y, question = [0.9, 0.8, 0.7, 0.6] * 20, [1, 1, 0, 0, 1] * 16, np.arange(80) // 4
    options = {"intervals": True, "replicates": 20}
    of_rows = m.summary(c, y, cluster=question, **options)
    # As text: a NaN is unlike itself where Python compares field by field (3.13).
    interval = repr(of_rows.intervals["brier"])
    assert interval == repr(m.bootstrap(c, y, cluster=question)["brier"])
    assert interval != repr(m.summary(c, y, **options).intervals["brier"])


def test_names_come_before_rows():
    c, y = ROWS
    t = m.tally(*ROWS)
    assert _text(m.influence("brier", c, y)) == _text(m.influence("brier", t))
    assert (
        m.undefined_reason("auroc", [0.9], [1]) == "all answers right: AUROC needs right and w"
        "rong answers"
    )
    for function in (m.influence, m.undefined_reason):
        with pytest.raises(ValueError, match="correct is missing"):
            function("brier", c)
        with pytest.raises(ValueError, match="correct must be omitted"):
            function("brier", t, y)


SEQUENCES = {
    "one tally": (m.tally(*ROWS), "several tallies, got one"),
    "a number": (5, "got int"),
    "None": (None, "got NoneType"),
    "a mapping": ({"a": m.tally(*ROWS)}, "got dict"),
    "nothing": ([], "at least one Tally, one per group, got none"),
    "rows": ([ROWS, ROWS], r"got tuple at 0; tally\(confidence, correct\) makes one"),
    "text": ("groups", "got str at 0"),
    "one that is none": ([m.tally(*ROWS), [0.9, 0.8]], "got list at 1"),
}


@pytest.mark.parametrize("case", SEQUENCES)
@pytest.mark.parametrize(
    "name", ["auroc_between", "auroc_within", "bootstrap_between", "bootstrap_within"]
)
def test_groups_that_are_no_tallies_are_refused(name, case):
    given, message = SEQUENCES[case]
    with pytest.raises(ValueError, match="tallies must.*" + message):
        getattr(m, name)(given)


def test_two_models_come_as_tallies_or_as_pairs():
    a, b = ([0.9] * 40, [1] * 20 + [0] * 20), ([0.6] * 40, [1] * 20 + [0] * 20)
    question = np.arange(40) // 2
    of_rows = m.ece_difference(a, b, correlation=0.5)
    assert of_rows == m.ece_difference(m.tally(*a), m.tally(*b), correlation=0.5)
    clustered = m.ece_difference(a, b, correlation=0.5, cluster=question)
    tallies = [m.tally(*rows, cluster=question) for rows in (a, b)]
    assert clustered == m.ece_difference(*tallies, correlation=0.5) != of_rows
    for given in (None, a[0], "rows", (1, 2, 3)):
        with pytest.raises(
            ValueError, match=r"b must be a Tally or a pair \(confidence, correct\)"
        ):
            m.ece_difference(a, given, correlation=0.5)
    with pytest.raises(ValueError, match="a: confidence must be finite"):
        m.ece_difference(([math.nan], [1]), b, correlation=0.5)


def test_pictures_say_what_they_take():
    for given in (m.tally(*ROWS), ROWS, None):
        with pytest.raises(ValueError, match="table must be a ReliabilityTable, got"):
            m.plot_reliability(given)
        with pytest.raises(ValueError, match=r"tables\['a'\] must be a ReliabilityTable, got"):
            m.plot_reliabilities({"a": given})
        with pytest.raises(ValueError, match="tables must map names to tables, got"):
            m.plot_reliabilities([given])
    for given in (None, [0.9, 0.8, 0.7], 5):
        with pytest.raises(ValueError, match="tallies must be a Tally or a pair"):
            m.plot_risk_coverage(given)
        with pytest.raises(ValueError, match=r"tallies\['a'\] must be a Tally or a pair"):
            m.plot_risk_coverage({"a": given})
    texts = [
        m.plot_risk_coverage(given).axes[0].get_legend().get_texts()[0].get_text()
        for given in (ROWS, m.tally(*ROWS), {"": ROWS})
    ]
    assert len(set(texts)) == 1


DEGENERATE = {
    "all right": ([0.9, 0.8], [1, 1]),
    "all wrong": ([0.9, 0.8], [0, 0]),
    "one row, right": ([0.8], [1]),
    "one row, wrong": ([0.8], [0]),
    "one stated value": ([0.9] * 10, [1, 0] * 5),
    "always certain": ([1.0] * 10, [1, 0] * 5),
    "0 and 1 only": ([0, 1, 1, 0], [0, 1, 0, 1]),
    "0 and 1 only, all refuted": ([0, 1], [1, 0]),
    "always 0, always wrong": ([0.0] * 5, [0] * 5),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("name", sorted(METRICS))
def test_degenerate_rows_give_a_number_or_nan_but_no_error(name, case):
    confidence, correct = DEGENERATE[case]
    value = METRICS[name](confidence, correct, **NEEDED.get(name, {}))
    assert type(value) is float
    t = m.tally(confidence, correct)
    assert np.array_equal(METRICS[name](t, **NEEDED.get(name, {})), value, equal_nan=True)
    if name in m.METRICS:
        assert math.isfinite(value) == (m.undefined_reason(name, t) == "")


def test_undefined_is_never_the_worst_or_the_best_value():
    for y in ([1, 1], [0, 0]):
        for name in ("auroc", "spr", "tie_rate", "brier_skill"):
            assert math.isnan(METRICS[name]([0.9, 0.8], y))
    assert math.isnan(m.confidence_when_wrong([0.9, 0.8], [1, 1]))
    assert math.isnan(m.auprc([0.9, 0.8], [0, 0]))


def test_degenerate_values():
    certain = m.tally([1.0] * 10, [1, 0] * 5)
    assert (m.ece(certain), m.auroc(certain), m.spr(certain)) == (0.5, 0.5, 0.0)
    assert (m.saturation(certain), m.log_score(certain)) == (1.0, math.inf)
    ends = m.tally([0, 1, 1, 0], [0, 1, 0, 1])
    assert (m.ece(ends), m.brier(ends), m.auroc(ends)) == (0.5, 0.5, 0.5)
    assert m.corp([0.8], [1])[:4] == pytest.approx((0.04, 0.0, 0.0, 0.04))
    assert m.ece([0.8], [1]) == pytest.approx(0.2)
