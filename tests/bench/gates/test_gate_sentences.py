"""A sentence of a verdict is true by itself, whoever reads only that one."""

import math
import re
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from caopd_bench.gates.decide import gate
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.explain import explain
from caopd_bench.gates.wording.github import list_annotations
from caopd_bench.gates.wording.html import render_html
from caopd_bench.gates.wording.junit import render_junit
from caopd_bench.gates.wording.markdown import render_markdown
from caopd_bench.gates.wording.table import footnotes, headline, said
from caopd_bench.gates.wording.text import render_text
from caopd_bench.gates.wording.words import label

NEEDED = re.compile(r"about ([\d,]+) items would decide with 80 % power")


def policy(**fields):
    return Policy.model_validate({"version": 1, **fields})


@pytest.fixture
def pair(populations):
    """A reference and a candidate with every so manyth answer turned, of one or two tasks."""

    def pair(n, turned=12, tasks=1, seed=1, **options):
        runs = [
            populations.make_run(*populations.draw(n, seed + t, **options), "base", task=f"t{t}")
            for t in range(tasks)
        ]
        base = replace(runs[0], rows=[row for run in runs for row in run.rows])
        rows = [
            replace(row, correct=1 - row.correct) if i % turned == 0 else row
            for i, row in enumerate(base.rows)
        ]
        return base, replace(base, name="cand", rows=rows)

    return pair


def needed(result):
    return [int(x.replace(",", "")) for line in explain(result) for x in NEEDED.findall(line)]


def test_so_few_items_never_decide(pair):
    base, cand = pair(50)
    result = gate(cand, Policy(version=1), reference=base)
    assert result.exit_code == 3
    assert "nothing is decided with so few items: t0 has 50, but the policy requires 100" in (
        headline(result)
    )
    # No number of items is named that would leave it undecided.
    assert min(needed(result)) >= 100
    assert "ok" not in {said(cell, result) for cell in result.cells}
    everything = pair(50, turned=10**6)
    result = gate(everything[1], Policy(version=1), reference=everything[0])
    assert result.outcome == "INCONCLUSIVE"
    assert {said(cell, result) for cell in result.cells} <= {"too few items", "not computed"}


def test_no_fewer_items_are_named_than_the_policy_asks_for(pair):
    """The numbers by themselves would be content with less."""
    base, cand = pair(300, turned=40)
    plain = gate(cand, policy(metrics={"accuracy": {"margin": 0.03}}), reference=base)
    (accuracy,) = plain.cells
    near = (accuracy.worse_by + accuracy.upper) / 2
    for metrics in (
        {"accuracy": {"margin": near}},
        {"brier": {"margin": 0.9}, "accuracy": {"margin": near, "tier": "advisory"}},
    ):
        wanted = policy(min_items=5000, metrics=metrics)
        result = gate(cand, wanted, reference=base)
        assert result.too_few == {"t0": 300}
        open_cells = [cell for cell in result.cells if cell.outcome == "INCONCLUSIVE"]
        assert open_cells
        assert all(cell.items_needed >= 5000 for cell in open_cells)
    plain = gate(cand, policy(metrics={"accuracy": {"margin": near}}), reference=base)
    assert plain.cells[0].items_needed < 5000


@pytest.mark.parametrize("inconclusive", ["warn", "fail"])
def test_junit_and_annotations_agree_that_so_few_decide_nothing(pair, inconclusive):
    base, cand = pair(150, tasks=2)
    few = [replace(run, rows=run.rows[:200]) for run in (base, cand)]  # t1 has 50
    wanted = policy(on_inconclusive=inconclusive)
    result = gate(few[1], wanted, reference=few[0])
    assert (result.exit_code, result.too_few) == (3, {"t1": 50})
    root = ET.fromstring(render_junit(result).encode())
    suites = {suite.get("name"): suite for suite in root}
    cases = {case.get("name"): case for case in suites["t1"].findall("testcase")}
    failed = cases.pop("enough items").find("failure")
    assert "50 items, but the policy requires 100 (min_items)" in failed.get("message")
    assert all(case.find("skipped") is not None for case in cases.values())
    assert int(suites["t1"].get("failures")) == 1
    assert int(suites["t1"].get("tests")) == len(cases) + 1
    assert "enough items" not in {case.get("name") for case in suites["t0"].findall("testcase")}
    lines = list(list_annotations(result))
    assert all(line.startswith("::error ") for line in lines)
    assert any(
        line.endswith("::t1: 50 items, but the policy requires 100 (min_items)") for line in lines
    )


def test_a_parse_rate_without_failures_takes_120_items(pair):
    base, cand = pair(100, turned=50)
    only = policy(metrics={"parse_rate": {"margin": 0.02}})
    result = gate(cand, only, reference=base)
    assert result.outcome == "INCONCLUSIVE"
    (items,) = needed(result)
    assert 110 <= items <= 130
    more = pair(items, turned=50)
    assert gate(more[1], only, reference=more[0]).outcome == "PASS"


def test_the_items_are_those_of_the_number_that_takes_most(pair):
    base, cand = pair(150, tasks=2)
    result = gate(cand, Policy(version=1), reference=base)
    for task in ("t0", "t1"):
        (line,) = [x for x in explain(result) if x.startswith(f"{task}: about ")]
        open_cells = [c for c in result.cells if c.task == task and c.outcome == "INCONCLUSIVE"]
        most = max(cell.items_needed for cell in open_cells)
        (items,) = NEEDED.findall(line)
        assert most <= int(items.replace(",", "")) <= 1.1 * most + 1
        assert "(now 150; " in line


def test_what_is_not_computed_is_not_said_to_be_decided(pair):
    """The wrong rows that a number lacks come with more items, and what it is then is not known."""
    base, cand = pair(120, turned=40, accuracy=0.9)
    result = gate(cand, Policy(version=1), reference=base)
    lacking = [cell for cell in result.cells if cell.reason]
    assert lacking
    lines = explain(result)
    for cell in lacking:
        assert any("not computed (" in line and cell.reason in line for line in lines)
    (line,) = [line for line in lines if NEEDED.search(line)]
    assert "would decide with 80 % power on the numbers that can be computed, if" in line
    assert f"needed for {' and '.join(label(cell) for cell in lacking)} cannot be est" in line
    assert (
        "for the number that a model equal to the reference needs: caopd-bench gate --plan"
    ) in line
    assert needed(result)[0] >= max(cell.items_needed for cell in lacking) > 120
    none = [
        replace(run, rows=[replace(row, correct=1) for row in run.rows]) for run in (base, cand)
    ]
    rows = [replace(none[1].rows[0], confidence=0.9), *none[1].rows[1:]]
    result = gate(replace(none[1], rows=rows), Policy(version=1), reference=none[0])
    assert needed(result) == []
    said = [x for x in explain(result) if "the number of items needed is unknown: " in x]
    assert len(said) == 1
    assert said[0].endswith(" cannot be computed here")


def test_what_more_items_may_not_decide(pair):
    base, cand = pair(150)
    result = gate(cand, policy(metrics={"brier": {"margin": 0.04}}), reference=base)
    (cell,) = result.cells
    for rule, what in (("margin", "the change in Brier"), ("max", "Brier")):
        never = replace(cell, outcome="INCONCLUSIVE", items_needed=math.inf, rule=rule)
        (line,) = [
            x
            for x in explain(replace(result, outcome="INCONCLUSIVE", cells=[never]))
            if "may not decide" in x
        ]
        assert f"more items of this kind may not decide: {what}" in line
        assert line.endswith("the candidate does not state could bring it there")


def test_worse_than_allowed_may_be_chance(pair):
    base, cand = pair(150)
    result = gate(cand, policy(metrics={"brier": {"margin": 0.0001}}), reference=base)
    assert result.outcome in ("INCONCLUSIVE", "FAIL")
    if result.outcome == "INCONCLUSIVE":
        assert any(
            "the estimate is worse than allowed, but that may be" in x for x in explain(result)
        )
    for outcome in ("PASS", "FAIL"):
        assert explain(replace(result, outcome=outcome)) == []


def test_the_headline_counts_what_is_open(pair):
    base, cand = pair(150, tasks=2)
    result = gate(cand, Policy(version=1), reference=base)
    passed, open_ = (
        sum(cell.outcome == outcome for cell in result.cells)
        for outcome in ("PASS", "INCONCLUSIVE")
    )
    assert f"{passed} of 14 numbers are shown to be within limits, {open_} undecided" in (
        headline(result)
    )
    assert "NOTHING WAS DECIDED" in explain(result)[-1]


def test_a_failure_is_told_with_its_values(pair):
    base, _ = pair(400, tasks=2)
    sure = replace(base, name="opd", rows=[replace(r, confidence=1.0) for r in base.rows])
    result = gate(sure, Policy(version=1), reference=base)
    line = headline(result)
    assert line.startswith("FAIL  opd against base: worse than allowed, and not by chance: t0: ")
    cell = next(cell for cell in result.cells if cell.outcome == "FAIL")
    assert f"{cell.reference:.3f} to {cell.candidate:.3f}, worse by {cell.worse_by:.3f}" in line
    failed = sum(cell.outcome == "FAIL" for cell in result.cells)
    assert failed > 5
    assert line.endswith(f"and {failed - 5} more numbers")


def test_bars_are_beyond_or_within(pair):
    base, cand = pair(400)
    result = gate(
        cand, policy(metrics={"ece": {"max": 0.01}, "accuracy": {"min": 0.3}}), reference=base
    )
    assert [said(cell, result) for cell in result.cells] == ["BEYOND", "ok"]
    assert "max 0.01" in headline(result)
    assert any("distance of the candidate beyond the limit" in line for line in footnotes(result))
    root = ET.fromstring(render_junit(result).encode())
    (message,) = [failure.get("message") for failure in root.iter("failure")]
    assert "beyond +" in message
    assert "allowed max 0.01" in message
    assert "worse by" not in message


def test_a_sentence_says_better_where_it_is(pair):
    base, _ = pair(150)
    better = [replace(row, correct=1) if i % 9 == 0 else row for i, row in enumerate(base.rows)]
    result = gate(replace(base, rows=better), Policy(version=1), reference=base)
    root = ET.fromstring(render_junit(result).encode())
    messages = " ".join(one.get("message") for one in root.iter("skipped"))
    assert "worse by -" not in messages
    accuracy = next(cell for cell in result.cells if cell.metric == "accuracy")
    assert accuracy.worse_by < 0


def test_every_format_says_what_its_heads_mean(pair):
    base, cand = pair(150)
    both = policy(
        metrics={
            "auroc": {"margin": 0.07},
            "strict_auroc": {"margin": 0.07},
            "overconfidence_gap": {"margin": 0.05},
            "spr": {"margin": 0.1},
        },
        confidence=0.9,
    )
    result = gate(cand, both, reference=base)
    plain = [unescape(render(result)) for render in RENDERERS]
    for line in footnotes(result):
        assert all(line in text for text in plain), line
    lines = " ".join(footnotes(result))
    assert "90% limit" in lines
    assert (
        "AUROC and strict AUROC: computed on the items whose correctness did not change"
    ) in lines
    assert "worse by is the change of its absolute value (direction: both)" in lines
    assert "SPR: computed on the rows that both runs parse" in lines
    over = policy(metrics={"overconfidence_gap": {"margin": 0.05, "direction": "over"}})
    lines = " ".join(footnotes(gate(cand, over, reference=base)))
    assert "size" not in lines
    assert "AUROC" not in lines


RENDERERS = (render_text, render_markdown, render_html)


def test_groups_that_are_shown_are_not_called_worse_by_chance(populations):
    """Forty groups of an equal model: each p-value by itself would call some of them worse."""
    called, looks = 0, 0
    for seed in range(12):
        first, second = (populations.draw(1200, seed + shift) for shift in (0, 300))
        base, cand = (populations.make_run(*rows, "x") for rows in (first, second))
        base, cand = (
            replace(run, rows=[replace(r, groups={"part": i % 40}) for i, r in enumerate(run.rows)])
            for run in (base, cand)
        )
        wanted = policy(
            metrics={"accuracy": {"margin": 0.02}}, tasks={"caopd_math_conf": {"by": "part"}}
        )
        result = gate(cand, wanted, reference=base)
        groups = [cell for cell in result.cells if cell.group]
        assert len(groups) == 40
        called += any(cell.outcome == "FAIL" for cell in groups)
        looks += any(cell.p_value < 0.05 for cell in groups)
        assert all(cell.adjusted >= cell.p_value for cell in groups)
    assert looks >= 6
    assert called <= 2


def test_a_shown_collapse_is_still_called_worse(pair):
    base, _ = pair(400)
    sure = replace(base, name="opd", rows=[replace(r, confidence=1.0) for r in base.rows])
    wanted = policy(
        metrics={
            "accuracy": {"margin": 0.05},
            "confidence_when_wrong": {"margin": 0.05, "tier": "advisory"},
        }
    )
    result = gate(sure, wanted, reference=base)
    assert result.outcome == "PASS"
    assert {c.metric: c.outcome for c in result.cells}["confidence_when_wrong"] == "FAIL"
    assert np.isfinite([cell.adjusted for cell in result.cells]).all()


def test_a_failure_says_why_a_number_is_not_computed(pair):
    base, cand = pair(200)
    none = [replace(r, rows=[replace(row, correct=0) for row in r.rows]) for r in (base, cand)]
    sure = [replace(row, confidence=1.0) for row in none[1].rows]
    result = gate(replace(none[1], rows=sure), Policy(version=1), reference=none[0])
    assert result.outcome == "FAIL"
    lacking = [cell for cell in result.cells if cell.reason]
    assert [label(cell) for cell in lacking] == ["AUROC", "strict AUROC"]
    text = render_text(result)
    for cell in lacking:
        assert f"  {label(cell)}: not computed ({cell.reason})" in text
