"""Convert columns of a log: outcomes, which may be unknown, ids and days."""

from __future__ import annotations

import datetime
import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.flat.values import Where, read_items, read_outcomes
from caopd_bench.runs.run import label_items

__all__ = ["UNKNOWN", "read_days", "read_ids", "read_late_outcomes"]

#: Value of an outcome that is not known yet.
UNKNOWN = -1
ABSENT = frozenset({"", "na", "nan", "none", "null"})
#: Numbers from here on are milliseconds since 1970, smaller ones are seconds (until year 5138).
MILLISECONDS = 1e11
EPOCH = datetime.date(1970, 1, 1)
#: Dates outside these years mean "no time" (0001-01-01, 9999-12-31), or are not times at all.
YEARS = range(1970, 5139)


def _is_absent(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ABSENT
    return value is None or (isinstance(value, float) and math.isnan(value))


def read_late_outcomes(values: Sequence[Any], where: Where) -> NDArray[np.int8]:
    """Read outcomes: 0 or 1, `UNKNOWN` for null, NaN or nothing."""
    if set(map(type, values)) <= {str, int, bool, type(None)}:
        # A cache by equality is safe: 1 equals True but means the same, and no text equals 1.
        known: dict[Any, int] = {}
        for value in dict.fromkeys(values):
            at = _first(values, value, where)
            known[value] = UNKNOWN if _is_absent(value) else int(read_outcomes([value], at)[0])
        return np.fromiter(map(known.__getitem__, values), np.int8, len(values))
    found = np.full(len(values), UNKNOWN, np.int8)
    places = [i for i, value in enumerate(values) if not _is_absent(value)]
    if places:
        found[places] = read_outcomes([values[i] for i in places], lambda i: where(places[i]))
    return found


def _first(values: Sequence[Any], value: Any, where: Where) -> Where:
    return lambda _: where(values.index(value))


def read_ids(
    values: Sequence[Any], name: str, where: Where
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return a 64-bit label of each id, and whether there is one."""
    has = np.fromiter((not _is_absent(value) for value in values), np.bool_, len(values))
    labels = np.zeros(len(values), np.uint64)
    if has.any():
        places = np.flatnonzero(has).tolist()
        named = [values[i] for i in places]
        labels[has] = label_items(read_items(named, name, lambda i: where(places[i])))
    return labels, has


def read_days(
    values: Sequence[Any], name: str, where: Where
) -> tuple[NDArray[np.int64], list[str]]:
    """Return days as codes of distinct ISO dates, with "" for no time.

    A text begins with its date; a number is a time since 1970 in UTC.
    """
    found: dict[str, int] = {}
    seen: dict[Hashable, int] = {}
    codes = np.empty(len(values), np.int64)
    for i, value in enumerate(values):
        key = value.strip()[:10] if isinstance(value, str) else value
        code = seen.get(key, -1) if isinstance(key, Hashable) else -1
        if code < 0:
            day = "" if _is_absent(value) else _day_of(value)
            if day is None:
                raise UsageError(
                    f"{where(i)}: {name} must begin with a date such as 2026-11-30, not before "
                    f"1970, or be seconds since then, got {quote(value)}"
                )
            code = found.setdefault(day, len(found))
            if not isinstance(value, (int, float)) or len(seen) < 1 << 16:
                seen[key] = code
        codes[i] = code
    return codes, [*found]


def _day_of(value: Any) -> str | None:
    """Return the ISO date of a time, or None if it is not a time."""
    try:
        if isinstance(value, datetime.datetime):
            day = value.date()
        elif isinstance(value, datetime.date):
            day = value
        elif isinstance(value, str) and not _is_number(value):
            day = datetime.date.fromisoformat(value.strip()[:10])
        elif isinstance(value, bool):
            return None
        else:
            number = float(value)
            seconds = number / 1000.0 if number >= MILLISECONDS else number
            day = EPOCH + datetime.timedelta(days=int(seconds // 86400))
    except (ValueError, TypeError, OverflowError):
        return None
    return day.isoformat() if day.year in YEARS else None


def _is_number(text: str) -> bool:
    return text.strip().replace(".", "", 1).isdigit() and len(text.strip()) > 8
