"""The output of `gate --self-test`."""

from __future__ import annotations

from collections.abc import Iterator

from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, inline
from caopd_bench.gates.planning.candidates import MOVED
from caopd_bench.gates.planning.self_test import WANTED, SelfTest, most_allowed
from caopd_bench.gates.planning.self_test_families import FamilyTest
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.room import describe_no_room
from caopd_bench.gates.wording.words import label_of

__all__ = ["render_self_test"]


def render_self_test(done: SelfTest, reference: str, policy: Policy) -> str:
    """Return the verdicts on simulated candidates as text, without a final newline."""
    lines = [
        f"{'PASS' if done.holds else 'FAIL'}  self-test of the gate with "
        f"{inline(reference, NAME_WIDTH)}",
        f"  equal candidates, simulated from the reference's rows: {done.equal_failed} of "
        f"{done.equal} FAIL (up to {done.allowed} are within chance), {done.equal_passed} PASS",
        f"  OPD-like candidates (accuracy +8 points, confidence 1.00): {done.opd_failed} of "
        f"{done.opd} FAIL, {done.opd_passed} PASS",
    ]
    if done.equal_failed > done.allowed:
        lines.append(
            "  the gate raises false alarms: check that the reference itself meets the "
            "policy's max and min"
        )
    lines += _on_equal(done)
    if done.opd_passed or done.opd_failed < WANTED * done.opd:
        lines += _on_missed(done)
    lines += [line for test in done.families for line in _on_family(test, policy)]
    return "\n".join(lines)


def _on_equal(done: SelfTest) -> Iterator[str]:
    """Yield the reasons why equal candidates do not PASS."""
    for (task, group, metric), why in done.blocked.items():
        parts = (task if done.tasks > 1 else None, group)
        place = " ".join(inline(part, NAME_WIDTH) for part in parts if part)
        yield (
            f"  {place + ': ' if place else ''}{label_of(metric)} cannot be computed in any equal "
            f"candidate ({inline(why, WARNING_WIDTH)}), which leads to INCONCLUSIVE, exit code 3"
        )
    # Items do not help where a number cannot be computed.
    ask = "; to see whether more items help, and how many: caopd-bench gate --plan"
    ask = "" if done.blocked else ask
    if done.equal_passed == 0:
        yield f"  no equal candidate PASSes, so the gate can hardly pass any model{ask}"
    elif done.equal_passed < done.equal / 2:
        yield f"  most equal candidates do not PASS{ask}"


def _on_missed(done: SelfTest) -> Iterator[str]:
    """Yield the reasons why OPD-like candidates are missed, and the remedies."""
    if not done.no_room:
        yield (
            "  the gate would miss such a change; use more items, several samples (_sc8), or "
            "narrower margins"
        )
        return
    yield (
        "  the gate would miss such a change, because these numbers of the reference can hardly "
        "get worse:"
    )
    yield from (f"  - {line}" for line in describe_no_room(done.no_room, done.tasks))
    yield (
        "  more items do not help here: use a less overconfident reference, or limit these "
        "numbers with max and min in the policy, which do not depend on the reference"
    )


def _on_family(test: FamilyTest, policy: Policy) -> Iterator[str]:
    key = inline(test.key, NAME_WIDTH)
    allowed = most_allowed(test.draws, 1.0 - policy.confidence)
    head = (
        f"  equal candidates if items with the same {key} change together (by {MOVED:g} logit, "
        f"assumed; {test.clusters:,} values): "
    )
    if test.is_set:
        yield f"{head}{test.failed} of {test.draws} FAIL (up to {allowed} are within chance)"
        return
    yield (
        f"{head}{test.failed} of {test.draws} FAIL, {test.failed_clustered} with cluster: {key} "
        f"(up to {allowed} are within chance)"
    )
    if test.failed > allowed and test.failed_clustered < test.failed:
        yield (
            f"  set `cluster: {key}` in the policy if items with the same {key} share a template: "
            "they are not independent, and without clustering the gate would raise false alarms"
        )
