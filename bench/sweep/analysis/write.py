"""Write what a frozen analysis says of a sweep: summary.csv, figures, and a part of README.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from caopd_bench.core.errors import writing
from caopd_bench.core.files.write import replace_files
from caopd_bench.sweep.analysis.draw import draw
from caopd_bench.sweep.analysis.gather import gather
from caopd_bench.sweep.analysis.numbers import METHOD, Number, Summary
from caopd_bench.sweep.analysis.spec import (
    ANALYSIS,
    Analysis,
    Claim,
    Judged,
    View,
    overall,
    split_series,
)
from caopd_bench.sweep.grid.cells import Sweep
from caopd_bench.sweep.grid.folder import Folder

__all__ = ["fill_page", "say_claim", "write_summary"]

COLUMNS = (
    *("kind", "unit", "at", "series", "versus", "metric", "estimate", "low", "high"),
    *("low_t", "high_t", "bases", "seeds", "defined", "items"),
)
BEGIN = "<!-- written by `caopd-bench sweep sweep.yaml --tables` from the stored rows -->"
END = "<!-- end of what is written -->"
VERDICTS = {"holds": "**Holds**", "fails": "**Fails**", "open": "**Open**"}
#: More single numbers than these are summed up in a sentence by the first and the last.
MOST_SAID = 3
#: The figures that the headline's precision is told of, and what it should reach.
PRECISE = ("overconfidence_gap", "ece", "brier", "auroc", "accuracy")
WIDEST = 0.03


def write_summary(sweep: Sweep, folder: Folder, analysis: Analysis) -> list[Path]:
    """Follow an analysis; give the files that were written into the sweep's folder."""
    with folder.writing():  # all of it, so that no older summary replaces a newer one
        return _write(sweep, folder, analysis)


def _write(sweep: Sweep, folder: Folder, analysis: Analysis) -> list[Path]:
    summary = Summary(gather(sweep, folder, analysis), analysis)
    numbers, home = list(summary.numbers()), folder.root
    files = {home / "summary.csv": _render_csv(numbers, summary).encode()}
    drawn = []
    for spec in analysis.figures:
        figure = draw(spec, summary)
        if figure is not None:
            image = io.BytesIO()
            figure.savefig(image, format="png", metadata={"Software": None})
            files[home / spec.file] = image.getvalue()
            drawn.append(f"![{spec.title or spec.kind}]({spec.file})")
    lines = [*_render_claims(summary), *_render_numbers(numbers, summary)]
    for line in drawn:
        lines += ["", line]
    with writing(folder.root):
        replace_files(files)
    fill_page(home / "README.md", sweep.title, lines, BEGIN, END)
    return [*files, home / "README.md"]


def fill_page(page: Path, title: str, lines: Sequence[str], begin: str, end: str) -> None:
    """Put lines between two marks of a page; what people wrote around them stays."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"# {title}\n\n{begin}\n{end}\n"
    if begin not in old or end not in old:
        old = f"{old.rstrip()}\n\n{begin}\n{end}\n"
    before, after = old.partition(begin)[0], old.partition(end)[2]
    body = "\n".join(lines).strip()
    with writing(page):
        replace_files({page: f"{before}{begin}\n\n{body}\n\n{end}{after}".encode()})


def say_claim(claim: Claim, judged: Sequence[Judged], analysis: Analysis, *, missing: int) -> str:
    """Write a claim with its verdict and the numbers that gave it."""
    verdict = overall(judged)
    shown = VERDICTS[verdict]
    trusted = overall([one._replace(verdict=one.wider or one.verdict) for one in judged])
    wider = f", {trusted} by the wider limits" if trusted != verdict and not missing else ""
    if missing and verdict == "holds":  # at what is still missing it may not
        shown = "**Open** so far"
    count = _count(judged) if sum(bool(j.at) for j in judged) > 1 else ""
    named = f"{claim.metric} of {' − '.join(map(analysis.call, claim.of))}"
    if claim.slope:
        named = f"slope of {claim.metric} under {analysis.call(claim.slope)}"
    told = judged if len(judged) <= MOST_SAID else [judged[0], judged[-1]]
    said = (" … " if len(judged) > MOST_SAID else ", ").join(map(_say_judged, told))
    against = [one for one in judged if one.verdict != "holds"]
    if against and len(judged) > MOST_SAID:
        said += "; not at " + ", ".join(map(_say_judged, against))
    source = f" ({claim.source})" if claim.source else ""
    numbers = f"{named}, expected {claim.expect}: {said}{_say_wider(judged)}"
    return f"- {shown}{count}{wider}: {claim.says}{source}. {numbers}."


def _count(judged: Sequence[Judged]) -> str:
    """Say at how many sizes a claim holds, fails and is open."""
    verdicts = [one.verdict for one in judged]
    if len(set(verdicts)) == 1:
        return " at both sizes" if len(judged) == 2 else f" at all {len(judged)} sizes"
    said = ", ".join(f"{v} at {verdicts.count(v)}" for v in VERDICTS if v in verdicts)
    return f" ({said} of {len(judged)} sizes)"


def _say_judged(one: Judged) -> str:
    place = f" at {one.at}" if one.at else ""
    unsure = f" ({one.unsure})" if one.unsure else ""
    return f"{_show(one.estimate)} [{_show(one.low)}, {_show(one.high)}]{place}{unsure}"


def _show(value: float) -> str:
    """Write a number with its sign; nothing is minus zero."""
    return f"{round(value, 3) + 0.0:+.3f}" if value == value else "undefined"


def _say_wider(judged: Sequence[Judged]) -> str:
    """Say where the limits that trust few bases less would give another verdict."""
    other = [one for one in judged if one.wider is not None and one.wider != one.verdict]
    if not other:
        return ""
    places = ", ".join(f"{one.wider}{f' at {one.at}' if one.at else ''}" for one in other)
    return f"; by the wider limits {places}"


def _render_claims(summary: Summary) -> Iterator[str]:
    a, missing = summary.analysis, summary.gathered.missing
    if not a.claims:
        return
    yield "## What it shows"
    yield ""
    yield (f"As [{ANALYSIS}]({ANALYSIS}) states it, whichever way it fell. {_say_unit(summary)}")
    yield ""
    for claim in a.claims:
        if judged := summary.judge(claim):
            yield say_claim(claim, judged, a, missing=missing)
        else:
            yield f"- **Not measured**: {claim.says}."


def _say_unit(summary: Summary) -> str:
    a = summary.analysis
    found = summary.gathered
    runs = max((len(folders) for folders in found.folders.values()), default=0)
    bases = max((len(seeds) for seeds in found.bases.values()), default=0)
    seeds = max(
        (len(found.folders[key]) // len(found.bases[key]) for key in found.folders), default=0
    )
    middle = "training seed > " if seeds > 1 else ""
    kind = f"methods (base seed > {middle}item)"
    if runs < 2:
        kind = "single checkpoints (items alone), and not about methods"
    said = f"Claims are about {kind}, {a.level:.0%} limits of {a.replicates:,} replicates."
    if bases > 1:
        once = "" if seeds > 1 else " Each base was trained once."
        return f"{said} Wider limits are Student's over the {bases} bases.{once}"
    return f"{said} There is one base: they say nothing about others."


def _render_numbers(numbers: Sequence[Number], summary: Summary) -> Iterator[str]:
    a, items = summary.analysis, summary.gathered.items
    levels = [n for n in numbers if n.kind == "level"]
    yield ""
    yield "## Numbers"
    yield ""
    yield f"Means over base and training seeds; {_say_items(items)}. Limits: summary.csv."
    if a.views[a.view] != View():
        yield f"What names no view (`group @ view`) is of the first: {a.view}."
    if any(n.metric == "parse_rate" and n.limits.estimate < 0.995 for n in levels):
        yield "Accuracy counts all answers, the gap and the other metrics those that could be read."
    if any(0 < n.defined < n.bases * n.seeds for n in levels):
        yield "In brackets: in how many of the runs a number is defined, where not in all."
    if summary.gathered.missing:
        yield f"**{summary.gathered.missing} cells are missing**; their groups are left out."
    yield ""
    head = [*(["size"] if a.across else []), "method", "runs", *a.metrics]
    yield from _table(head, _level_rows(levels, a))
    if a.headline:
        yield ""
        yield "Headline differences (method), and the half-width of their limits:"
        yield ""
        yield from _table(["size", "difference", *a.metrics], _headline_rows(numbers, a.headline))
        yield ""
        yield _say_widest(_headline(numbers, a.headline))
    slopes = [n for n in numbers if n.kind == "slope"]
    if slopes:
        yield ""
        yield "Change for a factor of ten in size, and the size that is farthest from the line:"
        yield ""
        rows = []
        for n in slopes:
            at, off = summary.misfit(n.series, n.metric)
            low, high, low_t, high_t = map(_show, n.limits[1:])
            limits = [f"[{low}, {high}]", f"[{low_t}, {high_t}]"]
            rows.append(
                [n.series, n.metric, _show(n.limits.estimate), *limits, f"{_show(off)} at {at}"]
            )
        yield from _table(["method", "metric", "slope", "limits", "wider limits", "off"], rows)


def _say_items(items: Mapping[str, int]) -> str:
    if len({*items.values()}) < 2:
        return f"{next(iter(items.values()), 0):,} items a cell"
    return "items a cell: " + ", ".join(f"{n:,} ({view})" for view, n in items.items())


def _level_rows(levels: Sequence[Number], analysis: Analysis) -> list[list[str]]:
    rows: dict[tuple[str, str], list[str]] = {}
    for n in levels:
        first = [n.at] if analysis.across else []
        name, runs = analysis.call(n.series), n.bases * n.seeds
        row = rows.setdefault((n.at, n.series), [*first, name, str(runs)])
        value = n.limits.estimate
        said = "" if value != value else f"{value:.3f}"
        row.append(f"{said} ({n.defined})" if 0 < n.defined < runs else said)
    return list(rows.values())


def _headline_rows(numbers: Sequence[Number], pairs: Sequence[Sequence[str]]) -> list[list[str]]:
    rows: dict[tuple[str, str], list[str]] = {}
    for n in _headline(numbers, pairs):
        name = f"{n.series} − {n.versus}"
        row = rows.setdefault((n.at, name), [n.at, name])
        half = (n.limits.high - n.limits.low) / 2.0
        row.append(f"{n.limits.estimate:+.3f} ± {half:.3f}" if half == half else "")
    return list(rows.values())


def _headline(numbers: Sequence[Number], pairs: Sequence[Sequence[str]]) -> list[Number]:
    wanted = {tuple(pair) for pair in pairs}
    contrasts = [n for n in numbers if n.kind == "contrast" and n.unit == METHOD]
    return [n for n in contrasts if (n.series, n.versus) in wanted]


def _say_widest(headline: Sequence[Number]) -> str:
    """Say how precise the headline differences are, by both kinds of limits."""
    chosen = [n for n in headline if n.metric in PRECISE and n.limits.low == n.limits.low]
    if not chosen:
        return ""
    said = [f"Half-widths of {', '.join(PRECISE)}."]
    for kind, low, high in (("", "low", "high"), (" (wider limits)", "low_t", "high_t")):
        widths = [
            ((getattr(n.limits, high) - getattr(n.limits, low)) / 2.0, n)
            for n in chosen
            if getattr(n.limits, low) == getattr(n.limits, low)
        ]
        if not widths:
            continue
        widest, at = max(widths, key=lambda pair: pair[0])
        where = f"{at.metric} of {at.series} − {at.versus}{f' at {at.at}' if at.at else ''}"
        below = [n for width, n in widths if width < WIDEST]
        line = f"The widest{kind} is {widest:.3f} ({where}); "
        line += f"{len(below)} of {len(widths)} are below {WIDEST:g}"
        if at.at and len(below) < len(widths):
            sizes = dict.fromkeys(n.at for _, n in widths)
            counts = (f"{size} {sum(n.at == size for n in below)}" for size in sizes)
            line += f": {', '.join(counts)}"
        said.append(f"{line}.")
    return " ".join(said)


def _render_csv(numbers: Sequence[Number], summary: Summary) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for n in numbers:
        values = ["" if v != v else f"{v:.7f}" for v in n.limits]
        name = (n.kind, n.unit, n.at, n.series, n.versus, n.metric)
        items = summary.gathered.items[split_series(n.series, summary.analysis.view)[1]]
        writer.writerow([*name, *values, n.bases, n.seeds, n.defined, items])
    return text.getvalue()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
