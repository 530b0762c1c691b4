"""`caopd-bench gate`: PASS, FAIL or INCONCLUSIVE, and an exit code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from caopd_bench.baseline import measure_noise
from caopd_bench.baseline_files import read_baseline
from caopd_bench.errors import UsageError
from caopd_bench.gate_github import annotate, append_summary
from caopd_bench.gate_inputs import choose_tasks, load_reference, read_whole
from caopd_bench.gate_policy import SHIPPED, Policy, load_policy, render_schema
from caopd_bench.gate_text import render_text
from caopd_bench.gate_write import check_outputs, write_outputs
from caopd_bench.gating import gate
from caopd_bench.margins import render_suggestions, suggest_margins
from caopd_bench.paired_rows import rows_by_task
from caopd_bench.rows import AnyRun, Run
from caopd_bench.self_test import SelfTest, run_self_test
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = ["run_gate"]


def run_gate(options: argparse.Namespace) -> int:
    """Carry out the command."""
    if options.schema:
        sys.stdout.write(render_schema())
        return 0
    policy = load_policy(options.policy) if options.policy else Policy(version=1)
    if options.self_test or options.suggest_margins:
        if options.self_test and options.candidate:
            raise UsageError("--self-test makes its own candidates; leave CAND out")
        reference = _read_reference(options, policy)
        if options.self_test:
            return _self_test(policy, reference)
        return _suggest(policy, reference, options.candidate)
    if not options.candidate:
        raise UsageError("no candidate: name a run, as for `caopd-bench score`")
    if not options.policy and not options.reference:
        raise UsageError("no policy: --policy FILE, or --reference RUN for the shipped margins")
    check_outputs(options.output)
    result = gate(
        options.candidate,
        options.policy or policy,
        reference=options.reference,
        strict=options.strict,
    )
    # First what may fail: a verdict that cannot be delivered in full is not printed (exit code 5).
    write_outputs(result, options.output)
    append_summary(result)
    print(render_text(result))
    annotate(result)
    return result.exit_code


def _read_reference(options: argparse.Namespace, policy: Policy) -> AnyRun:
    spec = load_reference(options.policy or policy, options.reference)[1]
    return read_whole(spec)


def _suggest(policy: Policy, reference: AnyRun, rerun: str | None) -> int:
    """Print margins from the noise of a rerun: of a second run, or the one measured before."""
    rows = rows_by_task(reference)
    tasks = [task for task in choose_tasks(policy, list(rows)) if task in rows]
    folder = Path(reference.path)
    if rerun is not None:
        again = read_whole(rerun)
        if not isinstance(reference, Run) or not isinstance(again, Run):
            raise UsageError(f"{rerun}: has too many rows to keep one by one")
        noise = measure_noise(reference, again)
    else:
        baseline = read_baseline(folder) if folder.is_dir() else None
        noise = baseline.rerun if baseline else []
    if not noise:
        raise UsageError(
            "--suggest-margins: no rerun was measured; give a second run of the reference's "
            "checkpoint: caopd-bench gate --suggest-margins --reference REF RERUN"
        )
    items = {task: len({row.item_hash for row in rows[task]}) for task in tasks}
    found = suggest_margins(noise, items, level=policy.confidence)
    sys.stdout.write(render_suggestions(found, len(items), policy.confidence))
    lacking = [name for name in SHIPPED if name not in {one.metric for one in found}]
    if lacking:
        print(f"# too few right or wrong answers to measure: {', '.join(lacking)}", file=sys.stderr)
    return 0


def _self_test(policy: Policy, reference: AnyRun) -> int:
    done: SelfTest = run_self_test(policy, reference)
    print(
        f"{'PASS' if done.holds else 'FAIL'}  self-test of the gate with "
        f"{inline(reference.name, NAME_WIDTH)}"
    )
    print(
        f"  equal candidates (60 % of the items answered anew): {done.equal_failed} of "
        f"{done.equal} FAIL, at most {done.allowed} by chance; {done.equal_passed} PASS"
    )
    print(
        "  OPD-shaped (accuracy +8 points, confidence to 1.00): "
        f"{done.opd_failed} of {done.opd} FAIL, {done.opd_passed} PASS"
    )
    if done.equal_failed > done.allowed:
        print("  it raises false alarms: does the reference keep the policy's own max and min?")
    if done.opd_passed or done.opd_failed < 0.95 * done.opd:
        print("  it would miss such a change: more items, samples (_sc8), or narrower margins")
    return 0 if done.holds else 1
