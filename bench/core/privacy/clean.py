"""Remove private data from the settings of a training run and the records of a sweep's cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from caopd_bench.core.privacy.credentials import redact
from caopd_bench.core.privacy.keep import Kept, keep_named
from caopd_bench.core.privacy.names import SETTINGS, SWEEP_CELL

__all__ = ["clean_cell", "clean_settings", "redact_all"]


def clean_cell(known: Mapping[str, Any]) -> Kept:
    """Return the content of a cell.json with evaluation, settings and axes cleaned."""
    evaluate = keep_named(known.get("evaluate"), SWEEP_CELL, "evaluate")
    stages = [clean_settings(stage) for stage in known.get("stages") or ()]
    cleaned = {**known}
    if "evaluate" in known:
        cleaned["evaluate"] = evaluate.value
    if "stages" in known:
        cleaned["stages"] = [stage.value for stage in stages]
    left, short = list(evaluate.left_out), list(evaluate.shortened)
    for stage in stages:
        left += [f"stages.{name}" for name in stage.left_out]
        short += [f"stages.{name}" for name in stage.shortened]
    for key in ("changes", "cell"):
        if key in known and (plain := redact_all(known[key])) != known[key]:
            cleaned[key] = plain
            left.append(key)
    return Kept(cleaned, list(dict.fromkeys(left)), list(dict.fromkeys(short)))


def clean_settings(settings: Any) -> Kept:
    """Return the settings of a training run with its paths shortened."""
    if not isinstance(settings, Mapping):
        return Kept(settings, [], [])
    places = keep_named({key: settings[key] for key in SETTINGS if key in settings}, SETTINGS)
    cleaned = {key: places.value.get(key, value) for key, value in settings.items()}
    plain = {key: redact_all(value) for key, value in cleaned.items()}
    left = [key for key, value in plain.items() if value != cleaned[key]]
    return Kept(plain, [*places.left_out, *left], places.shortened)


def redact_all(value: Any, known: Iterable[str] = ()) -> Any:
    """Redact every text in plain values; see `credentials.redact` for `known`."""
    if isinstance(value, str):
        return redact(value, known)
    if isinstance(value, Mapping):
        return {redact(str(key)): redact_all(item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_all(item, known) for item in value]
    return value
