"""Load a model to train: float32 weights from safetensors, and nothing that runs code.

Loading a pickle can run any code in it. torch restricts pickles to weights (`weights_only`), but
that protection has had holes; safetensors files hold only numbers. So a checkpoint that would load
pickles is refused by file name, before anything is loaded or written. Other files beside the
safetensors, such as a trainer's `training_args.bin`, are ignored.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.core.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["has_chat_template", "load_model", "place_model", "refuse_pickles"]

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
ADAPTER, ADAPTER_SETTINGS = "adapter_model.safetensors", "adapter_config.json"
SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin.index.json")
#: Files that a trainer writes and that hold no model weights.
NO_WEIGHTS = ("training_args", "optimizer", "scheduler", "scaler", "rng_state")


def load_model(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a student in float32 from a folder or the hub: safetensors only, no code of its own.

    Raises
    ------
    UsageError
        If it cannot be loaded, for any reason except too little memory.
    """
    refuse_pickles(name)
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        import torch

        safe: dict[str, Any] = {"use_safetensors": True, "trust_remote_code": False}
        model = AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32, **safe)
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except Exception as error:  # the libraries raise errors of any type
        is_short = isinstance(error, RuntimeError) and "alloc" in str(error)
        if is_short or isinstance(error, MemoryError):
            raise
        said = str(error).strip().splitlines() or [type(error).__name__]
        if "use_safetensors" in said[0]:  # transformers advises to disable it
            said = ["it has no weights in safetensors, and pickled ones are not loaded"]
        raise UsageError(f"model: {name} cannot be loaded: {said[0]}") from error
    return model, tokenizer


def place_model(model: PreTrainedModel) -> PreTrainedModel:
    """Move the model to the first GPU, if there is one."""
    import torch

    return model.to("cuda") if torch.cuda.is_available() else model


def has_chat_template(folder: Path) -> bool:
    """Return whether a checkpoint's tokenizer has a chat template; False if it is unreadable."""
    from transformers import AutoTokenizer

    try:
        return bool(AutoTokenizer.from_pretrained(str(folder)).chat_template)
    except Exception:  # a check at the end of a run must not fail it
        return False


def refuse_pickles(model: str) -> None:
    """Refuse a checkpoint folder whose weights, or whose adapter's, are pickled.

    Parameters
    ----------
    model : str
        A folder. A name on the hub is not checked here: the loader asks the hub for safetensors.

    Raises
    ------
    UsageError
        If it is pickled; names the file and how to convert it to safetensors.
    """
    place = Path(model)
    try:
        if place.is_file():
            hint = _convert(place.parent) if _is_pickle(place.name) else "name its folder"
            raise UsageError(f"model: {model} is a file; {hint}")
        names = sorted(file.name for file in place.iterdir()) if place.is_dir() else []
    except (OSError, ValueError):  # the loader reports the error
        return
    if ADAPTER_SETTINGS in names:
        _refuse_adapter(place, names)
    chosen = _read(place / "config.json").get("transformers_weights")
    if isinstance(chosen, str) and not chosen.endswith((".safetensors", ".safetensors.index.json")):
        raise _refusal(place, chosen)
    if WEIGHTS in names:
        return
    if INDEX in names:
        listed = _read(place / INDEX).get("weight_map")
        files = listed.values() if isinstance(listed, dict) else ()
        for name in sorted({str(name) for name in files}):
            if not name.endswith(".safetensors"):
                raise _refusal(place, name)
        return
    pickled = [name for name in names if _is_pickle(name)]
    if pickled and ADAPTER_SETTINGS not in names and not isinstance(chosen, str):
        # The index of a sharded checkpoint comes last, since it holds no weights itself.
        raise _refusal(place, min(pickled, key=lambda name: (name.endswith(".json"), name)))


def _refuse_adapter(place: Path, names: list[str]) -> None:
    pickled = [name for name in names if name.startswith("adapter_model") and _is_pickle(name)]
    if pickled and ADAPTER not in names:
        raise UsageError(
            f"model: {place / pickled[0]} is a pickle, which can run code when loaded; if you "
            "trust its author, save the adapter again with save_pretrained, which writes "
            f"{ADAPTER}"
        )
    base = _read(place / ADAPTER_SETTINGS).get("base_model_name_or_path")
    if isinstance(base, str) and base and Path(base).is_dir() and Path(base) != place:
        refuse_pickles(base)


def _is_pickle(name: str) -> bool:
    return name.endswith(SUFFIXES) and not name.startswith(NO_WEIGHTS)


def _refusal(place: Path, name: str) -> UsageError:
    return UsageError(
        f"model: {place / name} is a pickle, which can run code when loaded; {_convert(place)}"
    )


def _convert(place: Path) -> str:
    """Describe how to convert a checkpoint to safetensors."""
    return (
        "if you trust its author, convert it once: "
        f"AutoModelForCausalLM.from_pretrained({str(place)!r}).save_pretrained(NEW), and copy the "
        "tokenizer"
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
