"""Certify a threshold on the rows of a run: the confidence above which to act without a person."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.files.checked import is_text
from caopd_bench.core.numbers import is_number
from caopd_bench.core.process.progress import stage
from caopd_bench.core.terminal import NAME_WIDTH, inline, quote
from caopd_bench.maps.alike import find_task, has_the_rows
from caopd_bench.maps.apply import WORDS, apply_map
from caopd_bench.maps.fit import choose_task, describe_rows, provenance_of
from caopd_bench.maps.saved import ConfidenceMap, load_map
from caopd_bench.runs.check_texts import refuse_unlike_texts
from caopd_bench.runs.counts import Counts
from caopd_bench.runs.flat.count import MAX_GROUPS, refuse_groups, rounded
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.run import AnyRun
from caopd_bench.thresholds.asked import Asked
from caopd_bench.thresholds.promise import Promise
from caopd_bench.thresholds.usual import usual_of

__all__ = ["apply_to", "threshold"]

#: A map may round the last bit of a single number differently from that of an array element.
DECIMALS = 12


def threshold(
    run: AnyRun | str | Path,
    *,
    max_risk: float | None = None,
    min_coverage: float | None = None,
    cost_wrong: float | None = None,
    cost_human: float | None = None,
    level: float = 0.95,
    task: str | None = None,
    by: str | None = None,
    map: ConfidenceMap | str | Path | None = None,
) -> Promise:
    """Find the confidence above which to act without a person, with a guarantee on the risk.

    Parameters
    ----------
    run : Run, CountedRun, str or Path
        A run from `read_run`, or an argument of `read_run`.
    max_risk : float, optional
        Largest acceptable share of wrong answers among those kept, in (0, 1). Pass either this,
        ``min_coverage``, or both costs.
    min_coverage : float, optional
        Smallest share of all answers to keep, in (0, 1]; the bound on their risk is computed.
    cost_wrong, cost_human : float, optional
        Costs of a wrong answer and of asking a person, in one unit; the cheapest cut is chosen.
    level : float
        Probability that the promise holds, in [0.5, 1).
    task : str, optional
        Required if the run has several tasks.
    by : str, optional
        A group key: each group gets its own cut, and all of them hold together at ``level``.
    map : ConfidenceMap, str or Path, optional
        A map fitted to other rows; it becomes part of the promise.

    Returns
    -------
    Promise
        Its ``outcome`` is "CERTIFIED", "INCONCLUSIVE" or "NONE"; ``keep(confidences)`` applies it.

    Raises
    ------
    UsageError
        If the run cannot be read, the task or key is not in it, the options contradict each other,
        or the map was fitted to these very rows.
    NotComparableError
        If the rows of a stored run were edited, or the map was fitted to another kind of rows.

    Notes
    -----
    The statistics are those of `caopd_bench.metrics.certified_threshold`, `risk_at_coverage` and
    `cheapest_threshold`, on the answers with a usable confidence. Answers without one are never
    kept, and count among all answers in the coverage. The answers to one question form a cluster.
    """
    asked = Asked.of(max_risk, min_coverage, cost_wrong, cost_human)
    if not is_number(level) or not 0.5 <= level < 1.0:
        raise UsageError(f"level must be at least 0.5 and below 1, got {level!r}")
    keys = () if by is None else (by,)
    read = read_runs([run], Columns(by=keys))[0] if isinstance(run, (str, Path)) else run
    name = choose_task(read, task, "threshold")
    refuse_unlike_texts(read)
    loaded = load_map(map) if isinstance(map, (str, Path)) else map
    mapped = read if loaded is None else apply_to(read, name, loaded)
    groups: Mapping[Any, Counts] = {None: mapped.count(name)}
    if by is not None:
        groups = mapped.count_by(name, by)
        if len(groups) > MAX_GROUPS:
            refuse_groups(by, (by,))
        if not groups:
            known = ", ".join(inline(key, NAME_WIDTH) for key in read.group_keys(name))
            has = known or "no keys"
            raise UsageError(f"by: no row of {name!r} has {by!r}; the rows have {has}")
    each = 1.0 - (1.0 - level) / len(groups)
    decimals = DECIMALS if loaded else (read.settings(name).get("source") or {}).get("decimals")
    named = dict(zip(_labels(groups), groups.values(), strict=True))
    with stage("looking for cuts"):
        found = [asked.find(counts, label, each) for label, counts in named.items()]
    cuts = tuple(replace(one, cut=_lowest(one.cut, decimals)) for one in found)
    return Promise(
        name,
        asked.form,
        asked.values,
        float(level),
        by,
        cuts,
        describe_rows(read, name),
        loaded,
        provenance_of(read, name),
        usual=usual_of([(c.parsed, one.cut) for c, one in zip(named.values(), cuts, strict=True)]),
    )


def apply_to(run: AnyRun, task: str, fitted: ConfidenceMap) -> AnyRun:
    """Apply a map that was fitted to other rows.

    A map fitted to the same labels would merge values, and thereby choose the candidate cuts, by
    the labels that test them: isotonic steps end where the errors so far look best.
    """
    where = f"map {inline(fitted.source, NAME_WIDTH)}" if fitted.source else "map"
    if has_the_rows(run, task, fitted):
        raise UsageError(
            f"{where}: was fitted to these same rows, so the cuts would be chosen with the labels "
            "that test them, and the promise would not hold; fit the map to other rows, or leave "
            "it out: a map does not change the order of the answers"
        )
    if find_task(run, fitted, WORDS) != task:
        raise NotComparableError(
            f"{where}: was fitted to the task {inline(fitted.task, NAME_WIDTH)}, not "
            f"{inline(task, NAME_WIDTH)}; {WORDS.for_task}"
        )
    if (run.settings(task).get("source") or {}).get("decimals"):
        raise UsageError(
            f"{where}: cannot be combined with rounded confidences; leave --decimals out"
        )
    return apply_map(run, fitted)


def _lowest(cut: float, decimals: int | None) -> float:
    """Return the lowest confidence that rounds to the cut or above; new ones are not rounded.

    Examples
    --------
    >>> _lowest(0.9, None), round(_lowest(0.9, 2), 6)
    (0.9, 0.895)
    """
    if decimals is None or math.isnan(cut):
        return cut
    low, high = max(cut - 10.0**-decimals, 0.0), cut
    if rounded(np.array([low]), decimals)[0] >= cut:
        return low
    while low < (middle := (low + high) / 2.0) < high:
        is_kept = rounded(np.array([middle]), decimals)[0] >= cut
        low, high = (low, middle) if is_kept else (middle, high)
    return high


def _labels(groups: Iterable[Any]) -> list[str | float | bool | None]:
    """Return the values of a key as JSON can hold them; refuse two values with the same text."""
    labels = []
    for value in groups:
        plain = value.item() if isinstance(value, np.generic) else value
        is_plain = isinstance(plain, (bool, str, NoneType)) or (
            is_number(plain) and math.isfinite(plain) and abs(plain) < 1 << 63
        )
        labels.append(plain if is_plain else str(plain))
    texts = [str(label) for label in labels]
    alike = next((text for text in texts if texts.count(text) > 1 or not is_text(text)), None)
    if alike is not None:
        raise UsageError(
            f"by: the value {quote(alike)} is longer than 1,000 characters, or two values look "
            "the same; give the groups shorter, distinct names"
        )
    return labels
