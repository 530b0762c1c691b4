"""Margins from the noise of a rerun: `gate --suggest-margins`.

No model can reliably pass a margin that is smaller than the change between two runs of the same
checkpoint. With margins of k standard errors of a rerun, an equal model passes all cells of T
tasks in 80 % of runs: k = z(.95) + z(1 - .2 / (7 T)) for the seven shipped metrics
(docs/gate.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from caopd_bench.gates.policy import SHIPPED
from caopd_bench.metrics.limits.student import normal_quantile
from caopd_bench.runs.stored.baseline import Noise

__all__ = ["Suggestion", "factor", "render_suggestions", "suggest_margins"]

#: Margins are rounded up to these steps.
STEP = 0.005
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested margin and its derivation.

    Attributes
    ----------
    metric : str
    margin : float
        The larger of the shipped margin and `needed`, in steps of 0.005.
    noise : float
        Standard error of a rerun, in the noisiest task.
    needed : float
        `factor` times the noise.
    """

    metric: str
    margin: float
    noise: float
    needed: float


def factor(tasks: int, level: float = 0.95) -> float:
    """Return the number of standard errors that a margin must span for equal models to pass.

    Examples
    --------
    >>> [round(factor(tasks), 2) for tasks in (1, 3, 10)]
    [3.55, 3.99, 4.41]
    """
    each = 1.0 - (1.0 - POWER) / (len(SHIPPED) * tasks)
    return normal_quantile(2.0 * level - 1.0) + normal_quantile(2.0 * each - 1.0)


def suggest_margins(
    noise: Sequence[Noise],
    items: Mapping[str, int],
    tolerated: Mapping[str, float] | None = None,
    level: float = 0.95,
) -> list[Suggestion]:
    """Suggest a margin for each number of the gate.

    Parameters
    ----------
    noise : Sequence of Noise
        Rerun noise.
    items : Mapping of str to int
        Items of each task that will be gated; the noise shrinks with their square root.
    tolerated : Mapping of str to float, optional
        Tolerated changes; by default the shipped margins.
    level : float
        The policy's `confidence`.
    """
    floor = SHIPPED if tolerated is None else tolerated
    k = factor(max(len(items), 1), level)
    found = []
    for metric in SHIPPED:
        errors = [
            one.standard_error * math.sqrt(one.items / items[one.task])
            for one in noise
            if one.metric == metric and one.task in items
        ]
        if errors:
            needed = k * max(errors)
            margin = max(floor.get(metric, 0.0), math.ceil(needed / STEP - 1e-9) * STEP)
            found.append(Suggestion(metric, round(margin, 6), max(errors), needed))
    return found


def render_suggestions(found: Iterable[Suggestion], tasks: int, level: float = 0.95) -> str:
    """Return the suggestions as YAML for a policy."""
    lines = [
        f"# {factor(tasks, level):.2f} standard errors of a rerun, or the shipped margin if that "
        "is larger",
        "metrics:",
    ]
    for one in found:
        field = f"  {one.metric}: {{margin: {one.margin:g}}}"
        shipped = SHIPPED[one.metric]
        lines.append(
            f"{field:42}# rerun noise {one.noise:.4f}, needs {one.needed:.3f}, shipped {shipped:g}"
        )
    return "\n".join(lines) + "\n"
