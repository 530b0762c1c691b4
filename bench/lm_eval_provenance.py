"""What lm-eval's results file says of where the samples come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["run_provenance", "section", "task_provenance"]


def run_provenance(results: Mapping[str, Any]) -> dict[str, Any]:
    """Give what holds for all tasks of an evaluation."""
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
    """Give what is particular to one task, from its first sample and the results."""
    doc = sample["doc"]
    return {
        "version": section(results, "versions").get(task),
        "num_fewshot": section(results, "n-shot").get(task),
        "task_hash": section(results, "task_hashes").get(task),
        "generation": section(results, "configs", task).get("generation_kwargs"),
        "source": doc.get("source"),
        "exemplars": doc.get("exemplars"),
        "weights": doc.get("weights"),
        "prompt_version": doc.get("prompt_version"),
        "parser_version": doc.get("parser_version"),
    }


def section(mapping: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Follow keys to a mapping; an empty one where something else or nothing is there."""
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
