"""`caopd-bench tasks`: what can be asked here, of what, and what it costs."""

from __future__ import annotations

import argparse

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline
from caopd_bench.tasks.catalogue.download import find_present
from caopd_bench.tasks.catalogue.items import SETS, count_items
from caopd_bench.tasks.catalogue.listing import TaskEntry, list_tasks, render_markdown
from caopd_bench.tasks.discovery import describe, task_folder

__all__ = ["run_tasks"]


#: Options of the two commands within the command: name, default, which of them looks at it.
OPTIONS: tuple[tuple[str, object, tuple[str, ...]], ...] = (
    ("task", None, ("--overlap",)),
    ("field", None, ("--overlap",)),
    ("threshold", 0.5, ("--overlap",)),
    ("limit", None, ("--overlap", "--plan")),
    ("num_fewshot", 0, ("--plan",)),
    *((name, None, ("--plan",)) for name in ("samples", "answer_tokens", "rate")),
    *((name, None, ("--plan",)) for name in ("price_in", "price_out")),
)


def run_tasks(options: argparse.Namespace) -> int:
    """Print the folder, all tasks, or the sets of questions and the ways of asking them."""
    _refuse_unused(options)
    if options.overlap:
        from caopd_bench.cli.tasks_overlap import run_overlap

        return run_overlap(options)
    if options.plan:
        from caopd_bench.cli.tasks_plan import run_plan

        return run_plan(options)
    if options.path:
        print(task_folder())
    elif options.markdown:
        print(render_markdown(), end="")
    elif options.all:
        _print_all(list_tasks())
    else:
        _print_sets(list_tasks())
    return 0


def _refuse_unused(options: argparse.Namespace) -> None:
    """Refuse options that the asked list or plan would not look at."""
    if options.overlap and options.plan:
        raise UsageError("--overlap and --plan: give one of them")
    if options.overlap and not options.task:
        raise UsageError("--overlap: needs --task, whose items are looked for")
    wanted = {"--overlap": options.overlap, "--plan": options.plan}
    for name, default, of in OPTIONS:
        value = getattr(options, name)
        if value != default and not any(wanted[option] for option in of):
            raise UsageError(f"--{name.replace('_', '-')}: goes with {' or '.join(of)} only")


def _print_all(tasks: list[TaskEntry]) -> None:
    width = max(len(task.name) for task in tasks)
    for task in tasks:
        print(f"{task.name:<{width}}  {task.summary}")


def _print_sets(tasks: list[TaskEntry]) -> None:
    ways: dict[str, list[str]] = {}
    for task in tasks:
        if task.way != "panel":
            ways.setdefault(task.questions, []).append(f"_{task.way}")
    table = [("questions", "items", "rows from")]
    for name in SETS:
        if name in ways:
            table.append((f"caopd_{name}", f"{count_items(name):,}", _origin(name)))
    widths = [max(len(row[i]) for row in table) for i in range(2)]
    for name, items, origin in table:
        print(f"{name:<{widths[0]}}  {items:>{widths[1]}}  {inline(origin, 100)}")
    shared = sorted({way for found in ways.values() for way in found}, key=_order)
    print(f"\neach asked in {len(shared)} ways, caopd_NAME + {' '.join(shared)}")
    print("the prompt panel: caopd_math_panel (12 prompts); all names: caopd-bench tasks --all")
    print(f"\nplain `lm_eval --tasks caopd_math_conf` works here: {describe()}")
    print('always works: lm_eval --include_path "$(caopd-bench tasks --path)" ...')


def _order(way: str) -> int:
    known = ["_conf", "_conf_t1", "_sc8", "_twostage", "_ptrue", "_priv", "_priv_sc8"]
    return known.index(way) if way in known else len(known)


def _origin(name: str) -> str:
    chosen = SETS[name]
    if chosen.parts:
        return " + ".join(chosen.parts)
    return find_present(chosen.source) if chosen.source else "bundled"
