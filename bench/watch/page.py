"""Render a look as one HTML page in the style of the report, without resources or scripts."""

from __future__ import annotations

from caopd_bench._version import __version__
from caopd_bench.core.terminal import inline
from caopd_bench.report.page.document import Section, render_document
from caopd_bench.report.page.markup import number, row, table, text
from caopd_bench.report.page.vector import to_inline_svg
from caopd_bench.watch.drawing import Point, draw_days, points_of
from caopd_bench.watch.look import Look
from caopd_bench.watch.words import (
    VERDICTS,
    describe_coverage,
    describe_missing,
    notes,
    say_bounds,
    say_evidence,
)

__all__ = ["render_page"]

#: Number of days in the table, the most recent ones.
LISTED = 60
STATES = {"alarm": "ALARM", "suspect": "suspect", "quiet": "quiet", "unwatched": "not watched"}


def render_page(look: Look) -> str:
    """Return the HTML of the page."""
    points = points_of(look)
    promise = look.promise
    cut = f"cut {promise.cut:.10g}" if promise.by is None else f"a cut for each {promise.by}"
    last = f", last answers of {points[-1].day}" if points else ""
    return render_document(
        inline(f"{look.verdict}: {promise.task}", 200),
        f"{text(VERDICTS[look.verdict])}. {text(cut, 200)} from "
        f"{text(promise.source or 'a threshold', 200)}, look {look.state.looks:,}{text(last)}.",
        [
            Section("s0", "Alarms", _alarms(look)),
            Section("s1", "Over time", _days(look, points)),
            Section("s2", "What it means", _meaning(look)),
        ],
        skip="the alarms",
        footer=f"Made by caopd-bench {text(__version__)} from the counts in the state folder; it "
        "contains no text of an answer.",
    )


def _alarms(look: Look) -> str:
    raised = "".join(
        f"<li><b>{text(name, 80)}</b> since {text(one.day)} (look {one.look:,}): "
        f"{text(one.said, 400)}</li>"
        for name, one in look.state.alarms.items()
    )
    rows = [
        row(
            text(alarm.name, 80),
            [
                STATES[alarm.verdict.name],
                number(alarm.estimate),
                _limits(alarm.low, alarm.high),
                _limits(alarm.sure_low, alarm.sure_high),
                say_bounds(alarm),
                say_evidence(alarm),
                f"{alarm.known:,}",
                f"{alarm.missing:,}",
            ],
        )
        for alarm in look.alarms
    ]
    heads = (
        "", "State", "Known outcomes", "Interval", "Range with missing outcomes", "Alarm if",
        "Evidence", "Known", "Missing",
    )  # fmt: skip
    caption = (
        "Evidence: from the known outcomes / with the missing outcomes at their best; an alarm "
        "needs 100%"
    )
    lines = [describe_coverage(look, look.total), describe_missing(look.total), *notes(look)]
    listed = "".join(f"<li>{text(line, 500)}</li>" for line in lines)
    return (
        (f'<ul class="warnings">{raised}</ul>' if raised else "")
        + table(caption, heads, rows)
        + f"<ul>{listed}</ul>"
    )


def _limits(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}" if low == low else "–"


def _days(look: Look, points: list[Point]) -> str:
    if not points:
        return "<p>No answers yet.</p>"
    label = "Risk of the kept answers, share kept and share without an outcome, by day"
    picture = to_inline_svg(draw_days(look, points), "days", label)
    rows = [
        row(
            text(point.day),
            [
                f"{int(point.alone.rows):,}",
                f"{point.alone.coverage:.1%}",
                f"{int(point.alone.kept.known):,}",
                f"{int(point.alone.kept.missing):,}",
                f"{int(point.alone.kept.wrong):,}",
                number(point.sofar.kept.wrong / (point.sofar.kept.known or float("nan"))),
                _limits(point.low, point.high) if point.sofar.kept.known else "–",
            ],
        )
        for point in reversed(points[-LISTED:])
    ]
    heads = (
        "Day", "Answers", "Kept", "Kept, outcome known", "Kept, missing", "Kept and wrong",
        "Risk so far", "Interval valid at every look",
    )  # fmt: skip
    caption = f"The last {len(rows)} days" if len(points) > LISTED else "By day of the answer"
    return (
        f'<figure class="broad">{picture}<figcaption>Each answer counts on its own day, even '
        "if its outcome came later. Grey: coverage on the rows of the threshold, with its limits."
        f"</figcaption></figure>{table(caption, heads, rows)}"
    )


def _meaning(look: Look) -> str:
    lot = (
        "The answers with known outcomes were declared to be a random sample (--by-lot), so the "
        "known outcomes decide."
        if look.options.is_random
        else "An alarm needs evidence that holds even if all missing outcomes are at their best. "
        "<b>Suspect</b>: the known outcomes alone would be enough, if right and wrong answers "
        "are equally likely to get an outcome."
    )
    return (
        "<p>An answer is <b>kept</b> if its confidence is at or above the cut: it was used "
        "without review. <b>Risk</b> is the share of the kept answers that are "
        f"wrong.</p><p>{lot}</p><p>You may look as often as you like: the probability of any "
        f"false alarm, ever, is at most {look.options.error:.2%}. An alarm stays until "
        "<code>--restart</code> or another threshold.</p>"
    )
