"""What a verdict follows from, sign by sign, and which words it gets."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caopd_bench.comparison.direction import Judgement, _keep_what_holds, decide_parsed, weigh
from caopd_bench.comparison.missing import BOUNDED, count_missing
from caopd_bench.comparison.sentence import _head, say
from caopd_bench.metrics import auroc, brier, confidence_when_wrong, miscalibration, uncertainty

HELP = runpy.run_path(str(Path(__file__).parents[2] / "studies" / "bench" / "study.py"))
STUDY, draw, told = (HELP[name] for name in ("STUDY", "draw", "told"))
BETTER = {"calibration": -1, "own": -1}
WORSE = {"calibration": 1, "own": 1}
MOVED = {"any_accuracy": 1, "parsed_accuracy": 1}


@pytest.mark.parametrize(
    ("signs", "verdict"),
    [
        ({}, "no difference seen"),
        (BETTER, "better"),
        ({**BETTER, "any_accuracy": 1}, "better"),
        ({"fit": -1, "own": -1}, "better"),
        ({"ranking": 1}, "better"),
        (WORSE, "worse"),
        ({"fit": 1, "own": 1}, "worse"),
        ({"ranking": -1}, "worse"),
        ({"surer_when_wrong": True}, "worse"),
        ({"sure_of_more": True}, "worse"),
        ({**BETTER, "ranking": -1}, "mixed"),
        ({**BETTER, "surer_when_wrong": True}, "mixed"),
        ({**BETTER, "none_right": True}, "mixed"),
        ({**WORSE, "ranking": 1}, "mixed"),
        # Without own it is not the doing of the confidence.
        ({"calibration": -1}, "inconclusive"),
        ({"calibration": -1, "own": 1}, "inconclusive"),
        ({"fit": -1}, "inconclusive"),
        ({"fit": -1, "any_accuracy": 1, "own": -1}, "inconclusive"),
        ({"fit": 1, "any_accuracy": 1, "own": 1}, "inconclusive"),
        ({"fit": 1, "any_accuracy": 1, "accuracy": 1, "own": 1}, "answers only"),
        # Answers that moved under an unchanged confidence, and with one that moved too.
        (
            {"calibration": -1, **MOVED, "distance": -1, "is_unchanged": True},
            "answers caught up",
        ),
        (
            {"calibration": 1, **MOVED, "distance": 1, "is_unchanged": True},
            "answers moved away",
        ),
        ({"calibration": -1, **MOVED, "distance": -1}, "closer"),
        ({"calibration": 1, **MOVED, "distance": 1}, "apart"),
        # The gap must say the same as MCB, and the rows that both parse the same as all rows.
        ({"calibration": -1, **MOVED, "distance": 1}, "inconclusive"),
        ({"calibration": -1, "any_accuracy": 1, "distance": -1}, "inconclusive"),
        ({"accuracy": 1, "any_accuracy": 1}, "answers only"),
        ({"accuracy": 1, "any_accuracy": 1, "any_calibration": -1}, "inconclusive"),
        ({"accuracy": 1, "any_accuracy": 1, "any_discrimination": -1}, "moved alike"),
        ({"accuracy": 1, "any_accuracy": 1, "stated": 1}, "moved alike"),
        ({"stated": -1}, "confidence moved"),
    ],
)
def test_a_verdict_follows_from_the_signs(signs, verdict):
    assert decide_parsed(Judgement(**signs)) == verdict


@pytest.mark.parametrize(
    ("signs", "head"),
    [
        ({"verdict": "better", **BETTER}, "new is better calibrated than base on t"),
        (
            {"verdict": "better", **BETTER, "ranking": 1},
            "new is better calibrated than base and tells right answers from wrong ones better on "
            "t",
        ),
        (
            {"verdict": "better", **BETTER, "accuracy": -1},
            "new is better calibrated than base, but is right less often on t",
        ),
        (
            {"verdict": "better", "ranking": 1},
            "new tells right answers from wrong ones better than base on t",
        ),
        (
            {"verdict": "better", "fit": -1, "own": -1},
            "new states a confidence that fits its answers better than that of base on t",
        ),
        ({"verdict": "worse", **WORSE}, "new is worse calibrated than base on t"),
        (
            {"verdict": "worse", **WORSE, "ranking": -1},
            "new is worse calibrated than base and no longer tells right answers from wrong ones "
            "on t",
        ),
        (
            {"verdict": "worse", "fit": 1, "own": 1},
            "new states a confidence that fits its answers worse than that of base on t",
        ),
        (
            {"verdict": "worse", "surer_when_wrong": True},
            "new is surer of its wrong answers than base on t",
        ),
        (
            {"verdict": "worse", "sure_of_more": True},
            "new is sure of more of its wrong answers than base on t",
        ),
        (
            {"verdict": "mixed", **BETTER, "surer_when_wrong": True},
            "new is better calibrated than base on average, but is surer of its wrong answers on t",
        ),
        (
            {"verdict": "mixed", **WORSE, "ranking": 1, "accuracy": -1},
            "new tells right answers from wrong ones better than base, but is worse calibrated and "
            "is right less often on t",
        ),
        (
            {"verdict": "answers caught up", "any_accuracy": 1},
            "new is right more often than base on t, and its accuracy rose to meet an unchanged "
            "confidence",
        ),
        (
            {"verdict": "answers moved away", "any_accuracy": -1},
            "new is right less often than base on t, and its accuracy fell away from an unchanged "
            "confidence",
        ),
        (
            {"verdict": "closer", "any_accuracy": -1, "none_right": True},
            "new is right less often than base on t, and has no right answer, and its accuracy and "
            "its stated confidence came closer together",
        ),
        (
            {"verdict": "moved alike", "any_accuracy": 1, "stated": 1},
            "new is right more often than base on t, and its stated confidence rose with its "
            "accuracy; no difference in calibration was seen",
        ),
        (
            {"verdict": "moved alike", "any_accuracy": 1, "stated": -1},
            "new is right more often than base on t, and its stated confidence fell against its "
            "accuracy; no difference in calibration was seen",
        ),
        (
            {"verdict": "silent"},
            "new states a usable confidence less often than base on t, and it is unclear which of "
            "them is better calibrated",
        ),
        (
            {"verdict": "less silent"},
            "new states a usable confidence more often than base on t, and it is unclear which of "
            "them is better calibrated",
        ),
        ({"verdict": "confidence moved", "stated": 1}, "new states more confidence than base on t"),
    ],
)
def test_a_head_follows_from_the_signs(signs, head):
    parts = STUDY["to_comparison"](draw("OPD: accuracy +.15, states 1.00", 300, 1)).parts
    before, after = _head(parts, Judgement(**signs), "base", "new")
    assert f"{before} on t{after}".startswith(head)


def test_no_longer_needs_a_base_that_told(opd):
    parts = opd.parts
    low = replace(parts, auroc=replace(parts.auroc, a=0.58))
    high = replace(parts, auroc=replace(parts.auroc, b=0.58))
    signs = Judgement(verdict="worse", ranking=-1)
    for one in (low, high):
        assert "less well than base" in _head(one, signs, "base", "new")[0]
    assert "no longer tells" in _head(parts, signs, "base", "new")[0]


@pytest.fixture(scope="module")
def opd():
    return STUDY["to_comparison"](draw("OPD: accuracy +.15, states 1.00", 600, 1))


def test_each_sign_is_that_of_its_number(opd):
    back = STUDY["to_comparison"](draw("OPD: accuracy +.15, states 1.00", 600, 1)[::-1])
    for found, sign in ((opd, 1), (back, -1)):
        s = weigh(found)
        assert (s.accuracy, s.stated, s.own, s.ranking) == (sign, sign, sign, -sign)
        assert (s.any_accuracy, s.parsed_accuracy) == (sign, sign)
        assert (s.surer_when_wrong, s.sure_of_more) == (sign > 0, sign > 0)
        assert s.calibration == -sign
        assert s.distance == (1 if abs(found.parts.cand_gap) > abs(found.parts.base_gap) else -1)


def test_own_stands_in_the_way_of_being_surer():
    """Confidence when wrong rises with a calibrated confidence too, where accuracy does."""
    name = "accuracy +.10 and states .10 more"
    found = STUDY["to_comparison"](draw(name, 1000, 1))
    assert found.six["confidence_when_wrong"].p_value < 0.001
    assert not weigh(found).surer_when_wrong


def test_ranking_needs_both_areas(opd):
    """AUROC alone falls where only answers changed, and rises where only answers did."""
    assert weigh(opd).ranking == -1
    parts = opd.parts
    other = replace(parts.same_answers_auroc, low=0.01, high=0.1)
    spread = replace(parts.brier, discrimination=replace(parts.brier.discrimination, b=0.01))
    found = replace(opd, parts=replace(parts, same_answers_auroc=other, brier=spread))
    assert weigh(found).ranking == 0


def test_alike_rows_are_no_difference():
    models = draw("equal, overconfident", 300, 1)
    found, sentence = told((models[0], models[0]))
    signs = weigh(found)
    assert signs.verdict == "no difference seen"
    assert (signs.ranking, signs.surer_when_wrong, signs.sure_of_more) == (0, False, False)
    assert sentence.startswith("new and base cannot be told apart on t (300 items): mean conf")


def test_the_error_rate_is_shared():
    """One number whose interval just excludes no change is not enough."""
    models = draw("equal, overconfident", 300, 1)
    found = STUDY["to_comparison"](models)
    signs = weigh(found)
    assert signs.tests == 8
    accuracy = replace(found.accuracy, low=0.001, high=0.05, difference=0.03, p_value=0.04)
    alone = replace(found, accuracy=accuracy)
    assert weigh(alone).accuracy == 0
    assert weigh(alone).any_accuracy == 1
    assert "each interval is for one number alone; after adjustment for 8 tests" in say(alone)
    clear = replace(found, accuracy=replace(accuracy, p_value=0.0005))
    assert weigh(clear).accuracy == 1


def with_missing(found, *, excess, against=0.0, favour=0.0):
    """Say that the candidate is silent on so many rows more than the base."""
    missing = replace(
        found.missing,
        both=found.missing.rows - 40,
        silenced=20 + excess,
        voiced=20,
        against=dict.fromkeys(BOUNDED, against),
        in_favour=dict.fromkeys(BOUNDED, favour),
    )
    return replace(found, missing=missing)


def test_a_claim_falls_where_the_excess_could_undo_it():
    found = STUDY["to_comparison"](draw("states .10 less, overconfident before", 1000, 1))
    limit = found.parts.brier.miscalibration.high
    fit = found.parts.brier.confidence.high
    assert weigh(found).verdict == "better"
    most = -max(limit, fit)
    assert weigh(with_missing(found, excess=1, against=most * 0.99)).verdict == "better"
    turned = weigh(with_missing(found, excess=1, against=-min(limit, fit) * 1.01))
    assert (turned.verdict, turned.of_parsed) == ("inconclusive", "better")
    # Silence that helps the candidate turns nothing, and neither does as much silence in both.
    assert weigh(with_missing(found, excess=1, against=-0.5)).verdict == "better"
    assert weigh(with_missing(found, excess=0, against=0.5)).verdict == "better"
    fell = replace(
        with_missing(found, excess=20, against=0.5),
        parse_rate=replace(found.parse_rate, low=-0.1, high=-0.05, difference=-0.07, p_value=0.0),
    )
    assert weigh(fell).verdict == "silent"


def test_a_loss_is_not_undone_by_the_silence_of_the_candidate():
    found = STUDY["to_comparison"](draw("states .10 less, overconfident before", 1000, 1)[::-1])
    found = replace(found, six={})  # MCB alone carries it
    assert weigh(found).verdict == "worse"
    assert weigh(with_missing(found, excess=1, favour=-0.5)).verdict == "worse"
    assert weigh(with_missing(found, excess=-1, favour=-0.5)).verdict == "inconclusive"
    assert weigh(with_missing(found, excess=-1, favour=-0.0001)).verdict == "worse"


def test_missing_rows_of_the_base_could_have_been_sure_of_as_many_wrong_answers(opd):
    signs = weigh(opd)
    assert signs.sure_of_more
    alone = replace(signs, ranking=0, surer_when_wrong=False, calibration=0, fit=0)
    for excess, holds in ((-1, True), (-200, False)):
        found = with_missing(opd, excess=excess)
        kept = _keep_what_holds(found, found.parts, alone)
        assert kept.sure_of_more is holds


def test_what_would_overturn_a_ranking_is_no_brier_score():
    found = STUDY["to_comparison"](draw("from OPD to CaOPD, same accuracy", 600, 1))
    signs = weigh(found)
    assert (signs.ranking, signs.fit, signs.verdict) == (1, -1, "better")
    sentence = say(with_missing(found, excess=0))
    assert "40 of 600 rows lack a usable confidence in one run or both; they are assumed" in (
        sentence
    )


def test_what_could_hide_a_loss_is_not_called_alike():
    found = STUDY["to_comparison"](draw("equal, overconfident", 600, 1))
    assert weigh(with_missing(found, excess=1, against=0.001)).verdict == "no difference seen"
    assert weigh(with_missing(found, excess=1, against=0.2)).verdict == "inconclusive"
    assert weigh(with_missing(found, excess=0, against=0.2)).verdict == "no difference seen"


def test_most_rows_missing_decide_nothing():
    found = STUDY["to_comparison"](draw("OPD: accuracy +.15, states 1.00", 600, 1))
    most = replace(found, missing=replace(found.missing, both=250, silenced=175, voiced=175))
    assert weigh(most).verdict == "inconclusive"


@pytest.mark.parametrize("worst", [True, False])
@pytest.mark.parametrize("silent", ["candidate", "base"])
def test_the_bounds_are_those_of_rows_at_an_extreme(worst, silent):
    """With one run silent only, the excess is all of its missing rows: fill them, and compute."""
    base, cand = draw("equal, overconfident", 300, 2)
    quiet = np.random.default_rng(0).random(300) < 0.1
    if silent == "candidate":
        pair = (base, cand._replace(parsed=~quiet))
    else:
        pair = (base._replace(parsed=~quiet), cand)
    missing = count_missing(STUDY["to_pair"](pair))
    functions = {
        "miscalibration": miscalibration,
        "auroc": auroc,
        "confidence_when_wrong": confidence_when_wrong,
        "fit": lambda c, y: brier(c, y) - uncertainty(c, y),
    }
    same = pair[0].right == pair[1].right
    mute = pair[1] if silent == "candidate" else pair[0]
    at_wrong_end = worst == (silent == "candidate")
    filled = np.where(quiet, 1 - mute.right if at_wrong_end else mute.right, mute.stated)
    full = [m.stated for m in pair]
    full[1 if silent == "candidate" else 0] = filled
    for name, function in functions.items():
        after = function(full[1], pair[1].right) - function(full[0], pair[0].right)
        before = function(pair[1].stated[~quiet], pair[1].right[~quiet]) - function(
            pair[0].stated[~quiet], pair[0].right[~quiet]
        )
        shift = (missing.against if worst else missing.in_favour)[name]
        assert shift == pytest.approx(after - before), name
    own = [
        brier(full[1][rows], pair[1].right[rows]) - brier(full[0][rows], pair[0].right[rows])
        for rows in (same, same & ~quiet)
    ]
    shift = (missing.against if worst else missing.in_favour)["own"]
    assert shift == pytest.approx(own[0] - own[1])
