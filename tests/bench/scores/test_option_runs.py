"""`score` of runs whose confidence is the probability of the chosen option."""

import json
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from caopd_bench import score
from caopd_bench.cli.score import present
from caopd_bench.core.errors import UsageError
from caopd_bench.metrics import METRICS, brier_classes, classwise_ece
from caopd_bench.scores.figure import draw_reliability
from caopd_bench.scores.table import IF_NOT_STATED, render_task

STATED = re.compile(r"\bstat(e|es|ed|ing)\b", re.IGNORECASE)


def _print(runs, capsys, **options):
    chosen = {"level": 0.95, "missing": "drop", "json": None, "figure": None, "store": None}
    present(runs, SimpleNamespace(**{**chosen, "text": False, **options}), options.get("by", ()))
    return capsys.readouterr().out


@pytest.mark.parametrize("silent", [0, 30])
@pytest.mark.parametrize("missing", ["drop", "zero"])
def test_nothing_that_is_printed_speaks_of_stating(option_runs, capsys, silent, missing):
    run = option_runs.draw_option_run("m", silent=silent)
    out = _print([run], capsys, missing=missing, by=["subject"])
    assert not STATED.search(out), STATED.findall(out)
    assert "confidence: probability of the chosen option's whole text" in out
    assert "mean squared error of the probability of the chosen option" in out
    assert "distinct values" not in out
    assert "--num_fewshot" not in out
    assert "copies of exemplars" not in out


def test_a_run_that_has_no_confidence_at_all_says_so_in_its_own_words(option_runs, capsys):
    out = _print([option_runs.draw_option_run("m", silent=200)], capsys)
    assert "no row has a usable confidence" in out
    assert not STATED.search(out)


def test_no_meaning_is_forgotten():
    """A metric whose meaning speaks of stating needs other words for these runs."""
    speaking = [n for n, row in METRICS.items() if STATED.search(row.shown.meaning)]
    speaking += [n for n, row in METRICS.items() if STATED.search(row.shown.column)]
    speaking += [n for n, row in METRICS.items() if "it states" in row.shown.meaning]
    assert set(speaking) <= set(IF_NOT_STATED)
    assert not any(STATED.search(" ".join(words)) for words in IF_NOT_STATED.values())


def test_the_metrics_of_vectors_are_those_of_the_package(option_runs):
    run = option_runs.draw_option_run("m", silent=10)
    records = {r.metric: r for r in score(run) if r.group is None}
    rows = [row for row in run.rows if row.probabilities]
    vectors = [row.probabilities for row in rows], [row.right_option for row in rows]
    assert records["brier_classes"].estimate == brier_classes(*vectors)
    assert records["classwise_ece"].estimate == classwise_ece(*vectors)
    for name in ("brier_classes", "classwise_ece"):
        one = records[name]
        assert one.n == 190
        assert one.low < one.estimate <= one.high
    text = render_task(records.values(), ["m"])
    lines = [line.split("  ")[1 if line.startswith("   ") else 0] for line in text.splitlines()]
    assert any("over all options" in line for line in text.splitlines()), lines
    # Options may have names, as those of a classifier: nothing here is of letters.
    assert "by option  " in text
    assert "ECE of the probability of each option, chosen or not" in text
    assert "letter" not in text


def test_they_are_in_the_json_and_of_whole_tasks_only(option_runs, capsys, tmp_path):
    file = tmp_path / "score.json"
    run = option_runs.draw_option_run("m")
    _print([run], capsys, json=file, by=["subject"])
    records = json.loads(file.read_text())
    found = [r for r in records if r["metric"] in ("brier_classes", "classwise_ece")]
    assert [(r["metric"], r["group"]) for r in found] == [
        ("brier_classes", None),
        ("classwise_ece", None),
    ]


def test_a_rule_for_missing_confidences_is_not_theirs(option_runs):
    run = option_runs.draw_option_run("m", silent=10)
    plain, zero = (
        {r.metric: r for r in score(run, missing=missing)} for missing in ("drop", "zero")
    )
    assert plain["brier_classes"] == zero["brier_classes"]
    assert plain["brier"] != zero["brier"]


def test_runs_that_state_theirs_have_none_of_it(option_runs, capsys):
    run = option_runs.draw_stated_run("m")
    assert not {r.metric for r in score(run)} & {"brier_classes", "classwise_ece"}
    out = _print([run], capsys)
    assert "mean squared error of the stated confidence" in out
    assert "distinct values are stated" in out
    assert "option" not in out


def test_two_kinds_beside_each_other_are_each_named(option_runs, capsys):
    runs = [option_runs.draw_option_run("o"), option_runs.draw_stated_run("s")]
    out = _print(runs, capsys)
    (line,) = [line for line in out.splitlines() if line.startswith("  o: ")]
    assert "probability of the chosen option" in line
    (line,) = [line for line in out.splitlines() if line.startswith("  s: ")]
    assert "option" not in line
    (line,) = [line for line in out.splitlines() if "over all options" in line]
    assert line.rstrip().endswith("]")


def test_probabilities_of_a_file_that_was_written_by_hand(option_runs):
    run = option_runs.draw_option_run("m", 20)
    rows = [*run.rows[:-1], replace(run.rows[-1], probabilities=(0.5, 0.1))]
    with pytest.raises(UsageError, match=r"runs/m: made_up_choice: probabilities must sum to 1"):
        score(replace(run, rows=rows))


def test_samples_of_a_question_are_taken_together(option_runs):
    run = option_runs.draw_option_run("m", 50)
    rows = [replace(row, sample=k) for row in run.rows for k in range(6)]
    found = {r.metric: r for r in score(replace(run, rows=rows)) if r.group is None}
    plain = {r.metric: r for r in score(run) if r.group is None}
    for name in ("brier_classes", "classwise_ece"):
        assert found[name].interval.startswith("cluster ")
        width, once = (r[name].high - r[name].low for r in (found, plain))
        assert width > 0.7 * once


def test_the_axis_of_the_figure_names_the_confidence(option_runs):
    run = option_runs.draw_option_run("m")
    figure = draw_reliability([run], 0.95, "drop")
    assert figure.axes[0].get_xlabel() == "Probability of the chosen option"
    both = draw_reliability([run, option_runs.draw_stated_run("s")], 0.95, "drop")
    assert {ax.get_xlabel() for ax in both.axes} == {"Confidence"}
    assert not any("stated" in text.get_text() for text in both.legends[0].get_texts())
    alone = draw_reliability([option_runs.draw_stated_run("s")], 0.95, "drop")
    assert alone.axes[0].get_xlabel() == "Stated confidence"


def test_a_figure_of_nothing_is_refused_in_its_own_words(option_runs, capsys, tmp_path):
    run = option_runs.draw_option_run("m", 5, silent=5)
    with pytest.raises(UsageError, match="no row has a usable confidence; nothing to draw"):
        _print([run], capsys, figure=tmp_path / "f.png")


def test_undefined_numbers_are_nan_with_a_reason(option_runs):
    found = {r.metric: r for r in score(option_runs.draw_option_run("m", 1))}
    for name in ("brier_classes", "classwise_ece"):
        assert math.isnan(found[name].low)
        assert found[name].reason == "one row: no interval"
