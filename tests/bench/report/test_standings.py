"""Standings: pairs are tested over all answers, and what cannot be compared is not."""

import math

import numpy as np
import pytest

from caopd_bench import read_run
from caopd_bench.metrics import compare
from caopd_bench.report.build import build_report
from caopd_bench.report.findings import find
from caopd_bench.report.page.assemble import render_page
from caopd_bench.report.skill import SKILL

TASK = "caopd_math_conf"


@pytest.fixture(scope="module")
def report(stored):
    return build_report([stored / name for name in ("base", "opd", "caopd", "silent")])


def all_rows(folder):
    """Confidence, its worst where there is none, and correctness of a run, by item and sample."""
    rows = sorted(read_run(folder).task_rows(TASK), key=lambda row: (row.item_hash, row.sample))
    correct = np.array([row.correct for row in rows])
    stated = [1 - row.correct if row.confidence is None else row.confidence for row in rows]
    return np.array(stated, dtype=float), correct


def test_pairs_are_those_of_metrics_compare(report, stored):
    standing = report.standings[TASK]
    assert len(standing.pairs) == 6
    for pair in standing.pairs:
        a, b = (all_rows(stored / name) for name in (pair.a, pair.b))
        found = compare(a, b, metrics=["brier_skill", "accuracy"])
        change = found["brier_skill"]
        assert (pair.difference, pair.low, pair.high, pair.p_value) == pytest.approx(
            (change.difference, change.low, change.high, change.p_value)
        )
        assert pair.n == 240
        assert pair.adjusted >= pair.p_value
        assert pair.told_apart == (pair.adjusted <= 0.05)
        assert pair.accuracy_difference == pytest.approx(found["accuracy"].difference)
        more = pair.b if pair.accuracy_difference > 0 else pair.a
        assert pair.more_accurate == (more if pair.accuracy_adjusted <= 0.05 else None)


def test_letters_follow_the_pairs(report):
    standing = report.standings[TASK]
    for pair in standing.pairs:
        shared = set(standing.letters[pair.a]) & set(standing.letters[pair.b])
        assert bool(shared) != pair.told_apart
    assert standing.order[0] == "caopd"
    assert standing.letters["caopd"] == "a"
    assert standing.alike() == ["caopd"]
    assert 0 < standing.detectable < 0.6


def test_what_the_words_say_is_in_the_numbers(report):
    said = " ".join(find(report, TASK))
    (skill,) = [e.cells[TASK].find(SKILL) for e in report.entries if e.name == "caopd"]
    assert f"caopd is first of 4: Brier skill {skill.estimate:+.3f}, significantly higher" in said
    assert "significantly higher than that of all others" in said
    assert "Nearly always the same confidence: opd (1.00 in 2" in said
    over = said.partition("Overconfident on average, more than chance explains: ")[2]
    assert "opd (by 0." in over.partition(". ")[0]


def test_other_items_are_not_compared(stored, make_rows, store, tmp_path):
    fewer = store(tmp_path, "fewer", make_rows(5, TASK, kind="good", items=60))
    report = build_report([stored / "base", stored / "opd", fewer], task=TASK)
    standing = report.standings[TASK]
    assert standing.why_not == {"fewer": "no other run answered exactly the same items"}
    assert {run for pair in standing.pairs for run in (pair.a, pair.b)} == {"base", "opd"}
    refused = [duel for duel in report.duels if duel.found is None]
    assert [(duel.base, duel.cand) for duel in refused] == [("opd", "fewer"), ("base", "fewer")]
    assert "contain different items" in refused[0].reason


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
    item = np.arange(160) // 4
    found = compare(*map(all_rows, folders), cluster=item, metrics=["brier_skill"])
    assert pair.p_value == pytest.approx(found["brier_skill"].p_value)


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
