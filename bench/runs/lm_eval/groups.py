"""Resolve lm-eval's groups: subtasks that are scored together, such as the 57 of MMLU.

The rows of subtasks go to one task, named after the highest group that lm-eval scores. The groups
of each row contain the name of its subtask and of the groups in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from caopd_bench.runs.lm_eval.provenance import section
from caopd_bench.runs.run import SUBTASK

__all__ = ["Place", "find_other_groups", "find_places"]

#: Group key for the lm-eval group between the task and the subtask; the highest if several.
SUBGROUP = "subgroup"


class Place(NamedTuple):
    """The destination of the rows of a subtask.

    Attributes
    ----------
    task : str
        The group.
    groups : dict
        The groups of its rows.
    """

    task: str
    groups: dict[str, str]


def find_places(results: Mapping[str, Any], metrics: Collection[str]) -> dict[str, Place]:
    """Return the destination of each task in a group that has one of these metrics.

    Parameters
    ----------
    results : Mapping
        The contents of a results file.
    metrics : collection of str
        `acc`, `acc_norm`, ...

    Examples
    --------
    >>> results = {
    ...     "group_subtasks": {"mmlu": ["mmlu_stem"], "mmlu_stem": ["mmlu_anatomy"]},
    ...     "groups": {"mmlu": {"acc,none": 0.5}, "mmlu_stem": {"acc,none": 0.5}},
    ... }
    >>> find_places(results, ["acc"])["mmlu_anatomy"]
    Place(task='mmlu', groups={'subtask': 'mmlu_anatomy', 'subgroup': 'mmlu_stem'})
    """
    parents: dict[str, str] = {}
    for group, members in section(results, "group_subtasks").items():
        for member in members if isinstance(members, list) else ():
            if isinstance(member, str) and member != group:
                parents.setdefault(member, group)
    scored = {
        group
        for group, numbers in section(results, "groups").items()
        if isinstance(numbers, Mapping)
        and any(str(key).partition(",")[0] in metrics for key in numbers)
    }
    places = {}
    for task in parents:
        above = _list_above(task, parents)
        tops = [i for i, group in enumerate(above) if group in scored]
        if tops:
            between = above[: tops[-1]][::-1]
            names = [SUBGROUP, *(f"{SUBGROUP}_{i}" for i in range(2, len(between) + 1))]
            places[task] = Place(
                above[tops[-1]], {SUBTASK: task, **dict(zip(names, between, strict=False))}
            )
    return places


def find_other_groups(results: Mapping[str, Any], metrics: Collection[str]) -> dict[str, list[str]]:
    """Return scored groups that contain a task, directly or not, but do not receive its rows.

    Examples
    --------
    >>> results = {
    ...     "group_subtasks": {"short": ["a", "b"], "long": ["b", "c"]},
    ...     "groups": {"short": {"acc,none": 0.5}, "long": {"acc,none": 0.5}},
    ... }
    >>> find_other_groups(results, ["acc"])
    {'b': ['long']}
    """
    above: dict[str, dict[str, None]] = {}
    for group, members in section(results, "group_subtasks").items():
        for member in members if isinstance(members, list) else ():
            if isinstance(member, str) and member != group:
                above.setdefault(member, {})[group] = None
    numbers = section(results, "groups")
    scored = {
        group
        for group in numbers
        if any(str(key).partition(",")[0] in metrics for key in section(numbers, group))
    }
    others = {}
    for task, place in find_places(results, metrics).items():
        lost = [
            group
            for group in _list_reached(task, above)
            if group in scored and place.task not in (group, *_list_reached(group, above))
        ]
        if lost:
            others[task] = lost
    return others


def _list_reached(name: str, above: Mapping[str, Collection[str]]) -> list[str]:
    """List all groups above a task or a group; a damaged file may contain cycles."""
    reached: dict[str, None] = {}
    waiting = [*above.get(name, ())]
    while waiting:
        group = waiting.pop()
        if group not in reached:
            reached[group] = None
            waiting += above.get(group, ())
    return list(reached)


def _list_above(task: str, parents: Mapping[str, str]) -> list[str]:
    """List the groups that contain a task, lowest first; a damaged file may contain cycles."""
    above: list[str] = []
    while task in parents and parents[task] not in above:
        task = parents[task]
        above.append(task)
    return above
