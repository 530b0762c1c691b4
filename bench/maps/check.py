"""Read the file of a map, which may come from anywhere: each value is checked before it is used."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.core.numbers import is_number
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.terminal import quote
from caopd_bench.metrics import METRICS, Recalibrator
from caopd_bench.runs.provenance import clean_provenance

__all__ = ["MAX_BYTES", "Parts", "read_parts"]

#: Of a file: an isotonic map of a million different confidences has some thousand steps.
MAX_BYTES = 1 << 24
MAX_TEXT = 1000
REMEDY = "make one by: caopd-bench recalibrate RUN -o FILE"
SHA256 = re.compile(r"[0-9a-f]{64}")
#: Versions of the parser, and metrics, that a map may name.
MAX_LISTED = 100


class Parts(NamedTuple):
    """What a file holds, checked; the values of `fitted` and `estimate` by their names."""

    task: str
    recalibrator: Recalibrator
    fitted: dict[str, Any]
    estimate: dict[str, Any]
    provenance: dict[str, Any]


class _UnfitError(ValueError):
    """A value is not what it must be."""


def read_parts(path: Path, methods: Sequence[str]) -> Parts:
    """Read and check a file.

    Raises
    ------
    UsageError
        With the name of the file, the value, and what it must be.
    """
    with _naming(path):
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
        if len(data) > MAX_BYTES:
            raise UsageError(f"{path}: more than {MAX_BYTES >> 20} MB; is it a map? {REMEDY}")
        found = parse_json(data, str(path))
        if not isinstance(found, Mapping) or found.get("kind") != "caopd-bench map":
            raise _UnfitError("has no 'kind': 'caopd-bench map'")
        if not _is_count(found.get("format")) or found["format"] != 1:
            raise _UnfitError(f"format must be 1, got {quote(found.get('format'))}")
        task = _take(found, "task", _is_name, "a name")
        fitted = _take(found, "fitted", _is_object, "an object")
        estimate = _take(found, "estimate", _is_object, "an object")
        provenance = _take(found, "provenance", _is_object, "an object")
        return Parts(
            task,
            _read_recalibrator(_take(found, "map", _is_object, "an object"), methods),
            _read_fitted(fitted),
            _read_estimate(estimate),
            clean_provenance(provenance),
        )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn what is wrong with the content into one line that names the file."""
    try:
        yield
    except UsageError:
        raise
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, _UnfitError) else f"not JSON ({error})"
        raise UsageError(f"{path}: no map of this version: {said}; {REMEDY}") from None


def _read_recalibrator(data: Mapping[str, Any], methods: Sequence[str]) -> Recalibrator:
    _take(data, "method", lambda value: value in methods, f"one of {', '.join(methods)}", "map.")
    try:
        return Recalibrator.from_dict(data)
    except ValueError as error:
        said = str(error)
        raise _UnfitError(f"map: {said if len(said) <= 300 else f'{said[:300]}...'}") from None


def _read_fitted(data: Mapping[str, Any]) -> dict[str, Any]:
    where = "fitted."
    questions = data.get("questions")
    if questions is not None and not _is_count(questions):
        raise _UnfitError(f"fitted.questions must be a count or null, got {quote(questions)}")
    parsers = _take(data, "parsers", _is_list, "a list of texts", where)
    if not all(map(_is_text, parsers)):
        raise _UnfitError(f"fitted.parsers must be a list of texts, got {quote(parsers)}")
    return {
        "run": clean_name(_take(data, "run", _is_name, "a name", where)),
        "rows": _take(data, "rows", _is_count, "a count", where),
        "parsed": _take(data, "parsed", _is_count, "a count", where),
        "questions": questions,
        "sha256": _take(data, "sha256", _is_hash, "a SHA-256 in hexadecimal", where),
        "parsers": tuple(parsers),
    }


def _read_estimate(data: Mapping[str, Any]) -> dict[str, Any]:
    where = "estimate."
    gains = []
    for i, gain in enumerate(_take(data, "gains", _is_list, "a list", where)):
        place = f"estimate.gains[{i}]."
        if not isinstance(gain, Mapping):
            raise _UnfitError(f"estimate.gains[{i}] must be an object, got {quote(gain)}")
        metric = _take(gain, "metric", _is_metric, "the name of a metric", place)
        limits = {
            name: _read_limits(gain.get(name), f"{place}{name}")
            for name in ("before", "after", "difference")
        }
        reason = _take(gain, "reason", _is_text, "a text", place)
        gains.append({"metric": metric, **limits, "reason": reason})
    return {
        "folds": _take(data, "folds", _is_count, "a count", where),
        "seed": _take(data, "seed", _is_count, "a count", where),
        "level": _take(data, "level", _is_level, "a number below 1", where),
        "gains": gains,
    }


def _read_limits(value: Any, place: str) -> tuple[float, ...]:
    if _is_list(value) and len(value) == 3 and all(one is None or _is_finite(one) for one in value):
        return tuple(math.nan if one is None else float(one) for one in value)
    raise _UnfitError(f"{place} must be three numbers or null, got {quote(value)}")


def _take(
    data: Mapping[str, Any], name: str, fits: Callable[[Any], bool], what: str, where: str = ""
) -> Any:
    value = data.get(name)
    if not fits(value):
        raise _UnfitError(f"{where}{name} must be {what}, got {quote(value)}")
    return value


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_LISTED


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_name(value: Any) -> bool:
    return _is_text(value) and bool(value)


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _is_finite(value: Any) -> bool:
    return is_number(value) and abs(value) <= 1.0


def _is_level(value: Any) -> bool:
    return is_number(value) and 0.5 <= value < 1.0


def _is_metric(value: Any) -> bool:
    return isinstance(value, str) and value in METRICS
