"""Render a summary as Markdown tables of at most two screens; summary.csv has all numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from caopd_bench.sweep.analysis.claims import say_saturated, show
from caopd_bench.sweep.analysis.numbers import METHOD, Number, Summary
from caopd_bench.sweep.analysis.spec import PREDICTORS, Analysis, View, split_series

__all__ = ["render_numbers"]

#: A table with more rows than this shows only the first, the middle and the last size.
MOST_ROWS = 40
#: Metrics whose precision is reported for the headline, and the target precision.
PRECISE = (
    *("overconfidence_gap", "matched_gap", "ece", "brier", "auroc", "auroc_within_level"),
    "accuracy",
)
WIDEST = 0.03
#: With fewer bases (or seeds of one base) than this, bootstrap limits are too narrow.
FEW = 6
#: Metrics of the table of predictors, with their labels.
KNOWN = {
    "brier": "Brier score",
    "ece": "ECE",
    "auroc": "AUROC",
    "auroc_within_level": "AUROC within a level",
}
#: Descriptions of the predictors.
BEYOND = dict(
    zip(
        PREDICTORS,
        (
            "`level` is a constant for each level, fitted on one half of the items and stated for "
            "the other",
            "`siblings` is the share of right answers to the item among the other training seeds "
            "of the base",
            "`other_bases` is the share of right answers among the runs of the other bases",
        ),
        strict=True,
    )
)


def render_numbers(numbers: Sequence[Number], summary: Summary) -> Iterator[str]:
    """Yield the lines of all tables."""
    a = summary.analysis
    yield ""
    yield "## Numbers"
    yield ""
    yield from _render_levels([n for n in numbers if n.kind == "level"], summary)
    yield from _render_predictors(summary)
    if a.headline:
        yield from _render_headline(numbers, summary)
    slopes = [n for n in numbers if n.kind == "slope"]
    if slopes:
        yield from _render_slopes(slopes, summary)


def _render_levels(levels: Sequence[Number], summary: Summary) -> Iterator[str]:
    a = summary.analysis
    said = f"Means over base and training seeds; {_say_items(summary.gathered.items)}."
    yield f"{said} Limits: summary.csv."
    if a.views[a.view] != View():
        yield f"What names no view (`group @ view`) is of the first: {a.view}."
    if any(n.metric == "parse_rate" and n.limits.estimate < 0.995 for n in levels):
        yield "Accuracy counts all answers, the gap and the other metrics those that could be read."
    if any(0 < n.defined < n.bases * n.seeds for n in levels):
        yield "In brackets: in how many of the runs a number is defined, where not in all."
    if summary.gathered.missing:
        yield f"**{summary.gathered.missing} cells are missing**; their groups are left out."
    stated = [n for n in levels if not _is_predictor(n.series, a)]
    places = _choose(summary.places, len(stated) // len(a.metrics))
    yield from _say_chosen(places, summary)
    yield ""
    head = [*(["size"] if a.across else []), "method", "runs", *a.metrics]
    yield from _table(head, _level_rows([n for n in stated if n.at in places], a))


def _is_predictor(series: str, a: Analysis) -> bool:
    return a.views[split_series(series, a.view)[1]].column in PREDICTORS


def _choose(places: Sequence[str], rows: int) -> list[str]:
    """Return the places to show in a table of this many rows: all, or three of them."""
    if rows <= MOST_ROWS or len(places) < 4:
        return list(places)
    return [places[0], places[len(places) // 2], places[-1]]


def _say_chosen(places: Sequence[str], summary: Summary) -> Iterator[str]:
    if len(places) < len(summary.places):
        left = [place for place in summary.places if place not in places]
        yield f"{', '.join(left)}: summary.csv."


def _say_items(items: Mapping[str, int]) -> str:
    if len({*items.values()}) < 2:
        return f"{next(iter(items.values()), 0):,} items a cell"
    views: dict[int, list[str]] = {}
    for view, number in items.items():
        views.setdefault(number, []).append(f"`{view}`")
    said = [f"{number:,} items a cell ({', '.join(named)})" for number, named in views.items()]
    return "; ".join(said)


def _level_rows(levels: Sequence[Number], analysis: Analysis) -> list[list[str]]:
    rows: dict[tuple[str, str], list[str]] = {}
    for n in levels:
        first = [n.at] if analysis.across else []
        name, runs = analysis.call(n.series), n.bases * n.seeds
        row = rows.setdefault((n.at, n.series), [*first, name, str(runs)])
        value = n.limits.estimate
        said = "" if value != value else f"{round(value, 3) + 0.0:.3f}"  # + 0.0 turns -0.0 into 0.0
        row.append(f"{said} ({n.defined})" if 0 < n.defined < runs else said)
    return list(rows.values())


def _render_predictors(summary: Summary) -> Iterator[str]:
    """Compare a method's stated confidence with predictors of the same answers."""
    a = summary.analysis
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for at in summary.places:
        for group in a.groups:
            for name, view in a.views.items():
                said = _describe(summary, at, f"{group} @ {name}") if view.column in BEYOND else ""
                if said:
                    own = _find_own(view, a) or name
                    rows.setdefault((at, group, own), {})[view.column] = said
    if not rows:
        return
    columns = [column for column in BEYOND if any(column in row for row in rows.values())]
    places = _choose(summary.places, len(rows))
    yield ""
    yield (
        "What a method states beside predictors of the same answers, each by "
        f"{', '.join(KNOWN.values())}: {'; '.join(BEYOND[column] for column in columns)}."
    )
    yield from _say_chosen(places, summary)
    yield ""
    head = [*(["size"] if a.across else []), "method", "states", *(f"`{c}`" for c in columns)]
    listed = []
    for (at, group, own), row in rows.items():
        if at in places:
            first = [at] if a.across else []
            name, stated = f"{group} @ {own}", a.views[own].column not in PREDICTORS
            row["states"] = _describe(summary, at, name) if stated else ""
            cells = (row.get(column, "") for column in ("states", *columns))
            listed.append([*first, a.call(name) if stated else a.names.get(group, group), *cells])
    yield from _table(head, listed)


def _find_own(view: View, a: Analysis) -> str | None:
    """Return the stated-confidence view over the same answers as a predictor's view."""
    stated = view.model_copy(update={"column": "confidence", "groups": None})
    for name, other in a.views.items():
        if other.model_copy(update={"groups": None}) == stated:
            return name
    return None


def _describe(summary: Summary, at: str, series: str) -> str:
    if not summary.has(at, series):
        return ""
    values = [summary.level(at, series, metric).limits.estimate for metric in KNOWN]
    if all(value != value for value in values):
        return ""
    said = (
        f"{round(value, 3) + 0.0:.3f}".removeprefix("0") if value == value else "–"
        for value in values
    )
    return " / ".join(said)


def _render_headline(numbers: Sequence[Number], summary: Summary) -> Iterator[str]:
    a = summary.analysis
    wanted = {tuple(pair) for pair in a.headline}
    metrics = [metric for metric in PRECISE if metric in a.metrics]
    chosen = [
        n
        for n in numbers
        if (n.kind, n.unit) == ("contrast", METHOD)
        and (n.series, n.versus) in wanted
        and n.metric in metrics
    ]
    drawn = [n for n in chosen if n.limits.low != n.limits.low_bootstrap]
    few = min((n.bases if n.bases > 1 else n.seeds for n in drawn), default=0)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for n in chosen:
        row = rows.setdefault((n.at, f"{a.call(n.series)} − {a.call(n.versus)}"), {})
        row[n.metric] = _say_half(n)
    yield ""
    yield "Headline differences (method), and the half-width of their limits."
    if few:
        yield (
            "In brackets: the half-width of the bootstrap's limits (low_bootstrap, high_bootstrap "
            "in summary.csv)"
            + (", which with so few bases cover .75 to .9 instead of .95." if few < FEW else ".")
        )
    yield ""
    head = [*(["size"] if a.across else []), "difference", *metrics]
    yield from _table(
        head,
        [
            [*([at] if a.across else []), name, *(row.get(metric, "") for metric in metrics)]
            for (at, name), row in rows.items()
        ],
    )
    yield ""
    yield _say_widest(chosen)


def _say_half(n: Number) -> str:
    low, high, low_b, high_b = n.limits[1:]
    if low != low:
        return ""
    other = f" ({(high_b - low_b) / 2.0:.3f})" if low != low_b else ""
    return f"{n.limits.estimate:+.3f} ± {(high - low) / 2.0:.3f}{other}"


def _say_widest(chosen: Sequence[Number]) -> str:
    """Describe the precision of the headline differences."""
    widths = [
        ((n.limits.high - n.limits.low) / 2.0, n) for n in chosen if n.limits.low == n.limits.low
    ]
    if not widths:
        return ""
    widest, at = max(widths, key=lambda pair: pair[0])
    where = f"{at.metric} of {at.series} − {at.versus}{f' at {at.at}' if at.at else ''}"
    below = [n for width, n in widths if width < WIDEST]
    line = f"The widest half-width is {widest:.3f} ({where}); "
    line += f"{len(below)} of {len(widths)} are below {WIDEST:g}"
    if at.at and len(below) < len(widths):
        sizes = dict.fromkeys(n.at for _, n in widths)
        line += f": {', '.join(f'{size} {sum(n.at == size for n in below)}' for size in sizes)}"
    return f"{line}."


def _render_slopes(slopes: Sequence[Number], summary: Summary) -> Iterator[str]:
    metrics = list(dict.fromkeys(n.metric for n in slopes))
    series = list(dict.fromkeys(n.series for n in slopes))
    known = {(n.series, n.metric): n.limits for n in slopes}
    yield ""
    yield (
        "Change for a factor of ten in size, with its limits, and the size that is farthest from "
        f"the line of {metrics[0]}."
    )
    if said := say_saturated([name for name in series if summary.is_sure(name)], summary):
        yield f"{said}, and their slopes minus that of accuracy."
    yield ""
    rows = []
    for name in series:
        row = [summary.analysis.call(name)]
        for metric in metrics:
            limits = known.get((name, metric))
            row.append(
                ""
                if limits is None
                else f"{show(limits.estimate)} [{show(limits.low)}, {show(limits.high)}]"
            )
        if (name, metrics[0]) in known:
            at, off = summary.misfit(name, metrics[0])
            row.append(f"{show(off)} at {at}")
        rows.append(row)
    yield from _table(["method", *metrics, "farthest"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
