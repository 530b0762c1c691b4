"""A comparison as records for strict JSON: one per number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from caopd_bench.comparison.direction import judge
from caopd_bench.comparison.missing import Missing
from caopd_bench.comparison.one_task import TaskComparison
from caopd_bench.comparison.sentence import say
from caopd_bench.core.numbers import finite
from caopd_bench.metrics import Change

__all__ = ["to_plain"]

BOUNDS = ("against", "in_favour")


def to_plain(found: TaskComparison) -> dict[str, Any]:
    """Return one comparison as plain values; undefined is None, with its reason."""
    return {
        "paired": True,
        "base": found.base,
        "cand": found.cand,
        "task": found.task,
        "group": found.group,
        "sentence": say(found),
        "verdict": judge(found),
        "items": found.items,
        "rows": found.rows,
        "parsed_in_both": found.both,
        "level": found.level,
        "changes": [
            {**one, "reason": found.wording.reword(one["reason"])} for one in _changes(found)
        ],
        "flips": asdict(found.flips),
        "missing": _missing(found.missing),
        "gate_numbers": [
            {**finite(asdict(one)), "reason": found.wording.reword(one.reason)}
            for one in found.six.values()
        ],
        "bounds": [finite(asdict(one)) for one in found.bounds],
        "differences": [one._asdict() for one in found.differences],
        "notes": list(found.notes),
    }


def _changes(found: TaskComparison) -> Iterator[dict[str, Any]]:
    yield _record("all rows", "accuracy", found.accuracy)
    yield _record("all rows", "parse_rate", found.parse_rate)
    if found.metrics is not None:
        for name, change in found.metrics.changes.items():
            record = _record("parsed in both", name, change)
            yield {**record, **finite({"adjusted": found.metrics.adjusted[name]})}
    if found.parts is None:
        return
    parts = found.parts
    for name in ("gap", "confidence", "accuracy"):
        yield _record("gap", name, getattr(parts.gap, name))
    for part, brier in (("brier", parts.brier), ("recalibrated", parts.recalibrated)):
        for name in ("brier", "miscalibration", "discrimination", "uncertainty", "confidence"):
            if brier is not None:
                yield _record(part, name, getattr(brier, name))
    alike: list[tuple[str, str, Change | None]] = [
        ("same answers", "brier", parts.same_answers),
        ("right in both", "mean_confidence", parts.right_in_both),
        ("wrong in both", "mean_confidence", parts.wrong_in_both),
    ]
    for part, metric, of_part in alike:
        if of_part is not None:
            yield _record(part, metric, of_part)


def _missing(missing: Missing) -> dict[str, Any]:
    """Return the two sets of bounds as objects of their own."""
    plain = {key: value for key, value in asdict(missing).items() if key not in BOUNDS}
    return {**finite(plain), **{key: finite(getattr(missing, key)) for key in BOUNDS}}


def _record(part: str, metric: str, change: Change) -> dict[str, Any]:
    values = {key: value for key, value in asdict(change).items() if key not in ("name", "better")}
    record = {"part": part, "metric": metric, **finite(values)}
    infinite = [key for key in ("a", "b") if math.isinf(values[key])]
    if infinite and not record["reason"]:
        record["reason"] = f"{' and '.join(infinite)} infinite"
    return record
