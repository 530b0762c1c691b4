"""The sample of rows: what people look for first, the same items for every model, safe to show."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.report.duels import pick_pairs
from caopd_bench.report.samples import kind_of, pick_rows, show_text, trim

TASK = "caopd_math_conf"


def test_sure_and_wrong_come_first(make_rows):
    rows = make_rows(0, TASK, kind="saturated")
    picked = pick_rows(rows, 50)
    kinds = [kind_of(row) for row in picked.rows]
    assert len(kinds) == 50
    first = kinds.count("sure and wrong")
    assert kinds[:first] == ["sure and wrong"] * first
    assert first >= 20
    assert kinds.count("unparsed") >= 1
    assert picked.total == 240
    assert sum(picked.counts.values()) == 240


def test_the_order_of_the_file_plays_no_part(make_rows):
    rows = make_rows(0, TASK, kind="middling")
    mixed = list(rows)
    random.Random(1).shuffle(mixed)
    assert pick_rows(rows, 40).rows == pick_rows(mixed, 40).rows


def test_two_models_show_the_same_items_where_nothing_is_odd(make_rows):
    picked = [
        {row.item_hash for row in pick_rows(make_rows(seed, TASK, kind="good"), 100).rows}
        for seed in (0, 1)
    ]
    assert len(picked[0] & picked[1]) > 60


@pytest.mark.parametrize("most", [0, 1, 3, 239, 240, 1000])
def test_the_cap_holds(make_rows, most):
    rows = make_rows(0, TASK, kind="middling")
    picked = pick_rows(rows, most)
    assert len(picked.rows) == min(most, 240)
    assert len(set(map(id, picked.rows))) == len(picked.rows)
    fewer = trim(picked, most // 2)
    assert len(fewer.rows) == min(most // 2, len(picked.rows))
    assert (fewer.total, fewer.counts) == (picked.total, picked.counts)


@given(st.text())
def test_shown_text_is_printable_and_keeps_what_is_readable(text):
    shown = show_text(text)
    assert all(one.isprintable() or one in "\n\t" for one in shown)
    if all(one.isprintable() or one in "\n\t" for one in text):
        assert shown == text


def test_long_text_says_what_is_left_out():
    shown = show_text("a" * 3000 + "b" * 3000)
    assert "[2,000 characters left out]" in shown
    assert shown.startswith("aaa")
    assert shown.endswith("bbb")


def test_pairs_part_where_only_one_is_right(make_rows):
    base, cand = make_rows(0, TASK, kind="saturated"), make_rows(1, TASK, kind="good")
    mates = {row.item_hash: row for row in cand}
    pairs = pick_pairs(base, cand, 1000)
    assert {pair.part for pair in pairs} == {
        "only base right",
        "only cand right",
        "both sure, one wrong",
    }
    for pair in pairs:
        assert pair.base.correct != pair.cand.correct
        assert mates[pair.base.item_hash] is pair.cand
        both = all((row.confidence or 0) >= 0.9 for row in (pair.base, pair.cand))
        assert both == (pair.part == "both sure, one wrong")
    assert len(pairs) == sum(row.correct != mates[row.item_hash].correct for row in base)
    some = pick_pairs(base, cand, 2)
    (total,) = {one.total for one in some if one.part == "only base right"}
    assert total == sum(pair.part == "only base right" for pair in pairs)
