"""Who evaluates the cells of a sweep: this process, lm-eval, or both with the same rows."""

import json
from dataclasses import replace

import pytest

from caopd_bench.cli import main
from caopd_bench.core.errors import UsageError
from caopd_bench.sweep.grid.cells import BOTH, IN_PROCESS, LM_EVAL
from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.sweep.run import evaluators
from caopd_bench.sweep.run.evaluators import (
    CHAT_SHARE,
    SHARE,
    choose_evaluators,
    refuse_differences,
)
from caopd_bench.sweep.run.local import work_on
from caopd_bench.sweep.run.observe import read_expectations

TASKS = ["caopd_arith_conf", "caopd_arith_conf_t1"]


@pytest.fixture
def small(plain):
    """Give the fields of two cells that are not trained: one is checked, the other is not."""
    plain["evaluate"]["tasks"] = TASKS
    plain["evaluate"]["limit"] = 24
    plain["cells"] = [{"size": "10k", "base_seed": [0, 1], "method": "base"}]
    return plain


def _evaluators(sweep):
    return {name: choice.evaluator for name, choice in choose_evaluators(sweep).items()}


def _run(file):
    sweep = read_sweep(file)
    failed = work_on(sweep, [cell.name for cell in sweep.cells])
    return sweep, Folder(sweep.output), failed


def test_both_give_the_same_bytes_and_tell_who_evaluated(small, write):
    pytest.importorskip("torch")
    pytest.importorskip("lm_eval")
    sweep, folder, failed = _run(write(small))
    assert failed == []
    chosen = _evaluators(sweep)
    assert sorted(chosen.values()) == [BOTH, IN_PROCESS]
    other, reference, failed = _run(write({**small, "evaluator": "lm_eval"}, folder="reference"))
    assert failed == []
    assert set(_evaluators(other).values()) == {LM_EVAL}
    for cell in sweep.cells:
        ours, theirs = folder.cell(cell), reference.cell(cell)
        assert (ours / "run/rows.jsonl.gz").read_bytes() == (
            theirs / "run/rows.jsonl.gz"
        ).read_bytes()
        assert len((ours / "run/rows.jsonl.gz").read_bytes()) > 100
        tasks = [
            json.loads((place / "run/summary.json").read_text())["provenance"]["tasks"]
            for place in (ours, theirs)
        ]
        for name in TASKS:  # lm-eval's evaluator makes the hash
            assert tasks[1][name].pop("task_hash")
            if chosen[cell.name] == IN_PROCESS:
                assert tasks[0][name].pop("task_hash") is None
                assert tasks[0][name] == tasks[1][name]
        for place, evaluator in ((ours, chosen[cell.name]), (theirs, LM_EVAL)):
            summary = json.loads((place / "run/summary.json").read_text())
            assert summary["provenance"]["evaluator"] == evaluator
            assert json.loads((place / "cell.json").read_text())["evaluator"] == evaluator
    for each, its in ((folder, sweep), (reference, other)):
        each.write_tables(its.cells)
    assert (folder.root / "cells.csv").read_bytes() == (reference.root / "cells.csv").read_bytes()


def test_a_row_that_differs_fails_the_cell_and_is_named(small, write, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("lm_eval")
    honest = evaluators.evaluate_in_process
    doctored = []

    def lie(cell, checkpoint):
        run = honest(cell, checkpoint)
        rows = list(run.rows)
        rows[5] = replace(rows[5], answer="17", correct=1 - rows[5].correct)
        doctored.append(rows[5].item_hash)
        return replace(run, rows=rows)

    monkeypatch.setattr(evaluators, "evaluate_in_process", lie)
    sweep, folder, failed = _run(write(small))
    (checked,) = (name for name, who in _evaluators(sweep).items() if who == BOTH)
    assert failed == [checked]
    cell = next(cell for cell in sweep.cells if cell.name == checked)
    said = folder.failure(cell)["error"]
    assert said.startswith(f"caopd_arith_conf item {doctored[0]}: answer '17', ")
    assert said.endswith("1 of 48 rows differ: run the sweep with --evaluator lm_eval")
    assert "\n" not in said
    assert [folder.is_finished(cell) for cell in sweep.cells if cell.name != checked] == [True]


def test_what_differs_between_two_runs_is_refused(make_run):
    run = make_run([("a", 0.5, 1), ("b", 0.7, 0)])
    refuse_differences(run, run)
    for changed in ({"confidence": 0.6}, {"correct": 1}, {"text": "other"}, {"item_hash": "c"}):
        other = replace(run, rows=[run.rows[0], replace(run.rows[1], **changed)])
        with pytest.raises(UsageError, match="1 of 2 rows differ"):
            refuse_differences(run, other)
    with pytest.raises(UsageError, match="no row by lm-eval; 1 of 2 rows differ"):
        refuse_differences(run, replace(run, rows=run.rows[:1]))


@pytest.fixture
def make_run():
    """Make a run of one task."""
    from caopd_bench.runs.run import Row, Run

    def make(rows):
        made = [Row("t", item, -1, {}, c, correct, "ok", "1", str(c)) for item, c, correct in rows]
        return Run("m", "p", made, {})

    return make


CHAT = {"apply_chat_template": True, "expectation": True, "tasks": ["caopd_math_conf"]}


def test_a_chat_is_held_in_process_where_expectations_are_asked_for(plain, write):
    plain["cells"] = [{"model": "./chat-{base_seed}", "base_seed": [0, 1, 2], "method": "base"}]
    fresh = {"levels": "1-3", "problem_seed": 2, "first": 60}
    levels = {"metadata": fresh, "gen_kwargs": {"max_gen_toks": 96}}
    plain["evaluate"] = {**CHAT, **levels}
    # One of the three, which are one model with other base seeds.
    assert sorted(_evaluators(read_sweep(write(plain))).values()) == [BOTH, IN_PROCESS, IN_PROCESS]
    for changes, why in (
        ({"expectation": False}, "is set"),
        ({"tasks": ["caopd_math_conf_t1"]}, "is set"),
        ({"metadata": {"exemplars": "b"}}, "metadata is set"),
        ({"gen_kwargs": {"top_k": 2}}, "gen_kwargs is set"),
    ):
        plain["evaluate"] = {**CHAT, **levels, **changes}
        for choice in choose_evaluators(read_sweep(write(plain))).values():
            assert choice.evaluator == LM_EVAL
            assert choice.why.endswith(why)


def test_a_chat_in_process_gives_the_rows_of_lm_eval_and_the_expectations(
    plain, write, bases, tmp_path
):
    pytest.importorskip("torch")
    pytest.importorskip("lm_eval")
    transformers = pytest.importorskip("transformers")
    chat, micro_base = tmp_path / "chat", bases / "sure-67k-s0"
    transformers.AutoModelForCausalLM.from_pretrained(micro_base).save_pretrained(chat)
    tokenizer = transformers.AutoTokenizer.from_pretrained(micro_base)
    tokenizer.chat_template = "{{ messages[0]['content'] }}{{ '\n' }}"
    tokenizer.save_pretrained(chat)
    plain["cells"] = [{"model": str(chat), "method": "base"}]
    plain["evaluate"] = {**CHAT, "tasks": ["caopd_arith_conf"], "batch_size": 16, "limit": 60}
    plain["evaluate"] |= {"metadata": {"levels": "1-2"}, "gen_kwargs": {"max_gen_toks": 16}}
    sweep, folder, failed = _run(write(plain))
    assert failed == [], folder.failure(sweep.cells[0])
    assert set(_evaluators(sweep).values()) == {BOTH}
    other, reference, failed = _run(write({**plain, "evaluator": "lm_eval"}, folder="reference"))
    assert failed == []
    places = [folder.cell(sweep.cells[0]), reference.cell(other.cells[0])]
    rows, expectations = [], []
    for place in places:
        rows.append((place / "run/rows.jsonl.gz").read_bytes())
        expectations.append(read_expectations(place, "caopd_arith_conf"))
    assert rows[0] == rows[1]
    assert len(expectations[0]) == 60
    assert expectations[0] == pytest.approx(expectations[1], abs=2e-4, nan_ok=True)
    assert sum(value == value for value in expectations[0].values()) > 30


def test_a_kept_log_of_fresh_problems_has_expectations(plain, write):
    """Its answers are generated again, for the problems that the metadata choose."""
    pytest.importorskip("torch")
    pytest.importorskip("lm_eval")
    plain["cells"] = [{"size": "10k", "method": "base"}]
    plain["keep"] = ["lm_eval"]
    plain["evaluate"] = {"tasks": ["caopd_math_conf"], "batch_size": 8, "expectation": True}
    plain["evaluate"] |= {"metadata": {"problem_seed": 5, "first": 8}}
    plain["evaluate"] |= {"gen_kwargs": {"max_gen_toks": 8}}
    sweep, folder, failed = _run(write(plain))
    assert failed == [], folder.failure(sweep.cells[0])
    assert set(_evaluators(sweep).values()) == {LM_EVAL}
    assert len(read_expectations(folder.cell(sweep.cells[0]), "caopd_math_conf")) == 8


def test_expectations_need_a_greedy_task_of_ours(plain, write, capsys):
    plain["cells"] = [{"size": "10k", "method": "base"}]
    for tasks in (["caopd_arith_conf_t1"], ["gsm8k"], ["caopd_science_conf"]):
        plain["evaluate"] = {"tasks": tasks, "expectation": True}
        assert main(["sweep", str(write(plain))]) == 2
        assert "evaluate: expectation needs a greedy task of the bundled" in capsys.readouterr().err


def test_a_hundredth_of_a_chat_may_come_out_otherwise(make_run):
    rows = [(str(number), 0.5, 1) for number in range(200)]
    for count in (2, 3):
        run = make_run(rows)
        changed = [replace(row, text="other") for row in run.rows[:count]]
        other = replace(run, rows=[*changed, *run.rows[count:]])
        if count == 2:
            refuse_differences(run, other, share=CHAT_SHARE)
            continue
        with pytest.raises(UsageError, match="3 of 200 rows differ"):
            refuse_differences(run, other, share=CHAT_SHARE)


def test_every_size_and_a_twentieth_are_checked_whatever_is_selected(plain, write):
    grid = {"base_seed": [0, 1, 2, 3], "method": ["opd", "caopd", "sft"], "seed": [0, 1, 2, 3, 4]}
    plain["cells"] = [{"size": ["10k", "33k"], **grid}]
    sweep = read_sweep(write(plain))
    chosen = choose_evaluators(sweep)
    checked = [c for c in sweep.cells if chosen[c.name].evaluator == BOTH]
    assert {cell.base.size for cell in checked} == {"10k", "33k"}
    assert len(checked) == round(SHARE * len(sweep.cells)) == 6
    assert {chosen[cell.name].why for cell in checked} == {"sample"}
    # The same in another order, and the draw is of names: not the first of the file.
    turned = replace(sweep, cells=sweep.cells[::-1])
    assert _evaluators(turned) == _evaluators(sweep)
    assert checked[0] != sweep.cells[0]


def test_headline_and_named_cells_are_checked(plain, write):
    plain["cells"] = [{"size": "10k", "method": ["opd", "caopd", "sft"], "seed": [0, 1, 2]}]
    plain["check"] = ["-sft-s2$"]
    sweep = replace(read_sweep(write(plain)), headline=frozenset({"caopd"}))
    why = {name: c.why for name, c in choose_evaluators(sweep).items() if c.evaluator == BOTH}
    assert why == {
        **{f"10k-b0-caopd-s{seed}": "headline" for seed in range(3)},
        "10k-b0-sft-s2": "named by check",
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"evaluator": "lm_eval"}, "evaluator is lm_eval"),
        ({"keep": ["lm_eval"]}, "its log is kept"),
        ({"evaluate": {"tasks": ["caopd_arith_sc8"]}}, "caopd_arith_sc8 is not asked in process"),
        ({"evaluate": {"tasks": ["gsm8k"]}}, "gsm8k is not asked in process"),
        ({"evaluate": {"tasks": TASKS, "backend": "vllm"}}, "backend vllm"),
        ({"evaluate": {"tasks": TASKS, "batch_size": "auto"}}, "batch_size is auto"),
        ({"evaluate": {"tasks": TASKS, "num_fewshot": 2}}, "evaluate: num_fewshot is set"),
        ({"evaluate": {"tasks": TASKS, "gen_kwargs": {"top_k": 2}}}, "evaluate: gen_kwargs is set"),
        ({"cells": [{"model": "Qwen/Qwen3-0.6B", "method": "base"}]}, "a name on the hub"),
    ],
)
def test_what_is_not_asked_in_process_is_left_to_lm_eval(changes, why, plain, write):
    sweep = read_sweep(write({**plain, **changes}))
    for choice in choose_evaluators(sweep).values():
        assert choice.evaluator == LM_EVAL
        assert why in choice.why


def test_the_file_and_the_option_change_no_key(plain, write):
    keys = [cell.key for cell in read_sweep(write(plain)).cells]
    for more in ({"evaluator": "lm_eval"}, {"check": ["base"]}):
        assert [cell.key for cell in read_sweep(write({**plain, **more})).cells] == keys
    for wrong, what in (
        ({"evaluator": "me"}, "evaluator: "),
        ({"check": ["nobody"]}, "check: no cell matches 'nobody'"),
        ({"check": ["("]}, "check: '(' is not a valid regular expression"),
    ):
        with pytest.raises(UsageError, match=what.replace("(", r"\(")):
            read_sweep(write({**plain, **wrong}))


def test_stored_sweeps_keep_their_keys(bases):
    """A stored cell whose key changed would be run again."""
    sweep = read_sweep(bases.parent / "read-out" / "sweep.yaml")
    assert sweep.cells[0].key == "b714721a50b850ec"
    assert all(Folder(sweep.output).is_finished(cell) for cell in sweep.cells)


def test_the_plan_tells_who_evaluates_and_the_seconds_of_both(plain, write, capsys):
    plain["evaluate"] = {"tasks": TASKS, "batch_size": 500}
    plain["check"] = ["opd-s0$"]
    file = write(plain)
    assert main(["sweep", str(file), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "evaluated in process: 3 cells, about 2 s (lm-eval alone: 6 s)\n" in said
    how = "evaluated in process and by lm-eval, whose rows must be the same: 2 cells, about 6 s"
    assert f"{how} (lm-eval alone: 4 s)\n  named by check: 10k-b0-opd-s0, 10k-b0-caopd-s0\n" in said
    assert main(["sweep", str(file), "--dry-run", "--evaluator", "lm_eval"]) == 0
    said = capsys.readouterr().out
    assert (
        "evaluated by lm-eval: 5 cells, about 10 s\n  evaluator is lm_eval: 10k-b0-base, " in said
    )
    assert "in process" not in said


def test_a_headline_of_the_analysis_is_checked_by_the_command(bases, capsys, tmp_path):
    file = bases.parent / "scaling-law" / "sweep.yaml"
    assert main(["sweep", str(file), "--output", str(tmp_path), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "whose rows must be the same: 198 cells" in said  # base, opd and caopd
    assert "\n  headline: 10k-b0-base, " in said


def test_finished_cells_are_not_evaluated_again(small, write, capsys, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("lm_eval")
    file = write({**small, "cells": [{"size": "10k", "method": "base"}], "evaluator": "in_process"})
    sweep, folder, failed = _run(file)
    assert failed == []
    before = (folder.cell(sweep.cells[0]) / "timing.json").stat()
    monkeypatch.setattr("caopd_bench.sweep.run.cell.run_cell", None)  # running would fail
    for option in ("in_process", "lm_eval"):
        assert main(["sweep", str(file), "--workers", "1", "--evaluator", option]) == 0
    assert (folder.cell(sweep.cells[0]) / "timing.json").stat().st_mtime_ns == before.st_mtime_ns
    assert main(["score", str(folder.cell(sweep.cells[0]) / "run")]) == 0
    assert "caopd_arith_conf_t1" in capsys.readouterr().out
