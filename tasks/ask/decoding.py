"""Find how a checkpoint's own generation settings change the decoding that a task asks for.

`generate` of transformers merges a model's `generation_config.json` into the settings of each call.
So a model published with `repetition_penalty: 1.3` is decoded with that penalty even under
`do_sample: false`, and none of lm-eval's files records it. The effect depends on the backend:

========== =====================================================================================
hf         all that the call does not set; `max_new_tokens` even over the budget that it sets
vllm       nothing: lm-eval passes sampling parameters of its own, of which vLLM takes no defaults
           from the checkpoint but the tokens that end an answer
any other  not known: a server may merge what it likes
========== =====================================================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["altered_decoding", "pick_settings", "read_generation_settings", "tell_decoding"]

FILE, MODEL_FILE = "generation_config.json", "config.json"
MAX_BYTES = 1_000_000
MAX_SHOWN = 80  # longest value, in characters, that is shown in full
HF = ("hf", "hf-auto", "huggingface")
VLLM = ("vllm", "vllm-vlm")

#: Settings that change the chosen tokens even in greedy decoding, with the values that have no
#: effect (None never has one).
ALWAYS: dict[str, Any] = {
    **dict.fromkeys(("repetition_penalty", "encoder_repetition_penalty", "guidance_scale"), 1),
    **dict.fromkeys(("no_repeat_ngram_size", "encoder_no_repeat_ngram_size"), 0),
    **dict.fromkeys(("min_length", "min_new_tokens", "penalty_alpha"), 0),
    **dict.fromkeys(("bad_words_ids", "suppress_tokens", "begin_suppress_tokens"), ()),
    **dict.fromkeys(("forced_decoder_ids", "force_words_ids", "sequence_bias", "stop_strings"), ()),
    **dict.fromkeys(("forced_bos_token_id", "forced_eos_token_id", "watermarking_config"), None),
    **dict.fromkeys(("max_new_tokens", "max_time", "dola_layers"), None),
    "exponential_decay_length_penalty": (),
    "token_healing": False,
    "num_beams": 1,
}
#: Settings that matter only with several beams.
OF_BEAMS: dict[str, Any] = {
    "num_beam_groups": 1,
    "diversity_penalty": 0,
    "length_penalty": 1,
    "early_stopping": False,
}
#: Settings that matter only for sampling.
OF_SAMPLES: dict[str, Any] = {
    "temperature": 1,
    "top_k": 0,
    "top_p": 1,
    "min_p": 0,
    "top_h": None,
    "typical_p": 1,
    "epsilon_cutoff": 0,
    "eta_cutoff": 0,
}
#: Defaults with an effect, which transformers applies if neither call nor checkpoint sets them.
DEFAULTS = {"top_k": 50}
#: lm-eval's names for the token budget of a call; the first one given counts.
BUDGET = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")


def read_generation_settings(
    checkpoint: object, *, revision: object = None, subfolder: object = None
) -> dict[str, Any] | None:
    """Read a checkpoint's own generation settings.

    Parameters
    ----------
    checkpoint : object
        A folder, or a name on the hub, for which only the cache is read, since the model was loaded
        before. The settings of anything else are unknown.
    revision, subfolder : object
        Revision on the hub, and folder within the checkpoint, as in lm-eval's `--model_args`.

    Returns
    -------
    dict or None
        The settings that `ALWAYS`, `OF_BEAMS` and `OF_SAMPLES` name, in alphabetical order, without
        values that have no effect (but including such values for `DEFAULTS`, which they override).
        Without `generation_config.json` they come from `config.json`, as in transformers. None if
        neither can be read.
    """
    if not isinstance(checkpoint, str) or not checkpoint:
        return None
    for name in (FILE, MODEL_FILE):
        where = f"{subfolder}/{name}" if isinstance(subfolder, str) and subfolder else name
        file = _find(checkpoint, where, revision)
        if file is None:
            return None
        known = _read(file)
        if known is not None:
            return pick_settings(known)
    return None


def pick_settings(known: Mapping[str, Any]) -> dict[str, Any]:
    """Select the settings of a model that `read_generation_settings` returns."""
    return {
        key: _shorten(known[key])
        for key, neutral in sorted({**ALWAYS, **OF_BEAMS, **OF_SAMPLES}.items())
        if known.get(key) is not None and (key in DEFAULTS or not _is_neutral(known[key], neutral))
    }


def altered_decoding(
    settings: Mapping[str, Any], generation: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the settings that `generate` of transformers applies beyond those of the call.

    Parameters
    ----------
    settings : mapping
        The result of `read_generation_settings`.
    generation : mapping or None
        The call's own settings, by lm-eval's names; None for a task that generates nothing.

    Returns
    -------
    dict
        The settings in effect that the call does not set; empty if it decodes exactly as asked.

    Examples
    --------
    >>> published = {"repetition_penalty": 1.3, "temperature": 0.7, "top_p": 0.8}
    >>> altered_decoding(published, {"do_sample": False, "temperature": 0.0})
    {'repetition_penalty': 1.3}
    >>> altered_decoding(published, {"do_sample": False, "repetition_penalty": 1.0})
    {}
    >>> altered_decoding(published, {"do_sample": True, "temperature": 1.0})
    {'repetition_penalty': 1.3, 'top_k': 50, 'top_p': 0.8}
    """
    if generation is None:
        return {}
    merged = {**settings, **generation}
    names = dict(ALWAYS)
    if not _is_neutral(merged.get("num_beams"), 1):
        names |= OF_BEAMS
    known = dict(settings)
    if is_sampled(generation):
        names |= OF_SAMPLES
        known = {**DEFAULTS, **known}
    asked = dict(generation)
    # The call's budget becomes `max_length`, which a checkpoint's `max_new_tokens` overrides.
    budget = next((asked.pop(name) for name in BUDGET if name in asked), None)
    known = {name: value for name, value in known.items() if name not in asked}
    return {
        name: known[name]
        for name in sorted(names)
        if name in known
        and not _is_neutral(known[name], budget if name == "max_new_tokens" else names[name])
    }


def tell_decoding(
    stated: object, backend: object, generation: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return the effective decoding settings of an evaluation beyond those of its task.

    Parameters
    ----------
    stated : object
        The result of `read_generation_settings`, as JSON in the evaluated documents.
    backend : object
        lm-eval's name for the backend.
    generation : mapping or None
        The task's settings, with those of `--gen_kwargs`.

    Returns
    -------
    dict or None
        As in `altered_decoding`; None if unknown.

    Examples
    --------
    >>> tell_decoding('{"repetition_penalty": 1.3}', "hf", {"do_sample": False})
    {'repetition_penalty': 1.3}
    >>> tell_decoding('{"repetition_penalty": 1.3}', "vllm", {"do_sample": False})
    {}
    >>> tell_decoding('{"repetition_penalty": 1.3}', "local-chat-completions", {}) is None
    True
    """
    if generation is None or backend in VLLM:
        return {}
    if backend not in HF or not isinstance(stated, str):
        return None
    try:
        settings = json.loads(stated)
    except (ValueError, RecursionError):
        return None
    return altered_decoding(settings, generation) if isinstance(settings, dict) else None


def is_sampled(generation: Mapping[str, Any]) -> bool:
    """Return whether lm-eval samples with these settings; without `do_sample`, it does if T > 0."""
    chosen = generation.get("do_sample")
    if isinstance(chosen, bool):
        return chosen
    try:
        return float(generation.get("temperature") or 0) > 0
    except (TypeError, ValueError):
        return False


def _find(checkpoint: str, name: str, revision: object) -> Path | None:
    """Return the path where a file of a checkpoint is, or would be; None if that is unknown.

    The file is in the checkpoint's folder, or in the cache of the hub.
    """
    try:
        if Path(checkpoint).is_dir():
            return Path(checkpoint) / name
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(
            checkpoint, name, revision=revision if isinstance(revision, str) else None
        )
    except (ImportError, OSError, ValueError):  # not a valid name on the hub either
        return None
    if found is None:  # the cache has no record of the file
        return None
    return Path(found) if isinstance(found, str) else Path(name, "is not there")


def _read(file: Path) -> dict[str, Any] | None:
    try:
        if file.stat().st_size > MAX_BYTES:
            return None
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return known if isinstance(known, dict) else None


def _is_neutral(value: Any, neutral: Any) -> bool:
    return value is None or value == neutral or value in ([], {})


def _shorten(value: Any) -> Any:
    """Return a value as it is, or the size and a fingerprint of a long or nested one."""
    text = json.dumps(value, sort_keys=True)
    is_nested = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value)
    )
    if not is_nested and len(text) <= MAX_SHOWN:
        return value
    size = len(value) if isinstance(value, (list, dict)) else 1
    return f"{size} entries, SHA-256 {hashlib.sha256(text.encode()).hexdigest()[:8]}"
