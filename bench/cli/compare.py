"""`caopd-bench compare`: investigate a difference without deciding anything."""

from __future__ import annotations

import argparse
from itertools import groupby
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline

if TYPE_CHECKING:
    from caopd_bench.comparison.one_task import TaskComparison

__all__ = ["add", "run_compare"]


def add(commands: Any) -> None:
    """Add `compare`."""
    compare = commands.add_parser(
        "compare",
        help="compare two runs item by item: is CAND better calibrated than BASE?",
        description="Compare two runs item by item. Every change is CAND minus BASE: below 0 is "
        "better for Brier, ECE, MCB and confidence when wrong, above 0 for accuracy, AUROC, SPR "
        "and DSC; the gap is best at 0. The column `better` names a run where the difference is "
        "more than chance. This command decides nothing; for PASS or FAIL use gate.",
        examples=["compare base=out/base new=out/new --by level"],
        codes="4 the runs are not comparable, or a stored run was edited",
        more=arguments.WORDS,
    )
    compare.add_argument(
        "base", metavar="BASE", help="reference run: PATH or NAME=PATH, as for score"
    )
    compare.add_argument("cand", metavar="CAND", help="candidate run of the same items")
    compare.add_argument("--task", metavar="NAME", help="compare this task only")
    compare.add_argument(
        "--by",
        type=arguments.names,
        action="extend",
        default=[],
        metavar="KEY[,KEY]",
        help="also compare groups: by difficulty (level), by family, ...",
    )
    compare.add_argument(
        "--unpaired",
        action="store_true",
        help="compare runs of different items as two independent samples",
    )
    compare.add_argument(
        "--strict", action="store_true", help="refuse runs whose prompts or decoding differ"
    )
    arguments.add_level(compare)
    compare.add_argument(
        "--json",
        type=arguments.path,
        metavar="FILE",
        help="write the numbers as strict JSON; with -, they go to standard output and the table "
        "to standard error",
    )
    arguments.add_columns(compare)
    compare.set_defaults(run=run_compare)


def run_compare(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from caopd_bench.comparison.as_json import to_plain
    from caopd_bench.comparison.compare import compare
    from caopd_bench.comparison.order import notes_on_order
    from caopd_bench.comparison.unpaired import compare_unpaired, render_unpaired, unpaired_to_plain
    from caopd_bench.core.deliver import dump_json, print_table, write_json
    from caopd_bench.runs.read import read_runs

    keys = list(dict.fromkeys(options.by))
    if options.unpaired and keys:
        raise UsageError("--by cannot be combined with --unpaired, which compares whole tasks")
    base, cand = read_runs([options.base, options.cand], arguments.read_columns(options, keys))
    if options.unpaired:
        apart = compare_unpaired(
            base,
            cand,
            task=options.task,
            strict=options.strict,
            level=options.level,
        )
        blocks = [block for one in apart for block in render_unpaired(one)]
        plain = [unpaired_to_plain(one) for one in apart]
    else:
        found = compare(
            base,
            cand,
            task=options.task,
            by=keys,
            strict=options.strict,
            level=options.level,
        )
        blocks, plain = _render(found), [to_plain(one) for one in found]
    on_order = notes_on_order(base, cand)
    blocks += [f"\nnote: {note}" for note in on_order]
    for one_task in plain:
        if one_task.get("group") is None:
            one_task["notes"] += on_order
    text = dump_json(plain)
    write_json(options.json, text)
    print_table(blocks, options.json, text)
    return 0


def _render(found: list[TaskComparison]) -> list[str]:
    from caopd_bench.comparison.table import render_comparison, render_groups

    blocks = []
    for one in found:
        if one.group is None:
            blocks += list(render_comparison(one))
    grouped = [one for one in found if one.group is not None]
    for (task, key), members in groupby(
        grouped, key=lambda one: (one.task, (one.group or "").partition("=")[0])
    ):
        several = len({one.task for one in found}) > 1
        shown = f"by {inline(key, NAME_WIDTH)}"
        head = f"\n  {inline(task, NAME_WIDTH)} {shown}" if several else f"\n  {shown}"
        blocks.append(f"{head}\n{render_groups(list(members), key)}")
    return blocks
