"""Write what a frozen analysis says of a sweep: summary.csv, figures, and a part of README.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from caopd_bench.sweep.analysis import Analysis, Claim, Judged, overall, read_analysis
from caopd_bench.sweep.drawing import draw
from caopd_bench.sweep.folder import Folder
from caopd_bench.sweep.gather import gather
from caopd_bench.sweep.grid import Sweep
from caopd_bench.sweep.summarizing import CHECKPOINTS, Number, Summary

__all__ = ["ANALYSIS", "fill_page", "write_summary"]

ANALYSIS = "analysis.yaml"
COLUMNS = (
    *("kind", "unit", "at", "series", "versus", "metric", "estimate", "low", "high"),
    *("low_t", "high_t", "bases", "seeds", "items"),
)
BEGIN = "<!-- written by `caopd-bench sweep sweep.yaml --tables` from the stored rows -->"
END = "<!-- end of what is written -->"
VERDICTS = {"holds": "**Holds**", "fails": "**Fails**", "open": "**Open**"}
#: More single numbers than these are summed up in a sentence by their range.
MOST_SAID = 3


def write_summary(sweep: Sweep, folder: Folder, file: Path) -> list[Path]:
    """Follow the analysis in `file`; give the files that were written beside it."""
    analysis = read_analysis(file)
    gathered = gather(sweep, folder, analysis)
    summary = Summary(gathered, analysis)
    numbers = list(summary.numbers())
    home = file.parent
    written = [home / "summary.csv"]
    written[0].write_text(_render_csv(numbers, gathered.items), encoding="utf-8")
    for spec in analysis.figures:
        figure = draw(spec, summary)
        if figure is not None:
            figure.savefig(home / spec.file, metadata={"Software": None})
            written.append(home / spec.file)
    drawn = {path.name for path in written}
    lines = [*_render_claims(summary), *_render_numbers(numbers, summary)]
    for spec in analysis.figures:
        if spec.file in drawn:
            lines += ["", f"![{spec.title or spec.kind}]({spec.file})"]
    fill_page(home / "README.md", sweep.title, lines, BEGIN, END)
    return [*written, home / "README.md"]


def fill_page(page: Path, title: str, lines: Sequence[str], begin: str, end: str) -> None:
    """Put lines between two marks of a page; what people wrote around them stays."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"# {title}\n\n{begin}\n{end}\n"
    if begin not in old or end not in old:
        old = f"{old.rstrip()}\n\n{begin}\n{end}\n"
    before, after = old.partition(begin)[0], old.partition(end)[2]
    body = "\n".join(lines).strip()
    page.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", encoding="utf-8")


def say_claim(claim: Claim, judged: Sequence[Judged], analysis: Analysis) -> str:
    """Write a claim with its verdict and the numbers that gave it."""
    verdict = overall(judged)
    held = sum(one.verdict == "holds" for one in judged)
    places = [one for one in judged if one.at]
    count = f" at {held} of {len(judged)} sizes" if len(places) > 1 else ""
    named = f"{claim.metric} of {' − '.join(map(analysis.call, claim.of))}"
    if claim.slope:
        named = f"slope of {claim.metric} under {analysis.call(claim.slope)}"
    shown = judged if len(judged) <= MOST_SAID else [judged[0], judged[-1]]
    join = " … " if len(judged) > MOST_SAID else ", "
    said = join.join(_say_judged(one) for one in shown)
    against = [one for one in judged if one.verdict != "holds"]
    if against and len(judged) > MOST_SAID:
        said += "; not at " + ", ".join(_say_judged(one) for one in against)
    source = f" ({claim.source})" if claim.source else ""
    numbers = f"{named}, expected {claim.expect}: {said}"
    return f"- {VERDICTS[verdict]}{count}: {claim.says}{source}. {numbers}."


def _say_judged(one: Judged) -> str:
    place = f" at {one.at}" if one.at else ""
    return f"{one.estimate:+.3f} [{one.low:+.3f}, {one.high:+.3f}]{place}"


def _render_claims(summary: Summary) -> Iterator[str]:
    if not summary.analysis.claims:
        return
    yield "## What it shows"
    yield ""
    a = summary.analysis
    yield (
        f"Claims about methods (base seed > training seed > item, {a.level:.0%} limits of "
        f"{a.replicates:,} replicates), stated in [{ANALYSIS}]({ANALYSIS}) before the rows were "
        "seen."
    )
    yield ""
    for claim in a.claims:
        if judged := summary.judge(claim):
            yield say_claim(claim, judged, a)
        else:
            yield f"- **Not measured**: {claim.says}."


def _render_numbers(numbers: Sequence[Number], summary: Summary) -> Iterator[str]:
    a, items = summary.analysis, summary.gathered.items
    levels = [n for n in numbers if n.kind == "level"]
    yield ""
    yield "## Numbers"
    yield ""
    yield f"Means over base and training seeds; {items:,} items a cell. Limits: summary.csv."
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
        yield _say_widest(numbers, a.headline)
    slopes = [n for n in numbers if n.kind == "slope"]
    if slopes:
        yield ""
        yield "Change for a factor of ten in size:"
        yield ""
        yield from _table(
            ["method", "metric", "slope", "limits"],
            [[n.series, n.metric, f"{n.limits.estimate:+.3f}", _show_limits(n)] for n in slopes],
        )


def _level_rows(levels: Sequence[Number], analysis: Analysis) -> list[list[str]]:
    rows: dict[tuple[str, str], list[str]] = {}
    for n in levels:
        first = [n.at] if analysis.across else []
        name = analysis.call(n.series)
        row = rows.setdefault((n.at, n.series), [*first, name, str(n.bases * n.seeds)])
        row.append(_show(n.limits.estimate))
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
    return [
        n
        for n in numbers
        if n.kind == "contrast" and n.unit != CHECKPOINTS and (n.series, n.versus) in wanted
    ]


def _say_widest(numbers: Sequence[Number], pairs: Sequence[Sequence[str]]) -> str:
    """Say how precise the headline differences are, and of what kind the limits are."""
    chosen = [n for n in _headline(numbers, pairs) if n.metric in _PRECISE]
    widths = [((n.limits.high - n.limits.low) / 2.0, n) for n in chosen]
    known = [(w, n) for w, n in widths if w == w]
    if not known:
        return ""
    over = [n for w, n in known if w >= 0.03]
    widest, at = max(known, key=lambda pair: pair[0])
    where = "; ".join(f"{n.metric} of {n.series} − {n.versus} at {n.at}" for n in over)
    said = (
        f"Widest half-width {widest:.3f} ({at.metric} of {at.series} − {at.versus} at {at.at}); "
        f"{len(known) - len(over)} of {len(known)} are below 0.03"
    )
    return f"{said}{'; not: ' + where if over else ''}."


_PRECISE = ("overconfidence_gap", "ece", "brier", "auroc", "accuracy")


def _render_csv(numbers: Sequence[Number], items: int) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for n in numbers:
        values = ["" if v != v else f"{v:.5f}" for v in n.limits]
        name = (n.kind, n.unit, n.at, n.series, n.versus, n.metric)
        writer.writerow([*name, *values, n.bases, n.seeds, items])
    return text.getvalue()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _show(value: float) -> str:
    return "" if value != value else f"{value:.3f}"


def _show_limits(n: Number) -> str:
    low, high = n.limits.low, n.limits.high
    return "" if low != low else f"[{low:+.3f}, {high:+.3f}]"
