"""Write the results of a frozen analysis: summary.csv, figures, and a section of README.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from caopd_bench.core.errors import writing
from caopd_bench.core.files.write import replace_files
from caopd_bench.sweep.analysis.claims import render_claims
from caopd_bench.sweep.analysis.draw import draw
from caopd_bench.sweep.analysis.gather import gather
from caopd_bench.sweep.analysis.numbers import Number, Summary
from caopd_bench.sweep.analysis.spec import Analysis, split_series
from caopd_bench.sweep.analysis.tables import render_numbers
from caopd_bench.sweep.grid.cells import Sweep
from caopd_bench.sweep.grid.folder import Folder

__all__ = ["fill_page", "write_summary"]

COLUMNS = (
    *("kind", "unit", "at", "series", "versus", "metric", "estimate", "low", "high"),
    *("low_bootstrap", "high_bootstrap", "bases", "seeds", "defined", "items"),
)
BEGIN = "<!-- written by `caopd-bench sweep sweep.yaml --tables` from the stored rows -->"
END = "<!-- end of what is written -->"


def write_summary(sweep: Sweep, folder: Folder, analysis: Analysis) -> list[Path]:
    """Write the summary of an analysis; return the files written into the sweep's folder."""
    with folder.writing():  # held throughout, so that no older summary replaces a newer one
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
    lines = [*render_claims(summary), *render_numbers(numbers, summary)]
    for line in drawn:
        lines += ["", line]
    with writing(folder.root):
        replace_files(files)
    fill_page(home / "README.md", sweep.title, lines, BEGIN, END)
    return [*files, home / "README.md"]


def fill_page(page: Path, title: str, lines: Sequence[str], begin: str, end: str) -> None:
    """Replace the lines between two marks of a page; text outside the marks is kept."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"# {title}\n\n{begin}\n{end}\n"
    if begin not in old or end not in old:
        old = f"{old.rstrip()}\n\n{begin}\n{end}\n"
    before, after = old.partition(begin)[0], old.partition(end)[2]
    body = "\n".join(lines).strip()
    with writing(page):
        replace_files({page: f"{before}{begin}\n\n{body}\n\n{end}{after}".encode()})


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
