"""Sentences that cannot mislead: pairs of models of which is known what changed."""

import importlib
import re
import runpy
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from caopd_bench.comparison.compare import compare
from caopd_bench.comparison.direction import judge
from caopd_bench.comparison.sentence import say
from caopd_bench.comparison.table import render_comparison
from caopd_bench.comparison.unpaired import compare_unpaired, render_unpaired
from caopd_bench.metrics import METRICS

HELP = runpy.run_path(str(Path(__file__).parents[2] / "studies" / "bench" / "study.py"))
STUDY, FAMILIES, draw, told, share = (
    HELP[name] for name in ("STUDY", "FAMILIES", "draw", "told", "share")
)
#: How alarming a verdict is.
ALARM = {
    "better": 0,
    "no difference seen": 1,
    "confidence moved": 1,
    "answers only": 1,
    "moved alike": 1,
    "closer": 1,
    "answers caught up": 1,
    "less silent": 1,
    "apart": 2,
    "answers moved away": 2,
    "inconclusive": 2,
    "mixed": 2,
    "silent": 3,
    "worse": 3,
}


def head(sentence):
    return sentence.split(": ")[0]


@pytest.mark.parametrize("n", [300, 1000])
def test_answers_that_caught_up_are_no_better_calibration(n):
    """Identical confidences, half of the wrong answers right."""
    for i in range(20):
        found, sentence = told(draw("half of the wrong answers right, same confidences", n, i))
        assert judge(found) == "answers caught up"
        assert "is right more often" in sentence
        assert "its accuracy rose to meet an unchanged confidence" in sentence
        assert "better calibrated" not in sentence
        assert re.search(r"accuracy 0\.\d{3} to 0\.\d{3} \(\+0\.[12]", sentence)


@pytest.mark.parametrize("n", [300, 1000])
def test_models_that_only_gain_accuracy_rarely_read_as_better_calibrated(n):
    name = "accuracy +.10 at random, same law of confidence"
    assert share(name, n, 60, lambda _, s: "better calibrated" in head(s)) <= 0.08


def test_a_model_that_is_always_wrong_does_not_differ_in_its_answers_alone():
    found, sentence = told(draw("always wrong, states 0", 600, 1))
    assert judge(found) == "mixed"
    assert "but has no right answer" in head(sentence)
    assert "to 0.000 (-0.6" in sentence


def test_fewer_right_answers_are_never_shown_as_an_improvement_without_their_sign():
    """UNC falls on both sides of one half."""
    found, sentence = told(draw("accuracy .41 to .18, all state .30", 600, 1))
    assert found.parts.brier.uncertainty.high < 0
    assert judge(found) == "answers only"
    change = found.parts.gap.accuracy.difference
    assert change < -0.1
    assert re.search(rf"of the answers -0\.\d{{3}} \(accuracy {change:+.3f}\)", sentence)
    assert "better" not in sentence


def test_fewer_right_answers_stand_in_the_head():
    name = "accuracy -.16 and states .25 less"
    found, sentence = told(draw(name, 1000, 3))
    assert judge(found) in ("better", "mixed")
    assert "right less often" in head(sentence)


def test_a_constant_at_its_own_accuracy_is_not_worse_calibrated():
    for name in ("a constant at its accuracy, overconfident before",
                 "a constant at its accuracy, calibrated before"):  # fmt: skip
        for n in (300, 1000):
            for i in range(10):
                _, sentence = told(draw(name, n, [n, i]))
                assert "no longer tells right answers from wrong ones" in sentence
                assert "worse calibrated" not in sentence


def test_equal_models_are_rarely_told_apart():
    for name in ("equal, overconfident", "equal, calibrated, 1,000 values"):
        assert share(name, 300, 60, lambda f, _: judge(f) != "no difference seen") <= 0.1


def test_calibration_is_claimed_by_its_own_number():
    """A gain of discrimination alone is called that."""
    _, sentence = told(draw("calibrated, AUROC .67 to .88", 1000, 1))
    assert sentence.startswith("new tells right answers from wrong ones better than base")
    assert "calibrated" not in head(sentence)


@pytest.mark.parametrize(
    "name",
    [
        "equal, overconfident",
        "states .10 less, overconfident before",
        "OPD: accuracy +.15, states 1.00",
    ],
)
def test_more_silence_never_gives_a_calmer_sentence(name):
    base, cand = draw(name, 600, 5)
    wrong = np.flatnonzero(cand.right == 0)
    before = -1
    for k in (0, 12, 22, 40, 80, wrong.size):
        silent = np.isin(np.arange(600), wrong[:k])
        found, sentence = told((base, FAMILIES["silence"](cand, silent)))
        assert ALARM[judge(found)] >= before, (k, sentence)
        before = ALARM[judge(found)]
        assert ("parse rate" in sentence) == bool(k)
    assert before == 3


def test_silence_when_wrong_is_not_a_difference_that_was_not_seen():
    name = "silent on a quarter of the wrong answers"
    for n in (300, 1000):
        assert share(name, n, 30, lambda f, _: judge(f) == "silent") >= 0.95
    _, sentence = told(draw(name, 300, 1))
    assert "states a usable confidence less often" in head(sentence)
    assert "cannot be told apart" not in sentence


def test_honest_missingness_leaves_the_power():
    name = "both silent on 5 % at random, states .10 less"

    def found(comparison, sentence):
        return judge(comparison) == "better" and "this would not hold if the Brier" in sentence

    assert share(name, 1000, 40, found) >= 0.8


def test_the_tipping_point_is_where_the_sign_turns():
    base, cand = draw("both silent on 5 % at random, states .10 less", 1000, 2)
    found, sentence = told((base, cand))
    missing, limit = found.missing, found.parts.brier.confidence.high
    tipping = missing.tipping_point(limit)
    assert limit * missing.both + tipping * missing.unparsed == pytest.approx(0.0)
    assert missing.lowest <= tipping <= missing.highest
    assert missing.rows == missing.both + missing.silenced + missing.voiced + missing.neither
    assert f"if the Brier score of those rows had risen by {tipping:.3f} or more" in sentence
    # Nothing that 3 rows could have stated undoes a large change.
    assert np.isnan(replace(missing, both=997, silenced=3, voiced=0, neither=0).tipping_point(-0.1))


@pytest.mark.parametrize(
    "name", ["OPD, both silent on 5 % at random", "AUROC .75 to .85, both silent on 5 % at random"]
)
def test_honest_missingness_leaves_the_power_of_every_number(name):
    wanted = "worse" if name.startswith("OPD") else "better"
    assert share(name, 1000, 30, lambda found, _: judge(found) == wanted) >= 0.8
    # What would overturn a claim of the ranking is no change of the Brier score.
    _, sentence = told(draw(name, 1000, 1))
    assert "they are assumed to be like the other rows" in sentence
    assert "would reverse this" not in sentence


def test_silence_buys_no_better_ranking():
    name = "silent on a third of the wrong answers, states 1.00 there"

    def claimed(_, sentence):
        return "tells right answers from wrong ones better" in head(sentence)

    assert share(name, 1000, 30, claimed) <= 0.1


def test_a_base_that_kept_silent_is_not_called_alike():
    name = "base silent on a quarter of its wrong answers"
    assert share(name, 300, 30, lambda found, _: judge(found) == "less silent") >= 0.9


def test_a_confidence_that_crossed_over_is_not_called_alike():
    name = "states .50 less: as far below as it was above"
    found, sentence = told(draw(name, 1000, 1))
    assert judge(found) == "confidence moved"
    assert "new states less confidence than base on t (1,000 items), was overconfident and is" in (
        sentence
    )
    assert "(overconfidence gap +0.2" in sentence
    assert share(name, 300, 30, lambda _, s: "cannot be told apart" in s) == 0


def test_the_gap_decides_whether_two_things_came_closer():
    for name in ("accuracy .85 to .60, states .95 and .60",
                 "constants .15 below their accuracy and at it, .25 and .50"):  # fmt: skip
        for n in (300, 1000):
            assert share(name, n, 20, lambda _, s: "away from" in s or "moved apart" in s) <= 0.05


def test_one_missing_row_undoes_no_collapse():
    base, cand = draw("OPD: accuracy +.15, states 1.00", 1000, 4)
    one = np.arange(1000) == 7
    for pair in ((base, FAMILIES["silence"](cand, one)), (FAMILIES["silence"](base, one), cand)):
        found, sentence = told(pair)
        assert judge(found) == "worse"
        assert "1 of 1,000 rows lacks a usable confidence" in sentence


def test_every_head_is_a_claim_that_the_study_checks():
    """No sentence of a family but the undecided ones goes unchecked."""
    for name in FAMILIES["FAMILIES"]:
        found, sentence = told(draw(name, 300, 9))
        if judge(found) not in ("no difference seen", "inconclusive", "undefined"):
            assert STUDY["claims"](sentence), sentence


def test_registering_a_metric_moves_no_sentence(monkeypatch, populations):
    first, second = (populations.draw(150, seed) for seed in (1, 2))
    runs = [populations.make_run(*rows, name) for rows, name in ((first, "a"), (second, "b"))]
    (before,) = compare(*runs)
    more = MappingProxyType({"another": METRICS["brier"], **METRICS})
    for name in ("registry", "comparison.compare"):
        module = importlib.import_module(f"caopd_bench.metrics.{name}")
        monkeypatch.setattr(module, "METRICS", more)
    (after,) = compare(*runs)
    assert repr(before.metrics.adjusted) == repr(after.metrics.adjusted)
    assert say(before) == say(after)


def test_unpaired_names_accuracy_beside_brier(populations):
    stated, right = populations.draw(300, 1)
    fewer = right * (np.random.default_rng(0).random(right.shape) < 0.2)
    runs = [
        populations.make_run(stated, right, "a"),
        populations.make_run(np.full_like(stated, 0.1), fewer, "b"),
    ]
    (found,) = compare_unpaired(*runs)
    first = next(iter(render_unpaired(found)))
    assert "a lower Brier score" in first
    assert "; accuracy 0." in first
    assert "better" not in first


def test_unpaired_draws_nothing_from_scores_of_unlike_shares(populations):
    stated, right = populations.draw(300, 1)
    runs = [
        populations.make_run(stated, right, "a"),
        populations.make_run(stated, right, "b", parsed=right == 1),
    ]
    (found,) = compare_unpaired(*runs)
    blocks = list(render_unpaired(found))
    assert "Brier scores over different shares of the answers" in blocks[0]
    assert "parse rate 1.000 to 0." in blocks[0]
    assert "lower" not in blocks[0]
    # What has no interval says why.
    assert re.search(r"AUROC .* - +all answers right", blocks[-1])


def test_a_gain_in_accuracy_stands_in_the_head_of_a_loss():
    _, sentence = told(draw("OPD: accuracy +.15, states 1.00", 1000, 1))
    assert "unlike base, but is right more often on t" in head(sentence)


def test_a_ranking_that_is_turned_is_not_called_no_ranking():
    base, cand = draw("equal, overconfident", 600, 3)
    turned = cand._replace(stated=np.round(1.6 - cand.stated, 2).clip(0.0, 1.0))
    found, sentence = told((base, turned))
    assert found.parts.auroc.b < 0.3
    assert "is surer of its wrong answers than of its right ones" in head(sentence)


def test_few_items_are_named():
    _, sentence = told(draw("equal, overconfident", 20, 1))
    assert sentence.endswith("20 items can only show large differences")
    _, sentence = told(draw("equal, overconfident", 100, 1))
    assert "can only show large differences" not in sentence


def test_better_in_the_table_is_shared_among_its_metrics(populations):
    """One of twenty intervals excludes no change by chance."""
    first, second = (populations.draw(200, seed) for seed in (1, 2))
    (found,) = compare(*(populations.make_run(*x, n) for x, n in ((first, "a"), (second, "b"))))
    brier = replace(found.metrics["brier"], better="b", p_value=0.04)
    changes = MappingProxyType({**found.metrics.changes, "brier": brier})

    def row(adjusted):
        metrics = replace(
            found.metrics,
            changes=changes,
            adjusted=MappingProxyType({**found.metrics.adjusted, "brier": adjusted}),
        )
        text = "\n".join(render_comparison(replace(found, metrics=metrics)))
        (line,) = [line for line in text.splitlines() if line.startswith("  Brier   ")][1:2]
        return line

    assert row(0.8).endswith("0.800")
    assert row(0.03).endswith("0.030  b")
