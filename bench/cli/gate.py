"""`caopd-bench gate`: PASS, FAIL or INCONCLUSIVE, and an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.exits import ExitCode, complain

if TYPE_CHECKING:
    from caopd_bench.gates.policy import Policy
    from caopd_bench.runs.run import AnyRun

__all__ = ["add", "run_gate"]


def add(commands: Any) -> None:
    """Add `gate`."""
    gate = commands.add_parser(
        "gate",
        help="PASS, FAIL or INCONCLUSIVE: may this checkpoint replace the reference?",
        description="Decide whether a candidate is as well calibrated as a reference, within the "
        "margins of a policy. PASS: shown to be within them. FAIL: shown to be outside. "
        "INCONCLUSIVE: too few answers to show either; the output names the number needed.",
        usage="%(prog)s [options] [BASE] CAND",
        examples=["gate out/base out/new --output gate.xml"],
        codes="0 PASS, 1 FAIL and nothing else, 3 INCONCLUSIVE (0 with a warning, if the policy "
        "sets on_inconclusive: warn and no data is missing), 4 the runs are not comparable",
    )
    gate.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help="BASE CAND: reference and candidate, each PATH or NAME=PATH as for score; only CAND "
        "if --reference or the policy names the reference",
    )
    gate.add_argument(
        "--policy",
        type=arguments.path,
        metavar="FILE",
        help="YAML file of margins (docs/gate.md; default: the shipped margins)",
    )
    gate.add_argument(
        "--reference",
        metavar="RUN",
        help="reference run, overrides the policy's; CAND is then the only RUN",
    )
    gate.add_argument(
        "--output",
        type=arguments.path,
        action="append",
        default=[],
        metavar="FILE",
        help="also write a file, in the format of its ending: .json, .md, .xml (JUnit) or .html; "
        "repeatable. In GitHub Actions the step summary is written without this option",
    )
    gate.add_argument(
        "--strict", action="store_true", help="refuse runs whose prompts or decoding differ"
    )
    gate.add_argument(
        "--reparse",
        action="store_true",
        help="parse the responses of both runs again before deciding",
    )
    gate.add_argument(
        "--self-test",
        action="store_true",
        help="test the gate on simulated candidates, equal and overconfident (as after OPD) ones",
    )
    gate.add_argument(
        "--plan",
        action=_InsteadOfADecision,
        help="before any candidate: estimate how often an equal model would PASS with the "
        "reference's items, and how many items are needed; --output FILE.json saves it",
    )
    gate.add_argument(
        "--suggest-margins",
        action=_InsteadOfADecision,
        help="suggest margins from rerun noise; CAND is a second run of the reference's checkpoint",
    )
    gate.add_argument("--schema", action=_InsteadOfADecision, help="print the policy's JSON Schema")
    arguments.add_columns(gate)
    gate.set_defaults(run=run_gate, decides=True, more="runs", explain_extra=_explain_extra)


def run_gate(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from caopd_bench.gates.decide import gate
    from caopd_bench.gates.formats.files import try_to_deliver
    from caopd_bench.gates.policy import Policy, load_policy, render_schema
    from caopd_bench.gates.wording.github import annotate, append_summary
    from caopd_bench.gates.wording.text import render_text
    from caopd_bench.gates.wording.write import check_outputs, write_outputs

    if options.schema:
        sys.stdout.write(render_schema())
        return 0
    policy = load_policy(options.policy) if options.policy else Policy(version=1)
    _place_runs(options, policy)
    if options.self_test or options.plan or options.suggest_margins:
        if (options.self_test or options.plan) and options.candidate:
            named = "--self-test" if options.self_test else "--plan"
            raise UsageError(f"{named} simulates its own candidates; leave CAND out")
        if options.reparse:
            raise UsageError(
                "--reparse is only for a verdict; store the reparsed reference instead: "
                "caopd-bench score RUN --reparse --store DIR"
            )
        if options.plan:
            _check_plan_outputs(options.output)
        reference = _read_reference(options, policy)
        if options.plan:
            return _plan(policy, reference, options.output)
        if options.self_test:
            return _self_test(policy, reference)
        return _suggest(policy, reference, options)
    if not options.candidate:
        raise UsageError("no candidate: give BASE and CAND, two runs as for `caopd-bench score`")
    check_outputs(options.output)
    candidate, against = _read_both(options, policy)
    result = gate(
        candidate,
        options.policy or policy,
        reference=against,
        strict=options.strict,
        reparse=options.reparse,
    )
    # Print the verdict first: it holds even if a file cannot be written.
    print(render_text(result))
    annotate(result)
    sys.stdout.flush()
    lost = [
        *try_to_deliver(lambda: write_outputs(result, options.output)),
        *try_to_deliver(lambda: append_summary(result)),
    ]
    for line in lost:
        complain("gate", f"{line}; the verdict is {result.outcome}")
    return result.exit_code or (ExitCode.UNWRITABLE if lost else ExitCode.DONE)


def _read_both(
    options: argparse.Namespace, policy: Policy
) -> tuple[AnyRun | str, AnyRun | str | Path]:
    """Read the candidate and its reference; with --reparse they stay as named."""
    from caopd_bench.gates.inputs import load_reference, read_both

    spec = load_reference(options.policy or policy, options.reference)[1]
    if options.reparse:
        return options.candidate, spec
    base, cand, _ = read_both(spec, options.candidate, arguments.read_columns(options))
    return cand, base


def _read_reference(options: argparse.Namespace, policy: Policy) -> AnyRun:
    from caopd_bench.gates.inputs import load_reference, read_whole

    spec = load_reference(options.policy or policy, options.reference)[1]
    return read_whole(spec, arguments.read_columns(options))


def _check_plan_outputs(files: Iterable[Path]) -> None:
    for file in files:
        if file.suffix.lower() != ".json":
            raise UsageError(f"--output {file}: a plan can only be written as .json")


def _plan(policy: Policy, reference: AnyRun, files: Iterable[Path]) -> int:
    from caopd_bench.core.deliver import write_files
    from caopd_bench.gates.planning.plan import plan_gate
    from caopd_bench.gates.planning.plan_text import render_plan, render_plan_json

    plan = plan_gate(policy, reference)
    print(render_plan(plan))
    text = render_plan_json(plan).encode("utf-8", "backslashreplace")
    write_files(dict.fromkeys(files, text))
    return 0


def _suggest(policy: Policy, reference: AnyRun, options: argparse.Namespace) -> int:
    """Print margins from rerun noise: of the given second run, or as measured before."""
    from caopd_bench.comparison.pairs import rows_by_task
    from caopd_bench.gates.inputs import choose_tasks, read_whole
    from caopd_bench.gates.margins import render_suggestions, suggest_margins
    from caopd_bench.gates.policy import SHIPPED
    from caopd_bench.gates.rerun import IDENTICAL, measure_rerun
    from caopd_bench.runs.run import Run
    from caopd_bench.runs.stored.baseline import read_baseline

    rows = rows_by_task(reference)
    tasks = [task for task in choose_tasks(policy, list(rows)) if task in rows]
    folder = Path(reference.path)
    rerun: str | None = options.candidate
    if rerun is not None:
        again = read_whole(rerun, arguments.read_columns(options))
        if not isinstance(reference, Run) or not isinstance(again, Run):
            raise UsageError(
                f"{rerun}: too many rows to be kept individually, so they cannot be paired"
            )
        measured = measure_rerun(reference, again, "RERUN")
        if not measured.noise and IDENTICAL in measured.notes:
            raise UsageError(f"RERUN {rerun}: {IDENTICAL}; give a rerun whose answers differ")
        for note in measured.notes:
            print(note, file=sys.stderr)
        noise = measured.noise
    else:
        baseline = read_baseline(folder) if folder.is_dir() else None
        noise = baseline.rerun if baseline else []
    noise = [one for one in noise if one.cluster == policy.cluster_of(one.task)]
    if not noise:
        raise UsageError(
            "--suggest-margins: the reference has no measured rerun; give a second run of its "
            "checkpoint: caopd-bench gate --suggest-margins --reference REF RERUN"
        )
    items = {task: len({row.item_hash for row in rows[task]}) for task in tasks}
    found = suggest_margins(noise, items, level=policy.confidence)
    sys.stdout.write(render_suggestions(found, len(items), policy.confidence))
    lacking = [name for name in SHIPPED if name not in {one.metric for one in found}]
    if lacking:
        print(
            f"# not measured, too few right or wrong answers: {', '.join(lacking)}", file=sys.stderr
        )
    return 0


def _self_test(policy: Policy, reference: AnyRun) -> int:
    from caopd_bench.gates.planning.self_test import run_self_test
    from caopd_bench.gates.planning.self_test_text import render_self_test

    done = run_self_test(policy, reference)
    print(render_self_test(done, reference.name, policy))
    return 0 if done.holds else 1


def _place_runs(options: argparse.Namespace, policy: Policy) -> None:
    """Tell which of the runs is the reference and which the candidate."""
    runs: list[str] = options.runs
    if len(runs) > 2:
        raise UsageError(f"at most two runs, BASE and CAND; got {', '.join(runs)}")
    if len(runs) == 2 and options.reference is not None:
        raise UsageError(
            f"two references: {runs[0]} and --reference {options.reference}; leave one out"
        )
    named = options.reference if options.reference is not None else policy.reference
    # Modes that simulate their own candidates only need BASE.
    if len(runs) == 2 or (runs and named is None and (options.self_test or options.plan)):
        options.reference, *runs = runs
        _say_replaced(options, policy)
    options.candidate = runs[0] if runs else None


def _say_replaced(options: argparse.Namespace, policy: Policy) -> None:
    """Print a note if BASE overrides the policy's reference."""
    from caopd_bench.runs.read import seen_from

    if policy.reference is None:
        return
    named = seen_from(options.policy.parent, policy.reference)
    if _place(named) != _place(options.reference):
        complain(
            "gate",
            f"note: the reference is {options.reference}; the policy's reference, {named}, is not "
            "used",
        )


def _place(spec: str | Path) -> Path:
    """Return the path of `PATH` or `NAME=PATH`."""
    path = Path(spec)
    return (path if path.exists() else Path(str(spec).partition("=")[2] or spec)).resolve()


def _explain_extra(_options: argparse.Namespace, extra: Sequence[str]) -> str | None:
    # The first word that looks like an option; a RUN may precede it.
    wrong = next((word for word in extra if word.startswith("--")), "")
    if wrong.partition("=")[0] not in ("--level", "--confidence"):
        return None
    return "set the confidence level of a gate in its policy (confidence: 0.95)"


class _InsteadOfADecision(argparse.Action):
    """A flag that makes a deciding command print a text and decide nothing."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=False, **more)

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002
        namespace: argparse.Namespace,
        values: object,  # noqa: ARG002
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        setattr(namespace, self.dest, True)
        namespace.decides = False
