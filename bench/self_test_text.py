"""What `gate --self-test` prints."""

from __future__ import annotations

from collections.abc import Iterator

from caopd_bench.gate_policy import Policy
from caopd_bench.made_candidates import MOVED
from caopd_bench.self_test import WANTED, SelfTest, most_allowed
from caopd_bench.self_test_families import FamilyTest
from caopd_bench.terminal import NAME_WIDTH, inline

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
    if done.equal_passed < done.equal / 2:
        lines.append(
            "  most equal candidates do not PASS; how many items would do: caopd-bench gate --plan"
        )
    if done.opd_passed or done.opd_failed < WANTED * done.opd:
        lines.append(
            "  it would miss such a change: more items, samples (_sc8), or narrower margins"
        )
    lines += [line for test in done.families for line in _on_family(test, policy)]
    return "\n".join(lines)


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
