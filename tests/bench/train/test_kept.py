"""What a killed training run leaves, and what the next one makes of it."""

import csv
import json
import shutil

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from caopd_bench.cli import main
from caopd_bench.train import checkpoints
from caopd_bench.train.checkpoints import (
    PROVENANCE,
    Saved,
    find_last,
    finish,
    load_state,
    save_model,
    save_state,
)
from caopd_bench.train.watch.history import COLUMNS, History


@pytest.fixture
def model(micro_base):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return (
        AutoModelForCausalLM.from_pretrained(micro_base),
        AutoTokenizer.from_pretrained(micro_base),
    )


def saved(step):
    return Saved(step, {}, {}, {"mean_rate": "0.5"})


@pytest.mark.parametrize("kept", ["1", "12,0.3", '12,0.3,"a\nb'])
def test_half_a_row_of_the_history_is_none(tmp_path, kept):
    file = tmp_path / "training.csv"
    history = History(file)
    for step in range(1, 12):
        history.append({"step": step, "loss": 0.5})
    with file.open("a", newline="") as stream:
        stream.write(kept)  # of step 12
    History(file, after_step=10)
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 11)]
    assert tuple(rows[0]) == COLUMNS


def test_the_final_model_appears_when_it_is_whole(tmp_path, model, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "replace_file", die)  # of provenance.json, the last one
        with pytest.raises(Killed):
            save_model(tmp_path, *model, {})
    assert not (tmp_path / "model.safetensors").exists()
    save_model(tmp_path, *model, {"a": 1})
    assert json.loads((tmp_path / PROVENANCE).read_text()) == {"a": 1}
    assert (tmp_path / "model.safetensors").is_file()
    assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith(".")]


def test_provenance_is_moved_last(tmp_path, model, monkeypatch):
    moved, real = [], checkpoints.Path.replace

    def replace(self, target):
        moved.append(target.name)
        return real(self, target)

    monkeypatch.setattr(checkpoints.Path, "replace", replace)
    save_model(tmp_path / "out", *model, {})
    assert moved[-1] == PROVENANCE
    assert "model.safetensors" in moved


@pytest.mark.parametrize("name", [".last.caopd-bench-old", ".last-old"])
def test_a_checkpoint_that_was_put_aside_is_found(tmp_path, model, name):
    save_state(tmp_path, *model, {}, saved(3))
    (tmp_path / "last").rename(tmp_path / name)
    assert find_last(tmp_path) == tmp_path / name
    assert load_state(tmp_path / name).step == 3
    # What stands in the place is the newer one.
    save_state(tmp_path, *model, {}, saved(4))
    assert load_state(find_last(tmp_path)).step == 4
    finish(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_next_checkpoint_cleans_up_after_a_killed_one(tmp_path, model):
    save_state(tmp_path, *model, {}, saved(3))
    shutil.copytree(tmp_path / "last", tmp_path / ".last.0123abcd.part")
    save_state(tmp_path, *model, {}, saved(4))
    assert [entry.name for entry in tmp_path.iterdir()] == ["last"]


@pytest.fixture
def words(micro_base, tmp_path):
    return [
        *("train", "--method", "opd", "--model", str(micro_base), "--task", "caopd_arith_conf"),
        *("--steps", "2", "--prompts-per-step", "4", "--k", "2", "--max-new-tokens", "12"),
        *("--threads", "1", "--output", str(tmp_path / "out")),
    ]


def test_what_was_killed_before_its_settings_were_written_starts_again(words, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".settings.json.0123abcd.part").write_text("{")
    (tmp_path / ".out.lock").write_text("")
    assert main(words) == 0, capsys.readouterr().err
    assert {entry.name for entry in tmp_path.iterdir()} == {"out"}
    assert not [entry for entry in (tmp_path / "out").iterdir() if entry.name.startswith(".")]


def test_resuming_says_where_it_begins_and_cleans_what_is_done(words, tmp_path, capsys):
    assert main(words) == 0
    out = tmp_path / "out"
    (out / PROVENANCE).unlink()
    assert main([*words, "--resume"]) == 0
    assert "no checkpoint yet; starting from the first step" in capsys.readouterr().err
    # Killed while the checkpoint was taken away.
    (out / "last" / "state").mkdir(parents=True)
    (out / "last" / "model.safetensors").write_text("")
    (out / ".final").mkdir()
    assert main([*words, "--resume"]) == 0
    assert "already finished" in capsys.readouterr().err
    assert not (out / "last").exists()
    assert not (out / ".final").exists()


def test_pretraining_leaves_nothing_that_stands_in_its_own_way(tmp_path, monkeypatch, capsys):
    from caopd_bench.train.micro import pretrain as made

    out = tmp_path / "out"
    words = ["train", "--method", "pretrain", "--size", "10k", "--steps", "2", "--output", str(out)]
    with monkeypatch.context() as patch:
        patch.setattr(made, "replace_file", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert main(words) == 130
    assert list(out.iterdir()) == []
    assert main(words) == 0, capsys.readouterr().err
    assert {"pretraining.csv", "model.safetensors", PROVENANCE} <= {f.name for f in out.iterdir()}
    assert list(tmp_path.iterdir()) == [out]
