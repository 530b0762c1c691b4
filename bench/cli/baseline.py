"""`caopd-bench baseline init | show | update | verify`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, align, inline

if TYPE_CHECKING:
    from caopd_bench.gates.policy import Policy
    from caopd_bench.runs.run import Run
    from caopd_bench.runs.stored.baseline import Baseline

__all__ = ["add", "run_baseline"]

#: Means over all rows, which vary most between families.
MEANS = ("brier", "overconfidence_gap", "accuracy")
SURE = 2.5  # standard errors from which an excess is reported
#: For each action: its name, summary, example, and specific exit codes.
ACTIONS = (
    ("init", "create a reference from a run", 'out/base --output reference --reason "release 1"',
     "4 a stored run was edited, or the two runs are not comparable"),
    ("update", "replace the reference with another run, unless the gate FAILs it or cannot decide",
     'out/new --output reference --reason "release 2"',
     "0 replaced, 1 the gate FAILs, 3 INCONCLUSIVE, 4 the runs are not comparable"),
    ("show", "show the reference's numbers, reason and rerun noise", "reference", ""),
    ("verify", "recompute the reference's numbers from its rows, and list those that differ",
     "reference", "1 a number differs"),
)  # fmt: skip


def add(commands: Any) -> None:
    """Add `baseline` and its four actions."""
    baseline = commands.add_parser(
        "baseline",
        help="create, show, replace and verify a gate's reference",
        description="A gate's reference is a stored run with its numbers and a list of changes.",
    )
    actions = baseline.add_subparsers(dest="action", metavar="ACTION", required=True)
    init, update, show, verify = (_add_action(actions, *shown) for shown in ACTIONS)
    for action in (init, update):
        action.add_argument(
            "run_", metavar="RUN", help="run to read: PATH or NAME=PATH, as for score"
        )
        action.add_argument(
            "--output",
            type=arguments.path,
            required=True,
            metavar="DIR",
            help="folder of the reference",
        )
        action.add_argument(
            "--reason", required=True, metavar="TEXT", help="reason for the choice, in one line"
        )
        action.add_argument(
            "--aa", metavar="RUN2", help="second run of the same checkpoint, to measure rerun noise"
        )
        action.add_argument(
            "--policy",
            type=arguments.path,
            metavar="FILE",
            help="policy of the gate (default: the shipped margins)",
        )
        arguments.add_columns(action)
    update.add_argument(
        "--accept-regression", action="store_true", help="replace it whatever the gate decides"
    )
    for action in (show, verify):
        action.add_argument("folder", type=arguments.path, metavar="DIR", help="reference folder")
    for action in (update, verify):
        action.set_defaults(decides=True)
    baseline.set_defaults(run=run_baseline)


def _add_action(actions: Any, name: str, text: str, example: str, codes: str) -> Any:
    """Add an action, which its own help and the list of actions describe in the same words."""
    described = {"description": f"{text[:1].upper()}{text[1:]}.", "codes": codes}
    return actions.add_parser(name, help=text, examples=[f"baseline {name} {example}"], **described)


def run_baseline(options: argparse.Namespace) -> int:
    """Carry out one of the four actions."""
    actions = {"init": _init, "show": _show, "update": _update, "verify": _verify}
    return actions[options.action](options)


def _init(options: argparse.Namespace) -> int:
    from caopd_bench.gates.policy import Policy, load_policy
    from caopd_bench.gates.reference import init_baseline
    from caopd_bench.runs.stored.baseline import read_baseline
    from caopd_bench.runs.stored.check import read_stored

    # Refuse an unreadable policy before writing anything.
    policy = load_policy(options.policy) if options.policy else Policy(version=1)
    init_baseline(
        options.run_,
        options.output,
        reason=options.reason,
        rerun=options.aa,
        columns=arguments.read_columns(options),
    )
    print(f"{inline(options.output)}: reference created; keep the folder under version control")
    _print_noise(read_baseline(options.output), read_stored(options.output))
    _print_plan(options.output, policy)
    return 0


def _print_plan(folder: Path, policy: Policy) -> None:
    """Print whether a gate with this reference could pass an equal model."""
    from caopd_bench.gates.planning.plan import plan_gate
    from caopd_bench.gates.planning.plan_text import summarize_plan, warn_of_no_room
    from caopd_bench.runs.stored.check import read_stored

    warnings: list[str] = []
    try:
        plan = plan_gate(policy, read_stored(folder))
        summary, warnings = summarize_plan(plan), warn_of_no_room(plan)
    except UsageError as error:
        # The reference is valid; if the policy does not fit it, the policy needs the fix.
        summary = f"none, {error}"
    print(f"\nplan: {summary}")
    for warning in warnings:
        print(f"  {warning}")
    print(f"  more: caopd-bench gate --plan --reference {inline(folder, 300)}")


def _show(options: argparse.Namespace) -> int:
    from caopd_bench.runs.stored.baseline import find_missing, read_baseline
    from caopd_bench.runs.stored.check import read_stored
    from caopd_bench.runs.stored.names import CHANGES_NAME
    from caopd_bench.runs.stored.store import read_summary
    from caopd_bench.scores.notes import describe_run
    from caopd_bench.scores.score import score
    from caopd_bench.scores.table import render_task

    folder: Path = options.folder
    _check_reference(folder)
    run, summary, baseline = read_stored(folder), read_summary(folder), read_baseline(folder)
    missing = find_missing(folder)
    for problem in missing:
        print(f"{inline(folder)}: {problem}")
    if baseline is None and not missing:
        here = inline(folder)
        print(
            f"{here}: a stored run, not created by `baseline init`: no reason or rerun noise is "
            "recorded"
        )
    elif baseline is not None:
        print(f"{inline(folder)}: created {baseline.made} from {inline(baseline.run, 200)}")
        print(f"  {inline(baseline.reason, 500)}")
    level = summary.level or 0.95
    records = score(run, level=level)
    for task in run.tasks:
        ours = [record for record in records if record.task == task]
        print(f"\n{inline(task, NAME_WIDTH)}\n  {describe_run(run, task)}\n")
        print(render_task(ours, [run.name], level))
    _print_noise(baseline, run)
    if (folder / CHANGES_NAME).is_file():
        print(f"\nchanges: {inline(folder / CHANGES_NAME)}")
    return 0


def _update(options: argparse.Namespace) -> int:
    from caopd_bench.gates.policy import Policy, load_policy
    from caopd_bench.gates.reference import update_baseline
    from caopd_bench.runs.stored.baseline import read_baseline
    from caopd_bench.runs.stored.check import read_stored
    from caopd_bench.runs.stored.names import CHANGES_NAME

    folder: Path = options.output
    _check_reference(folder)
    policy = load_policy(options.policy) if options.policy else Policy(version=1)
    code = 0

    def allow() -> bool:
        nonlocal code
        code = 0 if options.accept_regression else _judge(options, policy, folder)
        return code == 0

    if not update_baseline(
        options.run_,
        folder,
        reason=options.reason,
        rerun=options.aa,
        columns=arguments.read_columns(options),
        allow=allow,
    ):
        why = "the gate fails" if code == 1 else f"the gate cannot decide (exit code {code})"
        print(
            f"caopd-bench baseline update: {inline(folder)} was not replaced: {why}; to replace "
            "it anyway: --accept-regression",
            file=sys.stderr,
        )
        return code
    print(f"{inline(folder)}: replaced; old and new values: {inline(folder / CHANGES_NAME)}")
    _print_noise(read_baseline(folder), read_stored(folder))
    _print_plan(folder, policy)
    return 0


def _judge(options: argparse.Namespace, policy: Policy, folder: Path) -> int:
    """Return the gate's exit code; print its verdict unless that is 0, and its warnings always."""
    from caopd_bench.gates.decide import gate
    from caopd_bench.gates.inputs import read_both
    from caopd_bench.gates.wording.text import render_text

    try:
        old, new, _ = read_both(folder, options.run_, arguments.read_columns(options))
        result = gate(new, policy, reference=old)
    except NotComparableError as error:
        raise NotComparableError(
            f"{error}; to replace the reference without a comparison: --accept-regression"
        ) from None
    if result.exit_code:
        print(render_text(result))
    else:
        for warning in result.warnings:
            print(f"  WARNING: {inline(warning, WARNING_WIDTH)}")
    return result.exit_code


def _verify(options: argparse.Namespace) -> int:
    from caopd_bench.gates.reference import verify_baseline

    folder: Path = options.folder
    _check_reference(folder)
    problems = verify_baseline(folder)
    if not problems:
        print(f"{inline(folder)}: all numbers match the rows")
        return 0
    for problem in problems:
        print(f"{inline(folder)}: {problem}")
    return 1


def _check_reference(folder: Path) -> None:
    from caopd_bench.runs.stored.names import BASELINE_NAME, CHANGES_NAME, is_stored

    # The reader reports on the remains of a damaged reference.
    if not is_stored(folder) and not any(
        (folder / name).is_file() for name in (BASELINE_NAME, CHANGES_NAME)
    ):
        raise UsageError(
            f"{folder}: no reference here; create one with: caopd-bench baseline init RUN "
            f"--output {folder} --reason TEXT"
        )


def _print_noise(baseline: Baseline | None, run: Run) -> None:
    from caopd_bench.scores.notes import notes_on_pairing

    if baseline is not None and baseline.rerun:
        print("\nrerun of the same checkpoint (positive = worse)")
        print("\n".join(align(list(_noise_rows(baseline)))))
        for line in _noise_in_families(baseline):
            print(line)
        tasks = dict.fromkeys(noise.task for noise in baseline.rerun)
        for note in dict.fromkeys(n for task in tasks for n in notes_on_pairing([run], task)):
            print(f"  note: {note}")


def _noise_rows(baseline: Baseline) -> Iterator[list[str]]:
    from caopd_bench.scores.table import LABELS

    yield ["", "change", "standard error", "items"]
    several = len({noise.task for noise in baseline.rerun}) > 1
    for noise in baseline.rerun:
        if noise.cluster is not None:
            continue
        label = LABELS.get(noise.metric, noise.metric).strip()
        place = f"{inline(noise.task, NAME_WIDTH)} {label}" if several else label
        yield [place, f"{noise.worse_by:+.4f}", f"{noise.standard_error:.4f}", f"{noise.items:,}"]


def _noise_in_families(baseline: Baseline) -> Iterator[str]:
    """Yield a line for each group key if a rerun moved the items with equal values together."""
    errors = {(n.task, n.metric, n.cluster): n.standard_error for n in baseline.rerun}
    places = {(n.task, n.cluster): n.clusters for n in baseline.rerun if n.cluster is not None}
    for (task, key), clusters in places.items():
        ratios = [
            errors[task, name, key] / errors[task, name, None]
            for name in MEANS
            if errors.get((task, name, None), 0.0) > 0.0 and (task, name, key) in errors
        ]
        # Relative uncertainty of a standard error that is estimated from this many clusters.
        chance = 1.0 / math.sqrt(2.0 * max((clusters or 2) - 1, 1))
        if ratios and max(ratios) > 1.0 + SURE * chance:
            name, where = inline(key or "", NAME_WIDTH), inline(task, NAME_WIDTH)
            yield (
                f"{where}: items with the same {name} changed together in the rerun (standard "
                f"errors clustered by the {clusters:,} values of {name} are up to "
                f"{max(ratios):.1f} times those by item): set `cluster: {name}` in the policy"
            )
