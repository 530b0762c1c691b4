"""Killed at any moment and resumed: the same bytes as a run that was never stopped."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from caopd_bench.train.checkpoints import find_last  # noqa: E402

STEPS = 12


#: Each goes on with means of the steps before.
MEANS = {
    "constant": ("--method", "caopd-constant"),
    "level": ("--method", "caopd-level"),
    "shrunk": ("--method", "caopd", "--estimate", "level", "--shrink", "2"),
}


def command(base, output, *extra):
    return [
        *(sys.executable, "-m", "caopd_bench", "train"),
        *("--model", str(base), "--task", "caopd_arith_conf", "--output", str(output)),
        *("--steps", str(STEPS), "--prompts-per-step", "8", "--k", "4", "--threads", "1"),
        *("--learning-rate", "2e-3", "--max-new-tokens", "12", "--save-every", "2", *extra),
    ]


def read(output):
    with (output / "training.csv").open(newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", MEANS)
def test_kill_and_resume_to_the_same_bytes(micro_base, tmp_path, run, name):
    method = MEANS[name]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert (
        run(*command(micro_base, whole, *method)[3:])[0] == 0
    )  # in this process, where torch is loaded
    process = subprocess.Popen(
        command(micro_base, broken, *method), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None:
        history = broken / "training.csv"
        # In the middle of the run, after a checkpoint and a step more.
        if history.exists() and len(history.read_text().splitlines()) >= 5:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.01)
    process.wait()
    assert not (broken / "model.safetensors").exists(), "it was killed too late to mean anything"
    last = find_last(broken)
    assert last is not None
    assert (last / "model.safetensors").is_file()

    again = command(micro_base, broken, *method, "--resume")[3:]
    code, _, err = run(*again)
    assert code == 0, err
    for name in ("model.safetensors", "provenance.json", "config.json", "tokenizer.json"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes(), name
    assert read(broken) == read(whole)
    assert {file.name for file in broken.iterdir()} == {file.name for file in whole.iterdir()}
    assert not (broken / "last").exists()
    assert json.loads((whole / "provenance.json").read_text())["steps_done"] == STEPS

    code, _, err = run(*again)
    assert code == 0
    assert "already finished" in err

    code, _, err = run(*again, "--seed", "3")
    assert code == 2
    assert "seed: 3, but" in err
