"""A line of the table of speed: what was timed, and what was to be reached."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One kind of work, timed for this version, for the first version and for a peer in one run.

    Attributes
    ----------
    work
        What was timed.
    ours, baseline
        CPU seconds of this version and of the wheel of the first version; NaN if not run.
    peer, peer_seconds
        The limit or the other library, and its CPU seconds; "" and NaN without one.
    target
        The target in words.
    reached
        Whether the numbers of this run reach it; None where they cannot tell.
    megabytes
        Peak memory of ours; NaN where it was not measured.
    note
        What a reader has to know of this line.
    """

    work: str
    ours: float
    baseline: float = math.nan
    peer: str = ""
    peer_seconds: float = math.nan
    target: str = ""
    reached: bool | None = None
    megabytes: float = math.nan
    note: str = ""


def render(lines: list[Line]) -> str:
    """Return the table in Markdown; a missed target is marked."""
    head = [
        "| work | first version | this version | ratio | peer or limit | its time | peak MB "
        "| target | result |",
        "|---|--:|--:|--:|---|--:|--:|---|---|",
    ]
    return "\n".join([*head, *map(_render, lines)]) + "\n"


def _render(line: Line) -> str:
    ratio = line.baseline / line.ours
    mark = {True: "reached", False: "**missed**", None: ""}[line.reached]
    cells = [
        line.work,
        _time(line.baseline),
        _time(line.ours),
        "" if math.isnan(ratio) else f"{ratio:.2g}x" if ratio < 10 else f"{ratio:.0f}x",
        line.peer,
        _time(line.peer_seconds),
        "" if math.isnan(line.megabytes) else f"{line.megabytes:.0f}",
        line.target,
        "; ".join(filter(None, [mark, line.note])),
    ]
    return f"| {' | '.join(cells)} |"


def _time(seconds: float) -> str:
    if math.isnan(seconds):
        return ""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
