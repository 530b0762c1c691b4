"""What a confidence is trained toward."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.train.rollouts.judge import Rollout, judge_rollout, make_groups
from caopd_bench.train.rollouts.means import Means
from caopd_bench.train.rollouts.success import agreement_rates, success_rates

DOC = {"kind": "number", "answer": "7", "style": "math"}


def rollout(text, finished=True):
    return judge_rollout(DOC, [1, 2], text, finished=finished)


RIGHT = rollout("Answer: 7\nConfidence: 0.9")
WRONG = rollout("Answer: 8\nConfidence: 0.8")
SILENT = rollout("Answer: 7")
CUT = rollout("Answer: 7\nConfidence: 0.9", finished=False)


@given(
    st.integers(1, 8).flatmap(
        lambda k: st.lists(st.tuples(st.booleans(), st.booleans()), min_size=k, max_size=k)
    )
)
def test_rates_by_counting(pairs):
    correct = [[int(c) for c, _ in pairs]]
    usable = [[int(u) for _, u in pairs]]
    kept = [c for c, u in pairs if u]
    for estimate in ("plain", "leave_one_out", "beta"):
        rates = success_rates(correct, usable, estimate=estimate, prior=(2.0, 3.0))[0]
        for (c, u), rate in zip(pairs, rates, strict=True):
            if not u or (estimate == "leave_one_out" and len(kept) == 1):
                assert np.isnan(rate)
            elif estimate == "plain":
                assert rate == pytest.approx(sum(kept) / len(kept))
            elif estimate == "beta":
                assert rate == pytest.approx((sum(kept) + 2) / (len(kept) + 5))
            else:
                assert rate == pytest.approx((sum(kept) - c) / (len(kept) - 1))


def test_rates_that_are_shrunk_toward_a_mean():
    """As many more rollouts as `shrink`, right as often as the mean; NaN leaves the rate plain."""
    correct, usable = [[1, 1, 0, 0]] * 4, [[1, 1, 1, 0]] * 3 + [[0] * 4]
    toward = [0.25, 0.0, np.nan, 0.5]
    rates = success_rates(correct, usable, estimate="level", toward=toward, shrink=2.0)
    assert rates[0, :3] == pytest.approx((2 + 2 * 0.25) / 5)
    assert rates[1, :3] == pytest.approx(2 / 5)
    assert rates[2, :3] == pytest.approx(2 / 3)
    assert np.isnan(rates[:, 3]).all()
    assert np.isnan(rates[3]).all()
    plain = success_rates(correct, usable)
    assert np.array_equal(success_rates(correct, usable, estimate="level"), plain, equal_nan=True)
    with pytest.raises(ValueError, match="one rate for each of 4 questions"):
        success_rates(correct, usable, estimate="level", toward=[0.5])
    with pytest.raises(ValueError, match="toward must hold only rates"):
        success_rates([[1]], [[1]], estimate="level", toward=[1.5])
    with pytest.raises(ValueError, match="shrink must be above 0"):
        success_rates([[1]], [[1]], estimate="level", toward=[0.5], shrink=0)


def test_running_means_of_levels():
    def group(level, *correct):
        rollouts = [RIGHT if right else WRONG for right in correct]
        return make_groups([{**DOC, "level": level}], [*rollouts, SILENT], len(correct) + 1)[0]

    means = Means().after([group(1, 1, 1), group(1, 1, 0), group("hard", 0, 0), group(None, 1)])
    assert means.levels == {"1": 0.75, "hard": 0.0}
    assert means.overall == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    later = means.after([group(1, 0), group(2)])
    assert later.levels == {"1": pytest.approx(0.9 * 0.75), "hard": 0.0}
    assert later.of({"level": 2}) == later.of({}) == later.overall == pytest.approx(0.9 * 0.625)
    assert later.of({"level": 1}) == later.levels["1"]
    assert Means.read(json.loads(json.dumps(later.values()))) == later
    old = Means.read({"mean_rate": "0.5"})  # of a release without levels
    assert (old.of({"level": 1}), dict(old.levels)) == (0.5, {})
    assert math.isnan(Means().of({"level": 1}))


def test_a_mean_does_not_follow_itself():
    """The rates are shrunk toward the mean, and the mean is of the plain ones."""
    doc = {**DOC, "level": 1}
    (group,) = make_groups(
        [doc], [RIGHT, RIGHT, SILENT], 3, estimate="level", toward=[0.5], shrink=2.0
    )
    assert group.rate == pytest.approx((2 + 1) / 4)
    assert Means().after([group], "level").levels == {"1": 1.0}
    assert Means().after([group]).levels == {"1": 0.75}


def test_a_question_without_a_usable_rollout_moves_no_mean():
    """It has no rate, of whatever estimate."""
    silent = make_groups(
        [{**DOC, "level": 1}], [SILENT, SILENT], 2, estimate="level", toward=[0.5], shrink=2.0
    )
    known = Means(0.5, {"1": 0.25})
    assert known.after(silent, "level") == known
    assert math.isnan(Means().after(silent, "level").overall)


def test_agreement_is_the_share_of_the_commonest_answer():
    rates = agreement_rates([[0, 0, 1, None], [None, None, None, None]], [[1, 1, 1, 0], [0] * 4])
    assert rates[0, :3] == pytest.approx(2 / 3)
    assert np.isnan(rates[0, 3])
    assert np.isnan(rates[1]).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="shape"):
        success_rates([1, 0], [1, 1])
    with pytest.raises(ValueError, match="correct must hold only 0 and 1"):
        success_rates([[0.5]], [[1]])
    with pytest.raises(ValueError, match="estimate must be one of"):
        success_rates([[1]], [[1]], estimate="mean")
    with pytest.raises(ValueError, match="prior"):
        success_rates([[1]], [[1]], estimate="beta", prior=(0, 1))


def test_rollouts_are_judged_as_the_task_judges():
    assert (RIGHT.status, RIGHT.confidence, RIGHT.correct) == ("ok", 0.9, 1)
    assert (WRONG.status, WRONG.correct) == ("ok", 0)
    assert (SILENT.status, SILENT.confidence, SILENT.correct) == ("no_confidence", None, 1)
    assert (CUT.status, CUT.confidence, CUT.correct) == ("unfinished", None, 0)


def test_unfinished_and_silent_rollouts_are_excluded():
    (group,) = make_groups([DOC], [RIGHT, WRONG, SILENT, CUT], 4)
    assert group.rates[:2] == [0.5, 0.5]
    assert all(rate != rate for rate in group.rates[2:])
    assert group.rate == 0.5
    assert [r.usable for r in group.rollouts] == [True, True, False, False]
    (empty,) = make_groups([DOC], [SILENT, CUT], 2)
    assert empty.rate != empty.rate


def test_groups_are_k_rollouts_each():
    groups = make_groups([DOC, DOC], [RIGHT, RIGHT, WRONG, WRONG], 2)
    assert [group.rate for group in groups] == [1.0, 0.0]
    with pytest.raises(ValueError, match="2 questions with 3 rollouts"):
        make_groups([DOC, DOC], [RIGHT] * 4, 3)


def test_without_a_verifier_the_gold_answer_is_not_looked_at():
    gold = {**DOC, "answer": "no number at all"}
    (group,) = make_groups([gold], [WRONG, WRONG, RIGHT], 3, source="agreement")
    assert group.rates == pytest.approx([2 / 3] * 3)
    with pytest.raises(ValueError, match="source"):
        make_groups([DOC], [RIGHT], 1, source="gold")


def test_a_rollout_is_usable_by_its_status_alone():
    assert Rollout([], "", "ok", "7", 0.0, 0).usable
    assert not Rollout([], "", "abstained", None, 0.4, 0).usable
