"""`gate --plan`: how many items are needed for a model equal to the reference to PASS?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.gates.decide import find_no_room, measured_noise
from caopd_bench.gates.inputs import match_itself
from caopd_bench.gates.planning.candidates import resize
from caopd_bench.gates.planning.forecast import Draws, draw_equal, pass_from
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.room import NoRoom
from caopd_bench.metrics import METRICS
from caopd_bench.metrics.metric_parts import Folded
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.runs.confidence_of import STATED, Wording, join_wordings, wording_of
from caopd_bench.runs.run import AnyRun

__all__ = ["CellPlan", "GatePlan", "TaskPlan", "plan_gate"]

POWER = 0.8  # requested probability of a PASS
DRAWS, FEWEST = 400, 100
WORK = 10_000_000  # limit on the rows measured in all tasks; large references get fewer draws
#: Numbers whose limits take a tenth of a second.
SLOW_MARGINS = ("over_ece",)
SLOW_BARS = [name for name, row in METRICS.items() if isinstance(row.interval, Folded)]
FEW = 20  # draws to test whether numbers can be computed, or the width of limits
#: Factors by which a reference is repeated to simulate more items, and the limit on its rows.
MORE = (2, 4, 8, 16, 32)
MOST_ROWS = 200_000
SIZES = 6  # sizes tried between too few items and enough

Rerun = Mapping[tuple[str, str], tuple[float, int]]


@dataclass(frozen=True, slots=True)
class CellPlan:
    """The items that one gated number needs.

    Attributes
    ----------
    task : str
    group : str or None
    metric, rule : str
    limit : float
        As in a `GateCell`.
    moves_by : float
        Standard error of this number's change in an equal model, with the present items.
    chance : float
        Probability that this number alone is within its limit, with the present items.
    items_needed : float
        Items of the task at which that probability reaches `GatePlan.power`; infinite if none are
        enough.
    reason : str
        Why it cannot be computed with the present items, else "".
    """

    task: str
    group: str | None
    metric: str
    rule: str
    limit: float
    moves_by: float
    chance: float
    items_needed: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """The items that one task needs.

    Attributes
    ----------
    task : str
    items : int
        Number of items in the reference.
    chance : float
        Probability that an equal model passes in every number of the task, with the present items.
    items_needed : float
        Items at which all tasks together pass with probability `GatePlan.power`, each task with the
        same probability; infinite if none are enough.
    bottleneck : CellPlan
        The number that needs the most items.
    cells : Sequence of CellPlan
    is_measured : bool
        Whether the noise was measured by a rerun (`baseline init --aa`) rather than assumed (60 %
        of the items answered again).
    is_sampled : bool
        Whether items have several answers.
    """

    task: str
    items: int
    chance: float
    items_needed: float
    bottleneck: CellPlan
    cells: Sequence[CellPlan]
    is_measured: bool
    is_sampled: bool


@dataclass(frozen=True, slots=True)
class GatePlan:
    """The number of items a policy needs from a reference.

    Attributes
    ----------
    reference : str
    power : float
        The requested probability of a PASS.
    chance : float
        Probability that an equal model passes in all tasks, with the present items.
    min_items : int
        The policy's `min_items`: with fewer items nothing is decided.
    tasks : Sequence of TaskPlan
    draws : int
        Number of simulated equal candidates.
    no_room : Sequence of NoRoom
        The numbers of the reference that cannot get worse by their margin: a PASS shows nothing
        about them.
    wording : Wording
        The kind of confidence of the reference.
    """

    reference: str
    power: float
    chance: float
    min_items: int
    tasks: Sequence[TaskPlan]
    draws: int
    no_room: Sequence[NoRoom] = ()
    wording: Wording = STATED


def plan_gate(
    policy: Policy,
    reference: AnyRun,
    *,
    rerun: Rerun | None = None,
    power: float = POWER,
    seed: int = 0,
    draws: int | None = None,
) -> GatePlan:
    """Estimate, before any candidate exists, how often a model equal to the reference would PASS.

    Parameters
    ----------
    policy : Policy
    reference : Run
    rerun : mapping of (task, metric) to (standard error, items), optional
        Noise measured by two runs of the reference checkpoint; by default as stored by `baseline
        init --aa`.
    power : float
        The requested probability that all tasks together PASS.
    seed : int
        Random seed of the equal candidates.
    draws : int, optional
        Number of equal candidates; by default 400, or fewer (at least 100) for large references and
        slow numbers.

    Returns
    -------
    GatePlan

    Raises
    ------
    UsageError
        If the reference lacks a task of the policy or its cluster key, or if the policy gates
        nothing.
    """
    pairs = match_itself(policy, reference)
    noise = measured_noise(reference, policy) if rerun is None else rerun
    total = sum(pair.n for pair in pairs)
    most = FEWEST if any(_is_slow(policy, pair.task) for pair in pairs) else DRAWS
    many = int(np.clip(WORK // total, FEWEST, most)) if draws is None else draws
    rng = np.random.default_rng(seed)
    each = power ** (1.0 / len(pairs))
    plans = [_plan_task(pair, policy, noise, (power, each), many, rng) for pair in pairs]
    chance = math.prod(plan.chance for plan in plans)
    no_room = find_no_room(pairs, policy)
    wording = join_wordings(wording_of(reference, pair.task) for pair in pairs)
    return GatePlan(reference.name, power, chance, policy.min_items, plans, many, no_room, wording)


def _is_slow(policy: Policy, task: str) -> bool:
    return any(
        limit.tier == "gate" and name in (SLOW_MARGINS if limit.margin is not None else SLOW_BARS)
        for name, limit in policy.limits(task).items()
    )


def _plan_task(
    pair: TaskPair,
    policy: Policy,
    rerun: Rerun,
    powers: tuple[float, float],
    many: int,
    rng: np.random.Generator,
) -> TaskPlan:
    now = draw_equal(pair, policy, many, rng)
    large = now
    if not now.computed.all():
        size = _size_that_computes(pair, policy, now, rng)
        large = draw_equal(resize(pair, size, rng), policy, many, rng) if size else now
    wider = draw_equal(resize(pair, 4 * large.items, rng), policy, FEW, rng)
    noise = _noise_ratios(large, rerun)
    now, large, wider = (draws.scale(noise) for draws in (now, large, wider))
    needed = pass_from(large, wider)
    alone, each = powers
    together = _quantile(needed.max(axis=1), each)
    floor = _smallest_that_computes(pair, policy, together, large, rng)
    least = float(max(policy.min_items, floor))
    enough = pair.items >= policy.min_items
    cells = []
    for j, place in enumerate(now.places):
        items = _quantile(needed[:, j], alone)
        cells.append(
            CellPlan(
                *place,
                limit=float(now.given[j]),
                moves_by=float(now.error[:, j].mean()) if now.computed[j] else math.nan,
                chance=float(now.passes[:, j].mean()),
                items_needed=max(items, least if now.reasons[j] else float(policy.min_items)),
                reason=now.reasons[j],
            )
        )
    most = [_quantile(needed[:, j], each) for j in range(len(cells))]
    return TaskPlan(
        task=pair.task,
        items=pair.items,
        chance=float(now.passes.all(axis=1).mean()) if enough else 0.0,
        items_needed=max(together, least),
        bottleneck=cells[int(np.argmax(most))],
        cells=cells,
        is_measured=bool((noise != 1.0).any()),
        is_sampled=pair.question is not None,
    )


def _quantile(items: FloatArray, chance: float) -> float:
    """Return the number of items with which this share of the draws passes."""
    return float(np.quantile(items, chance, method="inverted_cdf"))


def _noise_ratios(draws: Draws, rerun: Rerun) -> FloatArray:
    """Return the ratio of measured to simulated noise; 1 where none was measured."""
    ratios = np.ones(len(draws.places))
    for j, place in enumerate(draws.places):
        known = rerun.get((place.task, place.metric))
        if known is None or place.group is not None or place.rule != "margin":
            continue
        assumed = float(draws.error[:, j].mean())
        if assumed > 0.0:
            ratios[j] = known[0] * math.sqrt(known[1] / draws.items) / assumed
    return ratios


def _size_that_computes(
    pair: TaskPair, policy: Policy, now: Draws, rng: np.random.Generator
) -> int:
    """Return the smallest multiple of the items at which most numbers are computed; 0 for none."""
    most, best = int(now.computed.sum()), 0
    for times in MORE:
        if times * pair.n > MOST_ROWS:
            break
        few = draw_equal(resize(pair, times * pair.items, rng), policy, FEW, rng)
        if few.computed.sum() > most:
            most, best = int(few.computed.sum()), few.items
        if few.computed.all():
            break
    return best


def _smallest_that_computes(
    pair: TaskPair, policy: Policy, items: float, large: Draws, rng: np.random.Generator
) -> int:
    """Return the items, at least `items`, that give every number of `large`; 0 if it has fewer."""
    least = max(2.0, items if math.isfinite(items) else pair.items)
    if least >= large.items:
        return 0
    sizes: list[int] = np.geomspace(least, large.items, SIZES).astype(int).tolist()
    for size in sizes[:-1]:
        few = draw_equal(resize(pair, size, rng), policy, FEW, rng)
        if (few.computed >= large.computed).all():
            return size
    return large.items
