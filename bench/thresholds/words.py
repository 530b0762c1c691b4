"""The output of `caopd-bench threshold`: the cut, the numbers, the promise and its limits."""

from __future__ import annotations

import math
from collections.abc import Iterator

from caopd_bench.core.numbers import COMPARED
from caopd_bench.core.terminal import NAME_WIDTH, align, inline
from caopd_bench.runs.confidence_of import wording_of
from caopd_bench.runs.run import AnyRun, CountedRun
from caopd_bench.scores.notes import has_item_names, is_logged
from caopd_bench.thresholds.cut import Cut
from caopd_bench.thresholds.promise import Promise

__all__ = ["describe_limits", "percent", "render_outcome", "render_promise", "show_cut"]

#: At most this many groups have their reason printed.
SHOWN = 10


def render_outcome(made: Promise, kind: str, run: AnyRun) -> str:
    """Render the outcome and its numbers for all answers, or one line per group.

    The run must not be mapped yet.
    """
    if made.by is not None:
        return _render_groups(made, kind)
    one = made.cuts[0]
    lines = [f"  {_say_outcome(made, one, kind)}"]
    if one.outcome == "CERTIFIED":
        lines += ["", *_render_numbers(made, one, kind)]
        if made.map is not None:
            lines.append(f"  {_say_stated(made, run)}")
    needed = _say_needed(one)
    if needed:
        lines.append(f"  {needed}")
    return "\n".join(lines)


def render_promise(made: Promise, kind: str) -> str:
    """Render the promise: its content, the answers covered, its level, and what invalidates it."""
    if made.outcome != "CERTIFIED":
        return ""
    limit = _limits(made)
    if made.form == "cost":
        limit += " (above it a review is cheaper)"
    kept = (
        f"those with a {kind} of {_or_more(made.cut)}"
        if made.by is None
        else f"those kept in each {inline(made.by, NAME_WIDTH)} with a cut"
    )
    return (
        "  The promise: among answers to questions drawn like these, by this model, asked in this "
        f"way,\n  at most {limit} of {kept} are wrong.\n"
        f"  Of promises made like this at most {percent(1.0 - made.level)} are broken. Other "
        "questions, another model, prompt or sampling, and a\n  choice among several limits or "
        "levels by their outcome void it."
    )


def describe_limits(made: Promise, run: AnyRun) -> Iterator[str]:
    """Yield limitations of the rows that a reader of the promise should know."""
    counts = run.count(made.task)
    absent = counts.n - counts.n_parsed
    if absent:
        some = "1 answer has" if absent == 1 else f"{absent:,} answers have"
        yield (
            f"{some} no usable confidence; such answers are never kept, and count in the coverage "
            "but not in the risk"
        )
    clusters = counts.filled.clusters
    if clusters is not None:
        yield (
            f"{clusters.labels.size:,} questions, {counts.n:,} answers: questions are treated as "
            "independent, answers to one question are not"
        )
    elif _is_nameless(run, made.task):
        yield (
            "the rows have no item column, so each is treated as the answer to a different "
            "question; if questions repeat, identify them in a column called item"
        )
    if made.map is not None:
        yield (
            "if the map was fitted to some of these rows, the promise is void; this is only "
            "detected if all rows are the same"
        )
    if made.by is not None:
        left = counts.n - sum(one.n for one in made.cuts)
        if left:
            yield f"{left:,} of {counts.n:,} rows have no {inline(made.by)}, and are never kept"


def show_cut(value: float) -> str:
    """Write a cut with all its digits, since a rounded copy would keep different answers.

    Examples
    --------
    >>> show_cut(0.95), show_cut(1.0), show_cut(0.6838235294117647)
    ('0.95', '1', '0.6838235294117647')
    """
    return repr(value).removesuffix(".0")


def percent(share: float) -> str:
    """Write a share as a percentage.

    Examples
    --------
    >>> percent(0.05), percent(1 - 0.95), percent(0.08148), percent(0.0005), percent(0.9995)
    ('5%', '5%', '8.15%', '0.05%', '99.95%')
    """
    return f"{100.0 * share:.{3 if share < 0.995 else 5}g}%"


def _or_more(cut: float) -> str:
    return show_cut(cut) if cut == 1.0 else f"{show_cut(cut)} or more"


def _say_outcome(made: Promise, one: Cut, kind: str) -> str:
    if one.outcome == "CERTIFIED" and made.form == "min-coverage":
        share = percent(made.asked["min_coverage"])
        return (
            f"CERTIFIED: the cut that keeps {share} or more of the answers keeps those with a "
            f"{kind} of {_or_more(one.cut)}; at most {percent_up(one.max_risk)} of them are wrong"
        )
    if one.outcome == "CERTIFIED":
        return f"CERTIFIED: act alone on answers with a {kind} of {_or_more(one.cut)}"
    limit = f" at a risk of {percent(one.max_risk)}" if made.form == "max-risk" else ""
    return f"{one.outcome}{limit}: {inline(one.reason)}"


def _render_numbers(made: Promise, one: Cut, kind: str) -> list[str]:
    n_wrong = round(one.risk * one.n_kept)
    level = percent(one.level)
    table = [
        ["cut", show_cut(one.cut), f"on the {kind}; answers at or above it are kept"],
        [
            "coverage",
            f"{_number(one.coverage)} {COMPARED.limits(one.coverage_low, one.coverage_high)}",
            f"{one.n_kept:,} of all {one.n:,} answers are kept, with {level} limits",
        ],
        ["risk", _risk(one), f"{n_wrong:,} of the {one.n_kept:,} kept are wrong"],
    ]
    if not math.isnan(one.cost):
        bound = f" [{level} below {_number(one.cost_bound)}]"
        human = f"{made.asked['cost_human']:g}"
        meaning = (
            f"mean cost of answers with a usable confidence; {human} if a person reviews every "
            "answer"
        )
        table.append(["cost", f"{_number(one.cost)}{bound}", meaning])
    return align(table)


def _render_groups(made: Promise, kind: str) -> str:
    """Render one line per group, and the reasons why some have no cut."""
    level = percent(made.cuts[0].level)
    head = [
        inline(made.by, NAME_WIDTH),
        "outcome",
        "cut",
        "answers",
        "kept",
        f"coverage [{level}]",
        f"risk [{level} below]",
    ]
    table, notes = [head], []
    for one in made.cuts:
        label = inline(str(one.group), NAME_WIDTH)
        is_certified = one.outcome == "CERTIFIED"
        table.append(
            [
                label,
                one.outcome,
                show_cut(one.cut) if is_certified else "-",
                f"{one.n:,}",
                f"{one.n_kept:,}",
                f"{_number(one.coverage)} {COMPARED.limits(one.coverage_low, one.coverage_high)}"
                if is_certified
                else "-",
                _risk(one) if is_certified else "-",
            ]
        )
        if not is_certified:
            needed = _say_needed(one)
            notes.append(
                f"  {head[0]} {label}: {inline(one.reason)}{f'; {needed}' if needed else ''}"
            )
    n, kept = sum(one.n for one in made.cuts), sum(one.n_kept for one in made.cuts)
    wrong = sum(round(one.risk * one.n_kept) for one in made.cuts if one.n_kept)
    lines = align(table)
    if kept:
        lines.append(
            f"  together: {kept:,} of {n:,} answers are kept ({percent(kept / n)}), {wrong:,} of "
            f"them wrong ({percent(wrong / kept)})"
        )
    lines.append(
        f"  each of the {len(made.cuts):,} groups at {level}, so that all promises hold together "
        f"at {percent(made.level)}; the cuts are on the {kind}"
    )
    more = len(notes) - SHOWN
    return "\n".join([*lines, *notes[:SHOWN], *([f"  and {more:,} more"] if more > 0 else [])])


def _say_needed(one: Cut) -> str:
    if one.outcome != "INCONCLUSIVE" or not one.n_parsed or not one.method:
        return ""
    if one.items_needed is None:
        return "more answers like these would not help: no cut has an observed risk below the limit"
    units = "answers" if one.clusters is None else "questions"
    have = one.n if one.clusters is None else one.clusters
    return (
        f"about {one.items_needed:,} {units} like these would show one with 80% power; these are "
        f"{have:,}"
    )


def _limits(made: Promise) -> str:
    """Format the risk limit; if the groups have different computed limits, the largest."""
    found = [one.max_risk for one in made.cuts if one.outcome == "CERTIFIED"]
    return percent_up(max(found))


def percent_up(share: float) -> str:
    """Write an upper limit as a percentage, rounded up.

    Examples
    --------
    >>> percent_up(0.05), percent_up(0.081412), percent_up(0.0005)
    ('5%', '8.15%', '0.05%')
    """
    step = 10.0 ** (math.floor(math.log10(share)) - 2)
    return percent(math.ceil(share / step * (1.0 - 1e-12)) * step)


def _risk(one: Cut) -> str:
    if math.isnan(one.risk_bound):
        return _number(one.risk)
    return f"{_number(one.risk)} [{percent(one.level)} below {_number(one.risk_bound)}]"


def _number(value: float) -> str:
    return COMPARED.number(value)


def _say_stated(made: Promise, run: AnyRun) -> str:
    """Describe the confidences that `keep` takes, with the lowest one that it keeps."""
    kind = wording_of(run, made.task).name
    parsed = run.count(made.task).parsed
    kept = () if parsed is None else parsed.values[made.keep(parsed.values)].tolist()
    lowest = f"; of these rows, {show_cut(kept[0])} and above" if kept else ""
    return f"keep() takes the {kind} and applies the map{lowest}"


def _is_nameless(run: AnyRun, task: str) -> bool:
    """Return whether the rows have no question names."""
    settings = run.settings(task)
    if isinstance(run, CountedRun):
        columns = (settings.get("source") or {}).get("columns") or {}
        return not columns.get("item")
    return not has_item_names(run, task) and not is_logged(settings)
