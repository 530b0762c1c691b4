"""`caopd-bench tasks --plan TASK`: what an evaluation costs, before it is run."""

from __future__ import annotations

import argparse
import math
from difflib import get_close_matches

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import stage
from caopd_bench.scores.cost import Costs, Plan, load_costs, make_plan
from caopd_bench.scores.panel import PANEL_TASK
from caopd_bench.scores.table import align
from caopd_bench.tasks.catalogue.items import count_items
from caopd_bench.tasks.catalogue.listing import list_tasks

__all__ = ["run_plan"]

NOT_MEASURED = (
    "prompts and answers of these questions were not measured (docs/backends.md); a run with "
    "--limit 20 shows them"
)
#: What the prompts of some ways have beside, and nobody measured.
NOT_COUNTED = {
    "priv": "the privileged context comes on top",
    "priv_sc8": "the privileged context comes on top",
    "twostage": "the answer that is judged comes on top",
    "ptrue": "the answer that is judged comes on top",
}


def run_plan(options: argparse.Namespace) -> int:
    """Print the plan of one task, or of the prompt panel."""
    tasks = {task.name: task for task in list_tasks()}
    # The panel is a group: all its tasks ask the same problems with the same budget.
    members = [name for name in tasks if name.startswith(f"{PANEL_TASK}_")]
    is_panel = options.plan == PANEL_TASK
    task = tasks.get(members[0] if is_panel else options.plan)
    if task is None:
        close = get_close_matches(options.plan, tasks, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise UsageError(f"--plan {options.plan}: no such task{hint}")
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
            f"  the task cuts answers at {budget:,} tokens: longer ones need --gen_kwargs "
            f"max_gen_toks={longer}"
        )
    if task.way in NOT_COUNTED:
        lines.append(f"  tokens in are those of the plain prompt: {NOT_COUNTED[task.way]}")
    if (options.price_in is None) != (options.price_out is None):
        given, other = ("in", "out") if options.price_out is None else ("out", "in")
        lines.append(f"  the price is of the tokens {given}; --price-{other} was not given")
    print("\n".join(lines))
    return 0


def _rows(plan: Plan, budget: int | None) -> list[list[str]]:
    at_most = f"if every answer takes its budget of {budget:,} tokens" if budget else ""
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
