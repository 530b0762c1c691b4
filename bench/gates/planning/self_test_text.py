"""What `gate --self-test` prints."""

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
    """Say what the gate did with made-up candidates; without a final newline."""
    lines = [
        f"{'PASS' if done.holds else 'FAIL'}  self-test of the gate with "
        f"{inline(reference, NAME_WIDTH)}",
        f"  equal candidates, made of the reference's rows: {done.equal_failed} of {done.equal} "
        f"FAIL, at most {done.allowed} by chance; {done.equal_passed} PASS",
        "  OPD-shaped (accuracy +8 points, confidence to 1.00): "
        f"{done.opd_failed} of {done.opd} FAIL, {done.opd_passed} PASS",
    ]
    if done.equal_failed > done.allowed:
        lines.append("  it raises false alarms: does the reference keep the policy's max and min?")
    lines += _on_equal(done)
    if done.opd_passed or done.opd_failed < WANTED * done.opd:
        lines += _on_missed(done)
    lines += [line for test in done.families for line in _on_family(test, policy)]
    return "\n".join(lines)


def _on_equal(done: SelfTest) -> Iterator[str]:
    """Say what keeps equal candidates from a PASS."""
    for (task, group, metric), why in done.blocked.items():
        parts = (task if done.tasks > 1 else None, group)
        place = " ".join(inline(part, NAME_WIDTH) for part in parts if part)
        yield (
            f"  {place + ': ' if place else ''}{label_of(metric)} cannot be computed in any equal "
            f"candidate ({inline(why, WARNING_WIDTH)}), and a number that is not computed ends in "
            "INCONCLUSIVE, exit code 3"
        )
    ask = "whether more items would do, and how many: caopd-bench gate --plan"
    if done.equal_passed == 0:
        yield f"  no equal candidate PASSes, so the gate can hardly PASS any model; {ask}"
    elif done.equal_passed < done.equal / 2:
        yield f"  most equal candidates do not PASS; {ask}"


def _on_missed(done: SelfTest) -> Iterator[str]:
    """Say why an OPD-shaped candidate is not seen, and what would help."""
    if not done.no_room:
        yield "  it would miss such a change: more items, samples (_sc8), or narrower margins"
        return
    yield "  it would miss such a change, because the reference has little left to lose:"
    yield from (f"  - {line}" for line in describe_no_room(done.no_room, done.tasks))
    yield (
        "  more items do not help with these numbers: take a reference that is not as "
        "overconfident, or limit them by max and min in the policy, which a candidate must keep "
        "whatever the reference does"
    )


def _on_family(test: FamilyTest, policy: Policy) -> Iterator[str]:
    key = inline(test.key, NAME_WIDTH)
    allowed = most_allowed(test.draws, 1.0 - policy.confidence)
    head = (
        f"  equal candidates if runs move the items of a {key} together (by {MOVED:g} logit, "
        f"assumed; {test.clusters:,} values): "
    )
    if test.is_set:
        yield f"{head}{test.failed} of {test.draws} FAIL, at most {allowed} by chance"
        return
    yield (
        f"{head}{test.failed} of {test.draws} FAIL, {test.failed_clustered} with cluster: {key}; "
        f"at most {allowed} by chance"
    )
    if test.failed > allowed and test.failed_clustered < test.failed:
        yield (
            f"  set `cluster: {key}` in the policy if the items of a {key} share a template: they "
            "are not independent, and without it the gate would raise false alarms"
        )
