"""A plan of the gate as text and as strict JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from caopd_bench._version import __version__
from caopd_bench.core.deliver import dump_json
from caopd_bench.core.numbers import PLAIN
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, align, inline
from caopd_bench.gates.planning.plan import CellPlan, GatePlan, TaskPlan
from caopd_bench.gates.wording.room import describe_no_room
from caopd_bench.gates.wording.words import label_of, round_items

__all__ = ["render_plan", "render_plan_json", "summarize_plan", "warn_of_no_room"]

HEADS = ("", "limit", "std. error", "within", "items for")


def render_plan(plan: GatePlan) -> str:
    """Return the plan for the terminal; without a final newline."""
    together = f"{percent(plan.power)} for all {len(plan.tasks)} tasks together"
    each = percent(plan.power ** (1.0 / len(plan.tasks)))
    lines = [f"PLAN  {summarize_plan(plan)}", *_explain(plan)]
    for task in plan.tasks:
        needs = ""
        if len(plan.tasks) > 1 and math.isfinite(task.items_needed):
            needs = (
                f"; about {round_items(task.items_needed)} items are needed for {each} here, and "
                f"{together}"
            )
        lines.append(
            f"\n{inline(task.task, NAME_WIDTH)}: {task.items:,} items, PASS in "
            f"{percent(task.chance)} of runs{needs}"
        )
        heads = [*HEADS[:-1], f"{HEADS[-1]} {percent(plan.power)}"]
        lines += align([heads, *(_row(cell) for cell in task.cells)])
    lines += [
        "",
        "  std. error: standard error of the change in an equal model, with these items",
        "  within: share of runs in which this number alone is shown to be within its limit",
        f"  items for {percent(plan.power)}: items the task needs for this number alone",
    ]
    return "\n".join(lines)


def summarize_plan(plan: GatePlan) -> str:
    """Summarize in one line how often an equal model passes, and the items needed."""
    lacking = [task for task in plan.tasks if task.items_needed > task.items]
    several = len(plan.tasks) > 1
    head = (
        f"a model equal to {inline(plan.reference, NAME_WIDTH)} would PASS in "
        f"{percent(plan.chance)} of runs with these items"
        f"{f', all {len(plan.tasks)} tasks together' if several else ''}"
    )
    if not lacking:
        least = _range([task.items_needed for task in plan.tasks], round_items)
        each = " of each task" if several else ""
        return (
            f"{head}: they are enough for {percent(plan.power)}, which needs about {least} "
            f"items{each}"
        )
    never = [task for task in lacking if math.isinf(task.items_needed)]
    if never:
        place = f"{inline(never[0].task, NAME_WIDTH)}: " if several else ""
        stuck = [_obstacle(cell, plan) for cell in never[0].cells if math.isinf(cell.items_needed)]
        together = (
            f"{_name(never[0].bottleneck)} needs the most items, and all numbers rarely pass "
            "together"
        )
        return f"{head}, and more items of this kind do not help: {place}{[*stuck, together][0]}"
    most = max(lacking, key=lambda task: task.items_needed)
    takes = f"{_name(most.bottleneck)} needs the most"
    if not several:
        return (
            f"{head}; {percent(plan.power)} needs about {round_items(most.items_needed)} items "
            f"(now {most.items:,}; {takes})"
        )
    now = _range([task.items for task in plan.tasks], "{:,}".format)
    needed = _range([task.items_needed for task in plan.tasks], round_items)
    return (
        f"{head}; {percent(plan.power)} needs about {needed} items of each task (now {now}; "
        f"{inline(most.task, NAME_WIDTH)} {takes})"
    )


def _range(items: Sequence[float], show: Callable[[float], str]) -> str:
    low, high = show(min(items)), show(max(items))
    return low if low == high else f"{low} to {high}"


def render_plan_json(plan: GatePlan) -> str:
    """Return the plan as strict JSON; infinite and undefined numbers are null."""
    data = {key: value for key, value in asdict(plan).items() if key != "wording"}
    return dump_json({**data, "versions": {"caopd_bench": __version__}})


def percent(chance: float) -> str:
    """Format a probability that is estimated from a few hundred draws.

    Examples
    --------
    >>> [percent(chance) for chance in (0.0, 0.004, 0.43, 0.999, 1.0)]
    ['under 1 %', 'under 1 %', '43 %', 'over 99 %', 'over 99 %']
    """
    if chance < 0.01:
        return "under 1 %"
    return "over 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def _explain(plan: GatePlan) -> Iterator[str]:
    """Yield the assumptions behind the headline, and the obstacles to PASS at any noise."""
    ways = [_way(task) for task in plan.tasks]
    yield (
        f"  equal models: {plan.draws} candidates simulated from the reference's own rows, in "
        f"which {'; or '.join(dict.fromkeys(ways))}"
    )
    yield from (f"  {line}" for line in warn_of_no_room(plan))
    several = len(plan.tasks) > 1
    for task in plan.tasks:
        place = f"{inline(task.task, NAME_WIDTH)}: " if several else ""
        if task.items < plan.min_items:
            yield (
                f"  {place}{task.items:,} items, but the policy requires {plan.min_items:,} "
                "(min_items); with fewer, nothing is decided"
            )
        for cell in task.cells:
            if cell.reason or math.isinf(cell.items_needed):
                yield f"  {place}{_obstacle(cell, plan)}"
    is_short = any(t.items_needed > t.items and not t.is_sampled for t in plan.tasks)
    if is_short and plan.wording.is_stated:
        yield (
            "  with several samples of each question (_sc8) or wider margins, fewer questions are "
            "needed"
        )


def _way(task: TaskPlan) -> str:
    """Describe how equal candidates of a task are simulated, and the assumptions."""
    way = (
        ("all samples are drawn again")
        if task.is_sampled
        else "60 % of the items are answered again"
    )
    if task.is_measured:
        return f"{way}, with the noise scaled to that of a measured rerun"
    return way if task.is_sampled else f"{way} (an assumption; baseline init --aa measures it)"


def warn_of_no_room(plan: GatePlan) -> list[str]:
    """List the numbers of the reference that cannot get worse by their margin."""
    return [
        f"{line}: the gate cannot detect such a loss"
        for line in describe_no_room(plan.no_room, len(plan.tasks))
    ]


def _obstacle(cell: CellPlan, plan: GatePlan) -> str:
    """Explain why a number blocks PASS at any noise, and name the remedy."""
    why = inline(plan.wording.reword(cell.reason), WARNING_WIDTH)
    if math.isfinite(cell.items_needed):
        return (
            f"{_name(cell)}: cannot be computed in every run with these items ({why}), which "
            f"blocks PASS; about {round_items(cell.items_needed)} items of the task would be "
            "enough"
        )
    if cell.reason:
        return (
            f"{_name(cell)}: cannot be computed ({why}), even with many more items of this kind, "
            "which leads to exit code 3: use harder or easier items, or leave this number out of "
            "the policy"
        )
    return (
        f"{_name(cell)}: the reference itself is not within {cell.rule} {cell.limit:g}, so a model "
        "equal to it cannot PASS, whatever the number of items"
    )


def _row(cell: CellPlan) -> list[str]:
    limit = f"{cell.limit:g}" if cell.rule == "margin" else f"{cell.rule} {cell.limit:g}"
    never = "none" if math.isinf(cell.items_needed) else round_items(cell.items_needed)
    return [_name(cell), limit, PLAIN.number(cell.moves_by), percent(cell.chance), never]


def _name(cell: CellPlan) -> str:
    group = f"{inline(cell.group, NAME_WIDTH)} " if cell.group else ""
    return f"{group}{label_of(cell.metric)}"
