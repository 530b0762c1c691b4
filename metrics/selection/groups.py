"""Cuts for several groups, with a guarantee that holds for all groups together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import rows_or_tally
from caopd_bench.metrics.selection.result import Threshold
from caopd_bench.metrics.selection.threshold import certified_threshold

Key = TypeVar("Key")


def certified_thresholds(
    groups: Mapping[Key, Any], *, max_risk: float, level: float = 0.95
) -> dict[Key, Threshold]:
    """Return a cut for each group, such that all guarantees hold together.

    Parameters
    ----------
    groups : mapping
        Maps the name of each group to its Tally or to a pair ``(confidence, correct)``.
    max_risk : float
        As for :func:`certified_threshold`, for each group by itself.
    level : float, default 0.95
        Chance that no group's guarantee is broken. Each guarantee has level 1 - (1 - level) /
        groups (Bonferroni), which is the ``level`` of its Threshold.

    Returns
    -------
    dict
        The Threshold of each group, in the order of ``groups``.

    Raises
    ------
    ValueError
        If there are no groups, and as :func:`certified_threshold`, with the name of the group.

    Examples
    --------
    >>> rows = [0.9] * 400, [1] * 395 + [0] * 5
    >>> found = certified_thresholds({"easy": rows, "hard": ([0.9] * 9, [1] * 9)}, max_risk=0.05)
    >>> {name: (x.outcome, round(x.level, 3)) for name, x in found.items()}
    {'easy': ('CERTIFIED', 0.975), 'hard': ('INCONCLUSIVE', 0.975)}
    """
    check_level(level)
    if not groups:
        raise ValueError("groups must have at least one group, got none")
    each = 1.0 - (1.0 - level) / len(groups)
    found = {}
    for name, rows in groups.items():
        tally = rows_or_tally(f"group {name!r}", rows)
        found[name] = certified_threshold(tally, max_risk=max_risk, level=each)
    return found
