"""Standings: the pairs are those of `compare`, and what cannot be compared is not."""

import math

import pytest

from caopd_bench import compare
from caopd_bench.report.building import build_report
from caopd_bench.report.findings import find
from caopd_bench.report.page import render_page

TASK = "caopd_math_conf"


@pytest.fixture(scope="module")
def report(stored):
    return build_report([stored / name for name in ("base", "opd", "caopd", "silent")])


def test_pairs_are_those_of_compare(report, stored):
    standing = report.standings[TASK]
    assert len(standing.pairs) == 6
    for pair in standing.pairs:
        (found,) = compare(stored / pair.a, stored / pair.b, task=TASK)
        change = found.metrics["brier"]
        assert (pair.difference, pair.low, pair.high, pair.p_value) == pytest.approx(
            (change.difference, change.low, change.high, change.p_value)
        )
        assert pair.n == found.both
        assert pair.adjusted >= pair.p_value
        assert pair.told_apart == (pair.adjusted <= 0.05)


def test_letters_follow_the_pairs(report):
    standing = report.standings[TASK]
    for pair in standing.pairs:
        shared = set(standing.letters[pair.a]) & set(standing.letters[pair.b])
        assert bool(shared) != pair.told_apart
    assert standing.order[0] == "caopd"
    assert standing.letters["caopd"] == "a"
    assert standing.leaders() == ["caopd"]
    assert 0 < standing.detectable < 0.3


def test_one_pair_can_see_what_compare_says(stored):
    from caopd_bench.compare_sentence import say

    report = build_report([stored / "base", stored / "silent"], task=TASK)
    (found,) = compare(stored / "base", stored / "silent", task=TASK)
    seen = f"a Brier change of {report.standings[TASK].detectable:.3f} would have been seen"
    assert seen in say(found)


def test_what_the_words_say_is_in_the_numbers(report):
    said = " ".join(find(report, TASK))
    assert "Lowest Brier score of 4 compared: caopd" in said
    assert "told apart from every other" in said
    assert "States nearly always the same: opd (9" in said
    over = said.partition("Over-confident beyond noise: ")[2].partition(".  ")[0]
    assert "opd (+" in over


def test_other_items_are_not_compared(stored, make_rows, store, tmp_path):
    fewer = store(tmp_path, "fewer", make_rows(5, TASK, kind="good", items=60))
    report = build_report([stored / "base", stored / "opd", fewer], task=TASK)
    standing = report.standings[TASK]
    assert standing.why_not == {"fewer": "no other run answered the same items"}
    assert {run for pair in standing.pairs for run in (pair.a, pair.b)} == {"base", "opd"}
    refused = [duel for duel in report.duels if duel.found is None]
    assert [duel.cand for duel in refused] == ["fewer"]
    assert "hold different items" in refused[0].reason


def test_two_sets_of_items_have_letters_of_their_own(stored, make_rows, store, tmp_path):
    others = [
        store(tmp_path, name, make_rows(seed, TASK, kind=kind, items=60))
        for seed, (name, kind) in enumerate({"x": "good", "y": "saturated"}.items())
    ]
    report = build_report([stored / "base", stored / "opd", *others], task=TASK)
    letters = report.standings[TASK].letters
    assert {name: text[0] for name, text in letters.items()} in (
        {"base": "1", "opd": "1", "x": "2", "y": "2"},
        {"base": "2", "opd": "2", "x": "1", "y": "1"},
    )


def test_samples_of_a_question_count_together(make_rows, store, tmp_path):
    from dataclasses import replace

    folders = []
    for seed, name in enumerate(("p", "q")):
        rows = [
            replace(row, sample=k, confidence=0.5 if row.status == "ok" else None)
            for k in range(4)
            for row in make_rows(10 * seed + k, TASK, kind="middling", items=40)
        ]
        folders.append(store(tmp_path, name, rows))
    report = build_report(folders)
    page = render_page(report)
    for entry in report.entries:
        between = entry.cells[TASK].find("auroc_between_questions")
        assert f"AUROC between questions: {between.estimate:.3f}" in page
    (pair,) = report.standings[TASK].pairs
    (found,) = compare(*folders, task=TASK)
    assert pair.p_value == pytest.approx(found.metrics["brier"].p_value)


def test_setups_are_marked_against_the_commonest(report):
    assert set(report.odd[TASK]) == {"opd"}
    (difference,) = report.odd[TASK]["opd"]
    assert (difference.setting, difference.cand) == ("dtype", "bfloat16")


def test_another_parser_is_marked(make_rows, store, tmp_path):
    import json

    folder = store(tmp_path, "old", make_rows(0, TASK, kind="good"))
    for name, version in (("old", "1"),):
        file = tmp_path / name / "summary.json"
        data = json.loads(file.read_text())
        data["provenance"]["tasks"][TASK]["parser_version"] = version
        file.write_text(json.dumps(data))
    other = store(tmp_path, "new", make_rows(1, TASK, kind="good"))
    file = other / "summary.json"
    data = json.loads(file.read_text())
    data["provenance"]["tasks"][TASK]["parser_version"] = "2"
    file.write_text(json.dumps(data))
    report = build_report([other, folder])
    assert [one.setting for one in report.odd[TASK]["old"]] == ["parser"]
    assert "--reparse" in report.duels[0].reason


def test_groups_that_hold_no_pair_are_not_informative(report):
    (entry,) = [entry for entry in report.entries if entry.name == "base"]
    groups = entry.cells[TASK].groups
    assert set(groups) == {"level", "family"}
    assert sum(n for n, _ in groups["level"].values()) == 240
    assert all(informative <= n for n, informative in groups["family"].values())
    within = entry.cells[TASK].find("auroc_within_family")
    assert not math.isnan(within.estimate)
