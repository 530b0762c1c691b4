"""What every rendering of a verdict says: headline, reasons, a row per number, what heads mean."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from caopd_bench.gate_policy import Policy
from caopd_bench.gate_result import GateCell, GateResult
from caopd_bench.metrics.degradation import CELLS
from caopd_bench.table import LABELS
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = [
    "Section",
    "explain",
    "footnotes",
    "headline",
    "heads",
    "label",
    "label_of",
    "round_items",
    "said",
    "sections",
    "title",
    "values",
]

#: Within this many standard errors of a rerun, a change is what a rerun does.
RERUN_REACH = 1.96
#: Of the items whose correctness did not change.
UNCHANGED = ("auroc", "strict_auroc")
MOST = 5  # reasons in the headline, and lines of a kind


@dataclass(frozen=True, slots=True)
class Section:
    """The numbers of one task or group that have the same say.

    Attributes
    ----------
    task : str
    group : str or None
    tier : str
        "gate" or "advisory".
    cells : Sequence of GateCell
    """

    task: str
    group: str | None
    tier: str
    cells: Sequence[GateCell]


def headline(result: GateResult) -> str:
    """Say the verdict and why in a sentence; its first word is the verdict."""
    gated = [cell for cell in result.cells if cell.tier == "gate"]
    against = f"{result.candidate} against {result.reference}"
    if result.outcome == "FAIL":
        failed = [cell for cell in gated if cell.outcome == "FAIL"]
        reasons = [_reason(cell, result) for cell in failed[:MOST]]
        more = len(failed) - len(reasons)
        reasons += [f"and {more} more numbers"] if more else []
        return f"FAIL  {against}: worse than allowed, and not by chance: {'; '.join(reasons)}"
    if result.outcome == "PASS":
        one = "the number that counts is shown to be within its limit"
        every = f"all {len(gated)} numbers are shown to be within their limits"
        return f"PASS  {against}: {one if len(gated) == 1 else every}"
    if result.too_few:
        asked = result.policy.min_items
        has = ", ".join(f"{task} has {items:,}" for task, items in result.too_few.items())
        return (
            f"INCONCLUSIVE  {against}: nothing is decided with so few items: {has}, and the policy "
            f"asks for {asked:,} (min_items)"
        )
    passed = sum(cell.outcome == "PASS" for cell in gated)
    lacking = sum(bool(cell.reason) for cell in gated)
    open_ = len(gated) - passed - lacking
    parts = [f"{open_} undecided"] if open_ else []
    parts += [f"{lacking} not computed"] if lacking else []
    return (
        f"INCONCLUSIVE  {against}: shown neither to be as good nor to be worse: {passed} of "
        f"{len(gated)} numbers {'is' if passed == 1 else 'are'} shown to be within limits, "
        f"{' and '.join(parts)}"
    )


def explain(result: GateResult) -> list[str]:
    """Say what a verdict that is no PASS or FAIL would take, and what its exit code is.

    Of a FAIL, which numbers had no part in it, and why.
    """
    if result.outcome == "FAIL":
        lines = [
            f"{_place(cell, result)}{label(cell)}: not computed ({cell.reason})"
            for cell in result.cells
            if cell.tier == "gate" and cell.reason
        ]
        more = len(lines) - 2 * MOST
        return [*lines[: 2 * MOST], f"and {more} more such lines"] if more > 0 else lines
    if result.outcome != "INCONCLUSIVE":
        return []
    open_cells = [c for c in result.cells if c.tier == "gate" and c.outcome == "INCONCLUSIVE"]
    places: dict[tuple[str, str | None], list[GateCell]] = {}
    for cell in open_cells:
        places.setdefault((cell.task, cell.group), []).append(cell)
    lines = [line for cells in places.values() for line in _what_decides(cells, result)]
    shown = lines[: 2 * MOST]
    if len(shown) < len(lines):
        shown.append(f"and {len(lines) - len(shown)} more such lines")
    if result.exit_code == 0:
        shown.append(
            "NOTHING WAS DECIDED; the exit code is 0 because the policy says on_inconclusive: warn"
        )
    return shown


def _what_decides(cells: Sequence[GateCell], result: GateResult) -> Iterator[str]:
    """Say of the open numbers of one task or group what is known, and how many items decide."""
    first = cells[0]
    place = _place(first, result)
    for cell in cells:
        if cell.reason:
            yield f"{place}{label(cell)}: not computed ({cell.reason}), which blocks PASS"
        elif cell.worse_by > _margin(cell):
            yield f"{place}{label(cell)}: worse than allowed as estimated, which may be chance"
    most = max(cells, key=lambda cell: _or_none(cell.items_needed))
    if not math.isfinite(most.items_needed):
        yield (
            f"{place}no number of such items is known to decide: {label(most)} {_why_never(most)}"
        )
        return
    samples = "" if first.task.endswith("_sc8") else "; or several samples of each (_sc8)"
    lacking = [label(cell) for cell in cells if cell.reason]
    numbers = ", of the numbers that are computed" if lacking else ""
    more = f"; how many {' and '.join(lacking)} would take is not known from this run"
    yield (
        f"{place}about {round_items(most.items_needed)} items would decide with a chance of 80 %"
        f"{numbers}, if the candidate is what it seems (now {most.items:,}; {label(most)} takes "
        f"most){more if lacking else ''}{samples}; how many a model equal to the reference takes: "
        "caopd-bench gate --plan"
    )


def _why_never(cell: GateCell) -> str:
    if cell.reason:
        return "cannot be computed"
    return "is at its limit, or confidences that are missing now could take it there"


def _or_none(items: float) -> float:
    return math.inf if math.isnan(items) else items


def sections(result: GateResult) -> list[Section]:
    """Group the numbers: what decides first, whole tasks before their groups."""
    found: dict[tuple[str, str, str | None], list[GateCell]] = {}
    for cell in result.cells:
        found.setdefault((cell.tier, cell.task, cell.group), []).append(cell)
    ordered = sorted(found, key=lambda key: (key[0] != "gate", key[2] is not None))
    return [Section(task, group, tier, found[tier, task, group]) for tier, task, group in ordered]


def title(section: Section, policy: Policy) -> tuple[str, str]:
    """Give the name of a table, and what its numbers rest on."""
    name = f"{section.task} {section.group or ''}".strip()
    items = max(cell.items for cell in section.cells)
    clusters = max(cell.clusters for cell in section.cells)
    key = policy.cluster_of(section.task)
    shown = f"{items:,} items"
    if key is not None:
        shown += f" in {clusters:,} clusters by {inline(key, NAME_WIDTH)}"
    return name, shown if section.tier == "gate" else f"{shown}, shown only"


def heads(policy: Policy) -> tuple[str, ...]:
    """Name the columns of a table."""
    limit = f"{100 * policy.confidence:g}% limit"
    return ("", "reference", "candidate", "worse by", limit, "allowed", "verdict")


def values(cell: GateCell) -> list[str]:
    """Give the row of one number, without its verdict."""
    limit = f"{cell.limit:g}" if cell.rule == "margin" else f"{cell.rule} {cell.limit:g}"
    return [
        label(cell),
        _number(cell.reference, cell),
        _number(cell.candidate, cell),
        _signed(cell.worse_by),
        _signed(cell.upper),
        limit,
    ]


def said(cell: GateCell, result: GateResult) -> str:
    """Say what one number says."""
    if cell.reason:
        return "not computed"
    if cell.tier == "gate" and cell.task in result.too_few:
        return "too few items"
    beyond = "WORSE" if cell.rule == "margin" else "BEYOND"
    words = {"PASS": "ok", "FAIL": beyond, "INCONCLUSIVE": "undecided"}[cell.outcome]
    if math.isfinite(cell.rerun_error) and cell.worse_by > 0.0:
        within = cell.worse_by <= RERUN_REACH * cell.rerun_error
        words += ", within rerun noise" if within else ", beyond rerun noise"
    return words


def footnotes(result: GateResult) -> list[str]:
    """Say what the heads of the tables mean, as far as they occur."""
    percent = f"{100 * result.policy.confidence:g}%"
    lines = [
        f"worse by: negative is better; {percent} limit: worse by so much at most, with "
        f"{percent} confidence for each number by itself"
    ]
    margins = [cell for cell in result.cells if cell.rule == "margin"]
    if any(cell.rule != "margin" for cell in result.cells):
        lines.append("of max and min, worse by is how far the candidate is beyond them")
    unchanged = [c for c in margins if c.metric in UNCHANGED]
    if unchanged:
        names = dict.fromkeys(label_of(cell.metric) for cell in unchanged)
        lines.append(
            f"{' and '.join(names)}: of the items whose correctness did not change, so not what "
            "`score` shows"
        )
    if any(cell.metric == "strict_auroc" for cell in margins):
        lines.append(
            "strict AUROC: a wrong answer that is stated as surely as the surest quarter of the "
            "reference's answers loses to every right one"
        )
    if any(_is_of_both_sides(cell, result.policy) for cell in margins):
        lines.append("overconfidence gap: worse by the change of its size (direction: both)")
    others = dict.fromkeys(label_of(c.metric) for c in margins if c.metric not in CELLS)
    if others:
        lines.append(f"{', '.join(others)}: of the rows that both runs parse")
    return lines


def label(cell: GateCell) -> str:
    """Name a number as the tables do."""
    return label_of(cell.metric)


def label_of(metric: str) -> str:
    """Name a metric as the tables do.

    Examples
    --------
    >>> label_of("brier"), label_of("strict_auroc"), label_of("smooth_ece")
    ('Brier', 'strict AUROC', 'smooth ECE')
    """
    words = metric.replace("_", " ").replace("auroc", "AUROC").replace("ece", "ECE")
    return LABELS.get(metric, words).strip()


def round_items(items: float) -> str:
    """Round up to two digits: the number rests on an estimate.

    Examples
    --------
    >>> round_items(78.2), round_items(1316.0)
    ('79', '1,400')
    """
    step = 10 ** max(int(math.log10(items)) - 1, 0)
    return f"{math.ceil(items / step) * step:,}"


def _is_of_both_sides(cell: GateCell, policy: Policy) -> bool:
    if cell.metric != "overconfidence_gap":
        return False
    return policy.limits(cell.task)[cell.metric].direction == "both"


def _margin(cell: GateCell) -> float:
    return cell.limit if cell.rule == "margin" else 0.0


def _reason(cell: GateCell, result: GateResult) -> str:
    place = f"{_place(cell, result)}{label(cell)}"
    if cell.rule != "margin":
        return f"{place} {_number(cell.candidate, cell)}, {cell.rule} {cell.limit:g}"
    return (
        f"{place} {_number(cell.reference, cell)} to {_number(cell.candidate, cell)}, worse by "
        f"{cell.worse_by:.3f}, margin {cell.limit:g}"
    )


def _place(cell: GateCell, result: GateResult) -> str:
    several = len({c.task for c in result.cells}) > 1
    where = f"{cell.task} {cell.group}" if several and cell.group else cell.group or ""
    where = where or (cell.task if several else "")
    return f"{where}: " if where else ""


def _number(value: float, cell: GateCell) -> str:
    sign = "+" if cell.metric == "overconfidence_gap" else ""
    return "-" if math.isnan(value) else f"{value:{sign}.3f}"


def _signed(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:+.3f}"
