"""`gate --self-test`: would this policy, with this reference, pass good models and fail bad ones?

Candidates are simulated from the reference's own rows. Equal candidates answer again, as well as
before: a FAIL is a false alarm. OPD-like candidates have 8 points more accuracy, a confidence of
1.00 and no discrimination: a gate should fail them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.gates.decide import decide_cells, find_no_room, judge_pairs, limited_cells
from caopd_bench.gates.inputs import match_itself
from caopd_bench.gates.planning.candidates import make_equal, make_opd_shaped, stratify
from caopd_bench.gates.planning.self_test_families import FamilyTest, find_family_keys, try_families
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.room import NoRoom
from caopd_bench.metrics.comparison.decide import Outcome
from caopd_bench.runs.run import AnyRun

__all__ = ["SelfTest", "most_allowed", "run_self_test"]

EQUAL_DRAWS = 400
OPD_DRAWS = 100
FAMILY_DRAWS = 200
WANTED = 0.95  # share of OPD-shaped candidates that must fail
CHANCE = 0.01  # probability of blaming a gate that keeps its error rate

Number = tuple[str, str | None, str]


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The gate's verdicts on simulated candidates.

    Attributes
    ----------
    equal, equal_failed, equal_passed : int
        Number of equal candidates, and of their FAILs and PASSes.
    opd, opd_failed, opd_passed : int
        The same for OPD-like candidates.
    allowed : int
        FAILs of equal candidates that are within chance at the policy's `confidence`.
    families : Sequence of FamilyTest
        Verdicts on equal candidates whose items change together by family, for each group key that
        items could be clustered by.
    blocked : Mapping of (task, group, metric) to str
        The numbers that cannot be computed for any equal candidate, which blocks every PASS, with
        the reason.
    no_room : Sequence of NoRoom
        The numbers of the reference that cannot get worse by their margin.
    tasks : int
        Number of tasks of the policy.
    """

    equal: int
    equal_failed: int
    equal_passed: int
    opd: int
    opd_failed: int
    opd_passed: int
    allowed: int
    families: Sequence[FamilyTest] = ()
    blocked: Mapping[Number, str] = field(default_factory=dict)
    no_room: Sequence[NoRoom] = ()
    tasks: int = 1

    @property
    def holds(self) -> bool:
        """Whether the gate passes equal candidates and fails OPD-like ones; families do not count.

        A gate that passes no equal candidate cannot tell an equal model from any other.
        """
        return (
            self.equal_failed <= self.allowed
            and self.equal_passed > 0
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
    family_draws: int = FAMILY_DRAWS,
) -> SelfTest:
    """Let the gate judge candidates simulated from the reference's rows.

    Parameters
    ----------
    policy : Policy
    reference : Run
    seed : int
        Seed of the simulated candidates.
    equal_draws, opd_draws, family_draws : int
        Number of candidates of each kind; the last is for each group key.

    Raises
    ------
    UsageError
        If the reference has too few items for the policy, or lacks its tasks.
    """
    pairs = match_itself(policy, reference)
    for pair in pairs:
        if pair.items < policy.min_items:
            raise UsageError(
                f"{pair.task}: the reference has {pair.items} items, but the policy requires "
                f"{policy.min_items} (min_items), so nothing would ever be decided; lower "
                "min_items or use a larger reference"
            )
    gated = policy.only_gated()
    rng = np.random.default_rng(seed)
    strata = [stratify(pair, gated.gated_key(pair.task)) for pair in pairs]
    lacking: Counter[Number] = Counter()
    reasons: dict[Number, str] = {}
    equal: list[Outcome] = []
    for _ in track(range(equal_draws), "judging equal models", "candidates", equal_draws):
        drawn = [make_equal(p, rng, s) for p, s in zip(pairs, strata, strict=True)]
        outcome, without = _judge(drawn, gated)
        equal.append(outcome)
        lacking.update(without.keys())
        reasons |= without
    opd = [
        judge_pairs([make_opd_shaped(pair, rng) for pair in pairs], gated)
        for _ in track(range(opd_draws), "judging overconfident models", "candidates", opd_draws)
    ]
    families = [
        try_families(pairs, gated, key, family_draws, rng)
        for key in track(find_family_keys(pairs), "judging families", "keys")
    ]
    return SelfTest(
        equal=equal_draws,
        equal_failed=equal.count("FAIL"),
        equal_passed=equal.count("PASS"),
        opd=opd_draws,
        opd_failed=opd.count("FAIL"),
        opd_passed=opd.count("PASS"),
        allowed=most_allowed(equal_draws, 1.0 - policy.confidence),
        families=families,
        blocked={number: reasons[number] for number, n in lacking.items() if n == equal_draws},
        no_room=find_no_room(pairs, policy),
        tasks=len(pairs),
    )


def _judge(pairs: Sequence[TaskPair], policy: Policy) -> tuple[Outcome, dict[Number, str]]:
    """Return the verdict, and the gated numbers that could not be computed."""
    made = limited_cells(pairs, policy)
    without = {
        (place.task, place.group, place.metric): one.numbers.reason
        for place, one in made.items()
        if one.tier == "gate" and one.numbers.reason
    }
    return decide_cells(made, policy).outcome, without


def most_allowed(draws: int, rate: float) -> int:
    """Return the number of FAILs that a gate with this rate exceeds with a probability of 1 %."""
    # Imported here: it costs 0.1 s.
    from scipy.special import bdtr

    return next(k for k in range(draws + 1) if 1.0 - bdtr(k, draws, rate) <= CHANCE)
