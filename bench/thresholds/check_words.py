"""The content of every rendering of a check: headline, explanations and tables."""

from __future__ import annotations

import math
from collections.abc import Iterator

from caopd_bench.core.numbers import COMPARED
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, align, inline
from caopd_bench.thresholds.check_result import Change, CutCheck, ThresholdCheck

__all__ = [
    "change_heads",
    "change_values",
    "explain",
    "footnotes",
    "headline",
    "heads",
    "name_cut",
    "render_text",
    "said",
    "values",
]

MOST = 5  # limit on the cuts in the headline, and on the lines of one kind
HEADLINE_WIDTH = 600


def headline(result: ThresholdCheck) -> str:
    """Return the verdict and its reason in a sentence; the first word is the verdict."""
    what = f"{result.outcome}  {result.threshold or 'the threshold'} on {result.run}"
    if len(result.cuts) == 1:
        (cut,) = result.cuts
        return f"{what}: {_place(cut, result)}{_sentence(cut, result)}"
    if result.outcome == "PASS":
        return f"{what}: the risk is shown to be within its limit at all {len(result.cuts)} cuts"
    of = [cut for cut in result.cuts if cut.outcome == result.outcome]
    shown = [f"{_place(cut, result)}{_sentence(cut, result)}" for cut in of[:MOST]]
    more = [f"and {len(of) - MOST} more cuts"] if len(of) > MOST else []
    return f"{what}: {'; '.join([*shown, *more])}"


def explain(result: ThresholdCheck) -> list[str]:
    """Return the warnings and, for an INCONCLUSIVE check, what would decide it."""
    lines = [f"WARNING: {line}" for line in result.warnings[: 2 * MOST]]
    hidden = len(result.warnings) - 2 * MOST
    lines += [f"and {hidden} more such lines"] if hidden > 0 else []
    if result.outcome == "INCONCLUSIVE":
        open_ = [cut for cut in result.cuts if cut.outcome == "INCONCLUSIVE"]
        lines += [f"{_place(cut, result)}{_what_decides(cut)}" for cut in open_[:MOST]]
        lines += [f"and {len(open_) - MOST} more cuts"] if len(open_) > MOST else []
    return lines


def heads(result: ThresholdCheck) -> tuple[str, ...]:
    """Return the column heads of the table of cuts."""
    limits = f"{100 * result.level:g}% limits"
    return ("cut", "answers", "kept", "wrong", "risk", limits, "allowed", "verdict")


def values(cut: CutCheck, result: ThresholdCheck) -> list[str]:
    """Return the row of one cut, without its verdict."""
    return [
        name_cut(cut, result),
        f"{cut.n:,}",
        f"{cut.n_kept:,}",
        f"{cut.wrong:,}",
        COMPARED.number(cut.risk),
        COMPARED.limits(cut.low, cut.high),
        f"{cut.max_risk:.4g}",
    ]


def said(cut: CutCheck) -> str:
    """Return the verdict on one cut, in words."""
    return {"PASS": "holds", "FAIL": "BROKEN", "INCONCLUSIVE": "undecided"}[cut.outcome]


def change_heads(result: ThresholdCheck) -> tuple[str, ...]:
    """Return the column heads of the table of other changes."""
    levels = {one.level for cut in result.cuts for one in cut.changes}
    level = f" {100 * levels.pop():.4g}%" if len(levels) == 1 else ""
    return ("shown only", "then", "now", f"change [{level.strip()}]")


def change_values(cut: CutCheck, one: Change, result: ThresholdCheck) -> list[str]:
    """Return the row of one number that does not affect the verdict."""
    is_cost = math.isnan(one.change)
    then = f"at most {COMPARED.number(one.then)}" if is_cost else COMPARED.number(one.then)
    limits = COMPARED.limits(one.low, one.high, signed=not is_cost)
    change = f"now in {limits}" if is_cost else f"{COMPARED.signed(one.change)} {limits}"
    return [f"{_place(cut, result)}{one.name}", then, COMPARED.number(one.now), change]


def footnotes(result: ThresholdCheck) -> Iterator[str]:
    """Yield explanations of the tables."""
    percent = f"{100 * result.level:g}%"
    kind = result.wording.name
    yield (
        f"kept: answers with a {kind} at or above the cut; risk: share of the kept answers that "
        "are wrong"
    )
    several = "" if len(result.cuts) == 1 else "; with several cuts a FAIL is adjusted (Holm)"
    looks = (
        ""
        if result.looks == 1
        else (f"; {result.looks} checks share the probability of a wrong FAIL")
    )
    yield (
        f"{percent} limits: a lower and an upper limit, each with {percent} "
        f"confidence{several}{looks}"
    )
    if any(cut.clusters is not None for cut in result.cuts):
        yield (
            "questions were answered several times; the limits use one answer to each question at "
            "a time"
        )
    if result.form == "cost":
        yield "allowed: the risk at which an answer costs as much as a review"
    if result.form == "min-coverage":
        yield "allowed: the bound found for the requested coverage"


def name_cut(cut: CutCheck, result: ThresholdCheck) -> str:
    """Return the name of a cut: its group and its value."""
    return f"{_place(cut, result)}{result.wording.name} >= {cut.cut:.6g}"


def render_text(result: ThresholdCheck) -> str:
    """Return the verdict, its tables and notes for a terminal; without a final newline."""
    lines = [inline(headline(result), HEADLINE_WIDTH)]
    lines += [f"  {inline(line, WARNING_WIDTH)}" for line in explain(result)]
    lines.append(f"\n{inline(result.task, NAME_WIDTH)}: promised on {_inline(result.made_on)}")
    table = [list(heads(result))]
    table += [[*values(cut, result), said(cut)] for cut in result.cuts]
    lines += align([[_inline(cell) for cell in row] for row in table])
    changed = [change_values(cut, one, result) for cut in result.cuts for one in cut.changes]
    if changed:
        lines.append("")
        table = [list(change_heads(result)), *changed]
        lines += align([[_inline(cell) for cell in row] for row in table])
    lines += ["", *(f"  {inline(line, WARNING_WIDTH)}" for line in footnotes(result))]
    lines += [f"  note: {inline(note, WARNING_WIDTH)}" for note in result.notes]
    return "\n".join(lines)


def _inline(text: str) -> str:
    return inline(text, 2 * NAME_WIDTH)


def _place(cut: CutCheck, result: ThresholdCheck) -> str:
    if result.by is None:
        return ""
    return f"{inline(result.by, NAME_WIDTH)}={inline(cut.group, NAME_WIDTH)}: "


def _sentence(cut: CutCheck, result: ThresholdCheck) -> str:
    if not cut.n_kept:
        return "no answer is kept, so the risk cannot be tested"
    wrong = f"{cut.wrong:,} of {cut.n_kept:,} kept answers are wrong ({cut.risk:.1%})"
    sure = f"with {100 * result.level:g}% confidence"
    allowed = f"{cut.max_risk:.3g} is allowed"
    if cut.outcome == "PASS":
        return f"{wrong}, at most {_up(cut.high)} {sure}; {allowed}"
    if cut.outcome == "FAIL":
        return f"{wrong}, at least {_down(cut.low)} {sure}; {allowed}"
    return f"{wrong}, not shown to be within {cut.max_risk:.3g} or beyond it"


def _up(share: float) -> str:
    return f"{math.ceil(share * 1000 - 1e-9) / 1000:.1%}"


def _down(share: float) -> str:
    return f"{math.floor(share * 1000 + 1e-9) / 1000:.1%}"


def _what_decides(cut: CutCheck) -> str:
    if not cut.n:
        return "no answers; only rows of this group can decide"
    if not cut.n_kept:
        return "nothing is kept, so the number of answers needed cannot be estimated"
    unit, now = ("answers", cut.n) if cut.clusters is None else ("questions", cut.clusters)
    if cut.items_needed is None:
        return f"more {unit} like these may not decide: the risk is at its limit"
    to = "PASS" if cut.risk < cut.max_risk else "FAIL"
    return (
        f"about {_round_up(cut.items_needed)} {unit} in total would show it ({to}) with 80 % "
        f"power, if {cut.risk:.1%} of the kept answers are wrong and {cut.n_kept / cut.n:.1%} are "
        f"kept, as now ({now:,})"
    )


def _round_up(items: int) -> str:
    """Round up to two digits: the number rests on an estimate.

    Examples
    --------
    >>> _round_up(79), _round_up(1316)
    ('79', '1,400')
    """
    step = 10 ** max(int(math.log10(items)) - 1, 0)
    return f"{math.ceil(items / step) * step:,}"
