"""Extract the provenance of samples from lm-eval's results file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from caopd_bench.tasks.ask.decoding import tell_decoding

__all__ = [
    "Sources",
    "option_settings",
    "pool_options",
    "run_provenance",
    "section",
    "task_provenance",
    "thinking_setting",
]

#: Keys of a task's configuration that may name the split of its questions, by precedence.
SPLITS = ("test_split", "validation_split", "training_split")


#: Number of places of `enable_thinking` that a backend heeds, by part of its name; else all.
HEEDED = {("vllm",): 1, ("completions", "anthropic", "litellm", "watsonx"): 0}


def run_provenance(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provenance common to all tasks of an evaluation."""
    config = section(results, "config")
    names = (results.get("model_name"), config.get("model"))
    return {
        "model": next((name for name in names if name and isinstance(name, str)), "model"),
        "backend": config.get("model"),
        "model_args": config.get("model_args"),
        "gen_kwargs": config.get("gen_kwargs"),
        "batch_size": config.get("batch_size"),
        "dtype": config.get("model_dtype"),
        "revision": config.get("model_revision"),
        "parameters": config.get("model_num_parameters"),
        "seeds": {
            key: config.get(key)
            for key in ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")
        },
        "limit": config.get("limit"),
        **_cache(config),
        "chat_template_sha": results.get("chat_template_sha"),
        "fewshot_as_multiturn": results.get("fewshot_as_multiturn"),
        "system_instruction_sha": results.get("system_instruction_sha"),
        "lm_eval_version": results.get("lm_eval_version"),
        "transformers_version": results.get("transformers_version"),
        "torch_version": _environment(results, "PyTorch version"),
        "python_version": _environment(results, "Python version"),
        "date": results.get("date"),
        "seconds": _number_or_none(results.get("total_evaluation_time_seconds")),
    }


def _cache(config: Mapping[str, Any]) -> dict[str, str]:
    """Return lm-eval's cache of answers, if it kept one; two models may have shared it."""
    file = config.get("use_cache")
    return {"use_cache": file} if isinstance(file, str) and file else {}


def _environment(results: Mapping[str, Any], label: str) -> str | None:
    """Find one line of the report on the machine that lm-eval writes as text."""
    report = results.get("pretty_env_info")
    for line in report.splitlines() if isinstance(report, str) else ():
        if line.startswith(f"{label}: "):
            return line.removeprefix(f"{label}: ").split(" ")[0]
    return None


def task_provenance(
    task: str, sample: Mapping[str, Any], results: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the provenance of one task, from its first sample and the results."""
    doc = sample["doc"]
    generation = section(results, "configs", task).get("generation_kwargs")
    backend = section(results, "config").get("model")
    asked = generation if isinstance(generation, Mapping) else None
    return {
        "version": section(results, "versions").get(task),
        "num_fewshot": section(results, "n-shot").get(task),
        "task_hash": section(results, "task_hashes").get(task),
        "generation": generation,
        "effective_generation": tell_decoding(doc.get("generation_config"), backend, asked),
        "way": doc.get("way"),
        "samples": doc.get("k"),
        "wording": _wording(doc),
        "exemplars": doc.get("exemplars"),
        "weights": doc.get("weights"),
        "prompt_version": doc.get("prompt_version"),
        "parser_version": doc.get("parser_version"),
    }


def option_settings(task: str, results: Mapping[str, Any], per: str) -> dict[str, Any]:
    """Return the provenance of one task with options; `per` comes from `READINGS`."""
    config = section(results, "configs", task)
    split = next((config[key] for key in SPLITS if isinstance(config.get(key), str)), None)
    source = {"set": config.get("dataset_path"), "name": config.get("dataset_name"), "split": split}
    return {
        "version": section(results, "versions").get(task),
        "num_fewshot": section(results, "n-shot").get(task),
        "task_hash": section(results, "task_hashes").get(task),
        "source": {key: value for key, value in source.items() if isinstance(value, str)} or None,
        "confidence": {"of": "option", "per": per},
    }


def pool_options(
    parts: Sequence[dict[str, Any]], group: str, results: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of a group: those shared by its subtasks, and one hash."""
    if len(parts) == 1:
        return parts[0]
    pooled = {key: value for key, value in parts[0].items() if all(p[key] == value for p in parts)}
    sources = [part["source"] or {} for part in parts]
    shared = {
        key: value
        for key, value in sources[0].items()
        if all(source.get(key) == value for source in sources)
    }
    version = section(results, "versions").get(group)
    hashes = "".join(str(part["task_hash"]) for part in parts)
    return {
        **pooled,
        "version": version if version not in (None, "N/A") else pooled.get("version"),
        "task_hash": hashlib.sha256(hashes.encode()).hexdigest(),
        "source": shared or None,
    }


def _wording(doc: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the paraphrase and scale of a task of the prompt panel."""
    if doc.get("paraphrase") is None:
        return None
    return {"paraphrase": doc["paraphrase"], "scale": doc.get("scale")}


class Sources:
    """The distinct sources of a task's documents; nearly all tasks have a single source.

    Examples
    --------
    >>> sources = Sources()
    >>> for source in ({"set": "b"}, {"set": "a"}, {"set": "b"}):
    ...     sources.add(source)
    >>> sources.pool()
    {'set': 'a + b', 'parts': [{'set': 'a'}, {'set': 'b'}]}
    """

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._last = ""

    def add(self, source: Any) -> None:
        """Add the source of a document."""
        # Compare by `repr`: {"version": 1} equals {"version": 1.0} but is another source.
        if (written := repr(source)) != self._last:
            self._last = written
            self._known.setdefault(json.dumps(source, sort_keys=True), source)

    def pool(self) -> Mapping[str, Any] | None:
        """Return a single source for all documents; a pooled task has joined names and parts."""
        known = [source for source in self._known.values() if isinstance(source, Mapping)]
        if len(known) < 2:
            return known[0] if known else None
        ordered = sorted(known, key=lambda source: str(source.get("set")))
        return {"set": " + ".join(str(source.get("set")) for source in ordered), "parts": ordered}


def thinking_setting(arguments: Any, backend: Any = None) -> dict[str, Any]:
    """Return the thinking settings in the model's arguments: whether requested, and how stripped.

    `enable_thinking` of the backends hf and vllm; `hf` also takes it from the arguments of the chat
    template, which `vllm` overwrites (lm-eval 0.4.13). A client of a server hands neither on.
    `end_token` is the tag up to which the backend drops the text before logging it.
    """
    if isinstance(arguments, str):
        pairs = (pair.partition("=") for pair in arguments.split(","))
        arguments = {key.strip(): value.strip() for key, _, value in pairs}
    if not isinstance(arguments, Mapping):
        return {"asked": None, "end_token": None}
    nested = [arguments.get(key) for key in ("chat_template_args", "chat_template_kwargs")]
    places = [arguments, *(place for place in nested if isinstance(place, Mapping))]
    named = backend if isinstance(backend, str) else ""
    heeded = next((n for words, n in HEEDED.items() if any(w in named for w in words)), len(places))
    # In hf, None means unset.
    asked = next((p["enable_thinking"] for p in places[:heeded] if _asks(p)), None)
    if isinstance(asked, str):
        asked = {"true": True, "false": False}.get(asked.lower())
    token = arguments.get("think_end_token")
    # A number is the token id of the tag.
    is_token = isinstance(token, (str, int)) and not isinstance(token, bool)
    return {
        "asked": asked if isinstance(asked, bool) else None,
        "end_token": str(token) if is_token else None,
    }


def _asks(place: Mapping[str, Any]) -> bool:
    return place.get("enable_thinking") is not None


def section(mapping: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Follow keys to a mapping; return an empty one if the value is missing or of another type."""
    found: Any = mapping
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _number_or_none(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
