"""The commands that compare and decide, as the command line has them: imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from caopd_bench.cli import arguments

__all__ = ["add_deciding"]


def add_deciding(commands: Any) -> None:
    """Add `compare`, `gate` and `baseline`."""
    _add_compare(commands)
    _add_gate(commands)
    _add_baseline(commands)


def _add_compare(commands: Any) -> None:
    compare = commands.add_parser(
        "compare",
        help="is CAND better calibrated than BASE? One sentence, then what the change is made of",
        description="Compare two runs item by item; decides nothing.",
    )
    compare.add_argument("base", metavar="BASE", help="a run, as for score")
    compare.add_argument("cand", metavar="CAND", help="another run of the same items")
    compare.add_argument("--task", metavar="NAME", help="only this task")
    compare.add_argument(
        "--by",
        type=arguments.names,
        action="append",
        default=[],
        metavar="KEY[,KEY]",
        help="also by group: level, family, ...",
    )
    compare.add_argument(
        "--unpaired", action="store_true", help="the items differ: two independent samples"
    )
    compare.add_argument(
        "--strict", action="store_true", help="refuse runs that were asked differently"
    )
    compare.add_argument(
        "--confidence",
        type=arguments.coverage,
        default=0.95,
        metavar="P",
        help="of intervals (0.95)",
    )
    compare.add_argument(
        "--json", type=arguments.path, metavar="FILE", help="strict JSON; - for standard output"
    )
    compare.set_defaults(run=_compare)


def _add_gate(commands: Any) -> None:
    gate = commands.add_parser(
        "gate",
        help="PASS, FAIL or INCONCLUSIVE: may this checkpoint replace the reference?",
        description="Decide by a policy whether a candidate is as well calibrated as a reference. "
        "Exit codes: 0 PASS, 1 FAIL, 2 something given cannot be used, 3 INCONCLUSIVE (0 if the "
        "policy only warns of chance), 4 the runs are not comparable, 5 a PASS of which a file "
        "cannot be written. 1 is FAIL and nothing else; those of every command stand below.",
    )
    gate.add_argument("candidate", nargs="?", metavar="CAND", help="a run, as for score")
    gate.add_argument(
        "--policy",
        type=arguments.path,
        metavar="FILE",
        help="YAML (docs/gate.md); without it the shipped margins, and --reference",
    )
    gate.add_argument("--reference", metavar="RUN", help="in place of the policy's")
    gate.add_argument(
        "--output",
        type=arguments.path,
        action="append",
        default=[],
        metavar="FILE",
        help="also write .json, .md, .xml (JUnit) or .html; may be given several times",
    )
    gate.add_argument(
        "--strict", action="store_true", help="refuse runs that were asked differently"
    )
    gate.add_argument(
        "--reparse",
        action="store_true",
        help="decide by the texts: read the responses of both runs again with this parser",
    )
    gate.add_argument(
        "--self-test",
        action="store_true",
        help="let the gate judge candidates made of the reference: equal ones, OPD-shaped ones",
    )
    gate.add_argument(
        "--plan",
        action=_InsteadOfADecision,
        help="before any candidate: in how many runs an equal model could PASS with the "
        "reference's items, and how many items it takes; --output FILE.json",
    )
    gate.add_argument(
        "--suggest-margins",
        action=_InsteadOfADecision,
        help="margins from the noise of a rerun; CAND is the reference's checkpoint run again",
    )
    gate.add_argument("--schema", action=_InsteadOfADecision, help="print the policy's JSON Schema")
    gate.set_defaults(run=_gate, decides=True)


def _add_baseline(commands: Any) -> None:
    baseline = commands.add_parser(
        "baseline", help="make, show, replace and check the reference of a gate"
    )
    actions = baseline.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = actions.add_parser("init", help="make a reference of a run")
    update = actions.add_parser(
        "update", help="put another run in its place; refused if the gate fails (exit code 1)"
    )
    for action in (init, update):
        action.add_argument("run_", metavar="RUN", help="a run, as for score")
        action.add_argument(
            "--output", type=arguments.path, required=True, metavar="DIR", help="the reference"
        )
        action.add_argument("--reason", required=True, metavar="TEXT", help="why; a line")
        action.add_argument(
            "--aa", metavar="RUN2", help="the same checkpoint run again: measures the noise"
        )
        action.add_argument(
            "--policy",
            type=arguments.path,
            metavar="FILE",
            help="of the gate (the shipped margins)",
        )
    update.add_argument(
        "--accept-regression", action="store_true", help="replace it whatever the gate says"
    )
    show = actions.add_parser("show", help="its numbers, why it is the reference, rerun noise")
    verify = actions.add_parser(
        "verify", help="compute its numbers again from its rows (exit code 1 if they differ)"
    )
    for action in (show, verify):
        action.add_argument("folder", type=arguments.path, metavar="DIR")
    for action in (update, verify):
        action.set_defaults(decides=True)
    baseline.set_defaults(run=_baseline)


class _InsteadOfADecision(argparse.Action):
    """A flag of a command that decides, with which it prints a text and decides nothing."""

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


def _compare(options: argparse.Namespace) -> int:
    from caopd_bench.cli.compare import run_compare

    return run_compare(options)


def _gate(options: argparse.Namespace) -> int:
    from caopd_bench.cli.gate import run_gate

    return run_gate(options)


def _baseline(options: argparse.Namespace) -> int:
    from caopd_bench.cli.baseline import run_baseline

    return run_baseline(options)
