"""The registry: every metric in its own range, and a new one that works and disturbs no other."""

import copy
import math
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import caopd_bench.metrics as m
from caopd_bench.metrics.__main__ import render
from caopd_bench.metrics.comparison.paired_limits import paired_limits
from caopd_bench.metrics.comparison.pairs import pair
from caopd_bench.metrics.definition import REGISTRY, metric
from caopd_bench.metrics.intervals import choose as resampling
from caopd_bench.metrics.intervals.within_groups import bootstrap_within
from caopd_bench.metrics.metric_parts import ClosedForm, Folded
from caopd_bench.metrics.rows.tally import as_tally

SLACK = 1e-12


def draw(seed, n=None):
    rng = np.random.default_rng(seed)
    n = n or int(rng.integers(2, 60))
    some = np.array([0.0, 0.02, 0.3, 0.5, 0.8, 0.95, 1.0])
    stated = rng.choice(some[rng.random(7) < 0.6], n) if rng.random() < 0.8 else rng.random(n)
    right = rng.random(n) < rng.choice([0.02, 0.5, 0.98, 1.5]) * rng.choice(
        [stated, 0.6 + 0 * stated]
    )
    return stated, right.astype(int)


# Registration


def test_a_registration_without_a_range_is_an_error_at_once():
    with pytest.raises(TypeError, match="range"):
        m.Metric(m.ece, m.METRICS["ece"].cells, False, "Mine")


@pytest.mark.parametrize("name", m.METRICS)
def test_every_metric_and_its_arithmetic_pickle(name):
    row = m.METRICS[name]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for thing in (row, row.cells, row.function):
            assert pickle.loads(pickle.dumps(thing, protocol)) is thing
    assert copy.deepcopy(row) is row


def test_a_process_that_has_imported_nothing_reads_a_pickled_metric():
    row = m.METRICS["brier"]
    code = "import pickle, sys\nrow, cells = pickle.load(sys.stdin.buffer)\n"
    code += "from caopd_bench.metrics import METRICS\n"
    code += "assert METRICS['brier'] is row and row.cells is cells"
    command = [sys.executable, "-c", code]
    subprocess.run(command, input=pickle.dumps((row, row.cells)), check=True)


def test_a_metric_that_is_not_registered_pickles_as_long_as_its_functions_do():
    row = replace(m.METRICS["brier"], label="Mine", influence=None)
    assert pickle.loads(pickle.dumps(row)) == row != m.METRICS["brier"]


def test_the_ece_in_l2_takes_the_options_of_the_ece():
    c, y = draw(5, 50)
    row = m.METRICS["ece_l2"]
    assert row.function(c, y, bins=20) == m.ece(c, y, bins=20, norm="l2")
    assert float(row.cells(*as_tally(c, y).cells, bins=20)) == m.ece(c, y, bins=20, norm="l2")
    assert row.function(c, y, debias=True) == m.ece(c, y, norm="l2", debias=True)


@pytest.mark.parametrize("name", m.METRICS)
def test_help_of_a_metric_has_all_sections_once(name):
    doc = m.METRICS[name].function.__doc__
    sections = ["Parameters", "Returns", "Raises", "Notes", "Examples"]
    places = [doc.find(f"\n{section}\n---") for section in sections]
    assert min(places[:3]) > 0, doc
    assert [place for place in places if place > 0] == sorted(filter(lambda at: at > 0, places))
    for once in (
        *(f"\n{section}\n---" for section in sections[:3]),
        "\nconfidence : ",
        "\ncorrect : ",
    ):
        assert doc.count(once) == 1, once


@pytest.mark.parametrize(
    "wrong",
    [(1.0, 0.0), (0.0, 0.0), (math.nan, 1.0), (0.0,), (0.0, "1"), (False, True), None, 1.0, "01"],
)
def test_a_range_is_two_numbers_in_order(wrong):
    with pytest.raises(ValueError, match="range of Mine must be"):
        m.Metric(m.ece, m.METRICS["ece"].cells, False, "Mine", range=wrong)


def test_needs_that_nobody_would_look_for_are_refused():
    with pytest.raises(ValueError, match="needs of Mine must be one of '', 'right answers'"):
        replace(m.METRICS["auroc"], label="Mine", needs="a right answer")


def test_a_row_that_is_wrong_is_one_clear_error_and_registers_nothing():
    def nameless(values, right, wrong):
        raise NotImplementedError

    known = list(m.METRICS)
    with pytest.raises(TypeError, match=r"nameless needs a range, such as range=\(0.0, 1.0\)"):
        metric("Mine")(nameless)
    with pytest.raises(TypeError, match="meaning"):
        metric("Mine", range=(0.0, 1.0), meaning="nothing")(nameless)
    with pytest.raises(ValueError, match="there is a metric ece already; choose another name"):
        metric("Mine", range=(0.0, 1.0), name="ece")(nameless)
    with pytest.raises(ValueError, match="'wilson' needs limits; without them it can be skewness"):
        metric("Mine", range=(0.0, 1.0), interval=ClosedForm("wilson"))(nameless)
    with pytest.raises(ValueError, match="'inversion' is available only for the ECE"):
        metric("Mine", range=(0.0, 1.0), interval=ClosedForm("inversion"))(nameless)
    assert list(m.METRICS) == known


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"better": "Higher"}, "better must be one of 'higher', 'lower', None; got 'Higher'"),
        ({"better": True}, "better must be one of 'higher', 'lower', None; got True"),
        (
            {"range": (1.0, 0.0)},
            r"range of Mine must be \(low, high\) with low < high, got \(1.0, 0",
        ),
        ({"range": (0.0, math.nan)}, r"range of Mine must be .*, got \(0.0, nan\)"),
        ({"range": (0.0, "1")}, r"range of Mine must be a pair of numbers, got \(0.0, '1'\)"),
        ({"needs": "right"}, "needs of Mine must be one of '', 'right answers', .*; got 'right'"),
        ({"average": "row"}, "average of Mine must be one of '', 'rows', 'classes'; got 'row'"),
        ({"interval": "wilson"}, "interval of Mine must be ClosedForm or Folded or .*'wilson'"),
        ({"interval": Folded("Calibrated")}, "null of the interval of Mine .* got 'Calibrated'"),
        ({"caution": 0.8}, "caution of Mine must be Caution or NoneType; got 0.8"),
        ({"shown": "Mine"}, "shown of Mine must be Shown; got 'Mine'"),
        ({"undefined": 1}, "undefined of Mine must be a text; got 1"),
    ],
)
def test_a_wrong_word_is_an_error_with_the_name_of_the_metric(wrong, said):
    def nameless(values, right, wrong):
        raise NotImplementedError

    known = list(m.METRICS)
    with pytest.raises(ValueError, match=f"^metric nameless: .*{said}"):
        metric("Mine", **{"range": (0.0, 1.0), **wrong})(nameless)
    assert list(m.METRICS) == known
    assert nameless.__qualname__.endswith("nameless")


def test_what_has_a_line_says_what_it_means_and_is_computed():
    for name, row in m.METRICS.items():
        shown = row.shown
        assert bool(shown.line) == bool(shown.meaning), name
        assert shown.line or not (shown.column or shown.worst_case), name
        assert row.scored or not shown.line or name == "accuracy", name  # which is of all rows


# Ranges of what is registered

EXTREMES = [
    ([1.0], [0]),
    ([0.0], [1]),
    ([0.0], [0]),
    ([1.0], [1]),
    ([0.9, 0.8], [1, 0]),
    ([0.8, 0.9], [1, 0]),
    ([0.9, 0.9], [1, 0]),
    ([1.0, 0.0], [1, 0]),
    ([1.0, 0.0], [0, 1]),
    ([1.0, 0.0, 0.5], [1, 0, 0]),
]
# Ends that no rows attain: no limit, or a limit of ever more rows.
NOT_ATTAINED = {("brier_skill", 0), ("auprc", 0), ("eaurc", 1)}


@pytest.mark.parametrize("name", m.METRICS)
def test_the_ends_of_a_range_are_those_of_the_metric(name):
    values = [m.METRICS[name].function(c, y) for c, y in EXTREMES]
    low, high = m.METRICS[name].range
    defined = [value for value in values if not math.isnan(value)]
    assert all(low <= value <= high for value in defined)
    for c, y in EXTREMES:  # a value that is none has a reason: `needs`, or `undefined`
        assert not m.undefined_reason(name, c, y).endswith("for these rows"), (c, y)
    if name not in m.FAMILY:
        return  # that the range of a new one is no wider than it must be is not asked for
    for end, extreme in enumerate((min(defined), max(defined))):
        attained = extreme == pytest.approx(m.METRICS[name].range[end], abs=1e-9)
        assert attained == ((name, end) not in NOT_ATTAINED), extreme


def test_limits_of_every_metric_are_in_its_own_range_and_hold_the_estimate():
    found = dict.fromkeys(m.METRICS, 0)
    for seed in range(60):
        c, y = draw(seed)
        level = (0.5, 0.95, 0.999)[seed % 3]
        for cluster in (None, np.arange(c.size) // 3):
            options = {"replicates": 20, "level": level, "cluster": cluster}
            for name, i in m.bootstrap(c, y, **options).items():
                low, high = m.METRICS[name].range
                if math.isfinite(i.estimate):
                    assert low - SLACK <= i.estimate <= high + SLACK, name
                if i.reason:
                    continue
                found[name] += 1
                assert low - SLACK <= i.low <= i.estimate <= i.high <= high + SLACK, (name, seed)
    assert min(found.values()) > 20, found


def test_limits_of_a_difference_are_no_wider_than_the_range():
    seen = 0
    names = [name for name in m.METRICS if name not in ("ece", "over_ece")]  # which take long
    for seed in range(12):
        (c, y), (d, z) = draw(seed, 6), draw(seed + 100, 6)
        changes = m.compare((c, y), (d, z), metrics=names, level=0.999).changes
        for change in changes.values():
            low, high = m.METRICS[change.name].range
            if math.isfinite(change.low):
                assert low - high <= change.low <= change.high <= high - low
                plain = paired_limits(change.name, pair((c, y), (d, z)), 0.999)
                seen += plain.low < low - high or plain.high > high - low
    assert seen  # so that some were cut


# A new metric


def _deficit(values, right, wrong):
    count = right + wrong
    return np.asarray((right - count * values - 0.3 * count).sum(axis=-1) / count.sum(axis=-1))


def deficit(confidence, correct=None):
    """Accuracy minus mean confidence minus 0.3: from -1.3 to 0.7, nearly always negative."""
    return float(_deficit(*as_tally(confidence, correct).cells))


DEFICIT = m.Metric(deficit, _deficit, True, "Deficit", range=(-1.3, 0.7))


@pytest.fixture
def register():
    """Register a metric for the length of a test, before or behind all others."""
    kept = dict(REGISTRY)

    def add(metric, *, first=False):
        REGISTRY.clear()
        REGISTRY.update({"deficit": metric, **kept} if first else {**kept, "deficit": metric})

    yield add
    REGISTRY.clear()  # and not only what was added: the order counts
    REGISTRY.update(kept)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_a_new_metric_with_negative_values_has_limits_around_them(register, closed, clustered):
    register(replace(DEFICIT, interval=ClosedForm("skewness-adjusted") if closed else None))
    around = 0
    for seed in range(30):
        c, y = draw(seed, 40)
        cluster = np.arange(40) // 2 if clustered else None
        i = m.bootstrap(c, y, cluster=cluster, metrics=["deficit"], replicates=50)["deficit"]
        assert i.estimate == deficit(c, y)
        assert i.reason or -1.3 <= i.low <= i.estimate <= i.high <= 0.7
        assert i.reason or i.low < i.high
        around += bool(i.low < i.estimate < i.high)
    assert around >= 20  # not with an end cut off at the estimate


def test_a_new_metric_is_everywhere_at_once(register):
    register(DEFICIT)
    (c, y), (d, z) = draw(3, 80), draw(4, 80)
    everything = m.bootstrap(c, y, replicates=20)
    assert list(everything) == list(m.METRICS)
    assert "deficit" in everything
    assert m.resample(c, y, replicates=5)["deficit"].shape == (5,)
    s = m.summary(c, y, intervals=True, replicates=20)
    assert s["deficit"] == deficit(c, y)
    assert "Deficit" in repr(s)
    assert s.to_dict()["intervals"]["deficit"]["estimate"] == deficit(c, y)
    psi = m.influence("deficit", c, y)
    gap = m.influence("overconfidence_gap", c, y)
    assert np.allclose(psi.if_right, -gap.if_right, atol=1e-6)
    change = m.compare((c, y), (d, z), metrics=["deficit", "overconfidence_gap"])
    of_gap = change["overconfidence_gap"]
    assert change["deficit"].low == pytest.approx(-of_gap.high, abs=1e-6)
    assert change["deficit"].p_value == pytest.approx(of_gap.p_value, abs=1e-6)
    assert m.undefined_reason("deficit", c, y) == ""


def test_a_range_that_a_value_leaves_is_an_error_and_never_a_limit(register):
    register(replace(DEFICIT, range=(0.0, 1.0)))
    c, y = [0.9] * 20, [1] * 10 + [0] * 10
    said = "^deficit is -0.7, outside its range of 0 to 1; correct the range in its registration"
    for call in (
        lambda: m.bootstrap(c, y, metrics=["deficit"]),
        lambda: m.bootstrap(c, y),
        lambda: m.summary(c, y),
        lambda: m.compare((c, y), (c, y), metrics=["deficit"]),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_a_new_metric_that_is_undefined_gets_a_reason(register):
    nan = m.Metric(
        lambda *_rows: math.nan,
        lambda _values, right, _wrong: np.full(right.shape[:-1], math.nan),
        None,
        "Nothing",
        range=(0.0, 1.0),
    )
    register(nan)
    c, y = draw(1, 30)
    i = m.bootstrap(c, y, metrics=["deficit"], replicates=20)["deficit"]
    assert i.reason == "Nothing is undefined for these rows"
    assert m.undefined_reason("deficit", c, y) == i.reason
    assert m.summary(c, y).reasons["deficit"] == i.reason
    change = m.compare((c, y), (c, y), metrics=["deficit"])["deficit"]
    assert change.reason == f"a: {i.reason}; b: {i.reason}"
    register(replace(nan, undefined="no row states 0.9 or more"))
    said = "no row states 0.9 or more: Nothing is undefined"
    assert m.undefined_reason("deficit", c, y) == said
    assert m.summary(c, y).reasons["deficit"] == said
    assert "| 0 to 1 | - | no row states 0.9 or more |" in render()
    register(replace(nan, function=lambda *_rows: math.inf, range=(0.0, math.inf)))
    assert m.bootstrap(c, y, metrics=["deficit"], replicates=20)["deficit"].reason == (
        "Nothing is infinite"
    )


# What a new metric must not move


@pytest.mark.parametrize("first", [False, True])
def test_no_p_value_of_the_others_moves(register, first):
    pairs = draw(5, 80), draw(6, 80)
    before = m.compare(*pairs)
    assert list(before.changes) == list(m.FAMILY)
    register(DEFICIT, first=first)
    after = m.compare(*pairs)
    assert dict(after.adjusted) == pytest.approx(dict(before.adjusted), abs=0, nan_ok=True)
    assert list(after.changes) == list(m.FAMILY)


@pytest.mark.parametrize("first", [False, True])
def test_no_random_stream_of_the_others_moves(register, monkeypatch, first):
    c, y = draw(7, 60)
    states = []
    real = resampling.null_reaches

    def spy(name, tally, bar, replicates, rng, level):
        states.append((name, repr(rng.bit_generator.state)))
        return real(name, tally, bar, replicates, rng, level)

    monkeypatch.setattr(resampling, "null_reaches", spy)
    before = m.bootstrap(c, y, replicates=30)
    register(DEFICIT, first=first)
    after = m.bootstrap(c, y, replicates=30)
    folded = {name for name, row in m.METRICS.items() if isinstance(row.interval, Folded)}
    assert {name for name, _ in states} == folded
    assert states[: len(states) // 2] == states[len(states) // 2 :]
    assert repr({name: after[name] for name in before}) == repr(before)


def test_a_stream_is_made_of_the_name_unless_the_row_has_a_number():
    one, two = (Folded().stream_of(name) for name in ("one", "two"))
    assert one == Folded().stream_of("one") != two
    assert one > 1000  # not one of those that the first metrics have
    rows = {name: m.METRICS[name].interval for name in m.FAMILY}
    streams = {name: how.stream for name, how in rows.items() if isinstance(how, Folded)}
    assert streams == {"smooth_ece": 6, "miscalibration": 8, "discrimination": 9}


def test_the_family_is_of_metrics():
    assert set(m.FAMILY) <= set(m.METRICS)
    assert len(set(m.FAMILY)) == len(m.FAMILY)


def test_limits_within_groups_are_in_the_range_of_the_auroc():
    low, high = m.METRICS["auroc"].range
    for seed in range(20):
        groups = [m.tally(*draw(seed, 12)), m.tally(*draw(seed + 50, 12))]
        i = bootstrap_within(groups)
        assert i.reason or low <= i.low <= i.estimate <= i.high <= high
