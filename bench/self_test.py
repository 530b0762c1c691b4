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
from caopd_bench.gate_inputs import choose_tasks
from caopd_bench.gate_policy import Policy
from caopd_bench.gating import decide_cells, limited_cells
from caopd_bench.made_candidates import make_equal, make_opd_shaped
from caopd_bench.paired_rows import TaskPair, match_task, rows_by_task
from caopd_bench.rows import AnyRun

__all__ = ["SelfTest", "make_equal", "make_opd_shaped", "run_self_test"]

EQUAL_DRAWS = 400
OPD_DRAWS = 100
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
    gated = policy.only_gated()
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


def _outcome(pairs: Sequence[TaskPair], policy: Policy) -> str:
    return decide_cells(limited_cells(pairs, policy), policy).outcome


def _allowed(draws: int, rate: float) -> int:
    """Give the largest number of FAILs that a gate with this rate exceeds with a chance of 1 %."""
    # Imported here: it costs 0.1 s.
    from scipy.special import bdtr

    return next(k for k in range(draws + 1) if 1.0 - bdtr(k, draws, rate) <= CHANCE)
