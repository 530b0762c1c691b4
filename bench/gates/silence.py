"""Confidences that a candidate no longer states, which leave the verdict open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.gates.policy import Limits, Policy
from caopd_bench.metrics.comparison.degradation import degradation
from caopd_bench.runs.confidence_of import STATED, Wording

__all__ = ["describe_loss", "warn_of_silence"]

#: The number over all rows, which does not depend on the confidence.
OF_ANSWERS = "accuracy"


def describe_loss(pair: TaskPair, level: float, wording: Wording = STATED) -> str:
    """Describe how many more confidences the candidate lacks; "" if that may be chance.

    Parameters
    ----------
    pair : TaskPair
    level : float
        The drop is significant if its one-sided p-value is at most 1 - level.
    wording : Wording
        Wording for the kind of confidence.

    Returns
    -------
    str
    """
    ours, theirs = int(pair.base.parsed.sum()), int(pair.cand.parsed.sum())
    if theirs >= ours or pair.items < 2:
        return ""
    drop = degradation(
        (pair.base.confidence, pair.base.correct),
        (pair.cand.confidence, pair.cand.correct),
        question=pair.question,
        cluster=pair.family,
        level=level,
    )["parse_rate"]
    # With too few clusters there is no p-value, so chance cannot be assessed.
    if drop.p_value > 1.0 - level:
        return ""
    return (
        f"the candidate {wording.pick('states', 'has')} a usable confidence in {theirs:,} of "
        f"{pair.n:,} rows, the reference in {ours:,}"
    )


def warn_of_silence(
    pairs: Sequence[TaskPair], policy: Policy, wordings: Mapping[str, Wording]
) -> Iterator[str]:
    """Yield warnings on missing confidences that the policy does not limit."""
    for pair in pairs:
        gated = _gated(policy.limits(pair.task))
        place = f"{inline(pair.task, NAME_WIDTH)}: " if len(pairs) > 1 else ""
        is_limited, wording = "parse_rate" in gated, wordings.get(pair.task, STATED)
        if is_limited:
            why = ""
        elif gated and set(gated) <= {OF_ANSWERS}:
            why = ", and the policy only gates accuracy, so this verdict does not cover confidence"
        else:
            why = ", and the policy does not limit parse_rate"
        if not pair.cand.parsed.any():
            yield (
                f"{place}the candidate {wording.pick('states', 'has')} no usable confidence in any "
                f"of its {pair.n:,} rows (parse rate 0){why}"
            )
        elif not is_limited and (lost := describe_loss(pair, policy.confidence, wording)):
            yield f"{place}{lost}{why}"


def _gated(limits: Mapping[str, Limits]) -> list[str]:
    return [name for name, limit in limits.items() if limit.tier == "gate"]
