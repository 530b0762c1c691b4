"""Store the runs of the real model again, and update its page.

    python reference_runs/smollm2-135m/run.py --real-only --exemplars a,b --output again
    python reference_runs/tools/store_demo.py again     # rows, page
    python reference_runs/tools/pictures.py             # the README's pictures

Without a folder, only the page is written, from the stored rows.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from caopd_bench.cli import main as caopd_bench
from caopd_bench.runs.read import read_run
from caopd_bench.sweep.analysis.write import fill_page

HERE = Path(__file__).parents[1] / "smollm2-135m"
TASK = "caopd_math_conf"
MARKS = ("<!-- stored runs -->", "<!-- end of stored runs -->")


def store(folder: Path, name: str) -> None:
    """Replace a stored run by an evaluation."""
    with tempfile.TemporaryDirectory() as fresh:
        words = ["score", f"{name}={folder / name}", "--task", TASK, "--by", "level"]
        if caopd_bench([*words, "--store", fresh]):
            raise SystemExit(f"{folder / name}: not stored")
        for file in Path(fresh).iterdir():
            shutil.copyfile(file, HERE / name / file.name)


def render_page() -> Iterator[str]:
    """Return the page's lines on the stored runs."""
    names = sorted(path.parent.name for path in HERE.glob("exemplars-*/summary.json"))
    rows = {name: read_run(HERE / name).task_rows(TASK) for name in names}
    yield f"|  | {' | '.join(names)} |"
    yield "|---|" + "---|" * len(names)
    for title, cells in make_facts(rows, names):
        yield f"| {title} | {' | '.join(cells)} |"
    yield ""
    yield "```"
    words = [f"{name}={HERE / name}" for name in names]
    yield f"$ caopd-bench score {' '.join(f'{name}={name}' for name in names)}"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        caopd_bench(["score", *words])
    yield printed.getvalue().strip()
    yield "```"


def make_facts(rows: dict[str, list], names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Return the notable numbers of the rows, one cell per run."""
    summaries = {n: json.loads((HERE / n / "summary.json").read_text("utf-8")) for n in names}
    origin = {name: summary["provenance"] for name, summary in summaries.items()}
    yield "evaluated", [date_of(origin[name]["date"]) for name in names]
    yield (
        "numbers of the model in",
        [origin[name]["dtype"].removeprefix("torch.") for name in names],
    )
    yield "problems at once", [origin[name]["batch_size"] for name in names]
    task = {name: origin[name]["tasks"][TASK] for name in names}
    yield "parser", [task[name]["parser_version"] for name in names]
    yield "right answers", [f"{sum(r.correct for r in rows[n])} of {len(rows[n])}" for n in names]
    parsed = {name: [r for r in rows[name] if r.confidence is not None] for name in names}
    means = [sum(r.confidence for r in parsed[n]) / len(parsed[n]) for n in names]
    yield "mean stated confidence", [f"{mean:.3f}" for mean in means]
    common = [Counter(r.confidence for r in parsed[n]).most_common(1)[0] for n in names]
    yield (
        "the commonest value",
        [f"{c[0]:g}, {c[1]} of {len(parsed[n])} times" for n, c in zip(names, common, strict=True)],
    )
    shown = {name: {float(c) for c in task[name]["exemplars"]["confidences"]} for name in names}
    yield (
        "confidences that an exemplar states",
        [f"{sum(r.confidence in shown[n] for r in parsed[n])} of {len(parsed[n])}" for n in names],
    )
    for level in sorted({r.groups["level"] for r in rows[names[0]]}):
        at = {name: [r for r in rows[name] if r.groups["level"] == level] for name in names}
        yield (
            f"right at level {level}",
            [f"{sum(r.correct for r in at[n])} of {len(at[n])}" for n in names],
        )


def date_of(seconds: float) -> str:
    """Return the day of a run in words."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def main(words: Sequence[str]) -> int:
    """Store the given runs, and write the page."""
    for folder in map(Path, words[:1]):
        for name in ("exemplars-a", "exemplars-b"):
            store(folder, name)
    fill_page(HERE / "README.md", "", list(render_page()), *MARKS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
