"""The gate: a candidate against a reference under a policy, one verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from caopd_bench.baseline_files import read_baseline
from caopd_bench.comparability import check_parsers, find_differences, refuse
from caopd_bench.errors import NotComparableError, UsageError
from caopd_bench.gate_cells import Numbers, bar_cells, margin_cells
from caopd_bench.gate_policy import Limits, Policy, load_policy
from caopd_bench.metrics.verdicts import Cell, CellVerdict, Decision, Outcome, decide
from caopd_bench.notes import notes_on_weights
from caopd_bench.paired_rows import TaskPair, match_task, rows_by_task
from caopd_bench.rows import AGREEMENT, AnyRun
from caopd_bench.runs import read_run
from caopd_bench.terminal import NAME_WIDTH, WARNING_WIDTH, inline

__all__ = [
    "EXIT_CODES",
    "GateCell",
    "GateResult",
    "choose_tasks",
    "decide_cells",
    "gate",
    "limited_cells",
    "load_reference",
]

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}


@dataclass(frozen=True, slots=True)
class GateCell:
    """One number of a candidate that the policy limits.

    Attributes
    ----------
    task : str
    group : str or None
        `None` for the whole task, else for example `"level=3"`.
    metric : str
    rule : str
        "margin" (against the reference), "max" or "min" (against a number).
    limit : float
        The margin, or the number.
    tier : str
        "gate", or "advisory": shown, and does not decide.
    outcome : str
        "PASS", "FAIL" or "INCONCLUSIVE": what this cell says by itself.
    reference, candidate : float
        Values; NaN where undefined. `reference` is NaN for "max" and "min".
    worse_by, upper : float
        By how much the candidate is worse, and the one-sided upper limit of it; against a number,
        by how much it is beyond the number.
    p_value, adjusted : float
        One-sided, of "not worse"; adjusted for all cells that decide. NaN where none was made.
    standard_error : float
    items : int
    items_needed : float
        Items that would probably decide; infinite or NaN where none would, or it is decided.
    reason : str
        Why something is undefined, else "".
    rerun_error : float
        Standard error of this difference between two runs of the reference checkpoint, where it
        was measured (`baseline init --aa`), else NaN.
    """

    task: str
    group: str | None
    metric: str
    rule: str
    limit: float
    tier: str
    outcome: Outcome
    reference: float
    candidate: float
    worse_by: float
    upper: float
    p_value: float
    adjusted: float
    standard_error: float
    items: int
    items_needed: float
    reason: str = ""
    rerun_error: float = math.nan


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdict on a candidate.

    Attributes
    ----------
    outcome : str
        "PASS", "FAIL" or "INCONCLUSIVE".
    exit_code : int
        0 PASS, 1 FAIL, 3 INCONCLUSIVE; 0 too if the policy only warns of indecision.
    reference, candidate : str
        Names of the runs.
    policy : Policy
    cells : Sequence of GateCell
    notes : Sequence of str
        What a reader should know: settings that differ, tasks left out, why it is undecided.
    """

    outcome: Outcome
    exit_code: int
    reference: str
    candidate: str
    policy: Policy
    cells: Sequence[GateCell]
    notes: Sequence[str]


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
        return Cell(n.worse_by, n.upper, n.p_value, n.standard_error, margin, n.items)


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
        If the items differ, a task is missing, or the parsers differ. Exit code 4.
    UsageError
        If something cannot be read, or the policy is wrong. Exit code 2.
    """
    wanted, base_spec = load_reference(policy, reference)
    cand = candidate if not isinstance(candidate, (str, Path)) else read_run(candidate)
    base = base_spec if not isinstance(base_spec, (str, Path)) else read_run(base_spec)
    ours, theirs = rows_by_task(base), rows_by_task(cand)
    tasks = _common_tasks(wanted, list(ours), list(theirs))
    check_parsers(base, cand, tasks)
    differences = find_differences(base, cand, tasks)
    if strict:
        refuse(differences)
    pairs = [match_task(task, ours[task], theirs[task]) for task in tasks]
    made = limited_cells(pairs, wanted)
    decision = decide_cells(made, wanted)
    noise = _measured_noise(base) if rerun is None else rerun
    cells = [
        _finish(place, one, decision.cells.get(place), wanted.confidence, noise)
        for place, one in made.items()
    ]
    small = [pair for pair in pairs if pair.items < wanted.min_items]
    outcome: Outcome = "INCONCLUSIVE" if small else decision.outcome
    notes = [str(difference) for difference in differences]
    notes += notes_on_weights([base, cand])
    notes += _notes(wanted, base, cand, tasks, small)
    code = EXIT_CODES[outcome]
    if outcome == "INCONCLUSIVE" and not small and wanted.on_inconclusive == "warn":
        code = 0
    return GateResult(outcome, code, base.name, cand.name, wanted, cells, notes)


def limited_cells(pairs: Sequence[TaskPair], policy: Policy) -> dict[Place, Made]:
    """Compute every number that the policy limits."""
    return dict(item for pair in pairs for item in _cells(pair, policy))


def decide_cells(made: Mapping[Place, Made], policy: Policy) -> Decision[Place]:
    """Decide by the numbers that are gated."""
    family = {place: one for place, one in made.items() if one.tier == "gate"}
    if not family:
        raise UsageError("the policy gates nothing: every metric is advisory; gate one at least")
    return decide(
        {place: one.cell(place.rule) for place, one in family.items()},
        level=policy.confidence,
        looks=policy.looks,
    )


def choose_tasks(policy: Policy, ours: Sequence[str]) -> list[str]:
    """Give the tasks of a policy: those it names, else all that state a confidence."""
    return list(policy.tasks or [task for task in ours if not task.endswith(AGREEMENT)] or ours)


def _measured_noise(base: AnyRun) -> dict[tuple[str, str], tuple[float, int]]:
    folder = Path(base.path)
    baseline = read_baseline(folder) if folder.is_dir() else None
    return {
        (one.task, one.metric): (one.standard_error, one.items)
        for one in (baseline.rerun if baseline else ())
    }


def load_reference(
    policy: Policy | str | Path, reference: AnyRun | str | Path | None
) -> tuple[Policy, AnyRun | str | Path]:
    """Give the policy, and the reference that it or the caller names."""
    if isinstance(policy, Policy):
        wanted, folder = policy, Path()
    else:
        wanted, folder = load_policy(Path(policy)), Path(policy).parent
    if reference is not None:
        return wanted, reference
    if wanted.reference is None:
        raise UsageError("no reference: name one in the policy (reference: FOLDER), or --reference")
    path = folder / wanted.reference
    if not path.exists():
        raise NotComparableError(
            f"reference: {inline(str(path), 300)}: no such folder; it is seen from the policy's "
            "folder (make one by: caopd-bench baseline init RUN --output DIR --reason TEXT)"
        )
    return wanted, path


def _common_tasks(policy: Policy, ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    wanted = choose_tasks(policy, ours)
    for name, tasks in (("reference", ours), ("candidate", theirs)):
        missing = [task for task in wanted if task not in tasks]
        if missing:
            lacks, has = (
                ", ".join(inline(task, NAME_WIDTH) for task in some) for some in (missing, tasks)
            )
            raise NotComparableError(f"the {name} lacks {lacks}; it has {has}")
    return wanted


def _cells(pair: TaskPair, policy: Policy) -> Iterator[tuple[Place, Made]]:
    limits = policy.limits(pair.task)
    yield from _limited(pair, None, limits, policy)
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
        for place, made in _limited(part, f"{own.by}={value}", limits, policy):
            if own.group_tier == "advisory":
                made = made._replace(tier="advisory")
            yield place, made


def _limited(
    pair: TaskPair, group: str | None, limits: Mapping[str, Limits], policy: Policy
) -> Iterator[tuple[Place, Made]]:
    for name, cell in margin_cells(pair, limits, policy.confidence).items():
        margin = limits[name].margin or 0.0
        yield Place(pair.task, group, name, "margin"), Made(cell, margin, limits[name].tier)
    for (name, rule), cell in bar_cells(pair, limits, policy.confidence).items():
        bar = limits[name].max if rule == "max" else limits[name].min
        yield Place(pair.task, group, name, rule), Made(cell, bar or 0.0, limits[name].tier)


def _finish(
    place: Place,
    one: Made,
    verdict: CellVerdict | None,
    level: float,
    rerun: Mapping[tuple[str, str], tuple[float, int]],
) -> GateCell:
    n = one.numbers
    said = verdict or decide({place: one.cell(place.rule)}, level=level).cells[place]
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
        adjusted=math.nan if verdict is None else said.adjusted,
        standard_error=n.standard_error,
        items=n.items,
        items_needed=said.items_needed,
        reason=n.reason,
        rerun_error=noise,
    )


def _notes(
    policy: Policy,
    base: AnyRun,
    cand: AnyRun,
    tasks: Sequence[str],
    small: Sequence[TaskPair],
) -> Iterator[str]:
    for pair in small:
        yield (
            f"{pair.task}: {pair.items} items; the policy asks for {policy.min_items} (min_items), "
            "so nothing is decided: evaluate more (--limit)"
        )
    left = [task for task in cand.tasks if task not in tasks]
    if left:
        yield f"not looked at: {', '.join(inline(task, NAME_WIDTH) for task in left)}"
    for run in (base, cand):
        ours = [w for w in run.warnings if w.partition(":")[0] in tasks]
        for warning in ours:
            yield f"{inline(run.name, NAME_WIDTH)}: {inline(warning, WARNING_WIDTH)}"
