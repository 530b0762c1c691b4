"""The project's own gate: stored checkpoints keep the calibration of their stored runs."""

import shutil
from pathlib import Path

import pytest
import yaml

from caopd_bench import gate
from caopd_bench.cli import main
from caopd_bench.runs.stored.store import load_stored

pytest.importorskip("torch")
RUNS = Path(__file__).parents[1] / "reference_runs"
POLICY = RUNS / "gate.yaml"
TRAINED = "checkpoints/cells/67k-b0-{}-s0"
#: By checkpoint: the folder of the model, and of the run that was stored when it was made.
CHECKPOINTS = {
    "base": ("bases/sure-67k-s0", "scaling-law/cells/67k-b0-base"),
    "opd": (f"{TRAINED}/checkpoint".format("opd"), TRAINED.format("opd")),
    "caopd": (f"{TRAINED}/checkpoint".format("caopd"), TRAINED.format("caopd")),
}


@pytest.fixture(scope="module")
def evaluate(tmp_path_factory):
    """Evaluate a stored checkpoint by the code as it is now; gives its stored run."""
    from caopd_bench.sweep.grid.file import read_sweep
    from caopd_bench.sweep.run.local import work_on

    def _evaluate(name):
        folder = tmp_path_factory.mktemp(name)
        model = RUNS / CHECKPOINTS[name][0]
        fields = {
            "evaluate": {"tasks": ["caopd_arith_conf"], "batch_size": 500},
            "cells": [{"model": str(model), "method": "base"}],
        }
        file = folder / "sweep.yaml"
        file.write_text(yaml.safe_dump(fields), encoding="utf-8")
        sweep = read_sweep(file)
        assert work_on(sweep, [cell.name for cell in sweep.cells]) == []
        return folder / "cells" / sweep.cells[0].name / "run"

    return _evaluate


@pytest.fixture(scope="module")
def now(evaluate):
    return {name: evaluate(name) for name in CHECKPOINTS}


def _gate(reference, candidate, capsys):
    stored = RUNS / CHECKPOINTS[reference][1] / "run"
    code = main(["gate", "--policy", str(POLICY), "--reference", str(stored), str(candidate)])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_stored_checkpoint_is_as_calibrated_as_when_it_was_stored(name, now, capsys):
    code, said = _gate(name, now[name], capsys)
    assert (code, said.split()[0]) == (0, "PASS"), said


def test_the_papers_failure_is_caught(now, capsys):
    """OPD in the place of its base: more right answers, and 1.00 on all of them."""
    code, said = _gate("base", now["opd"], capsys)
    assert (code, said.split()[0]) == (1, "FAIL")
    assert "confidence when wrong" in said


def test_a_change_that_moves_the_calibration_is_caught(evaluate, capsys, monkeypatch):
    """A parser that reads every confidence a little too high, as a mistake in it might."""
    from caopd_bench.tasks.judge import judge as judging

    read = judging.judge_spans

    def read_too_high(*args, **kwargs):
        found = read(*args, **kwargs)
        if found.confidence is None:
            return found
        return found._replace(confidence=min(1.0, found.confidence + 0.06))

    monkeypatch.setattr(judging, "judge_spans", read_too_high)
    run = evaluate("caopd")
    # From the folder it is refused: its confidences are not those that its texts state.
    assert _gate("caopd", run, capsys) == (4, "")
    # The numbers see it too.
    stored = RUNS / CHECKPOINTS["caopd"][1] / "run"
    assert gate(load_stored(run).run, POLICY, reference=stored).outcome == "FAIL"


def test_a_checkpoint_whose_weights_moved_is_caught(evaluate, tmp_path, capsys, monkeypatch):
    import torch
    from safetensors.torch import load_file, save_file

    moved = tmp_path / "moved"
    shutil.copytree(RUNS / CHECKPOINTS["caopd"][0], moved)
    weights = load_file(moved / "model.safetensors")
    noise = torch.Generator().manual_seed(0)
    for name, tensor in weights.items():
        weights[name] = tensor + 0.4 * tensor.std() * torch.randn(tensor.shape, generator=noise)
    save_file(weights, moved / "model.safetensors", metadata={"format": "pt"})
    monkeypatch.setitem(CHECKPOINTS, "caopd", (str(moved), CHECKPOINTS["caopd"][1]))
    code, said = _gate("caopd", evaluate("caopd"), capsys)
    assert code in (1, 3), said
    assert said.split()[0] != "PASS"
