"""Where rows come from, in one shape: what a file holds in another becomes None."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from caopd_bench.tasks.parsing import PARSER_VERSION

__all__ = ["clean_provenance", "parser_warnings"]

#: Nothing that we or lm-eval write is nested as deep.
MAX_DEPTH = 20
OTHER_PARSER = "evaluated with parser"


def clean_provenance(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Give provenance as plain values that strict JSON can hold, each task in its shape."""
    tasks = raw.get("tasks")
    cleaned: dict[str, Any] = _plain({key: raw[key] for key in raw if key != "tasks"})
    cleaned["tasks"] = {
        str(task): _clean_task(settings)
        for task, settings in (tasks if isinstance(tasks, Mapping) else {}).items()
    }
    return cleaned


def parser_warnings(provenance: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning for each task whose responses were read by another parser than this one."""
    for task, settings in provenance["tasks"].items():
        if settings["parser_version"] not in (None, PARSER_VERSION):
            yield (
                f"{task}: {OTHER_PARSER} {settings['parser_version']}, this is parser "
                f"{PARSER_VERSION}: statuses and confidences are those of the evaluation"
            )


def _clean_task(raw: Any) -> dict[str, Any]:
    settings = raw if isinstance(raw, Mapping) else {}
    return {
        key: _plain(settings[key]) if key in settings and is_right(settings[key]) else None
        for key, is_right in TASK_SHAPE.items()
    }


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_version(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_confidence(value: Any) -> bool:
    try:
        return isinstance(value, (str, int, float)) and 0 <= float(value) <= 1
    except (ValueError, OverflowError):
        return False


def _is_exemplars(value: Any) -> bool:
    """Expect `{"set": "a", "confidences": ["0.98", ...]}`."""
    if not isinstance(value, Mapping) or not isinstance(value.get("set"), (str, type(None))):
        return False
    stated = value.get("confidences", [])
    return isinstance(stated, list) and all(_is_confidence(item) for item in stated)


TASK_SHAPE: dict[str, Callable[[Any], bool]] = {
    "version": _is_version,
    "num_fewshot": _is_count,
    "task_hash": _is_text,
    "generation": _is_mapping,
    "source": _is_mapping,
    "way": _is_text,
    "samples": _is_count,
    "wording": _is_mapping,
    "thinking": _is_mapping,
    "exemplars": _is_exemplars,
    "weights": _is_text,
    "prompt_version": _is_text,
    "parser_version": _is_text,
}


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
