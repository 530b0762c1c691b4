"""The gate: a candidate against a reference under a policy, one verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from caopd_bench.baseline_files import read_baseline
from caopd_bench.comparability import check_parsers, find_differences, refuse
from caopd_bench.errors import UsageError
from caopd_bench.gate_cells import Numbers, bar_cells, margin_cells
from caopd_bench.gate_inputs import cluster_pair, common_tasks, load_reference, read_whole
from caopd_bench.gate_notes import list_notes
from caopd_bench.gate_policy import Limits, Policy
from caopd_bench.gate_result import EXIT_CODES, GateCell, GateResult
from caopd_bench.limit_ranges import range_of
from caopd_bench.metrics.verdicts import Cell, CellVerdict, Decision, Outcome, decide
from caopd_bench.paired_rows import TaskPair, match_task, rows_by_task
from caopd_bench.room import NoRoom, describe_no_room, judge_room
from caopd_bench.rows import AnyRun
from caopd_bench.silence import describe_loss, warn_of_silence

__all__ = [
    "GateCell",
    "GateResult",
    "decide_cells",
    "gate",
    "judge_pairs",
    "limited_cells",
    "measured_noise",
    "rooms_of",
]


class Place(NamedTuple):
    task: str
    group: str | None
    metric: str
    rule: str


class Made(NamedTuple):
    """Numbers, and what the policy says of them."""

    numbers: Numbers
    limit: float
    tier: str

    def cell(self, rule: str) -> Cell:
        """Give what the verdict needs."""
        n = self.numbers
        margin = self.limit if rule == "margin" else 0.0
        return Cell(
            n.worse_by,
            n.upper,
            n.p_value,
            n.standard_error,
            margin,
            n.items,
            extra=n.extra,
            excess=n.excess,
            least_items=n.least_items,
        )


def gate(
    candidate: AnyRun | str | Path,
    policy: Policy | str | Path,
    *,
    reference: AnyRun | str | Path | None = None,
    strict: bool = False,
    rerun: Mapping[tuple[str, str], tuple[float, int]] | None = None,
) -> GateResult:
    """Decide whether a candidate is as well calibrated as a reference, within margins.

    Parameters
    ----------
    candidate : Run, str or Path
        From `read_run`, or what it takes.
    policy : Policy, str or Path
        Or the YAML file that holds it.
    reference : Run, str or Path, optional
        In place of the policy's.
    strict : bool
        Refuse runs that were asked differently (chat template, backend, dtype, decoding, ...).
    rerun : mapping of (task, metric) to (standard error, items), optional
        Measured by two runs of the reference checkpoint.

    Returns
    -------
    GateResult

    Raises
    ------
    NotComparableError
        If the items differ, a task is missing, the parsers differ, or a stored run was edited.
        Exit code 4.
    UsageError
        If something cannot be read, or the policy is wrong. Exit code 2.
    """
    wanted, base_spec = load_reference(policy, reference)
    cand, base = read_whole(candidate), read_whole(base_spec)
    ours, theirs = rows_by_task(base), rows_by_task(cand)
    tasks = common_tasks(wanted, list(ours), list(theirs))
    check_parsers(base, cand, tasks)
    differences = find_differences(base, cand, tasks)
    if strict:
        refuse(differences)
    pairs = [cluster_pair(match_task(task, ours[task], theirs[task]), wanted) for task in tasks]
    made = limited_cells(pairs, wanted)
    decision = decide_cells(made, wanted)
    noise = measured_noise(base, wanted) if rerun is None else rerun
    said = {**_judge_shown(made, wanted), **decision.cells}
    lost = {pair.task: describe_loss(pair, wanted.confidence) for pair in pairs}
    cells = [
        _finish(place, one, said[place], noise, lost[place.task]) for place, one in made.items()
    ]
    small = [pair for pair in pairs if pair.items < wanted.min_items]
    outcome: Outcome = "INCONCLUSIVE" if small else decision.outcome
    notes = list_notes((base, cand), pairs, differences, wanted)
    too_few = {pair.task: pair.items for pair in small}
    warnings = [*warn_of_silence(pairs, wanted)]
    cannot_fail = [one for one in rooms_of(made, pairs) if one.is_hard]
    warnings += describe_no_room(cannot_fail, len(pairs))
    result = GateResult(
        outcome, EXIT_CODES[outcome], base.name, cand.name, wanted, cells, notes, too_few, warnings
    )
    # To warn is for what more items of the same kind would decide.
    is_chance = outcome == "INCONCLUSIVE" and not too_few and not result.undecidable
    if is_chance and wanted.on_inconclusive == "warn":
        return replace(result, exit_code=0)
    return result


def limited_cells(
    pairs: Sequence[TaskPair], policy: Policy, *, only_limits: bool = False
) -> dict[Place, Made]:
    """Compute every number that the policy limits.

    With `only_limits`, p-values that take long are 0 or 1: enough to see a PASS, and no FAIL.
    """
    return dict(item for pair in pairs for item in _cells(pair, policy, only_limits))


def rooms_of(made: Mapping[Place, Made], pairs: Sequence[TaskPair]) -> list[NoRoom]:
    """Find the gated numbers of whole tasks that cannot get worse by more than their margin.

    Those that cannot be computed are not among them.
    """
    stated = {pair.task: pair.base.confidence[pair.base.parsed] for pair in pairs}
    found = [
        judge_room(
            place.task,
            place.metric,
            one.numbers.reference,
            one.limit,
            float(stated[place.task].mean()) if stated[place.task].size else math.nan,
        )
        for place, one in made.items()
        if place.rule == "margin"
        and place.group is None
        and one.tier == "gate"
        and math.isfinite(one.numbers.upper)
    ]
    return [one for one in found if one is not None]


def _judge_shown(made: Mapping[Place, Made], policy: Policy) -> Mapping[Place, CellVerdict]:
    """Say what the numbers that are only shown say: a family of their own, that decides nothing.

    Of dozens of groups some look worse by chance: Holm keeps the chance that any is called so.
    """
    shown = {place: one.cell(place.rule) for place, one in made.items() if one.tier != "gate"}
    if not shown:
        return {}
    return decide(shown, level=policy.confidence, least=policy.min_items).cells


def judge_pairs(pairs: Sequence[TaskPair], policy: Policy) -> Outcome:
    """Give the verdict on rows that are matched, whatever their number."""
    return decide_cells(limited_cells(pairs, policy), policy).outcome


def decide_cells(made: Mapping[Place, Made], policy: Policy) -> Decision[Place]:
    """Decide by the numbers that are gated."""
    family = {place: one for place, one in made.items() if one.tier == "gate"}
    if not family:
        raise UsageError("the policy gates nothing: every metric is advisory; gate one at least")
    return decide(
        {place: one.cell(place.rule) for place, one in family.items()},
        level=policy.confidence,
        looks=policy.looks,
        least=policy.min_items,
    )


def measured_noise(base: AnyRun, policy: Policy) -> dict[tuple[str, str], tuple[float, int]]:
    """Give the noise of a rerun that stands beside a reference: standard error and items.

    Over the clusters of the policy; where these were not measured, there is none.
    """
    folder = Path(base.path)
    baseline = read_baseline(folder) if folder.is_dir() else None
    return {
        (one.task, one.metric): (one.standard_error, one.items)
        for one in (baseline.rerun if baseline else ())
        if one.cluster == policy.cluster_of(one.task)
    }


def _cells(pair: TaskPair, policy: Policy, only_limits: bool) -> Iterator[tuple[Place, Made]]:
    limits = policy.limits(pair.task)
    yield from _limited(pair, None, limits, policy, only_limits)
    own = (policy.tasks or {}).get(pair.task)
    if own is None or own.by is None:
        return
    groups = pair.by(own.by)
    if not groups:
        known = sorted({key for groups in pair.groups for key in groups})
        raise UsageError(
            f"tasks.{pair.task}.by: no row has the group {own.by!r}; there are "
            f"{', '.join(known) or 'none'}"
        )
    for value, part in groups.items():
        for place, made in _limited(part, f"{own.by}={value}", limits, policy, only_limits):
            if own.group_tier == "advisory":
                made = made._replace(tier="advisory")
            yield place, made


def _limited(
    pair: TaskPair,
    group: str | None,
    limits: Mapping[str, Limits],
    policy: Policy,
    only_limits: bool,
) -> Iterator[tuple[Place, Made]]:
    found = margin_cells(pair, limits, policy.confidence, only_limits=only_limits)
    for name, cell in found.items():
        margin, cell = limits[name].margin or 0.0, cell._replace(clusters=pair.clusters)
        yield Place(pair.task, group, name, "margin"), Made(cell, margin, limits[name].tier)
    for (name, rule), cell in bar_cells(pair, limits, policy.confidence).items():
        bar = limits[name].max if rule == "max" else limits[name].min
        cell = cell._replace(clusters=pair.clusters)
        yield Place(pair.task, group, name, rule), Made(cell, bar or 0.0, limits[name].tier)


def _finish(
    place: Place,
    one: Made,
    said: CellVerdict,
    rerun: Mapping[tuple[str, str], tuple[float, int]],
    lost: str,
) -> GateCell:
    n = one.numbers
    reason = n.reason
    if not reason and not math.isfinite(n.upper):
        reason = "its limit is no number"
    noise = math.nan
    if place.group is None and place.rule == "margin" and (place.task, place.metric) in rerun:
        error, items = rerun[place.task, place.metric]
        noise = error * math.sqrt(items / n.items)
    return GateCell(
        task=place.task,
        group=place.group,
        metric=place.metric,
        rule=place.rule,
        limit=one.limit,
        tier=one.tier,
        outcome=said.outcome,
        reference=n.reference,
        candidate=n.candidate,
        worse_by=n.worse_by,
        upper=n.upper,
        p_value=n.p_value,
        adjusted=said.adjusted,
        standard_error=n.standard_error,
        items=n.items,
        items_needed=said.items_needed,
        reason=reason,
        rerun_error=noise,
        clusters=n.clusters,
        undecidable=reason or _why_undecidable(place, one, said, lost),
    )


def _why_undecidable(place: Place, one: Made, said: CellVerdict, lost: str) -> str:
    """Say whether missing confidences could have put an open number on either side of its limit."""
    n, low_high = one.numbers, range_of(place.metric)
    if said.outcome != "INCONCLUSIVE" or not lost or n.excess <= 0.0:
        return ""
    from_limit = abs(n.worse_by - one.cell(place.rule).margin)
    # Of a number without an end, they could have made anything.
    if from_limit > n.excess and all(map(math.isfinite, low_high)):
        return ""
    return f"{lost}, and the missing ones could have put it on either side of its limit"
