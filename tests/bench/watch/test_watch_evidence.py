"""Alarms from sums: what they assume, and what they hold against."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import tally
from caopd_bench.thresholds.promise import load_threshold
from caopd_bench.thresholds.usual import Moments, usual_of
from caopd_bench.watch.evidence import Options, assess
from caopd_bench.watch.tallies import Day, Part, sum_rows

answers = st.lists(
    st.tuples(st.sampled_from([0.5, 0.9, 0.97, 0.99, 1.0]), st.sampled_from([-1, 0, 1])),
    min_size=1,
    max_size=60,
)


def day_of(rows, cut=0.97):
    c = np.array([c for c, _ in rows], float)
    y = np.array([y for _, y in rows], np.int8)
    return Day.of(sum_rows(c, y, c >= cut, np.zeros(c.size, np.int64), 1)[0])


@settings(max_examples=60, deadline=None)
@given(answers, st.integers(0, 2**60))
def test_missing_outcomes_at_their_best_never_speak_louder(promise_file, rows, bits):
    """Whatever the missing ones turn out to be, the evidence of all is at least as large."""
    promise = load_threshold(promise_file)
    filled = [(c, (bits >> i) % 2 if y < 0 else y) for i, (c, y) in enumerate(rows)]
    before, after = (
        assess(promise, day, {"": day}, Options()) for day in (day_of(rows), day_of(filled))
    )
    for open_, closed in zip(before, after, strict=True):
        if open_.verdict.name != "unwatched":
            assert open_.sure_evidence <= closed.evidence + 1e-9
            assert closed.sure_evidence == pytest.approx(closed.evidence)
            assert open_.sure_low <= closed.estimate + 1e-9
            assert closed.estimate <= open_.sure_high + 1e-9


def test_the_shares_of_the_alarms_add_up(promise_file):
    promise = load_threshold(promise_file)
    day = day_of([(1.0, 1), (0.5, 0)])
    alarms = assess(promise, day, {"": day}, Options(error=0.05))
    share = [math.exp(-alarm.needed) for alarm in alarms]
    # Of Brier half goes to its limit; of the gap a quarter to each of two limits and two sides.
    total = sum(
        x * (1 if a.name == "risk" else 2 if a.name.startswith("Brier") else 4)
        for a, x in zip(alarms, share, strict=True)
    )
    assert total == pytest.approx(0.05)


def test_sums_of_a_day():
    part = day_of([(1.0, 0), (1.0, -1), (0.5, 1), (0.5, -1), (math.nan, 1)])
    assert (part.kept.rows, part.kept.known, part.kept.wrong) == (2, 1, 1)
    assert (part.left.loss, part.left.gap, part.unparsed) == (0.25, -0.5, 1)
    assert part.left.least_losses().total == 0.5
    assert part.left.least_gaps().total == -1.0
    assert part.left.largest_gaps().total == 0.0
    assert part.coverage == 0.4
    assert part.rows == 5


def test_an_old_threshold_watches_the_risk_alone(promise_file):
    from dataclasses import replace

    promise = replace(load_threshold(promise_file), usual=None)
    day = day_of([(1.0, 1)] * 50)
    alarms = assess(promise, day, {"": day}, Options())
    assert [alarm.verdict.name for alarm in alarms] == ["quiet"] + ["unwatched"] * 4
    assert "create the file again" in alarms[1].verdict.why


def test_limits_of_what_was_usual():
    rng = np.random.default_rng(0)
    values = np.array([0.9, 0.97, 1.0])
    truth = float(np.mean(0.03 * values**2 + 0.97 * (1 - values) ** 2))
    broken = np.zeros(3)
    for _ in range(300):
        c = rng.choice(values, 200)
        kept = usual_of([(tally(c, rng.random(200) < 0.97), 0.9)]).kept
        gap = float(values.mean()) - 0.97
        broken += [
            kept.upper_loss(0.05) < truth, kept.upper_gap(0.05) < gap, kept.lower_gap(0.05) > gap
        ]  # fmt: skip
    assert (broken / 300 <= 0.05 + 0.03).all()


def test_questions_asked_twice_are_no_more_rows():
    rng = np.random.default_rng(1)
    c = rng.choice([0.9, 1.0], 300)
    y = rng.random(300) < 0.9
    once = usual_of([(tally(c, y), 0.5)]).kept
    twice = tally(np.r_[c, c], np.r_[y, y], cluster=np.r_[np.arange(300), np.arange(300)])
    again = usual_of([(twice, 0.5)]).kept
    assert (again.questions, again.rows, again.largest) == (300, 600, 2)
    for name in ("upper_loss", "upper_gap", "lower_gap"):
        assert getattr(again, name)(0.01) == pytest.approx(getattr(once, name)(0.01), abs=1e-9)
    assert Moments().upper_loss(0.01) == 1.0
    assert Part(*[0.0] * 10).missing == 0
