"""Write every table, summary, figure and claim of the reference runs again, from the stored rows.

    python reference_runs/tools/pages.py               # everything (15 minutes)
    python reference_runs/tools/pages.py STUDY ...     # these studies, and the pages
    python reference_runs/tools/pages.py --pages       # only this folder's README

What stands between two marks of a page is written here, and nothing else of it; running this twice
changes nothing.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from caopd_bench.runs.stored.check import read_stored
from caopd_bench.runs.stored.store import read_summary
from caopd_bench.sweep.analysis.write import fill_page
from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.grid.folder import Folder

HERE = Path(__file__).parents[1]
SHOWN = ("accuracy", "mean_confidence", "overconfidence_gap", "ece", "brier", "auroc")
HEADS = ("accuracy", "states", "gap", "ECE", "Brier", "AUROC")
METHODS = ("base", "sft", "sft-mu", "opd", "caopd", "caopd-constant")
#: Methods that do not state 1.00 for every answer.
KINDS = ("base", "sft-mu", "caopd", "caopd-constant")
#: Confidences that a constant per level and other runs would give CaOPD's answers.
PREDICTED = ("caopd", "caopd @ level", "caopd @ siblings", "caopd @ other_bases")
#: Studies in reading order; a missing study is left out.
EXPERIMENTS = (
    *("scaling-equal-tokens", "question-or-level", "rivals", "smollm2-grid", "smollm2-three-bases"),
    *("theory", "demonstration", "replacement", "teacher-context", "k-ablation", "kl-direction"),
    *("teacher-average", "training-length", "verifier-free", "out-of-domain", "continual"),
    *("recalibration", "read-out", "dynamics"),
)
Levels = dict[tuple[str, str, str], dict[str, str]]


def read_levels(folder: str) -> Levels:
    """Read the levels of a summary by size, series and metric."""
    with (HERE / folder / "summary.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "level"]
    return {(row["at"], row["series"], row["metric"]): row for row in rows}


def headline(methods: Sequence[str]) -> Iterator[str]:
    """Return the table of the scaling law."""
    levels = read_levels("scaling-law")
    found = list(dict.fromkeys(at for at, _, _ in levels))
    yield f"| parameters | | {' | '.join(HEADS)} |"
    yield "|" + "---|" * (len(HEADS) + 2)
    for at in found:
        first = at
        for method in methods:
            cells = [levels.get((at, method, metric)) for metric in SHOWN]
            if any(cell is None for cell in cells):
                continue
            values = [f"{float(c['estimate']):.3f}" if c and c["estimate"] else "" for c in cells]
            yield f"| {first} | `{method}` | {' | '.join(values)} |"
            first = ""


def predicted() -> Iterator[str]:
    """Return a table of CaOPD's stated confidence and of what could be known, at each size."""
    levels = read_levels("scaling-law")
    yield "| parameters | CaOPD states | constant for each level | siblings | other bases |"
    yield "|" + "---|" * 5
    for at in dict.fromkeys(at for at, _, _ in levels):
        cells = []
        for series in PREDICTED:
            brier, within = (
                levels[at, series, metric]["estimate"] for metric in ("brier", "auroc_within_level")
            )
            cells.append(f"{float(brier):.3f}, {float(within):.2f}")
        yield f"| {at} | {' | '.join(cells)} |"


def by_kind() -> Iterator[str]:
    """Return a table of what overall means hide: the gap by kind, the AUROC within a level."""
    families = ("sum", "difference", "product")
    found: dict[tuple[str, str], list[list[float]]] = {}
    with (HERE / "scaling-law" / "cells.csv").open(newline="", encoding="utf-8") as file:
        cells = [row for row in csv.DictReader(file) if row["method"] in KINDS]
    for cell in cells:
        run = HERE / "scaling-law" / "cells" / cell["cell"] / "run"
        gaps: dict[str, list[float]] = {family: [] for family in families}
        for row in read_stored(run).rows:
            if row.confidence is not None:
                gaps[str(row.groups["family"])].append(row.confidence - row.correct)
        records = read_summary(run).records
        within = next(r for r in records if r["metric"] == "auroc_within_level")["estimate"]
        made = [sum(gap) / len(gap) if gap else math.nan for gap in gaps.values()]
        made.append(math.nan if within is None else within)
        found.setdefault((cell["size"], cell["method"]), []).append(made)
    yield "| parameters | | gap: sums | differences | products | AUROC within level |"
    yield "|" + "---|" * 6
    for size in dict.fromkeys(size for size, _ in found):
        first = size
        for method in KINDS:
            columns = list(zip(*found[size, method], strict=True))
            known = [[v for v in column if v == v] for column in columns]
            means = [f"{sum(k) / len(k):+.3f}" if k else "" for k in known]
            means[-1] = means[-1].removeprefix("+")
            yield f"| {first} | `{method}` | {' | '.join(means)} |"
            first = ""


def claims(folder: str) -> Iterator[str]:
    """Return the claims of an experiment, as on its own page."""
    page = (HERE / folder / "README.md").read_text(encoding="utf-8")
    match = re.search(r"## What it shows\n.*?\n\n(- .*?)\n\n", page, re.DOTALL)
    yield from match[1].splitlines() if match else ()


def experiments() -> Iterator[str]:
    """Return every experiment with its claims."""
    for folder in EXPERIMENTS:
        if not (HERE / folder / "summary.csv").exists():
            continue
        title = (HERE / folder / "README.md").read_text(encoding="utf-8").splitlines()[0]
        yield f"### [{title.removeprefix('# ')}]({folder}/README.md)"
        yield ""
        yield from claims(folder)
        yield ""


def beside_published() -> Iterator[str]:
    """Return the paper's scaling figure and ours, side by side and marked."""
    with (HERE / "published" / "published.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["table"] == "scaling"]
    published: dict[str, dict[tuple[str, str], str]] = {}
    for row in rows:
        published.setdefault(row["model"], {})[row["method"], row["metric"]] = row["value"]
    columns = [(m, n) for m in ("base", "opd", "caopd") for n in ("accuracy", "mean_confidence")]
    yield (
        "| | model | "
        + " | ".join(f"{m} {'right' if n == 'accuracy' else 'states'}" for m, n in columns)
        + " |"
    )
    yield "|" + "---|" * (len(columns) + 2)
    for model, known in published.items():
        values = [f"{float(known[c]):.3f}" if c in known else "" for c in columns]
        yield (
            f"| *published* | *{model}* | "
            + " | ".join(f"*{v}*" if v else "" for v in values)
            + " |"
        )
    levels = read_levels("scaling-law")
    for at in dict.fromkeys(at for at, _, _ in levels):
        cells = [levels.get((at, method, metric)) for method, metric in columns]
        values = [f"{float(c['estimate']):.3f}" if c and c["estimate"] else "" for c in cells]
        yield f"| measured | {at} | {' | '.join(values)} |"


def fill(page: Path, name: str, lines: Sequence[str], *, optional: bool = False) -> None:
    """Insert lines between the marks of a name, which may be missing for an optional part."""
    begin, end = f"<!-- {name}: written by tools/pages.py -->", f"<!-- end of {name} -->"
    text = page.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        if optional:
            return
        raise SystemExit(f"{page}: the marks of {name!r} are not there")
    fill_page(page, "", lines, begin, end)


def write_pages(home: Path = HERE) -> None:
    """Write the parts of the page that come from the summaries."""
    page = home / "README.md"
    fill(page, "headline", list(headline(METHODS)))
    fill(page, "predicted", list(predicted()), optional=True)
    fill(page, "claims", list(claims("scaling-law")))
    fill(page, "kinds", list(by_kind()))
    fill(page, "experiments", list(experiments()))
    fill(page, "published", list(beside_published()))


def is_finished(file: Path) -> bool:
    """Return whether all cells of a study exist; unfinished studies are not written."""
    if not file.exists():
        return False
    sweep = read_sweep(file)
    folder = Folder(sweep.output)
    return all(folder.is_finished(cell) for cell in sweep.cells)


def main() -> int:
    """Write everything, or only the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", metavar="STUDY", help="write these alone (all)")
    parser.add_argument("--pages", action="store_true", help="write no study")
    options = parser.parse_args()
    if not options.pages:
        for folder in options.studies or ("scaling-law", "checkpoints", *EXPERIMENTS):
            file = HERE / folder / "sweep.yaml"
            if not options.studies and not is_finished(file):
                continue
            words = [sys.executable, "-m", "caopd_bench", "sweep", str(file), "--tables"]
            subprocess.run(words, check=True)
    if not options.pages and not options.studies:
        subprocess.run([sys.executable, str(HERE / "published" / "write_tables.py")], check=True)
        subprocess.run([sys.executable, str(HERE / "tools" / "cards.py")], check=True)
    write_pages()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
