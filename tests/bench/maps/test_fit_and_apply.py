"""Maps of runs: fitted by item, estimated on what they have not seen, applied where they belong."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from caopd_bench import apply_map, load_map, metrics, read_run, recalibrate, score
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.maps.saved import METHODS
from caopd_bench.metrics import tally
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import read_runs
from caopd_bench.tasks.read.parse import PARSER_VERSION

STATED = [0.0, 0.5, 0.7, 0.8, 0.9, 1.0]


def answers(n=200, seed=0, shift=0.15):
    draw = random.Random(seed)
    found = []
    for _ in range(n):
        stated = draw.choice(STATED)
        found.append((stated, int(draw.random() < stated - shift)))
    return found


@pytest.fixture
def flat(tmp_path):
    """Write answers as a CSV file: every 20th states nothing, two answers to a question."""

    def write(name, n=240, seed=0, items=True, order=lambda lines: lines):
        lines = [
            f"{'' if i % 20 == 7 else c},{y},q{i // 2 if items else i},{'ab'[i % 2]}"
            for i, (c, y) in enumerate(answers(n, seed))
        ]
        file = tmp_path / name
        file.write_text("\n".join(["confidence,correct,item,topic", *order(lines)]) + "\n")
        return file

    return write


def values(records):
    return {(r.group, r.metric): (r.estimate, r.low, r.high, r.n) for r in records}


def test_a_map_is_the_fit_to_the_parsed_rows(make_run):
    rows = [*answers(60), (None, 1, "no_confidence"), (None, 0, "no_answer")]
    fitted = recalibrate(make_run(rows))
    c, y = zip(*rows[:60], strict=True)
    assert fitted.recalibrator == metrics.recalibrate(c, y, method="isotonic")
    assert fitted(np.array([[0.5, 1.0]])).shape == (1, 2)
    assert (fitted.fitted.rows, fitted.fitted.parsed, fitted.fitted.questions) == (62, 60, None)
    assert fitted.settings["prompt_version"] == "1"
    assert fitted.fitted.parsers == (PARSER_VERSION,)


def test_the_estimate_is_of_rows_that_the_map_has_not_seen(make_run):
    rows = answers(200)
    fitted = recalibrate(make_run(rows), method="platt", seed=3)
    c, y = zip(*rows, strict=True)
    after = metrics.cross_recalibrate(c, y, method="platt", seed=3)
    brier, ece, auroc = fitted.estimate.gains
    assert brier.before[0] == pytest.approx(metrics.brier(c, y))
    assert brier.after[0] == pytest.approx(metrics.brier(after, y))
    change = metrics.compare((c, y), (after, y), metrics=["brier", "ece"])
    assert brier.difference == pytest.approx(
        (change["brier"].difference, change["brier"].low, change["brier"].high)
    )
    assert ece.difference[0] == pytest.approx(change["ece"].difference)
    assert auroc.before[0] == pytest.approx(metrics.auroc(c, y), abs=0.03)
    assert math.isnan(auroc.difference[1])
    assert "each fold has its own map" in auroc.reason


def test_a_constant_ranks_by_chance_and_not_below(make_run):
    fitted = recalibrate(make_run([(1.0, int(i % 3 > 0)) for i in range(90)]))
    assert fitted(0.3) == pytest.approx(2 / 3)
    assert fitted.estimate.gains[2].after[0] == 0.5


def test_samples_of_a_question_are_in_one_fold(tmp_path):
    """A question is right in all four answers or in none, and states what no other states."""
    draw = np.random.default_rng(0)
    stated, right = draw.random(50).round(6), draw.random(50) < 0.5
    lines = [f"{c},{int(y)},q{i}" for i, (c, y) in enumerate(zip(stated, right, strict=True))]
    file = tmp_path / "a.csv"
    file.write_text("\n".join(["confidence,correct,item", *(x for x in lines for _ in range(4))]))
    fitted = recalibrate(file)
    assert fitted.fitted.questions == 50
    # If answers to a question were on both sides, the others would give it away.
    assert fitted.estimate.gains[0].after[0] > 0.22


def test_rows_in_another_order_give_the_same_map(flat):
    def reverse(lines):
        return lines[::-1]

    one, other = recalibrate(flat("a.csv")), recalibrate(flat("a.csv", order=reverse))
    assert one.to_json() == other.to_json()
    assert recalibrate(flat("a.csv"), seed=1).estimate != one.estimate


@pytest.mark.parametrize("method", METHODS)
def test_every_confidence_is_mapped_and_nothing_else(make_run, method):
    run = read_run(make_run([*answers(80), (None, 1, "no_confidence")]))
    fitted = recalibrate(run, method=method)
    mapped = apply_map(run, fitted)
    assert mapped.name == f"{run.name} (recalibrated)"
    for before, after in zip(run.rows, mapped.rows, strict=True):
        expected = None if before.confidence is None else fitted(before.confidence)
        assert after == replace(before, confidence=expected)


def test_counted_rows_are_mapped_as_kept_ones(flat):
    """Those without a confidence, and those that stated 0, both stand at 0 before."""
    fitted = recalibrate(flat("a.csv", seed=1), method="platt")
    for items in (True, False):
        file = flat("b.csv", items=items)
        kept = read_run(file, by=["topic"])
        (counted,) = read_runs([file], Columns(by=("topic",), keep="counts"))
        for missing in ("drop", "zero"):
            one, other = (
                score(apply_map(run, fitted), by=["topic"], missing=missing)
                for run in (kept, counted)
            )
            assert values(one).keys() == values(other).keys()
            for key, numbers in values(one).items():
                assert numbers == pytest.approx(values(other)[key], nan_ok=True), key
        assert any("in-sample" in str(w) for w in apply_map(counted, recalibrate(file)).warnings)
        assert not any("in-sample" in str(w) for w in apply_map(counted, fitted).warnings)


def test_a_run_of_counts_has_no_pairs(flat):
    file = flat("a.csv")
    (counted,) = read_runs([file], Columns(keep="counts"))
    few, all_rows = recalibrate(counted), recalibrate(file)
    assert few.recalibrator == all_rows.recalibrator
    assert few.fitted == all_rows.fitted
    for one, other in zip(few.estimate.gains[:2], all_rows.estimate.gains[:2], strict=True):
        assert one.after[0] == pytest.approx(other.after[0])
        assert math.isnan(one.difference[1])
        assert "cannot be paired" in one.reason


def test_the_very_rows_are_named(make_run):
    run, other = (read_run(make_run(answers(60, seed=s), name=f"r{s}")) for s in (0, 1))
    fitted = recalibrate(run)
    assert any("in-sample" in str(note) for note in apply_map(run, fitted).warnings)
    assert not any("in-sample" in str(note) for note in apply_map(other, fitted).warnings)


def test_another_model_and_another_way_of_asking_are_named(make_run):
    fitted = recalibrate(make_run(answers(60)))
    other = make_run(answers(60, 1), name="o", model="org/other", weights="ff", shots=0, chat=False)
    said = " ".join(map(str, apply_map(read_run(other), fitted).warnings))
    assert "fitted to another model" in said
    assert "number of exemplars: 4 against 0" in said
    alike = apply_map(read_run(make_run(answers(60, 1), name="alike")), fitted)
    assert [str(note) for note in alike.warnings] == [
        "caopd_math_conf: every stated confidence was mapped by the map: isotonic, fitted to 60 "
        "answers of tiny"
    ]


def test_another_task_is_refused(make_run):
    fitted = recalibrate(make_run(answers(60)))
    run = read_run(make_run(answers(60), name="o", task="caopd_gsm8k_conf"))
    with pytest.raises(NotComparableError, match=r"for the task caopd_math_conf.*caopd_gsm8k_conf"):
        apply_map(run, fitted)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("prompt_version", "0", "prompt version 1 and 0"),
        ("parser_version", "1", f"parsed by parser {PARSER_VERSION} and by parser 1"),
        ("confidence", {"of": "option"}, "stated confidence and the probability of the chosen"),
    ],
)
def test_rows_of_another_kind_are_refused(make_run, key, value, said):
    run = read_run(make_run(answers(60)))
    fitted = recalibrate(run)
    tasks = {"caopd_math_conf": {**run.settings("caopd_math_conf"), key: value}}
    unlike = replace(run, provenance={**run.provenance, "tasks": tasks})
    with pytest.raises(NotComparableError, match=said):
        apply_map(unlike, fitted)


def test_a_parser_that_reads_these_rows_alike_is_not_refused(make_run):
    run = read_run(make_run([(c, 1) for c, _ in answers(60)]))
    tasks = {"caopd_math_conf": {**run.settings("caopd_math_conf"), "parser_version": "2"}}
    older = replace(run, provenance={**run.provenance, "tasks": tasks})
    rows = [replace(row, stated=str(row.confidence)) for row in older.rows]
    older = replace(older, rows=rows)
    assert apply_map(older, recalibrate(run)).rows
    assert apply_map(run, recalibrate(older)).rows


def test_a_file_of_rows_does_not_say_what_it_is(make_run, flat):
    lm_eval, file = read_run(make_run(answers(60))), read_run(flat("a.csv"))
    for run, of in ((file, lm_eval), (lm_eval, file)):
        said = " ".join(map(str, apply_map(run, recalibrate(of)).warnings))
        assert "this was not checked" in said
    with pytest.raises(UsageError, match="already mapped"):
        apply_map(apply_map(file, recalibrate(file)), recalibrate(file))


def test_of_several_tasks_one_is_mapped(make_run):
    run = read_run(make_run(answers(60)))
    rows = [*run.rows, *(replace(row, task="other_conf") for row in run.rows)]
    both = replace(run, rows=rows)
    with pytest.raises(UsageError, match="a map is made for one; choose one with --task"):
        recalibrate(both)
    fitted = recalibrate(both, task="caopd_math_conf")
    mapped = apply_map(both, fitted)
    assert mapped.task_rows("other_conf") == both.task_rows("other_conf")
    assert "not mapped" in str(mapped.warnings_of("other_conf")[0])


def test_options_lose_the_probabilities_of_the_others(option_runs):
    run = option_runs.draw_option_run("m")
    mapped = apply_map(run, recalibrate(run))
    assert {row.probabilities for row in mapped.rows} == {()}
    names = {record.metric for record in score(mapped)}
    assert "brier_classes" in {record.metric for record in score(run)} - names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "histogram"}, "method must be one of isotonic, beta, platt, temperature"),
        ({"seed": -1}, "seed must be a whole number, 0 or more"),
        ({"folds": 1}, "folds must be an integer >= 2"),
        ({"folds": 100}, "folds must be at most"),
        ({"task": "x"}, "no task 'x'"),
    ],
)
def test_bad_arguments_are_named(make_run, options, said):
    with pytest.raises(UsageError, match=said):
        recalibrate(make_run(answers(60)), **options)


def test_without_a_confidence_there_is_nothing_to_fit(make_run):
    with pytest.raises(UsageError, match="no row has a usable confidence"):
        recalibrate(make_run([(None, 1, "no_confidence")] * 5))


def test_a_map_in_three_lines(make_run, tmp_path):
    recalibrate(make_run(answers(60))).save(tmp_path / "map.json")
    fitted = load_map(tmp_path / "map.json")
    assert fitted.to_json() == recalibrate(make_run(answers(60))).to_json()
    assert fitted([0.9]).tolist() == recalibrate(make_run(answers(60)))([0.9]).tolist()
    with pytest.raises(ValueError, match=r"must be in \[0, 1\], got 95"):
        fitted([95.0])
    assert tally(fitted([0.5, 0.9]), [0, 1]).n == 2
