"""The micro models' arithmetic: splits, levels, prompts."""

import hashlib

import pytest

from caopd_bench.tasks.ask.documents import demonstrate
from caopd_bench.tasks.ask.prompts import render_answer, render_prompt
from caopd_bench.tasks.catalogue.arithmetic import FAMILIES, LEVELS, SPLITS, draw_level, load, solve
from caopd_bench.tasks.catalogue.items import count_items, load_items
from caopd_bench.tasks.judge.verify import verify
from caopd_bench.tasks.read.parse import parse_response


def test_the_test_set_is_frozen():
    items = load()
    assert len(items) == count_items("arith") == 1500
    assert items == load_items("arith")
    text = "\n".join(item["question"] for item in items)
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "7c39efba5d03dff11c1b68e5b7d5079f5775f9ac0c8ae3a589280a0e61b67959"
    )


def test_every_question_is_in_one_split():
    seen = [q for split in SPLITS for level in LEVELS for q in draw_level(level, split)]
    assert len(seen) == len(set(seen))
    shares = [sum(len(draw_level(level, s)) for level in LEVELS) / len(seen) for s in SPLITS]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_any_first_part_is_balanced():
    for n in (6, 60, 600):
        levels = [item["level"] for item in load(n=n)]
        assert {levels.count(level) for level in LEVELS} == {n // 6}


@pytest.mark.parametrize("level", LEVELS)
def test_answers_have_three_digits(level):
    for split in SPLITS:
        for question in draw_level(level, split):
            assert 0 <= solve(question) < 1000


def test_levels_and_families_choose():
    assert {item["level"] for item in load(levels="3-4")} == {3, 4}
    assert {item["family"] for item in load(families="sum,product", split="train")} == {
        "sum",
        "product",
    }
    assert FAMILIES[4] == "difference"
    with pytest.raises(ValueError, match="levels 1 to 6"):
        load(levels="7")
    with pytest.raises(ValueError, match="families"):
        load(families="sums")
    with pytest.raises(ValueError, match="share no problem"):
        load(families="sum", levels=6)
    with pytest.raises(ValueError, match="split"):
        load(split="tests")
    with pytest.raises(ValueError, match="problem_seed"):
        load_items("arith", problem_seed=3)


def test_prompts_and_answers_have_no_words():
    item = {**load(n=1)[0], "way": "conf", "instructed": True}
    assert render_prompt(item) == "Q: 96+19=?"
    assert demonstrate(item) == "Answer: 115\nConfidence: 1.00"
    assert demonstrate(item, None) == "Answer: 115"
    shown = {**item, "context": "demonstration", "privileged": demonstrate(item), "note": "0.38"}
    assert render_prompt(shown) == (
        "Q: 96+19=?\nExample:\nAnswer: 115\nConfidence: 1.00\nNote: 0.38"
    )
    solved = {**shown, "context": "rollout", "note": None}
    assert render_prompt(solved) == "Q: 96+19=?\nSolution:\nAnswer: 115\nConfidence: 1.00"


def test_the_common_parser_and_verifier_read_them():
    text = "\n" + render_answer("", "7", "0.62", "arith")
    parsed = parse_response(text)
    assert (parsed.answer, parsed.confidence) == ("007", 0.62)
    assert verify(parsed.answer, "7")
