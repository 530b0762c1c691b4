"""A run as `lm_eval --output_path DIR --log_samples` writes it, from a list of answers."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from caopd_bench.cli import main
from caopd_bench.tasks.read.parse import PARSER_VERSION

DATE = "2026-11-22T03-13-32.382752"


class Answer(NamedTuple):
    confidence: float | None
    correct: int
    status: str = "ok"
    text: str | None = None
    level: int = 1


def _sample(i, answer, weights, budget):
    text = f"Answer: {i}\nConfidence: {answer.confidence}" if answer.text is None else answer.text
    pair = [answer.confidence, float(answer.correct)]
    return {
        "doc_id": i,
        "doc": {
            "answer": str(i),
            "family": "product" if i % 2 else "sum",
            "level": answer.level,
            "question": f"What is {i} + 0?",
            "source": {"set": "caopd_math", "version": 1, "seed": None},
            "exemplars": {"set": "a", "confidences": ["0.98", "0.90", "0.35", "0.85"]},
            "weights": weights,
            "item_hash": f"{i:016x}",
            "prompt_version": "1",
            "parser_version": PARSER_VERSION,
        },
        "target": str(i),
        "arguments": {"gen_args_0": {"arg_0": "Problem: ...", "arg_1": {"max_gen_toks": budget}}},
        "resps": [[text]],
        "filtered_resps": [text],
        "filter": "none",
        "acc": float(answer.correct),
        "status": answer.status,
        "confidence": answer.confidence,
        "ece": pair,
        "brier": pair,
    }


def _results(task, n, model, shots, chat):
    return {
        "results": {task: {"alias": task, "ece,none": None, "ece_stderr,none": "N/A"}},
        "configs": {task: {"task": task, "generation_kwargs": {"max_gen_toks": 4096}}},
        "versions": {task: 1.0},
        "n-shot": {task: shots},
        "n-samples": {task: {"original": 1000, "effective": n}},
        "config": {
            "model": "hf",
            "model_args": {"pretrained": model, "dtype": "bfloat16"},
            "limit": float(n),
            "random_seed": 0,
        },
        "date": 1795316957.7,
        "transformers_version": "5.23.0",
        "lm_eval_version": "0.4.13",
        "task_hashes": {task: "f7d7b7"},
        "model_name": model,
        "chat_template_sha": "872be4" if chat else None,
        "fewshot_as_multiturn": True,
        "total_evaluation_time_seconds": "266.6",
    }


@pytest.fixture
def make_run(tmp_path):
    """Write a run into tmp_path/<name> and give that folder.

    An answer is (confidence, correct, status, text, level); the last three may be left out.
    """

    def make(
        answers,
        name="run",
        *,
        model="org/tiny",
        task="caopd_math_conf",
        date=DATE,
        shots=4,
        chat=True,
        weights="c72e9464626a9b1f",
        budget=128,
    ):
        folder = tmp_path / name / model.replace("/", "__")
        folder.mkdir(parents=True, exist_ok=True)
        samples = [_sample(i, Answer(*a), weights, budget) for i, a in enumerate(answers)]
        lines = "".join(json.dumps(sample) + "\n" for sample in samples)
        (folder / f"samples_{task}_{date}.jsonl").write_text(lines)
        results = _results(task, len(answers), model, shots, chat)
        (folder / f"results_{date}.json").write_text(json.dumps(results, indent=2))
        return tmp_path / name

    return make


@pytest.fixture
def samples_of():
    """Give the samples file of a run folder."""
    return lambda folder: next(folder.rglob("samples_caopd*.jsonl"))


@pytest.fixture
def results_of():
    """Give the results file of a run folder."""
    return lambda folder: next(folder.rglob("results_*.json"))


@pytest.fixture
def edit_sample(samples_of):
    """Change keys of one sample; a value of `...` removes the key."""

    def edit(folder, line, **changes):
        file = samples_of(folder)
        lines = file.read_text().splitlines()
        sample = {**json.loads(lines[line - 1]), **changes}
        kept = {key: value for key, value in sample.items() if value is not ...}
        lines[line - 1] = json.dumps(kept)
        file.write_text("\n".join(lines) + "\n")

    return edit


@pytest.fixture
def run(capsys):
    """Run `caopd-bench ARGUMENTS` in this process: (exit code, stdout, stderr)."""

    def call(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:  # argparse
            code = error.code
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def refused(run):
    """Run a command that must be refused, and give its one line."""

    def call(*arguments, code=2):
        found, out, err = run(*arguments)
        assert (found, out) == (code, "")
        assert err.startswith("caopd-bench score: ")
        assert err.count("\n") == 1, err
        return err

    return call


@pytest.fixture(scope="session")
def shell():
    """Run the installed console script as a user does."""
    script = Path(sys.executable).with_name("caopd-bench")

    def call(*arguments, **options):
        return subprocess.run(
            [script, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **options,
        )

    return call


@pytest.fixture
def mixed(make_run):
    """Five answers, one of them without a confidence, on two levels."""
    return make_run(
        [
            (0.9, 1, "ok", None, 1),
            (0.9, 0, "ok", None, 1),
            (0.6, 1, "ok", None, 2),
            (0.5, 0, "ok", None, 2),
            (None, 1, "no_confidence", "Answer: 4", 2),
        ]
    )


@pytest.fixture
def few_draws(monkeypatch):
    """Draw little for the plan of a reference: it takes most of the time of `baseline init`.

    For tests that make references and are not about the numbers of the plan.
    """
    from caopd_bench.gates.planning import plan

    monkeypatch.setattr(plan, "DRAWS", 8)
    monkeypatch.setattr(plan, "FEWEST", 8)


@pytest.fixture(scope="session")
def populations():
    """Runs drawn from populations: tests/studies/bench/populations.py."""
    return SimpleNamespace(
        **runpy.run_path(str(Path(__file__).parents[1] / "studies" / "bench" / "populations.py"))
    )


@pytest.fixture(scope="session")
def option_runs():
    """Runs whose confidence is the probability of an option: option_runs.py."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("option_runs.py"))))


@pytest.fixture(scope="session")
def stored_files():
    """What edits and refuses the file of a map or threshold: stored_files.py."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("stored_files.py"))))
