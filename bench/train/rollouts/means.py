"""Keep running means of the success rate, over all questions and by level.

`caopd-constant` states the first and `caopd-level` the second, toward which `estimate: level`
shrinks the success rate of a question. The means are part of a checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from caopd_bench.train.rollouts.judge import Group

__all__ = ["MEAN_KEEPS", "Means", "average_rate"]

#: The weight of earlier steps in a running mean of the success rate.
MEAN_KEEPS = 0.9
#: The estimate whose rates already include the means.
SHRUNK = "level"


class Means(NamedTuple):
    """The running means after some steps."""

    overall: float = float("nan")  # NaN until a question has a rate
    levels: Mapping[str, float] = MappingProxyType({})

    def of(self, doc: Mapping[str, Any]) -> float:
        """Return the mean of a question's level, or of all questions if its level has none."""
        return self.levels.get(_name_level(doc), self.overall)

    def after(self, groups: Sequence[Group], estimate: str = "plain") -> Means:
        """Return the means after the groups of one more step, judged with an estimate."""
        if estimate == SHRUNK:
            # The given rates include the means; averaging them would pull a mean toward itself.
            groups = [group._replace(rates=_rate_plainly(group)) for group in groups]
        parts: dict[str, list[Group]] = {}
        for group in groups:
            parts.setdefault(_name_level(group.doc), []).append(group)
        levels = dict(self.levels)
        for level, part in sorted(parts.items()):
            mean = average_rate(levels.get(level, float("nan")), part)
            if level and mean == mean:
                levels[level] = mean
        return Means(average_rate(self.overall, groups), levels)

    def values(self) -> dict[str, Any]:
        """Return the means for a checkpoint, exact to the last bit."""
        levels = {level: repr(mean) for level, mean in sorted(self.levels.items())}
        return {"mean_rate": repr(self.overall), "level_rates": levels}

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Means:
        """Read the result of `values`; a checkpoint of an earlier release has no levels."""
        levels = {level: float(mean) for level, mean in values.get("level_rates", {}).items()}
        return cls(float(values["mean_rate"]), levels)


def average_rate(before: float, groups: Sequence[Group]) -> float:
    """Return the running mean of the success rate after some groups; NaN `before` starts it."""
    rates = [group.rate for group in groups if group.rate == group.rate]
    if not rates:
        return before
    now = sum(rates) / len(rates)
    return now if before != before else MEAN_KEEPS * before + (1 - MEAN_KEEPS) * now


def _rate_plainly(group: Group) -> list[float]:
    """Rate each usable rollout by the share of right ones; empty if no rollout is usable."""
    right = [rollout.correct for rollout in group.rollouts if rollout.usable]
    return [sum(right) / len(right) for _ in right]


def _name_level(doc: Mapping[str, Any]) -> str:
    """Return a question's level as it is written in files; "" where it has none."""
    level = doc.get("level")
    return "" if level is None else str(level)
