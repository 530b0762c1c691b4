"""`gate --self-test`: would this policy, with this reference, do what a gate is for?

Candidates are made of the reference's own rows. Equal ones, of which 60 % of the items have the
answers of another item: a FAIL is a false alarm. And OPD-shaped ones: accuracy 8 points up,
confidence to 1.00, discrimination gone. A gate that was never seen to fail is decoration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caopd_bench.errors import UsageError
from caopd_bench.gate_policy import Policy
from caopd_bench.gating import choose_tasks, decide_cells, limited_cells
from caopd_bench.metrics.counting import FloatArray
from caopd_bench.paired_rows import Side, TaskPair, match_task, rows_by_task
from caopd_bench.rows import AnyRun

__all__ = ["SelfTest", "make_equal", "make_opd_shaped", "run_self_test"]

EQUAL_DRAWS = 400
OPD_DRAWS = 100
REDECODED = 0.6  # share of the items that an equal candidate answers anew
GAINED = 0.08  # accuracy of the OPD-shaped candidate above the reference's
STATED = ((0.93, 1.0), (0.98, 0.99), (1.0, 0.95))  # its confidences: share up to here, value
WANTED = 0.95  # share of OPD-shaped candidates that must fail
CHANCE = 0.01  # of blaming a gate that keeps its rate


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the gate said of made-up candidates.

    Attributes
    ----------
    equal, equal_failed, equal_passed : int
        Equal candidates, and how many of them FAILed and PASSed.
    opd, opd_failed, opd_passed : int
        OPD-shaped ones.
    allowed : int
        FAILs of equal candidates that the policy's confidence explains.
    """

    equal: int
    equal_failed: int
    equal_passed: int
    opd: int
    opd_failed: int
    opd_passed: int
    allowed: int

    @property
    def holds(self) -> bool:
        """Whether the gate does what it is for."""
        return (
            self.equal_failed <= self.allowed
            and self.opd_passed == 0
            and self.opd_failed >= WANTED * self.opd
        )


def run_self_test(
    policy: Policy,
    reference: AnyRun,
    *,
    seed: int = 0,
    equal_draws: int = EQUAL_DRAWS,
    opd_draws: int = OPD_DRAWS,
) -> SelfTest:
    """Let the gate judge candidates made of the reference's rows.

    Parameters
    ----------
    policy : Policy
    reference : Run
    seed : int
        Of the candidates.
    equal_draws, opd_draws : int

    Raises
    ------
    UsageError
        If the reference has too few items for the policy, or lacks its tasks.
    """
    rows = rows_by_task(reference)
    missing = [task for task in choose_tasks(policy, list(rows)) if task not in rows]
    if missing:
        raise UsageError(f"the reference lacks {', '.join(missing)}; it has {', '.join(rows)}")
    pairs = [match_task(task, rows[task], rows[task]) for task in choose_tasks(policy, list(rows))]
    for pair in pairs:
        if pair.items < policy.min_items:
            raise UsageError(
                f"{pair.task}: the reference has {pair.items} items, and the policy asks for "
                f"{policy.min_items} (min_items): nothing would ever be decided"
            )
    gated = _only_gated(policy)
    rng = np.random.default_rng(seed)
    equal = [_outcome([make_equal(pair, rng) for pair in pairs], gated) for _ in range(equal_draws)]
    opd = [
        _outcome([make_opd_shaped(pair, rng) for pair in pairs], gated) for _ in range(opd_draws)
    ]
    return SelfTest(
        equal=equal_draws,
        equal_failed=equal.count("FAIL"),
        equal_passed=equal.count("PASS"),
        opd=opd_draws,
        opd_failed=opd.count("FAIL"),
        opd_passed=opd.count("PASS"),
        allowed=_allowed(equal_draws, 1.0 - policy.confidence),
    )


def make_equal(pair: TaskPair, rng: np.random.Generator) -> TaskPair:
    """Give some items all the answers of another item: the same population, other answers."""
    # Items that have as many rows; rows of an item stand together.
    sizes = np.bincount(pair.item)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    source = np.arange(pair.n)
    for size in np.unique(sizes):
        items = np.flatnonzero(sizes == size)
        anew = items[rng.random(items.size) < REDECODED]
        donors = rng.choice(items, anew.size)
        offsets = np.arange(size)
        source[starts[anew][:, None] + offsets] = starts[donors][:, None] + offsets
    return _with_candidate(pair, pair.base.select(source))


def make_opd_shaped(pair: TaskPair, rng: np.random.Generator) -> TaskPair:
    """Turn some wrong answers right, and every stated confidence to 1.00 or nearly."""
    base = pair.base
    wrong = 1.0 - float(base.correct.mean())
    turned = rng.random(pair.n) < (min(GAINED / wrong, 1.0) if wrong > 0.0 else 0.0)
    draw = rng.random(pair.n)
    stated: FloatArray = np.select([draw < share for share, _ in STATED], [v for _, v in STATED])
    correct = np.where(turned, 1.0, base.correct)
    return _with_candidate(pair, Side(np.where(base.parsed, stated, np.nan), correct))


def _with_candidate(pair: TaskPair, cand: Side) -> TaskPair:
    return TaskPair(pair.task, pair.base, cand, pair.item, pair.items, pair.groups)


def _outcome(pairs: Sequence[TaskPair], policy: Policy) -> str:
    return decide_cells(limited_cells(pairs, policy), policy).outcome


def _only_gated(policy: Policy) -> Policy:
    """Leave out what does not decide, for speed."""
    gated = {name: limits for name, limits in policy.metrics.items() if limits.tier == "gate"}
    tasks = policy.tasks and {
        task: own if own.group_tier == "gate" else own.model_copy(update={"by": None})
        for task, own in policy.tasks.items()
    }
    return policy.model_copy(update={"metrics": gated or policy.metrics, "tasks": tasks})


def _allowed(draws: int, rate: float) -> int:
    """Give the largest number of FAILs that a gate with this rate exceeds with a chance of 1 %."""
    # Imported here: it costs 0.1 s.
    from scipy.special import bdtr

    return next(k for k in range(draws + 1) if 1.0 - bdtr(k, draws, rate) <= CHANCE)
