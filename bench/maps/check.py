"""Read a map file; each value is checked, since the file may come from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.files.checked import (
    UnfitError,
    check_kind,
    checking,
    is_count,
    is_hash,
    is_level,
    is_list,
    is_name,
    is_object,
    is_text,
    read_document,
    take,
)
from caopd_bench.core.numbers import is_number
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.terminal import quote
from caopd_bench.metrics import METRICS, Recalibrator
from caopd_bench.runs.provenance import clean_provenance

__all__ = ["Parts", "check_parts", "read_fitted", "read_parts"]

REMEDY = "create one with: caopd-bench recalibrate RUN -o FILE"


class Parts(NamedTuple):
    """The checked content of a file; the values of `fitted` and `estimate` by name."""

    task: str
    recalibrator: Recalibrator
    fitted: dict[str, Any]
    estimate: dict[str, Any]
    provenance: dict[str, Any]


def read_parts(path: Path, methods: Sequence[str]) -> Parts:
    """Read and check a file.

    Raises
    ------
    UsageError
        If a value is invalid; the message names the file, the value and the requirement.
    """
    with checking(path, "map", REMEDY):
        return check_parts(read_document(path, "map", REMEDY), methods)


def check_parts(found: Any, methods: Sequence[str]) -> Parts:
    """Check the content of a map file, or of a map within another file.

    Raises
    ------
    UnfitError
        If a value is invalid; the message names it and the requirement.
    """
    check_kind(found, "map")
    task = take(found, "task", is_name, "a name")
    fitted = take(found, "fitted", is_object, "an object")
    estimate = take(found, "estimate", is_object, "an object")
    provenance = take(found, "provenance", is_object, "an object")
    return Parts(
        task,
        _read_recalibrator(take(found, "map", is_object, "an object"), methods),
        read_fitted(fitted),
        _read_estimate(estimate),
        clean_provenance(provenance),
    )


def _read_recalibrator(data: Mapping[str, Any], methods: Sequence[str]) -> Recalibrator:
    take(data, "method", lambda value: value in methods, f"one of {', '.join(methods)}", "map.")
    try:
        return Recalibrator.from_dict(data)
    except ValueError as error:
        said = str(error)
        raise UnfitError(f"map: {said if len(said) <= 300 else f'{said[:300]}...'}") from None


def read_fitted(data: Mapping[str, Any]) -> dict[str, Any]:
    """Check the description of the fitted rows."""
    where = "fitted."
    questions = data.get("questions")
    if questions is not None and not is_count(questions):
        raise UnfitError(f"fitted.questions must be a count or null, got {quote(questions)}")
    parsers = take(data, "parsers", is_list, "a list of texts", where)
    if not all(map(is_text, parsers)):
        raise UnfitError(f"fitted.parsers must be a list of texts, got {quote(parsers)}")
    return {
        "run": clean_name(take(data, "run", is_name, "a name", where)),
        "rows": take(data, "rows", is_count, "a count", where),
        "parsed": take(data, "parsed", is_count, "a count", where),
        "questions": questions,
        "sha256": take(data, "sha256", is_hash, "a SHA-256 in hexadecimal", where),
        "parsers": tuple(parsers),
    }


def _read_estimate(data: Mapping[str, Any]) -> dict[str, Any]:
    where = "estimate."
    gains = []
    for i, gain in enumerate(take(data, "gains", is_list, "a list", where)):
        place = f"estimate.gains[{i}]."
        if not isinstance(gain, Mapping):
            raise UnfitError(f"estimate.gains[{i}] must be an object, got {quote(gain)}")
        metric = take(gain, "metric", _is_metric, "the name of a metric", place)
        limits = {
            name: _read_limits(gain.get(name), f"{place}{name}")
            for name in ("before", "after", "difference")
        }
        reason = take(gain, "reason", is_text, "a text", place)
        gains.append({"metric": metric, **limits, "reason": reason})
    return {
        "folds": take(data, "folds", is_count, "a count", where),
        "seed": take(data, "seed", is_count, "a count", where),
        "level": take(data, "level", is_level, "a number below 1", where),
        "gains": gains,
    }


def _read_limits(value: Any, place: str) -> tuple[float, ...]:
    if is_list(value) and len(value) == 3 and all(one is None or _is_finite(one) for one in value):
        return tuple(math.nan if one is None else float(one) for one in value)
    raise UnfitError(f"{place} must be three numbers or null, got {quote(value)}")


def _is_finite(value: Any) -> bool:
    return is_number(value) and abs(value) <= 1.0


def _is_metric(value: Any) -> bool:
    return isinstance(value, str) and value in METRICS
