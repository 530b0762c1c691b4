"""Pickled weights: refused by name, before anything is loaded or written."""

import json
import pickle
import shutil
import zipfile

import pytest

from caopd_bench.cli import main
from caopd_bench.core.errors import UsageError
from caopd_bench.tasks.catalogue.weights import fingerprint_weights
from caopd_bench.train.loading import refuse_pickles


class Trap:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.fixture
def sprung(tmp_path):
    return tmp_path / "sprung"


@pytest.fixture
def checkpoint(micro_base, tmp_path, sprung):
    """Copy a micro model with pickles in the place of its weights."""

    def make(*names, keep=(), listed=None, settings=None):
        folder = tmp_path / "model"
        shutil.copytree(micro_base, folder)
        if "model.safetensors" not in keep:
            (folder / "model.safetensors").unlink()
        for name in names:
            if name.endswith(".json"):
                shards = {"weight_map": dict.fromkeys(("a", "b"), listed or names[0])}
                (folder / name).write_text(json.dumps(shards))
                continue
            with zipfile.ZipFile(folder / name, "w") as archive:  # as torch.save has it
                archive.writestr("archive/data.pkl", pickle.dumps(Trap(sprung)))
                archive.writestr("archive/version", "3\n")
        if settings:
            (folder / "adapter_config.json").write_text(json.dumps(settings))
        return folder

    return make


SHARD, INDEX = "pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"
FOLDERS = {
    "one file": (("pytorch_model.bin",), "pytorch_model.bin"),
    "shards": ((INDEX, SHARD, "pytorch_model-00002-of-00002.bin"), SHARD),
    "an index alone": ((INDEX,), INDEX),
    "a .pt": (("model.pt",), "model.pt"),
    "a .pth": (("consolidated.00.pth",), "consolidated.00.pth"),
    "a .ckpt": (("epoch=3.ckpt", "training_args.bin"), "epoch=3.ckpt"),
    "a .pkl": (("weights.pkl",), "weights.pkl"),
}


@pytest.mark.parametrize(("names", "named"), FOLDERS.values(), ids=FOLDERS)
@pytest.mark.parametrize("engine", ["local", "trl"])
def test_train_refuses(names, named, engine, checkpoint, sprung, tmp_path, capsys):
    model, output = checkpoint(*names), tmp_path / "out"
    command = ["train", "--method", "sft", "--task", "caopd_arith_conf", "--engine", engine]
    assert main([*command, "--model", str(model), "--output", str(output)]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert f"model/{named} is a pickle, which can run code when loaded" in said
    assert "save_pretrained" in said
    assert not output.exists()
    assert not sprung.exists()
    assert fingerprint_weights(model) is None
    assert not sprung.exists()


def test_a_sweep_refuses(checkpoint, sprung, tmp_path, capsys):
    checkpoint("pytorch_model.bin")
    file = tmp_path / "sweep.yaml"
    file.write_text(
        "settings: {task: caopd_arith_conf, steps: 1}\n"
        "evaluate: {tasks: [caopd_arith_conf], limit: 4}\n"
        "cells:\n- {model: ./model, method: base}\n"
    )
    assert main(["sweep", str(file)]) == 2
    assert "pytorch_model.bin is a pickle" in capsys.readouterr().err
    assert not (tmp_path / "cells").exists()
    assert not sprung.exists()


def test_an_index_of_safetensors_that_names_a_pickle(checkpoint):
    names = ("model.safetensors.index.json", "weights.bin")
    with pytest.raises(UsageError, match=r"model/weights\.bin is a pickle"):
        refuse_pickles(str(checkpoint(*names, listed="weights.bin")))


def test_a_configuration_that_names_a_pickle(checkpoint):
    folder = checkpoint("other.bin", keep=("model.safetensors",))
    known = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**known, "transformers_weights": "other.bin"}))
    with pytest.raises(UsageError, match=r"model/other\.bin is a pickle"):
        refuse_pickles(str(folder))


def test_adapters(checkpoint, tmp_path, micro_base):
    settings = {"peft_type": "LORA", "base_model_name_or_path": str(micro_base)}
    folder = checkpoint("adapter_model.bin", keep=("model.safetensors",), settings=settings)
    with pytest.raises(UsageError, match=r"adapter_model\.bin is a pickle.*adapter_model.safet"):
        refuse_pickles(str(folder))
    (folder / "adapter_model.safetensors").write_bytes(b"")
    refuse_pickles(str(folder))
    base = tmp_path / "base"
    base.mkdir()
    (base / "pytorch_model.bin").write_bytes(b"")
    settings["base_model_name_or_path"] = str(base)
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(UsageError, match=r"base/pytorch_model\.bin is a pickle"):
        refuse_pickles(str(folder))


def test_files_are_no_folders(checkpoint):
    folder = checkpoint("pytorch_model.bin")
    with pytest.raises(UsageError, match="is a file; if you trust its author, convert"):
        refuse_pickles(str(folder / "pytorch_model.bin"))
    with pytest.raises(UsageError, match="is a file; name its folder"):
        refuse_pickles(str(folder / "config.json"))


def test_what_is_left_in_peace(checkpoint, micro_base, tmp_path):
    refuse_pickles(str(micro_base))
    refuse_pickles(
        str(checkpoint("training_args.bin", "optimizer.pt", keep=("model.safetensors",)))
    )
    for name in ("org/model", "", "x" * 5000, "a\0b", str(tmp_path / "gone"), str(tmp_path)):
        refuse_pickles(name)


def test_what_is_loaded_is_safetensors_without_code(micro_base, monkeypatch):
    """Also of the hub, where nothing is known of the files before they are asked for."""
    transformers = pytest.importorskip("transformers")
    from caopd_bench.train.loading import load_model

    asked = []
    for name in ("AutoModelForCausalLM", "AutoTokenizer"):
        loader = getattr(transformers, name)
        load = loader.from_pretrained
        monkeypatch.setattr(
            loader,
            "from_pretrained",
            lambda *args, _load=load, **given: asked.append(given) or _load(*args, **given),
        )
    load_model(str(micro_base))
    assert [given["trust_remote_code"] for given in asked] == [False, False]
    assert asked[0]["use_safetensors"] is True


@pytest.mark.parametrize(
    "error", [pickle.UnpicklingError("bad"), RuntimeError("size mismatch\nmore"), EOFError()]
)
def test_whatever_loading_raises_is_one_line(error, micro_base, tmp_path, monkeypatch, capsys):
    transformers = pytest.importorskip("transformers")

    def fail(*_args, **_given):
        raise error

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", fail)
    output = tmp_path / "out"
    command = ["train", "--method", "sft", "--task", "caopd_arith_conf", "--steps", "1"]
    assert main([*command, "--model", str(micro_base), "--output", str(output)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert f"model: {micro_base} cannot be loaded: " in said[-1]
    assert not output.exists()


def test_code_of_a_checkpoint_is_not_run(micro_base, tmp_path, sprung):
    pytest.importorskip("transformers")
    from caopd_bench.train.loading import load_model

    folder = tmp_path / "model"
    shutil.copytree(micro_base, folder)
    known = json.loads((folder / "config.json").read_text())
    known |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    (folder / "config.json").write_text(json.dumps(known))
    (folder / "own.py").write_text(f"open({str(sprung)!r}, 'w')\nclass Config: pass\n")
    with pytest.raises(UsageError, match="cannot be loaded"):
        load_model(str(folder))
    assert not sprung.exists()
