"""Record each step: one row of `training.csv`, and a line on the terminal."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.files.write import replace_file
from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.rollouts.targets import Target
from caopd_bench.train.watch.updates import Idle, say_excluded

__all__ = ["COLUMNS", "HISTORY", "History", "describe", "describe_step", "excluded_share"]

Row = dict[str, Any]

HISTORY = "training.csv"

#: One row per step. `stated` is over the rollouts that state a usable confidence; the entropies
#: are means over the tokens of the stated confidence, in nats, of student and teacher. `note` gives
#: the reason why rollouts were excluded, or why a step had no update (its loss is empty).
COLUMNS = (
    *("step", "loss", "accuracy", "success_rate", "stated", "entropy", "teacher_entropy"),
    *("rollouts", "excluded", "unfinished", "no_confidence", "unreplaced"),
    *("grad_norm", "learning_rate", "tokens", "seconds", "note"),
)
_SHOWN = {
    "loss": "loss {:.4f}",
    "accuracy": "accuracy {:.3f}",
    "success_rate": "success {:.3f}",
    "stated": "stated {:.3f}",
    "entropy": "entropy {:.2f}",
}


class History:
    """The file of steps; on resuming, steps after the checkpoint are dropped."""

    def __init__(self, path: Path, *, after_step: int = 0) -> None:
        self.path = path
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._read(after_step))
        replace_file(path, text.getvalue().encode())

    def append(self, row: Mapping[str, Any]) -> None:
        """Write a step, to disk before it returns."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(
                {name: _render(row.get(name)) for name in COLUMNS}
            )
            file.flush()
            os.fsync(file.fileno())

    def _read(self, last: int) -> list[dict[str, str]]:
        if not last or not self.path.exists():
            return []
        text = self.path.read_bytes().decode(errors="replace")
        whole = text[: text.rfind("\n") + 1]  # a killed run may leave "1" of step 12
        found = csv.DictReader(io.StringIO(whole, newline=""))
        rows = [row for row in found if (row.get("step") or "").isdigit()]
        return [{k: row.get(k) or "" for k in COLUMNS} for row in rows if int(row["step"]) <= last]


def excluded_share(file: Path) -> float:
    """Return the share of a run's rollouts that were excluded; NaN if there were none."""
    with file.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["rollouts"] not in ("", "0")]
    drawn = sum(int(row["rollouts"]) for row in rows)
    return sum(int(row["excluded"]) for row in rows) / drawn if drawn else math.nan


def describe_step(row: Mapping[str, Any], steps: int, left: float) -> str:
    """Describe a step in one line: its results, its speed, and the time left."""
    if row["loss"] != row["loss"]:
        return f"step {row['step']}/{steps}  {row['note']}"
    parts = [f"step {row['step']}/{steps}"]
    for name, pattern in _SHOWN.items():
        value = row.get(name)
        if value is not None and value == value:
            parts.append(pattern.format(value))
    if row.get("excluded"):
        parts.append(f"excluded {row['excluded'] / row['rollouts']:.1%}")
    seconds = row.get("seconds") or 0
    if seconds:
        parts.append(f"{(row.get('tokens') or 0) / seconds:,.0f} tokens/s")
    parts.append(f"{_render_time(left)} left")
    return "  ".join(parts)


def _render_time(seconds: float) -> str:
    if seconds < 120:
        return f"{int(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def _render(value: float | int | str | None) -> str:
    """Return a value as text; an undefined value is an empty field."""
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def describe(groups: Sequence[Group], targets: Sequence[Target], idle: Idle | None = None) -> Row:
    """Describe a step's rollouts: their accuracy, their stated confidence, and the exclusions.

    `idle` is the reason if the step updates nothing.
    """
    rollouts = [rollout for group in groups for rollout in group.rollouts]
    stated = [r.confidence for r in rollouts if r.confidence is not None]
    rates = [group.rate for group in groups if group.rate == group.rate]
    usable = sum(r.usable for r in rollouts)
    with_span = sum(t.span is not None for t in targets)
    return {
        "accuracy": _mean([float(r.correct) for r in rollouts]),
        "success_rate": _mean(rates),
        "stated": _mean(stated),
        "rollouts": len(rollouts),
        "excluded": len(rollouts) - usable,
        "unfinished": sum(r.status == "unfinished" for r in rollouts),
        "no_confidence": sum(r.status in ("no_confidence", "bad_confidence") for r in rollouts),
        "unreplaced": max(0, usable - with_span) if len(targets) == len(rollouts) else 0,
        "tokens": sum(len(t.completion) for t in targets),
        "note": say_excluded(rollouts) if idle is None else f"no update: {idle.why}",
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
