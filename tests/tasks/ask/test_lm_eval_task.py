"""`caopd_math_conf` inside lm-eval, with a model that answers by rule.

One TaskManager for the session: each costs seconds. Plain `lm_eval`, without --include_path, is
typed in tests/backends/test_lm_eval_versions.py.
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

lm_eval = pytest.importorskip("lm_eval", reason="lm-eval is not installed (extra `eval`)")
pytest.importorskip("torch", reason="torch is not installed (extra `hf`)")

from caopd_bench import read_run, score  # noqa: E402
from caopd_bench.metrics import auroc, brier, ece  # noqa: E402
from caopd_bench.tasks import task_folder  # noqa: E402
from caopd_bench.tasks.ask import documents as asking  # noqa: E402
from caopd_bench.tasks.ask.prompts import MATH_INSTRUCTION  # noqa: E402
from caopd_bench.tasks.judge.aggregates import SET_METRICS  # noqa: E402
from caopd_bench.tasks.ways import hooks  # noqa: E402

# lm-eval and what it imports warn of their own affairs.
pytestmark = pytest.mark.filterwarnings("ignore")

STEPS = "First I look at the numbers.\n"


def answer_by_rule(doc):
    """Right up to level 6 and unsure above; every tenth item breaks the format in its own way."""
    index, right = int(doc["id"][-3:]), doc["level"] <= 6
    answer = doc["answer"] if right else "-1/7"
    if index == 1:
        return f"{STEPS}Answer: {answer}"
    if index == 2:
        return f"{STEPS}Answer: {answer}\nConfidence: high"
    if index == 3:
        return "<think>I would say Answer: 3, Confidence: 0.9, but"
    if index == 4:
        return "Answer: I don't know\nConfidence: 0.1"
    confidence = (95 if right else 85) - doc["level"] - 10 * (index % 3)
    return f"{STEPS}Answer: {answer}\nConfidence: 0.{confidence:02d}"


@pytest.fixture(scope="session")
def task_manager():
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=task_folder(), include_defaults=False)


def evaluate(task_manager, output, *, answer=answer_by_rule, num_fewshot=None, limit=80):
    """Evaluate as `lm_eval` does, write what it writes, and give the results and the prompts."""
    from lm_eval.api.model import LM
    from lm_eval.loggers import EvaluationTracker

    prompts = []

    class Scripted(LM):
        def generate_until(self, requests, disable_tqdm=False):  # noqa: ARG002
            prompts.extend(request.args for request in requests)
            return [answer(request.doc) for request in requests]

        def loglikelihood(self, requests):
            raise AssertionError(f"{len(requests)} requests of a kind that this task never makes")

        loglikelihood_rolling = loglikelihood

    tracker = EvaluationTracker(output_path=str(output))
    results = lm_eval.simple_evaluate(
        model=Scripted(),
        tasks=["caopd_math_conf"],
        num_fewshot=num_fewshot,
        limit=limit,
        task_manager=task_manager,
        evaluation_tracker=tracker,
        log_samples=True,
        bootstrap_iters=0,
    )
    samples = results.pop("samples")
    tracker.general_config_tracker.model_name_sanitized = "scripted"
    tracker.save_results_aggregated(results=results, samples=samples)
    for task, rows in samples.items():
        tracker.save_results_samples(task_name=task, samples=rows)
    return results, samples["caopd_math_conf"], prompts


@pytest.fixture(scope="session")
def evaluated(task_manager, tmp_path_factory):
    output = tmp_path_factory.mktemp("scripted")
    results, samples, prompts = evaluate(task_manager, output, num_fewshot=4)
    return output, results["results"]["caopd_math_conf"], samples, prompts


def test_every_metric_is_emitted_for_every_document(evaluated):
    _, results, samples, _ = evaluated
    assert len(samples) == 80
    metrics = set(samples[0]["metrics"])
    assert {"acc", "parse_rate", "status", "confidence", *SET_METRICS} <= metrics
    assert all(set(sample["metrics"]) == metrics and metrics <= set(sample) for sample in samples)
    assert {f"{m},none" for m in metrics} <= set(results)


def test_statuses_are_those_of_the_answers(evaluated):
    _, results, samples, _ = evaluated
    counts = {}
    for sample in samples:
        counts[sample["status"]] = counts.get(sample["status"], 0) + 1
    # 8 items of each of 10 levels; indices 1 to 4 of each level break the format.
    assert counts == {
        "ok": 40,
        "no_confidence": 10,
        "bad_confidence": 10,
        "unfinished": 10,
        "abstained": 10,
    }
    assert results["parse_rate,none"] == 0.5
    words = "40 ok, 10 abstained, 10 bad_confidence, 10 no_confidence, 10 unfinished"
    assert results["status,none"] == words
    assert all((s["confidence"] is None) == (s["status"] != "ok") for s in samples)
    assert all(s["ece"] == (s["confidence"], s["acc"]) for s in samples)


def test_aggregates_equal_the_metrics_of_the_rows(evaluated):
    _, results, samples, _ = evaluated
    parsed = [s for s in samples if s["confidence"] is not None]
    confidence, correct = [s["confidence"] for s in parsed], [int(s["acc"]) for s in parsed]
    assert results["acc,none"] == pytest.approx(sum(s["acc"] for s in samples) / 80, abs=1e-12)
    assert results["ece,none"] == pytest.approx(ece(confidence, correct), abs=1e-12)
    assert results["brier,none"] == pytest.approx(brier(confidence, correct), abs=1e-12)
    assert results["auroc,none"] == pytest.approx(auroc(confidence, correct), abs=1e-12)
    assert results["confidence,none"] == pytest.approx(sum(confidence) / 40, abs=1e-12)
    for name in ("confidence", *SET_METRICS):
        assert 0 < results[f"{name}_stderr,none"] < 0.2


def test_lm_eval_prints_our_standard_errors(task_manager, tmp_path):
    from lm_eval.utils import make_table

    results, _, _ = evaluate(task_manager, tmp_path)
    lines = make_table(results).splitlines()
    arrows = {"acc": "↑", "parse_rate": "↑", "confidence": "", "overconfidence_gap": "", "ece": "↓"}
    for name in ("acc", "parse_rate", "confidence", *SET_METRICS):
        error = results["results"]["caopd_math_conf"][f"{name}_stderr,none"]
        (line,) = [line for line in lines if f"|{name} " in line or f"|{name}|" in line]
        cells = [cell.strip() for cell in line.split("|")]
        assert cells[8:10] == ["±", f"{error:.4f}"]
        assert cells[6] == arrows.get(name, cells[6])
    (line,) = [line for line in lines if "|status " in line]
    assert "|40 ok, 10 abstained, " in line
    assert "↑" not in line
    assert "↓" not in line


def test_score_gives_the_same_numbers(evaluated):
    output, results, _, _ = evaluated
    records = {r.metric: r for r in score(read_run(output)) if r.group is None}
    for ours, theirs in {
        "accuracy": "acc",
        "parse_rate": "parse_rate",
        "mean_confidence": "confidence",
        "ece": "ece",
        "brier": "brier",
        "auroc": "auroc",
        "spr": "spr",
        "overconfidence_gap": "overconfidence_gap",
    }.items():
        assert records[ours].estimate == pytest.approx(results[f"{theirs},none"], abs=1e-9)


def test_the_prompt_shows_the_exemplars_and_then_asks(evaluated):
    *_, prompts = evaluated
    text, options = prompts[0]
    assert options["max_gen_toks"] == 1024
    assert options["do_sample"] is False
    assert text.count("Problem: ") == 5
    assert [part.rpartition("Confidence: ")[2] for part in text.split("\n\n###\n\n")[:-1]] == [
        "0.98",
        "0.90",
        "0.35",
        "0.85",
    ]
    # A base model that goes on as the exemplars do is stopped at their separator.
    assert options["until"] == ["\n###\n"]
    assert text.endswith(f"\n\n{MATH_INSTRUCTION}")
    assert text.count(MATH_INSTRUCTION) == 2


def test_documents_say_what_they_are(evaluated):
    *_, samples, _ = evaluated
    doc = samples[0]["doc"]
    assert doc["source"]["set"] == "caopd_math"
    assert doc["source"]["version"] == 1
    assert doc["source"]["seed"] is None
    assert len(doc["source"]["sha256"]) == 64
    assert len({s["doc"]["item_hash"] for s in samples}) == 80
    # Any --limit is balanced.
    assert [s["doc"]["level"] for s in samples[:10]] == list(range(1, 11))


def test_zero_shot_shows_no_exemplar(task_manager, tmp_path):
    results, _, prompts = evaluate(task_manager, tmp_path, limit=10)
    assert results["n-shot"]["caopd_math_conf"] == 0
    assert all(text.count("Problem: ") == 1 for text, _ in prompts)


def test_undefined_metrics_do_not_crash_the_table(task_manager, tmp_path):
    from lm_eval.utils import make_table

    results, _, _ = evaluate(
        task_manager,
        tmp_path / "right",
        limit=10,
        answer=lambda d: f"Answer: {d['answer']}\nConfidence: 0.9",
    )
    numbers = results["results"]["caopd_math_conf"]
    assert numbers["auroc,none"] is None
    assert numbers["auroc_stderr,none"] == "N/A"
    assert numbers["brier,none"] == pytest.approx(0.01)
    assert "auroc" in make_table(results)
    results, _, _ = evaluate(task_manager, tmp_path / "mute", limit=10, answer=lambda _doc: "")
    assert results["results"]["caopd_math_conf"]["ece,none"] is None
    assert "ece" in make_table(results)
    records = {r.metric: r for r in score(read_run(tmp_path / "mute")) if r.group is None}
    assert math.isnan(records["ece"].estimate)
    assert records["ece"].reason


def load(**options):
    return hooks.load(version=1.0, pretrained="some/model", **options)


def test_metadata_chooses_levels_seed_and_exemplars():
    assert set(load(levels="6-10")["test"]["level"]) == {6, 7, 8, 9, 10}
    assert load(exemplars="b")["fewshot"]["confidence"] == ["0.97", "0.80", "0.60", "0.92"]
    fresh = load(problem_seed=7)["test"]
    assert fresh[0]["source"]["seed"] == 7
    assert not set(fresh["question"]) & set(load()["test"]["question"])


def test_as_many_fresh_problems_as_are_asked_for():
    """The frozen set has 100 of each level; a study of three levels may need more."""
    many = load(levels="1-3", problem_seed=7, first=510)["test"]
    assert len(many) == len(set(many["question"])) == 510
    assert [many["level"].count(level) for level in (1, 2, 3)] == [170, 170, 170]
    assert many["question"][:300] == load(levels="1-3", problem_seed=7)["test"]["question"][:]
    assert len(load(levels="1-3", first=510)["test"]) == 300


def test_a_seed_of_the_model_does_not_change_the_problems(monkeypatch):
    said = []
    monkeypatch.setattr(asking._log, "warning", said.append)
    assert load(seed=1234)["test"][:5] == load()["test"][:5]
    assert "problem_seed" in said[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": "1"}, "did you mean 'levels'"),
        ({"levels": "0-3"}, "levels"),
        ({"exemplars": "c"}, "must be one of a, b, got 'c'"),
        ({"problem_seed": "x"}, "problem_seed must be a whole number from 1 on, got 'x'"),
        ({"problem_seed": 0}, "for the frozen problems"),
    ],
)
def test_bad_metadata_is_refused_with_one_line(options, said):
    with pytest.raises(ValueError, match=said) as caught:
        load(**options)
    assert "\n" not in str(caught.value)


def test_weights_of_a_local_checkpoint_are_fingerprinted(tiny_llama):
    docs = hooks.load(pretrained=str(tiny_llama))["test"]
    assert len(docs[0]["weights"]) == 16
    assert load()["test"][0]["weights"] is None


#: `lm_eval`, without its own tasks: to index them takes ten seconds.
LM_EVAL = """
from lm_eval.tasks import TaskManager

init = TaskManager.__init__
TaskManager.__init__ = lambda self, **options: init(self, **options, include_defaults=False)
from lm_eval.__main__ import cli_evaluate

cli_evaluate()
"""


def test_an_evaluation_of_a_hugging_face_checkpoint(tiny_llama, tmp_path):
    """The real backend, as a subprocess: chat template, exemplars as turns, samples, score."""
    command = [sys.executable, "-c", LM_EVAL, "--model", "hf"]
    command += ["--model_args", f"pretrained={tiny_llama}", "--tasks", "caopd_math_conf"]
    command += ["--num_fewshot", "4", "--limit", "5", "--apply_chat_template", "--batch_size", "5"]
    command += ["--gen_kwargs", "max_gen_toks=24", "--output_path", "out", "--log_samples"]
    command += ["--include_path", task_folder()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "overconfidence_gap" in done.stdout
    run = read_run(tmp_path / "out")
    assert len(run.rows) == 5
    settings = run.provenance["tasks"]["caopd_math_conf"]
    assert settings["num_fewshot"] == 4
    assert settings["weights"]
    assert {row.status for row in run.rows} <= {"no_answer", "unfinished"}
    sample = json.loads(next(Path(tmp_path).rglob("samples_*.jsonl")).read_text().splitlines()[0])
    assert sample["arguments"]["gen_args_0"]["arg_1"]["max_gen_toks"] == 24


def test_missing_data_is_one_line_of_the_command(tiny_llama, tmp_path):
    command = [sys.executable, "-c", LM_EVAL, "--model", "hf"]
    command += ["--model_args", f"pretrained={tiny_llama}", "--tasks", "caopd_gsm8k_conf"]
    command += ["--include_path", task_folder(), "--limit", "2"]
    environment = {**os.environ, "CAOPD_BENCH_DATA": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("caopd_bench: gsm8k_test: no gsm8k_test.jsonl")
    assert "unset CAOPD_BENCH_DATA" in last
