"""The output of a look: one screen of text, and the same as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict

from caopd_bench.core.deliver import dump_json
from caopd_bench.core.terminal import NAME_WIDTH, align, inline
from caopd_bench.watch.evidence import Alarm
from caopd_bench.watch.look import Look
from caopd_bench.watch.tallies import Day

__all__ = [
    "LARGE",
    "VERDICTS",
    "describe_alarm",
    "describe_coverage",
    "describe_missing",
    "notes",
    "render",
    "say_bounds",
    "say_evidence",
    "to_json",
]

#: From this share of missing outcomes on, they get a separate line.
LARGE = 0.2
VERDICTS = {
    "NO ALARM": "no evidence that the promise is broken",
    "NO OUTCOMES": "no kept answer has a known outcome, so there is no conclusion yet",
    "SUSPECT": "the known outcomes indicate a broken promise, but the missing ones could reverse "
    "that",
    "ALARM": "raised; it stays until --restart or another threshold",
}


def render(look: Look) -> Iterator[str]:
    """Yield the blocks of text."""
    promise, total, state = look.promise, look.total, look.state
    cut = f"cut {promise.cut:.10g}" if promise.by is None else f"a cut for each {promise.by}"
    yield (
        f"{look.verdict}: {VERDICTS[look.verdict]}\n"
        f"  {inline(promise.task, NAME_WIDTH)}: {inline(cut, NAME_WIDTH)} from "
        f"{inline(promise.source or 'a threshold', NAME_WIDTH)}, look {state.looks:,}, "
        f"{look.rows:,} new rows"
    )
    for name, raised in state.alarms.items():
        said = inline(raised.said, 300)
        yield f"  {inline(name, NAME_WIDTH)}: ALARM since {inline(raised.day)}: {said}"
    yield "\n" + "\n".join(align([*_table(look.alarms)]))
    yield f"  {_explain(look)}\n"
    yield "  " + describe_coverage(look, total)
    yield "  " + describe_missing(total)
    for note in notes(look):
        yield f"  note: {note}"


def _table(alarms: list[Alarm]) -> Iterator[list[str]]:
    yield [
        "", "state", "known outcomes", "with missing outcomes", "alarm if", "evidence", "known",
        "missing",
    ]  # fmt: skip
    for alarm in alarms:
        yield [
            inline(alarm.name, 40),
            alarm.verdict.name,
            f"{_number(alarm.estimate)} {_limits(alarm.low, alarm.high)}".strip(),
            _limits(alarm.sure_low, alarm.sure_high),
            say_bounds(alarm),
            say_evidence(alarm),
            f"{alarm.known:,}",
            f"{alarm.missing:,}",
        ]


def say_evidence(alarm: Alarm) -> str:
    """Return the relevant evidence as a share of the amount that raises an alarm."""
    if math.isnan(alarm.needed):
        return "-"
    return f"{_share(alarm.evidence, alarm)} / {_share(alarm.sure_evidence, alarm)}"


def _share(evidence: float, alarm: Alarm) -> str:
    return f"{max(evidence, 0.0) / alarm.needed:.0%}"


def _explain(look: Look) -> str:
    lot = "known" if look.options.is_random else "missing at their best"
    return (
        "evidence: from the known outcomes / with the missing outcomes at their best, as a share "
        f"of what an alarm\n  needs; {lot} decides. Intervals hold at every look, each at "
        f"{1.0 - look.options.error:.0%}; any false alarm, ever: at most {look.options.error:.2%}"
    )


def say_bounds(alarm: Alarm) -> str:
    """Describe the limits whose violation raises an alarm."""
    if math.isnan(alarm.limit_high):
        return "-"
    above = f"above {alarm.limit_high:.3f}"
    if math.isnan(alarm.limit_low):
        return above
    return f"{above} or below {alarm.limit_low:.3f}"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _limits(low: float, high: float) -> str:
    return "-" if math.isnan(low) else f"[{low:.3f}, {high:.3f}]"


def describe_alarm(alarm: Alarm) -> str:
    """Return the sentence for a raised alarm."""
    if alarm.sure_evidence >= alarm.needed:
        missing = (f"even if all {alarm.missing:,} missing outcomes are at their best") * bool(
            alarm.missing
        )
        said = missing or "no outcome is missing"
    else:
        said = f"{alarm.missing:,} outcomes are missing, declared to be missing at random"
    return (
        f"{alarm.estimate:.3f} {_limits(alarm.low, alarm.high)} of {alarm.known:,} known, "
        f"{say_bounds(alarm)}; {said}"
    )


def describe_coverage(look: Look, total: Day) -> str:
    """Describe the share of kept answers, compared with the rows of the promise."""
    if not total.rows:
        return "no answers yet"
    kept = f"{int(total.kept.rows):,} of {int(total.rows):,} answers are kept"
    cut = look.promise.cuts[0]
    was = f", {cut.coverage:.1%} on the rows of the threshold" if look.promise.by is None else ""
    bare = f"; {int(total.unparsed):,} have no usable confidence" if total.unparsed else ""
    return f"{kept} ({total.coverage:.1%}{was}){bare}"


def describe_missing(total: Day) -> str:
    """Describe the uncertainty from missing outcomes."""
    kept = total.kept
    if not kept.rows:
        return "no answer is kept yet, so there is no risk"
    missing, wrong = kept.missing, kept.wrong
    if not missing:
        return "the outcomes of all kept answers are known"
    best, worst = wrong / kept.rows, (wrong + missing) / kept.rows
    said = (
        f"{int(missing):,} kept answers ({missing / kept.rows:.1%}) have no outcome: the risk so "
        f"far is {best:.3f} if these are all right, {worst:.3f} if they are all wrong"
    )
    if missing / kept.rows > LARGE:
        said += "; that is a large share: have a random sample of them checked"
    return said


def notes(look: Look) -> list[str]:
    """List further notes."""
    state, found = look.state, [inline(note, 300) for note in look.notes]
    for alarm in look.alarms:
        if alarm.verdict.name == "unwatched":
            found.append(f"{inline(alarm.name, 40)} is not watched: {alarm.verdict.why}")
    if state.strays:
        found.append(f"outcomes that match no pending answer and do not count: {state.strays:,}")
    if state.repeated:
        found.append(
            "repeated rows of a pending answer, still without an outcome, not counted: "
            f"{state.repeated:,}; if they are different answers, give each its own id"
        )
    if state.given_up:
        found.append(
            f"answers no longer pending, whose outcome counts as missing: {state.given_up:,}"
        )
    if state.pending:
        found.append(f"pending answers, waiting for their outcome: {len(state.pending):,}")
    return found


def to_json(look: Look) -> str:
    """Return the look as plain values for JSON."""
    total = look.total
    return dump_json(
        {
            "kind": "caopd-bench look",
            "format": 1,
            "verdict": look.verdict,
            "task": look.promise.task,
            "look": look.state.looks,
            "new_rows": look.rows,
            "options": asdict(look.options),
            "raised": {name: one._asdict() for name, one in look.state.alarms.items()},
            "alarms": [
                {
                    **{key: value for key, value in asdict(one).items() if key != "verdict"},
                    "state": one.verdict.name,
                    "why": one.verdict.why,
                    "missing": one.missing,
                }
                for one in look.alarms
            ],
            "answers": int(total.rows),
            "kept": int(total.kept.rows),
            "unparsed": int(total.unparsed),
            "coverage": total.coverage,
            "notes": notes(look),
        }
    )
