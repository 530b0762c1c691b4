"""Does the gate raise false alarms if the items of a template or family change together?

Standard errors assume independent items unless the policy clusters them. The rows of one run do not
show whether two runs of a model change all items of a family together. So a change of 1 logit per
family is assumed, and its effect is measured with this reference and this policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.gates.decide import judge_pairs
from caopd_bench.gates.planning.candidates import make_equal, make_equal_in_families, stratify
from caopd_bench.gates.policy import Policy
from caopd_bench.metrics.comparison.degradation_cells import LEAST_CLUSTERS

__all__ = ["FamilyTest", "find_family_keys", "try_families"]


@dataclass(frozen=True, slots=True)
class FamilyTest:
    """The gate's verdicts on equal candidates that change by family.

    Attributes
    ----------
    key : str
        The group key whose values are the families.
    clusters : int
        Number of its values, in the task that has fewest.
    draws : int
        Candidates.
    failed : int
        FAILs under the unchanged policy.
    failed_clustered : int
        FAILs of the same candidates with ``cluster: KEY``.
    is_set : bool
        Whether the policy already clusters by the key in every task that has it.
    """

    key: str
    clusters: int
    draws: int
    failed: int
    failed_clustered: int
    is_set: bool


def find_family_keys(pairs: Sequence[TaskPair]) -> list[str]:
    """Return the group keys by which a task could be clustered: many values, several items each."""
    keys = dict.fromkeys(key for pair in pairs for key in pair.keys)
    return [key for key in keys if any(pair.count_families(key, LEAST_CLUSTERS) for pair in pairs)]


def try_families(
    pairs: Sequence[TaskPair], policy: Policy, key: str, draws: int, rng: np.random.Generator
) -> FamilyTest:
    """Let the gate judge equal candidates whose items change together by family.

    Parameters
    ----------
    pairs : Sequence of TaskPair
        The reference on both sides, clustered as the policy says.
    policy : Policy
    key : str
        One of `find_family_keys`.
    draws : int
    rng : Generator

    Returns
    -------
    FamilyTest
    """
    clusterable = [bool(pair.count_families(key, LEAST_CLUSTERS)) for pair in pairs]
    failed = failed_clustered = 0
    for _ in range(draws):
        made = [
            _move(pair, key, policy, rng) if has else _keep(pair, policy, rng)
            for pair, has in zip(pairs, clusterable, strict=True)
        ]
        failed += judge_pairs(made, policy) == "FAIL"
        clustered = [
            pair.cluster_by(key) if has else pair
            for pair, has in zip(made, clusterable, strict=True)
        ]
        failed_clustered += judge_pairs(clustered, policy) == "FAIL"
    having = [pair for pair, has in zip(pairs, clusterable, strict=True) if has]
    return FamilyTest(
        key,
        min(pair.count_families(key, LEAST_CLUSTERS) for pair in having),
        draws,
        failed,
        failed_clustered,
        all(policy.cluster_of(pair.task) == key for pair in having),
    )


def _move(pair: TaskPair, key: str, policy: Policy, rng: np.random.Generator) -> TaskPair:
    family = pair.cluster_by(key).family
    first = np.searchsorted(pair.item, np.arange(pair.items))
    assert family is not None
    stratum = stratify(pair, policy.gated_key(pair.task))
    return make_equal_in_families(pair, family[first], rng, stratum)


def _keep(pair: TaskPair, policy: Policy, rng: np.random.Generator) -> TaskPair:
    return make_equal(pair, rng, stratify(pair, policy.gated_key(pair.task)))
