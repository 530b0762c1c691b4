"""Render the claims of an analysis as text, each with its verdict and the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from caopd_bench.sweep.analysis.judge import Judged, find_closest, overall
from caopd_bench.sweep.analysis.numbers import Summary
from caopd_bench.sweep.analysis.spec import ANALYSIS, Analysis, Claim

__all__ = ["render_claims", "say_claim", "say_saturated", "show"]

VERDICTS = {"holds": "**Holds**", "fails": "**Fails**", "open": "**Open**"}
#: A sentence lists at most this many numbers; of a longer list it shows the first and the last.
MOST_SAID = 3
#: Metrics that equal 1 - accuracy for a model that always states a confidence of 1.
ERRORS = ("overconfidence_gap", "ece", "brier")


def render_claims(summary: Summary) -> Iterator[str]:
    """Yield the lines of all claims; claims of the same fact follow the one that is counted."""
    a, missing = summary.analysis, summary.gathered.missing
    if not a.claims:
        return
    facts = [claim for claim in a.claims if claim.same_as is None]
    judged = {claim.id: summary.judge(claim) for claim in a.claims}
    counted = _say_counted([judged[claim.id] for claim in facts], missing)
    yield "## What it shows"
    yield ""
    yield (
        f"As [{ANALYSIS}]({ANALYSIS}) states it, whichever way it fell: {counted}. "
        f"{_say_unit(summary)}"
    )
    yield ""
    for fact in facts:
        yield _say(fact, judged[fact.id], summary, missing)
        for same in (claim for claim in a.claims if claim.same_as == fact.id):
            line = _say(same, judged[same.id], summary, missing)
            yield f"  (The same fact: {line.removeprefix('- ')})"


def say_claim(
    claim: Claim, judged: Sequence[Judged], analysis: Analysis, *, missing: int, note: str = ""
) -> str:
    """Return a claim as text, with its verdict and the numbers behind it."""
    verdict = overall(judged)
    shown = VERDICTS[verdict]
    if missing and verdict == "holds":  # the missing cells may still make it fail
        shown = "**Open** so far"
    count = _count(judged) if sum(bool(j.at) for j in judged) > 1 else ""
    named = f"{claim.metric} of {' − '.join(map(analysis.call, claim.of))}"
    if claim.slope:
        named = f"slope of {claim.metric} under {analysis.call(claim.slope)}"
    said = _say_numbers(claim, judged)
    source = f" ({claim.source})" if claim.source else ""
    more = f" {note}" if note else ""
    return (
        f"- {shown}{count}: {claim.says}{source}. {named}, expected {claim.expect}: {said}.{more}"
    )


def say_saturated(series: Sequence[str], summary: Summary) -> str:
    """Explain that the errors of series that always state 1 equal 1 - accuracy."""
    if not series:
        return ""
    names = ", ".join(map(summary.analysis.call, series))
    return (
        f"Mean confidence under {names} is 1.000 at every size, so {', '.join(ERRORS[:-1])} and "
        f"{ERRORS[-1]} are 1 − accuracy"
    )


def show(value: float) -> str:
    """Format a number with its sign; zero is never shown as negative."""
    return f"{round(value, 3) + 0.0:+.3f}" if value == value else "undefined"


def _say(claim: Claim, judged: Sequence[Judged], summary: Summary, missing: int) -> str:
    if not judged:
        return f"- **Not measured**: {claim.says}."
    note = ""
    if claim.slope and claim.metric in ERRORS and summary.is_sure(claim.slope):
        of_accuracy = summary.slope(claim.slope, "accuracy").limits.estimate
        note = say_saturated([claim.slope], summary)
        note += f": this slope is minus that of accuracy ({show(of_accuracy)})."
    return say_claim(claim, judged, summary.analysis, missing=missing, note=note)


def _say_counted(judged: Sequence[Sequence[Judged]], missing: int) -> str:
    """Count the claims that hold, fail or are open; none holds before the sweep is finished."""
    measured: list[str] = [overall(one) for one in judged if one]
    if missing:
        measured = ["open" if verdict == "holds" else verdict for verdict in measured]
    said = []
    for verdict, one, many in (
        ("holds", "holds", "hold"),
        ("fails", "fails", "fail"),
        ("open", "is open", "are open"),
    ):
        if number := measured.count(verdict):
            said.append(f"{number} {one if number == 1 else many}")
    if len(measured) < len(judged):
        said.append(f"{len(judged) - len(measured)} not measured")
    if len(said) == 1 and len(judged) > 1:
        verdict = said[0].split(" ", 1)[1]
        return f"{'both' if len(judged) == 2 else f'all {len(judged)}'} claims {verdict}"
    listed = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
    return f"of {len(judged)} claim{'s' if len(judged) > 1 else ''} {listed}"


def _count(judged: Sequence[Judged]) -> str:
    """Count the sizes at which a claim holds, fails or is open."""
    verdicts = [one.verdict for one in judged]
    if len(set(verdicts)) == 1:
        return " at both sizes" if len(judged) == 2 else f" at all {len(judged)} sizes"
    said = ", ".join(f"{v} at {verdicts.count(v)}" for v in VERDICTS if v in verdicts)
    return f" ({said} of {len(judged)} sizes)"


def _say_numbers(claim: Claim, judged: Sequence[Judged]) -> str:
    """List the numbers; if there are many, the first, the last and those behind the verdict."""
    if len(judged) <= MOST_SAID:
        return ", ".join(map(_say_judged, judged))
    told = [judged[0], judged[-1]]
    said = " … ".join(map(_say_judged, told))
    verdicts = {one.verdict for one in judged}
    if verdicts == {"holds"}:
        closest = find_closest(claim.expect, judged)
        if _show_limits(closest) not in map(_show_limits, told):
            said += f"; closest {_say_judged(closest)}"
    elif len(verdicts) > 1:
        for verdict in ("fails", "open"):
            those = [one for one in judged if one.verdict == verdict]
            named = (one.at if one in told else f"{one.at} {_say_limits(one)}" for one in those)
            said += f"; {verdict} at {', '.join(named)}" if those else ""
    return said


def _say_judged(one: Judged) -> str:
    return f"{_say_limits(one)} at {one.at}" if one.at else _say_limits(one)


def _say_limits(one: Judged) -> str:
    return f"{_show_limits(one)} ({one.unsure})" if one.unsure else _show_limits(one)


def _show_limits(one: Judged) -> str:
    return f"{show(one.estimate)} [{show(one.low)}, {show(one.high)}]"


def _say_unit(summary: Summary) -> str:
    a, found = summary.analysis, summary.gathered
    runs = max((len(folders) for folders in found.folders.values()), default=0)
    bases = max((len(seeds) for seeds in found.bases.values()), default=0)
    seeds = max(
        (len(found.folders[key]) // len(found.bases[key]) for key in found.folders), default=0
    )
    if runs < 2:
        drawn = f"{a.level:.0%} limits of {a.replicates:,} replicates of the items"
        return f"Claims are about single checkpoints ({drawn}), and not about methods."
    units = f"{bases} bases" if bases > 1 else f"{seeds} training seeds"
    said = (
        f"Claims are about methods, and judged by the {a.level:.0%} limits in brackets: Student's "
        f"over the {units}, with the scatter of the items added."
    )
    if bases < 2:
        return f"{said} There is one base: they say nothing about others."
    return said if seeds > 1 else f"{said} Each base was trained once."
