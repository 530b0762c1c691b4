"""`caopd-bench compare`: investigates, and decides nothing."""

from __future__ import annotations

import argparse
from itertools import groupby

from caopd_bench.comparison.as_json import to_plain
from caopd_bench.comparison.compare import TaskComparison, compare
from caopd_bench.comparison.table import render_comparison, render_groups
from caopd_bench.comparison.unpaired import compare_unpaired, render_unpaired, unpaired_to_plain
from caopd_bench.core.deliver import dump_json, print_table, write_json
from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline

__all__ = ["run_compare"]


def run_compare(options: argparse.Namespace) -> int:
    """Carry out the command."""
    keys = list(dict.fromkeys(key for keys in options.by for key in keys))
    if options.unpaired:
        if keys:
            raise UsageError("--unpaired compares whole tasks; leave --by out")
        apart = compare_unpaired(
            options.base,
            options.cand,
            task=options.task,
            strict=options.strict,
            level=options.confidence,
        )
        blocks = [block for one in apart for block in render_unpaired(one)]
        plain = [unpaired_to_plain(one) for one in apart]
    else:
        found = compare(
            options.base,
            options.cand,
            task=options.task,
            by=keys,
            strict=options.strict,
            level=options.confidence,
        )
        blocks, plain = _render(found), [to_plain(one) for one in found]
    text = dump_json(plain)
    write_json(options.json, text)
    print_table(blocks, options.json, text)
    return 0


def _render(found: list[TaskComparison]) -> list[str]:
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
