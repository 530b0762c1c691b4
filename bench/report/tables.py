"""The standings as Markdown and LaTeX tables, for pasting into documents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from caopd_bench._version import __version__
from caopd_bench.core.numbers import PAGE
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.report.build import Report
from caopd_bench.report.certified import (
    COVERAGE,
    explain_certificate,
    say_coverage,
    say_heading,
    say_limits,
    say_why_none,
)
from caopd_bench.report.entries import Cell, Entry
from caopd_bench.report.findings import find
from caopd_bench.report.page.table import say_size
from caopd_bench.report.placing import explain_accuracy, explain_place
from caopd_bench.report.skill import SKILL, explain_order
from caopd_bench.runs.records import Record

__all__ = ["render_latex", "render_markdown"]

#: Columns of both tables.
COLUMNS = {
    SKILL: "Brier skill",
    "accuracy": "accuracy",
    "brier": "Brier",
    "discrimination": "DSC",
    "ece": "ECE",
    "overconfidence_gap": "gap",
    "auroc": "AUROC",
    "spr": "SPR",
    "confidence_when_wrong": "if wrong",
    "parse_rate": "parsed",
}
#: Columns of metrics of probability vectors, by the column that they follow.
OF_VECTORS = {"brier": ("brier_classes", "Brier, all"), "ece": ("classwise_ece", "ECE, letters")}
SIGNED = {"overconfidence_gap", SKILL}


def render_markdown(report: Report) -> str:
    """Return a Markdown table per task, with findings, an explanation of the order, and notes."""
    parts = [f"# {_pipe(report.title)}"]
    parts.append("\n".join(f"- warning: {_pipe(warning)}" for warning in report.warnings))
    for task in report.tasks:
        parts.append(f"## {_pipe(task)}")
        parts.append("\n".join(f"- {_pipe(sentence)}" for sentence in find(report, task)))
        parts.append(_markdown_table(report, task))
        parts.append(explain_order(report.wording(task)))
        parts += [f"† {_pipe(said)}" for said in _explain(report, task)]
        parts.append("\n".join(f"- {_pipe(said)}" for said in _explain_no_cut(report, task)))
        parts += list(_markdown_odd(report, task))
    if report.published:
        parts.append("## Published, not measured")
        heads = ("model", "method", "task", "metric", "value", "source", "how sure")
        rows = [
            [_pipe(str(value)) for value in (one.model, one.method or "", one.task, one.metric,
             f"{one.value:g}", one.source, one.certainty or "")]
            for one in report.published
        ]  # fmt: skip
        parts.append(_markdown_rows(heads, rows))
    level = f"{100 * report.level:g} %"
    parts.append(
        f"Estimates with {level} intervals, by caopd-bench {__version__}. Runs that share a letter "
        "do not differ significantly in Brier skill (paired tests, Holm), and accuracy was tested "
        "in the same way; the other numbers are descriptive. Behind the interval of the ECE: the "
        "mean ECE of a calibrated model."
    )
    parts.append(explain_certificate(report.max_risk, report.level))
    return "\n\n".join(part for part in parts if part) + "\n"


def _columns(report: Report) -> dict[str, str]:
    """Return the columns, including those of probability vectors if there are any."""
    found: dict[str, str] = {}
    for metric, head in COLUMNS.items():
        found[metric] = head
        if metric == "accuracy":
            found[COVERAGE] = say_heading(report.max_risk)
        if report.has_vectors and metric in OF_VECTORS:
            name, head = OF_VECTORS[metric]
            found[name] = head
    return found


def _markdown_table(report: Report, task: str) -> str:
    columns = _columns(report)
    heads = ("model", "group", *columns.values(), "n")
    rows = []
    for entry, cell in _ordered(report, task):
        letters = report.standings[task].letters.get(entry.name, "–")
        shown = [_markdown_value(cell, metric) for metric in columns]
        star = " \\*" if report.odd[task].get(entry.name) else ""
        dagger = " †" if _is_marked(report, task, entry.name) else ""
        rows.append((_pipe(_label(entry)), letters + star + dagger, *shown, f"{cell.n:,}"))
    return _markdown_rows(heads, rows)


def _markdown_rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _markdown_value(cell: Cell, metric: str) -> str:
    if metric == COVERAGE:
        return f"{say_coverage(cell.cut)} {say_limits(cell.cut)}".strip()
    record = cell.find(metric)
    shown = _estimate(record, metric)
    if record is None or math.isnan(record.estimate):
        return "–"
    null = cell.find("null_ece") if metric == "ece" else None
    is_null = null is not None and not math.isnan(null.estimate)
    calibrated = f", {null.estimate:.3f}" if null is not None and is_null else ""
    return f"{shown} {_limits(record, metric)}{calibrated}".strip()


def _markdown_odd(report: Report, task: str) -> Iterator[str]:
    for run, differences in report.odd[task].items():
        said = "; ".join(f"{one.setting}: {one.cand}, elsewhere {one.base}" for one in differences)
        yield f"\\* {_pipe(run)} was asked otherwise: {_pipe(said)}"


def render_latex(report: Report) -> str:
    """Return a LaTeX table per task, for the package booktabs."""
    parts = [f"% caopd-bench {__version__}; needs booktabs and graphicx"]
    parts += [_latex_table(report, task) for task in report.tasks]
    return "\n\n".join(parts) + "\n"


def _latex_table(report: Report, task: str) -> str:
    level, columns = f"{100 * report.level:g}", _columns(report)
    order = explain_order(report.wording(task))
    lines = [
        r"\begin{table}",
        r"\centering\small",
        rf"\caption{{{_tex(task)}: estimates with {level}\,\% intervals. Models that share a letter"
        rf" do not differ significantly in Brier skill (paired tests, Holm). {_tex(order)}}}",
        r"\resizebox{\linewidth}{!}{%",
        rf"\begin{{tabular}}{{ll{'r' * (len(columns) + 1)}}}",
        r"\toprule",
        "Model & & " + " & ".join(_tex(head) for head in columns.values()) + r" & $n$ \\",
        r"\midrule",
    ]
    for entry, cell in _ordered(report, task):
        letters = report.standings[task].letters.get(entry.name, "--")
        mark = r"$^\ast$" if report.odd[task].get(entry.name) else ""
        mark += r"$^\dagger$" if _is_marked(report, task, entry.name) else ""
        values = [_latex_value(cell, metric) for metric in columns]
        lines.append(
            # Without {}, a name that starts with [ or * would be an argument of the \\ above.
            f"{{}}{_tex(_label(entry))} & {_tex(letters)}{mark} & "
            + " & ".join(values)
            + rf" & {cell.n} \\"
        )
        limits = [_latex_limits(cell, metric) for metric in columns]
        shown = " & ".join(rf"{{\scriptsize {one}}}" if one else "" for one in limits)
        lines.append(rf" & & {shown} & \\")
    lines += [r"\bottomrule", r"\end{tabular}}"]
    for said in _explain(report, task):
        lines.append(rf"\par\footnotesize $^\dagger$ {_tex(said)}.")
    for run, differences in report.odd[task].items():
        said = "; ".join(f"{one.setting}: {one.cand}" for one in differences)
        lines.append(rf"\par\footnotesize $^\ast$ {_tex(run)} was asked otherwise: {_tex(said)}.")
    lines.append(rf"\par\footnotesize {_tex(explain_certificate(report.max_risk, report.level))}")
    lines += [rf"\par\footnotesize {_tex(said)}." for said in _explain_no_cut(report, task)]
    return "\n".join([*lines, r"\end{table}"])


def _latex_value(cell: Cell, metric: str) -> str:
    if metric == COVERAGE:
        return _tex(say_coverage(cell.cut))
    return _math(_estimate(cell.find(metric), metric))


def _latex_limits(cell: Cell, metric: str) -> str:
    if metric == COVERAGE:
        return _tex(say_limits(cell.cut))
    limits = _limits(cell.find(metric), metric)
    return _math(limits) if limits else ""


def _ordered(report: Report, task: str) -> Iterator[tuple[Entry, Cell]]:
    entries = {entry.name: entry for entry in report.entries}
    for run in report.standings[task].order:
        yield entries[run], entries[run].cells[task]


def _is_marked(report: Report, task: str, run: str) -> bool:
    return bool(explain_place(report, task, run) or explain_accuracy(report, task, run))


def _explain(report: Report, task: str) -> Iterator[str]:
    """Yield an explanation of the place of each marked run."""
    for run in report.standings[task].order:
        found = [explain_place(report, task, run), explain_accuracy(report, task, run)]
        said = "; ".join(part for part in found if part)
        if said:
            yield f"{inline(run, NAME_WIDTH)}: {said}"


def _explain_no_cut(report: Report, task: str) -> Iterator[str]:
    """Yield the reason for each run without a certified cut."""
    for entry, cell in _ordered(report, task):
        why = say_why_none(cell.cut)
        if why:
            yield f"{inline(entry.name, NAME_WIDTH)}: {why}"


def _label(entry: Entry) -> str:
    tags = [tag for tag in (entry.given.method, say_size(entry.size)) if tag]
    name = inline(entry.name, NAME_WIDTH)
    return f"{name} ({', '.join(tags)})" if tags else name


def _estimate(record: Record | None, metric: str) -> str:
    return PAGE.number(math.nan if record is None else record.estimate, signed=metric in SIGNED)


def _limits(record: Record | None, metric: str) -> str:
    return "" if record is None else PAGE.limits(record.low, record.high, signed=metric in SIGNED)


def _pipe(value: str) -> str:
    """Escape characters that Markdown would read as a table, HTML or emphasis."""
    special = "\\`*_<>|[]&"
    return "".join(f"\\{one}" if one in special else one for one in inline(value))


def _tex(value: str) -> str:
    escapes = {
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "–": "--", "≥": r"$\geq$", "<": r"\textless{}", ">": r"\textgreater{}",
    }  # fmt: skip
    return "".join(escapes.get(character, character) for character in inline(value))


def _math(value: str) -> str:
    return "--" if value == "–" else f"${value}$" if value[:1] in "+-[" else value
