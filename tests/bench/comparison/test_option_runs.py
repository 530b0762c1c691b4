"""`compare` of runs whose confidence is the probability of the chosen option."""

import json
import re
from dataclasses import replace

import pytest

from caopd_bench import compare
from caopd_bench.comparison.as_json import to_plain
from caopd_bench.comparison.one_task import TaskComparison
from caopd_bench.comparison.sentence import say
from caopd_bench.comparison.table import render_comparison
from caopd_bench.comparison.unpaired import compare_unpaired, render_unpaired
from caopd_bench.core.errors import NotComparableError

STATED = re.compile(r"\bstat(e|es|ed|ing)\b", re.IGNORECASE)


def _pairs(draw):
    base = draw("base")
    yield base, base
    yield base, draw("b", seed=1)
    yield base, draw("sharp", seed=1, temperature=4.0)
    yield base, draw("flat", seed=1, temperature=0.2)
    yield base, draw("silent", seed=2, silent=60)
    yield draw("silent", seed=2, silent=60), base
    yield base, draw("mute", silent=200)
    same = [replace(row, confidence=0.7) for row in base.rows]
    yield base, replace(base, name="constant", rows=same)
    wrong = [replace(row, correct=0) for row in base.rows]
    yield base, replace(base, name="wrong", rows=wrong)


def test_no_sentence_and_no_table_speaks_of_stating(option_runs):
    heads = set()
    for base, cand in _pairs(option_runs.draw_option_run):
        (found,) = compare(base, cand)
        text = "\n".join([*render_comparison(found), json.dumps(to_plain(found))])
        assert not STATED.search(text), STATED.search(text)
        assert "confidence: probability of the chosen option's whole text)" in text
        heads.add(say(found).partition(" on made_up_choice")[0])
    assert "silent has a usable confidence less often than base" in heads
    assert len(heads) > 4


def test_no_verdict_speaks_of_stating(option_runs):
    """Every head of a sentence, whether or not a pair above has it."""
    from caopd_bench.comparison import sentence
    from caopd_bench.comparison.direction import Judgement

    (found,) = compare(option_runs.draw_option_run("a"), option_runs.draw_option_run("b", seed=1))
    verdicts = (
        "better", "worse", "mixed", "silent", "less silent", "inconclusive", "no difference seen",
        "confidence moved", "answers caught up", "answers moved away", "closer", "apart",
        "moved alike", "answers only",
    )  # fmt: skip
    for verdict in verdicts:
        for stated in (-1, 0, 1):
            judged = Judgement(verdict, stated=stated)
            head = " ".join(sentence._head(found.parts, judged, "a", "b", found.wording))
            assert not STATED.search(head), head


def test_runs_that_state_theirs_are_spoken_of_as_before(option_runs):
    (found,) = compare(option_runs.draw_stated_run("a"), option_runs.draw_stated_run("b", seed=1))
    assert isinstance(found, TaskComparison)
    assert "(200 items)" in say(found)
    assert "stated where both are right" in "\n".join(render_comparison(found))
    assert not found.differences


@pytest.mark.parametrize("turned", [False, True])
def test_two_kinds_are_compared_and_it_is_said_which_is_which(option_runs, turned):
    runs = [option_runs.draw_stated_run("s"), option_runs.draw_option_run("o", seed=1)]
    if turned:
        runs.reverse()
    (found,) = compare(*runs)
    assert "; the confidence of o is the probability of the chosen option, that of s is not)" in (
        say(found)
    )
    (difference,) = [one for one in found.differences if one.setting == "confidence"]
    sides = ["stated in the text", "the probability of the chosen option's whole text"]
    assert [difference.base, difference.cand] == (sides[::-1] if turned else sides)
    with pytest.raises(NotComparableError, match="--strict"):
        compare(*runs, strict=True)


def test_another_length_to_compare_by_is_a_difference(option_runs):
    draw = option_runs.draw_option_run
    (found,) = compare(draw("a"), draw("b", seed=1, per="byte"))
    (difference,) = [one for one in found.differences if one.setting == "confidence"]
    assert difference.cand == "the probability of the chosen option per byte of its text"
    assert "confidence: probability of the chosen option)" in say(found)


def test_groups_speak_alike(option_runs):
    draw = option_runs.draw_option_run
    found = compare(draw("a"), draw("b", seed=1), by=["subject"])
    assert len(found) == 3
    assert not any(STATED.search(say(one)) for one in found)


def test_unpaired_keeps_to_the_confidence(option_runs):
    draw = option_runs.draw_option_run
    (found,) = compare_unpaired(draw("a"), draw("b", seed=1))
    names = {one.metric for one in found.metrics}
    assert "brier" in names
    assert not names & {"brier_classes", "classwise_ece"}
    assert not STATED.search("\n".join(render_unpaired(found)))
