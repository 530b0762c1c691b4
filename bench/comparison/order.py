"""Detect swapped arguments: a candidate is rarely evaluated before its reference."""

from __future__ import annotations

from datetime import datetime, timezone

from caopd_bench.core.numbers import is_number
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.run import AnyRun

__all__ = ["notes_on_order"]


def notes_on_order(base: AnyRun, cand: AnyRun) -> list[str]:
    """Note that BASE and CAND may be swapped if the candidate was evaluated first.

    The note has no further effect, since a reference may have been evaluated again. Runs without a
    date, such as flat files, get no note: a file's modification time is often that of a copy.

    Returns
    -------
    list of str
        One line, or none.
    """
    ours, theirs = (_read_date(run.provenance.get("date")) for run in (base, cand))
    if ours is None or theirs is None or theirs >= ours:
        return []
    shape = next(
        shape
        for shape in ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")
        if ours.strftime(shape) != theirs.strftime(shape)
    )
    name, other = (inline(run.name, NAME_WIDTH) for run in (cand, base))
    return [
        f"{name} was evaluated before {other} ({theirs.strftime(shape)}, {ours.strftime(shape)} "
        "UTC): are the two swapped? The reference comes first (BASE CAND)"
    ]


def _read_date(value: object) -> datetime | None:
    """Read a date of a log: seconds since 1970, or ISO 8601 (UTC by default)."""
    try:
        if isinstance(value, str):
            # Python before 3.11 does not read the Z of UTC.
            date = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
            is_local = date.tzinfo is None
            return date.replace(tzinfo=timezone.utc) if is_local else date.astimezone(timezone.utc)
        if is_number(value):
            return datetime.fromtimestamp(float(value), timezone.utc)
    except (ValueError, OverflowError, OSError):
        pass  # not a readable date
    return None
