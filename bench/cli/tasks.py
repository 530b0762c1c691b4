"""`caopd-bench tasks`: list the tasks, and estimate the cost of an evaluation."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments

if TYPE_CHECKING:
    from caopd_bench.scores.cost import Plan
    from caopd_bench.tasks.listing import TaskEntry

__all__ = ["add"]

#: Options of --overlap and --plan: name, default, and which of the two uses it.
OPTIONS: tuple[tuple[str, object, tuple[str, ...]], ...] = (
    ("task", None, ("--overlap",)),
    ("field", None, ("--overlap",)),
    ("threshold", 0.5, ("--overlap",)),
    ("limit", None, ("--overlap", "--plan")),
    ("num_fewshot", 0, ("--plan",)),
    *((name, None, ("--plan",)) for name in ("samples", "answer_tokens", "rate")),
    *((name, None, ("--plan",)) for name in ("price_in", "price_out")),
)
NOT_MEASURED = (
    "the token counts of these questions were not measured (docs/backends.md); a run with --limit "
    "20 shows them"
)


def add(commands: Any) -> None:
    """Add `tasks` and its options."""
    tasks = commands.add_parser(
        "tasks",
        help="list the tasks, and whether plain lm_eval finds them here",
        description="List the tasks, and whether plain lm_eval finds them here; or, with options, "
        "plan an evaluation, or find test items in a training file.",
        examples=[
            "tasks --plan caopd_gsm8k_conf --limit 200",
            "tasks --overlap train.jsonl --task caopd_gsm8k_conf",
        ],
    )
    tasks.add_argument(
        "--path", action="store_true", help='print only the folder for lm_eval --include_path "..."'
    )
    tasks.add_argument(
        "--all", action="store_true", help="list every task with a one-line description"
    )
    tasks.add_argument("--markdown", action="store_true", help="list them as a Markdown table")
    tasks.add_argument(
        "--task", metavar="TASK", help="with --overlap, the task whose items are searched for"
    )
    tasks.add_argument(
        "--overlap",
        type=arguments.path,
        metavar="FILE",
        help="find items of --task that have near-duplicates in this training file",
    )
    tasks.add_argument(
        "--field", metavar="NAME", help="with --overlap, read only this field of the rows"
    )
    tasks.add_argument(
        "--threshold",
        type=arguments.share,
        default=0.5,
        metavar="X",
        help="with --overlap, share of an item's word n-grams that one training text must contain "
        "(0.5)",
    )
    tasks.add_argument(
        "--plan",
        metavar="TASK",
        help="estimate the requests, tokens, time and price of an evaluation",
    )
    plan = tasks.add_argument_group("for --plan")
    plan.add_argument(
        "--limit",
        type=arguments.count,
        metavar="N",
        help="number of questions (all); with --overlap, number of pairs to show (20)",
    )
    plan.add_argument(
        "--num-fewshot",
        type=arguments.shots,
        default=0,
        metavar="N",
        help="number of exemplars (0)",
    )
    plan.add_argument(
        "--samples",
        type=arguments.count,
        metavar="K",
        help="samples per question of _sc8 tasks (8)",
    )
    plan.add_argument(
        "--answer-tokens",
        type=arguments.positive,
        metavar="N",
        help="tokens per answer (overrides the measured mean)",
    )
    plan.add_argument(
        "--rate", type=arguments.positive, metavar="X", help="total output tokens per second"
    )
    plan.add_argument(
        "--price-in", type=arguments.positive, metavar="X", help="price of a million input tokens"
    )
    plan.add_argument(
        "--price-out", type=arguments.positive, metavar="X", help="price of a million output tokens"
    )
    tasks.set_defaults(run=run_tasks)


def run_tasks(options: argparse.Namespace) -> int:
    """Print the folder, all tasks, or the sets of questions and the ways of asking them."""
    from caopd_bench.tasks.discovery import task_folder
    from caopd_bench.tasks.listing import list_tasks, render_markdown

    _refuse_unused(options)
    if options.overlap:
        from caopd_bench.cli.tasks_overlap import run_overlap

        return run_overlap(options)
    if options.plan:
        _print_plan(options, {task.name: task for task in list_tasks()})
    elif options.path:
        print(task_folder())
    elif options.markdown:
        print(render_markdown(), end="")
    elif options.all:
        _print_all(list_tasks())
    else:
        _print_sets(list_tasks())
    return 0


def _refuse_unused(options: argparse.Namespace) -> None:
    """Refuse options that the chosen list or plan does not use."""
    from caopd_bench.core.errors import UsageError

    if options.overlap and options.plan:
        raise UsageError("--overlap and --plan cannot be combined")
    if options.overlap and not options.task:
        raise UsageError("--overlap needs --task, the task whose items are searched for")
    wanted = {"--overlap": options.overlap, "--plan": options.plan}
    for name, default, of in OPTIONS:
        value = getattr(options, name)
        if value != default and not any(wanted[option] for option in of):
            raise UsageError(f"--{name.replace('_', '-')} can only be used with {' or '.join(of)}")


def _print_all(tasks: list[TaskEntry]) -> None:
    width = max(len(task.name) for task in tasks)
    for task in tasks:
        print(f"{task.name:<{width}}  {task.summary}")


def _print_sets(tasks: list[TaskEntry]) -> None:
    from caopd_bench.core.terminal import inline
    from caopd_bench.tasks.catalogue.datasets import DATASETS
    from caopd_bench.tasks.catalogue.items import count_items
    from caopd_bench.tasks.catalogue.ways import WAYS
    from caopd_bench.tasks.discovery import describe

    panel = sum(task.way == "panel" for task in tasks)
    table = [("questions", "items", "rows from")]
    for name in DATASETS:
        table.append((f"caopd_{name}", f"{count_items(name):,}", _origin(name)))
    widths = [max(len(row[i]) for row in table) for i in range(2)]
    for name, items, origin in table:
        print(f"{name:<{widths[0]}}  {items:>{widths[1]}}  {inline(origin, 100)}")
    print(
        f"\neach set can be asked in {len(WAYS)} ways: caopd_NAME + "
        f"{' '.join(f'_{way}' for way in WAYS)}"
    )
    print(
        f"the prompt panel: caopd_math_panel ({panel} prompts); all names: caopd-bench tasks --all"
    )
    print(f"\nplain `lm_eval --tasks caopd_math_conf` works here: {describe()}")
    print(
        "where lm-eval is installed, this always works: "
        'lm_eval --include_path "$(caopd-bench tasks --path)" ...'
    )


def _origin(name: str) -> str:
    from caopd_bench.tasks.catalogue.datasets import DATASETS
    from caopd_bench.tasks.catalogue.download import find_present

    chosen = DATASETS[name]
    if chosen.parts:
        return " + ".join(chosen.parts)
    return find_present(chosen.source) if chosen.source else "bundled"


def _print_plan(options: argparse.Namespace, tasks: dict[str, TaskEntry]) -> None:
    """Print the cost of an evaluation of one task or of the prompt panel."""
    from difflib import get_close_matches

    from caopd_bench.core.errors import UsageError
    from caopd_bench.core.process.progress import stage
    from caopd_bench.core.terminal import align
    from caopd_bench.scores.cost import Costs, load_costs, make_plan
    from caopd_bench.scores.panel import PANEL_TASK
    from caopd_bench.tasks.catalogue.items import count_items
    from caopd_bench.tasks.catalogue.ways import WAYS

    # The panel is a group: all its tasks ask the same problems with the same budget.
    members = [name for name in tasks if name.startswith(f"{PANEL_TASK}_")]
    is_panel = options.plan == PANEL_TASK
    task = tasks.get(members[0] if is_panel else options.plan)
    if task is None:
        close = get_close_matches(options.plan, tasks, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise UsageError(f"--plan {options.plan}: unknown task{hint}")
    costs = load_costs().get(task.questions)
    if costs is None:
        with stage(f"counting the items of {task.questions}"):
            costs = Costs(count_items(task.questions), None, None, None, NOT_MEASURED)
    plan = make_plan(
        task,
        costs,
        limit=options.limit,
        num_fewshot=options.num_fewshot,
        samples=options.samples,
        answer_tokens=options.answer_tokens,
        prompts=len(members) if is_panel else 1,
        rate=options.rate,
        price_in=options.price_in,
        price_out=options.price_out,
    )
    budget = task.max_tokens
    longer = math.ceil(options.answer_tokens or 0)
    is_longer = budget is not None and longer > budget
    name = f"{options.plan}: {len(members)} prompts" if is_panel else task.name
    lines = [name, *align(_rows(plan, longer if is_longer else budget)), f"  {costs.measured}"]
    if is_longer:
        lines.append(
            f"  the task cuts answers off at {budget:,} tokens; for longer ones add --gen_kwargs "
            f"max_gen_toks={longer}"
        )
    way = WAYS.get(task.way)
    if way is not None and (way.privileged or way.about_answer):
        what = "the privileged context" if way.privileged else "the answer that is judged"
        lines.append(f"  input tokens count the plain prompt only; {what} adds to them")
    if (options.price_in is None) != (options.price_out is None):
        given, other = ("in", "out") if options.price_out is None else ("out", "in")
        lines.append(f"  the price covers the tokens {given} only; --price-{other} was not given")
    print("\n".join(lines))


def _rows(plan: Plan, budget: int | None) -> list[list[str]]:
    at_most = f"if every answer uses its whole budget of {budget:,} tokens" if budget else ""
    rows = [
        ["", "expected", "at most", ""],
        ["requests", f"{plan.requests:,}", "", ""],
        ["tokens in", _count(plan.tokens_in), "", "all prompts"],
        ["tokens out", _count(plan.tokens_out), f"{plan.budget_out:,.0f}", at_most],
    ]
    if plan.hours_at_most is not None:
        rows.append(["time", _time(plan.hours), _time(plan.hours_at_most), "at the given rate"])
    if plan.price_at_most is not None:
        rows.append(["price", _price(plan.price), _price(plan.price_at_most), "tokens in and out"])
    return rows


def _count(value: float | None) -> str:
    return "not measured" if value is None else f"{value:,.0f}"


def _price(value: float | None) -> str:
    return "not measured" if value is None else f"{value:,.2f}"


def _time(hours: float | None) -> str:
    if hours is None:
        return "not measured"
    return f"{60 * hours:,.1f} min" if hours < 2 else f"{hours:,.1f} h"
