"""`caopd-bench report`: compute everything, then write the files."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import stage, track
from caopd_bench.core.terminal import NAME_WIDTH, inline

if TYPE_CHECKING:
    from caopd_bench.report.build import Report
    from caopd_bench.runs.flat.read import Columns

__all__ = ["add", "run_report"]

SUFFIXES = (".html", ".md", ".tex", ".csv", ".json")


def add(commands: Any) -> None:
    """Add `report`."""
    report = commands.add_parser(
        "report",
        help="write a report with a leaderboard: an HTML file that opens from disk, and its "
        "numbers as text",
        description="Write a report that compares runs. The HTML file is self-contained: open it "
        "from disk, mail it, or keep it as a CI artifact. It explains its own words.",
        examples=["report base=out/base new=out/new -o report.html"],
        codes="4 a stored run was edited",
    )
    report.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="PATH or NAME=PATH, as for score; NAME is shown in the report",
    )
    report.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        action="append",
        required=True,
        metavar="FILE",
        help="file to write; its ending, .html, .md, .tex, .csv or .json, sets the format; "
        "repeatable",
    )
    report.add_argument(
        "--title",
        default="Calibration report",
        metavar="TEXT",
        help="title of the report (Calibration report)",
    )
    report.add_argument("--task", metavar="NAME", help="report this task only")
    report.add_argument(
        "--by",
        type=arguments.names,
        action="extend",
        default=[],
        metavar="KEY[,KEY]",
        help="additional groups to break down by; difficulty (level), subject, domain and family "
        "are always shown",
    )
    report.add_argument(
        "--compare",
        nargs=2,
        action="append",
        default=[],
        metavar=("BASE", "CAND"),
        help="names of two runs to compare item by item; repeatable (default, up to five runs: "
        "the last two, then the first with each other)",
    )
    report.add_argument(
        "--models",
        type=arguments.path,
        metavar="FILE",
        help="YAML file with the training method, size and family of each run, by name",
    )
    report.add_argument(
        "--published",
        type=arguments.path,
        metavar="FILE",
        help="YAML file of published numbers, marked as not measured here",
    )
    report.add_argument(
        "--samples",
        type=_samples,
        default="200",
        metavar="N|all",
        help="number of answers shown per run and task (200); all writes every answer to a "
        "separate file",
    )
    report.add_argument(
        "--figures",
        type=arguments.path,
        metavar="DIR",
        help="also write the figures as SVG and PNG",
    )
    report.add_argument(
        "--card",
        type=arguments.path,
        metavar="DIR",
        help="write model-index and .eval_results for the Hugging Face Hub",
    )
    arguments.add_level(report)
    report.add_argument(
        "--max-risk",
        type=arguments.risk,
        default=0.05,
        metavar="P",
        help="largest acceptable share of wrong answers among those accepted without review (0.05)",
    )
    arguments.add_columns(report)
    report.set_defaults(run=run_report, more="runs")


def run_report(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from caopd_bench.core.deliver import write_files
    from caopd_bench.core.process.garbage import sparing
    from caopd_bench.core.process.share import usable_cores
    from caopd_bench.report.build import build_report
    from caopd_bench.report.models_file import read_models, read_published

    outputs = _check_outputs(options.output)
    keys = list(dict.fromkeys(options.by))
    columns = arguments.read_columns(options, keys)
    report = build_report(
        arguments.find_runs(options),
        title=options.title,
        task=options.task,
        by=keys,
        columns=columns,
        level=options.level,
        max_risk=options.max_risk,
        samples=_cap(options.samples),
        pairs=[(a, b) for a, b in options.compare],
        given=read_models(options.models) if options.models else None,
        published=read_published(options.published) if options.published else (),
        workers=usable_cores(),
    )
    beside = _beside(outputs) if options.samples == "all" else None
    contents: dict[Path, bytes | Iterable[bytes]] = {}
    with sparing():
        for file in track(outputs, "writing", "files", len(outputs)):
            contents[file] = _render(report, file, beside).encode()
        if options.card:
            contents |= _cards(report, options.card)
        if options.figures:
            contents |= dict(track(_figures(report, options.figures), "drawing", "figures"))
    if beside is not None:
        contents[beside] = _dump_all(report, columns)
    with stage("writing"):
        write_files(contents)
    for file in contents:
        print(inline(file))
    for line in _summary(report):
        print(line, file=sys.stderr)
    return 0


def _check_outputs(files: list[Path]) -> list[Path]:
    for file in files:
        if file.suffix.lower() not in SUFFIXES:
            raise UsageError(f"--output {file}: must end in {', '.join(SUFFIXES)}")
        if file.is_dir():
            raise UsageError(f"--output {file}: is a folder; give a file name")
    if len(set(files)) < len(files):
        raise UsageError("--output: the same file is given twice")
    return files


def _cap(samples: str) -> int:
    return 200 if samples == "all" else int(samples)


def _beside(files: list[Path]) -> Path:
    page = next((file for file in files if file.suffix.lower() == ".html"), None)
    if page is None:
        raise UsageError(
            "--samples all: needs --output FILE.html, beside which it writes the answers"
        )
    return page.with_name(f"{page.stem}.samples.jsonl")


def _render(report: Report, file: Path, beside: Path | None) -> str:
    from caopd_bench.report import formats, tables

    suffix = file.suffix.lower()
    if suffix == ".html":
        from caopd_bench.report.page.assemble import render_page

        return render_page(report, beside=beside.name if beside else None)
    renderers: dict[str, Callable[[Report], str]] = {
        ".md": tables.render_markdown,
        ".tex": tables.render_latex,
        ".csv": formats.render_csv,
        ".json": formats.render_json,
    }
    return renderers[suffix](report)


def _cards(report: Report, folder: Path) -> dict[Path, bytes]:
    from caopd_bench.report.model_card import render_card, render_eval_results

    contents = {}
    names = _distinct([entry.name for entry in report.entries])
    for entry, name in zip(report.entries, names, strict=True):
        contents[folder / name / "model-index.md"] = render_card(report, entry).encode()
        for file, content in render_eval_results(report, entry).items():
            contents[folder / name / ".eval_results" / file] = content.encode()
    return contents


def _figures(report: Report, folder: Path) -> Iterator[tuple[Path, bytes]]:
    from caopd_bench.report.drawings.draw import draw_probes, draw_task
    from caopd_bench.report.page.vector import save_png, save_svg

    for task, name in zip(report.tasks, _distinct(report.tasks), strict=True):
        for drawing in draw_task(report, task):
            stem = f"{name}-{drawing.name}"
            yield folder / f"{stem}.svg", save_svg(drawing.figure, stem)
            yield folder / f"{stem}.png", save_png(drawing.figure)
    for drawing in draw_probes(report):
        yield folder / f"{drawing.name}.svg", save_svg(drawing.figure, drawing.name)
        yield folder / f"{drawing.name}.png", save_png(drawing.figure)


def _distinct(texts: Sequence[str]) -> list[str]:
    """Return a distinct file name for each name, whatever its characters."""
    names: list[str] = []
    for text in texts:
        name = _file_name(text)
        while name in names:
            name += "-2"
        names.append(name)
    return names


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip(".")[:80] or "run"


def _dump_all(report: Report, columns: Columns) -> Iterator[bytes]:
    """Yield every row as a line of JSON; the runs are read again, one by one."""
    from caopd_bench.report.samples import dump_lines
    from caopd_bench.runs.read import read_runs
    from caopd_bench.runs.run import Row, Run

    def rows() -> Iterator[tuple[str, Row]]:
        for entry in report.entries:
            (run,) = read_runs([entry.spec], columns)
            if isinstance(run, Run):
                yield from ((entry.name, row) for row in run.rows if row.task in entry.cells)

    return dump_lines(rows())


def _summary(report: Report) -> Iterator[str]:
    from caopd_bench.report.findings import find
    from caopd_bench.report.skill import explain_order

    for warning in report.warnings:
        yield f"warning: {inline(warning)}"
    for task in report.tasks:
        yield f"\n{inline(task, NAME_WIDTH)}"
        yield from (f"  {inline(sentence)}" for sentence in find(report, task))
    yield f"\n{explain_order(report.wording())}"


def _samples(text: str) -> str:
    if text == "all":
        return text
    if not text.isascii() or not text.isdigit() or int(text) > 100_000:
        raise argparse.ArgumentTypeError(f"must be 0 to 100000, or all; got {text!r}")
    return str(int(text))
