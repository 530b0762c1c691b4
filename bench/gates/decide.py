"""The gate: one verdict on a candidate, compared with a reference under a policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from caopd_bench.comparison.comparability import (
    check_confidences,
    check_parsers,
    find_differences,
    refuse,
)
from caopd_bench.comparison.pairs import TaskPair, match_task, rows_by_task
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import stage, track
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.gates.cells import bar_cells, margin_cells
from caopd_bench.gates.inputs import (
    cluster_pair,
    common_tasks,
    load_reference,
    read_both,
)
from caopd_bench.gates.policy import Limits, Policy
from caopd_bench.gates.result import EXIT_CODES, GateResult
from caopd_bench.gates.silence import describe_loss, warn_of_silence
from caopd_bench.gates.wording.notes import list_notes
from caopd_bench.gates.wording.places import Made, Place, finish, rooms_of
from caopd_bench.gates.wording.room import NoRoom, describe_no_room
from caopd_bench.metrics.comparison.decide import CellVerdict, Decision, Outcome, decide
from caopd_bench.runs.confidence_of import join_wordings, wording_of
from caopd_bench.runs.run import AnyRun
from caopd_bench.runs.stored.baseline import read_baseline
from caopd_bench.scores.notes import why_no_pairs

__all__ = [
    "decide_cells",
    "find_no_room",
    "gate",
    "judge_pairs",
    "limited_cells",
    "measured_noise",
]


def gate(
    candidate: AnyRun | str | Path,
    policy: Policy | str | Path,
    *,
    reference: AnyRun | str | Path | None = None,
    strict: bool = False,
    reparse: bool = False,
    rerun: Mapping[tuple[str, str], tuple[float, int]] | None = None,
) -> GateResult:
    """Decide whether a candidate is as well calibrated as a reference, within margins.

    Parameters
    ----------
    candidate : Run, str or Path
        A run from `read_run`, or an argument of `read_run`.
    policy : Policy, str or Path
        A policy, or the YAML file that contains it.
    reference : Run, str or Path, optional
        Overrides the policy's reference.
    strict : bool
        Refuse runs with different settings (chat template, backend, dtype, decoding, ...).
    reparse : bool
        Parse the texts of both runs again with the current parser, and ignore the stored answers
        and confidences.
    rerun : mapping of (task, metric) to (standard error, items), optional
        Rerun noise, measured by two runs of the reference checkpoint.

    Returns
    -------
    GateResult

    Raises
    ------
    NotComparableError
        If the items differ, a task is missing, the parsers differ, one confidence is the
        probability of an option and the other is not, a stored run was edited, or rows do not fit
        their texts. Exit code 4.
    UsageError
        If an input cannot be read, or the policy is invalid. Exit code 2.
    """
    wanted, base_spec = load_reference(policy, reference)
    base, cand, reread = read_both(base_spec, candidate, reparse=reparse)
    ours, theirs = rows_by_task(base), rows_by_task(cand)
    tasks = common_tasks(wanted, list(ours), list(theirs))
    check_parsers(base, cand, tasks)
    check_confidences(base, cand, tasks)
    differences = find_differences(base, cand, tasks)
    if strict:
        refuse(differences)
    pairs = [
        cluster_pair(
            match_task(task, ours[task], theirs[task], why_no_pairs((base, cand), task)), wanted
        )
        for task in track(tasks, "pairing rows", "tasks", len(tasks))
    ]
    with stage("computing the policy's metrics"):
        made = limited_cells(pairs, wanted)
        decision = decide_cells(made, wanted)
    noise = measured_noise(base, wanted) if rerun is None else rerun
    said = {**_judge_shown(made, wanted), **decision.cells}
    # One wording serves both runs: the kinds are equal, or one of them is unknown.
    words = {task: join_wordings(wording_of(run, task) for run in (base, cand)) for task in tasks}
    lost = {pair.task: describe_loss(pair, wanted.confidence, words[pair.task]) for pair in pairs}
    cells = [
        finish(place, one, said[place], noise, lost[place.task], words[place.task])
        for place, one in made.items()
    ]
    small = [pair for pair in pairs if pair.items < wanted.min_items]
    outcome: Outcome = "INCONCLUSIVE" if small else decision.outcome
    if len({one.is_stated for one in words.values()}) > 1:  # otherwise one text above the numbers
        reread += [
            f"{inline(task, NAME_WIDTH)}: confidence: {one.full}" for task, one in words.items()
        ]
    notes = [*reread, *list_notes((base, cand), pairs, differences, wanted)]
    too_few = {pair.task: pair.items for pair in small}
    warnings = [*warn_of_silence(pairs, wanted, words)]
    cannot_fail = [one for one in rooms_of(made, pairs) if one.is_hard]
    warnings += describe_no_room(cannot_fail, len(pairs))
    result = GateResult(
        outcome,
        EXIT_CODES[outcome],
        base.name,
        cand.name,
        wanted,
        cells,
        notes,
        too_few,
        warnings,
        join_wordings(words.values()),
    )
    # Warnings are for verdicts that more items of the same kind would decide.
    is_chance = outcome == "INCONCLUSIVE" and not too_few and not result.undecidable
    if is_chance and wanted.on_inconclusive == "warn":
        return replace(result, exit_code=0)
    return result


def limited_cells(
    pairs: Sequence[TaskPair], policy: Policy, *, only_limits: bool = False
) -> dict[Place, Made]:
    """Compute every number that the policy limits.

    With `only_limits`, slow p-values are only 0 or 1: enough to decide PASS, but not FAIL.
    """
    return dict(item for pair in pairs for item in _cells(pair, policy, only_limits))


def find_no_room(pairs: Sequence[TaskPair], policy: Policy) -> list[NoRoom]:
    """Find the gated numbers of a reference (both sides of the pairs) that cannot get worse.

    A reference that states 1.00 everywhere cannot raise its confidence or lose discrimination: no
    number of items changes that.
    """
    return rooms_of(limited_cells(pairs, policy.only_gated(), only_limits=True), pairs)


def _judge_shown(made: Mapping[Place, Made], policy: Policy) -> Mapping[Place, CellVerdict]:
    """Judge the advisory numbers, as a separate family that does not affect the verdict.

    Among dozens of groups some look worse by chance; Holm's method bounds the probability of this.
    """
    shown = {place: one.cell(place.rule) for place, one in made.items() if one.tier != "gate"}
    if not shown:
        return {}
    return decide(shown, level=policy.confidence, least=policy.min_items).cells


def judge_pairs(pairs: Sequence[TaskPair], policy: Policy) -> Outcome:
    """Return the verdict on matched rows, without asking for a least number of items."""
    return decide_cells(limited_cells(pairs, policy), policy).outcome


def decide_cells(made: Mapping[Place, Made], policy: Policy) -> Decision[Place]:
    """Decide by the gated numbers."""
    family = {place: one for place, one in made.items() if one.tier == "gate"}
    if not family:
        raise UsageError(
            "the policy gates nothing because every metric is advisory; set tier: "
            "gate for at least one"
        )
    return decide(
        {place: one.cell(place.rule) for place, one in family.items()},
        level=policy.confidence,
        looks=policy.looks,
        least=policy.min_items,
    )


def measured_noise(base: AnyRun, policy: Policy) -> dict[tuple[str, str], tuple[float, int]]:
    """Return the rerun noise stored with a reference: standard error and items.

    The noise over the policy's clusters; empty if it was not measured over these.
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
