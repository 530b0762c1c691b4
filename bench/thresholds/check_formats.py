"""The output formats of a check: JSON, Markdown, JUnit XML, GitHub annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree as ET

from caopd_bench._version import __version__
from caopd_bench.core.deliver import dump_json
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH
from caopd_bench.gates.formats.actions import (
    MAX_ANNOTATIONS,
    append_text,
    make_annotation,
    print_annotations,
)
from caopd_bench.gates.formats.files import check_files, write_verdict
from caopd_bench.gates.formats.junit import render_document, set_counts, xml_text
from caopd_bench.gates.formats.markdown import MARKS, escape, escape_cell
from caopd_bench.tasks.read import PARSER_VERSION
from caopd_bench.thresholds.check_result import CutCheck, ThresholdCheck
from caopd_bench.thresholds.check_words import (
    change_heads,
    change_values,
    explain,
    footnotes,
    headline,
    heads,
    name_cut,
    said,
    values,
)

__all__ = [
    "annotate",
    "append_summary",
    "check_outputs",
    "list_annotations",
    "render_json",
    "render_junit",
    "render_markdown",
    "write_outputs",
]


def render_json(result: ThresholdCheck) -> str:
    """Return the verdict as strict JSON, the verdict first; undefined is null."""
    plain = {
        "verdict": result.outcome,
        "exit_code": result.exit_code,
        "threshold": result.threshold,
        "run": result.run,
        "task": result.task,
        "made_on": result.made_on,
        "form": result.form,
        "level": result.level,
        "looks": result.looks,
        "by": result.by,
        "cuts": [asdict(cut) for cut in result.cuts],
        "warnings": list(result.warnings),
        "notes": list(result.notes),
        "versions": {"caopd_bench": __version__, "parser": PARSER_VERSION},
    }
    return dump_json(plain)


def render_markdown(result: ThresholdCheck) -> str:
    """Return the verdict as Markdown; details that decide nothing are collapsed."""
    word, _, rest = headline(result).partition("  ")
    lines = [f"## {MARKS[result.outcome]} Threshold check: {word}", "", escape(rest, 600), ""]
    lines += [f"- {escape(line, WARNING_WIDTH)}" for line in explain(result)]
    lines += [
        "",
        f"**{escape(result.task, NAME_WIDTH)}**, promised on {escape(result.made_on)}",
        "",
    ]
    lines += _table(heads(result), ([*values(cut, result), said(cut)] for cut in result.cuts))
    changed = [change_values(cut, one, result) for cut in result.cuts for one in cut.changes]
    if changed:
        lines += ["", "<details><summary>shown only</summary>", ""]
        lines += [*_table(change_heads(result), changed), "", "</details>"]
    lines += ["", *(f"- {escape(line, WARNING_WIDTH)}" for line in footnotes(result))]
    lines += [f"- {escape(note, WARNING_WIDTH)}" for note in result.notes]
    return "\n".join(lines) + "\n"


def _table(names: tuple[str, ...], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"|---|{'---:|' * (len(names) - 2)}---|"
    for row in rows:
        yield f"| {' | '.join(escape_cell(value) for value in row)} |"


def render_junit(result: ThresholdCheck) -> str:
    """Return the verdict as JUnit XML, with a test for each cut.

    An undecided cut fails too, since JUnit has no third outcome and the exit code is not 0.
    """
    root = ET.Element("testsuites", name="caopd-bench check")
    name = xml_text(result.task)
    suite = ET.SubElement(root, "testsuite", name=name)
    for cut in result.cuts:
        title = xml_text(name_cut(cut, result))
        case = ET.SubElement(suite, "testcase", classname=name, name=title, time="0")
        if cut.outcome != "PASS":
            kind = "broken" if cut.outcome == "FAIL" else "undecided"
            ET.SubElement(case, "failure", message=xml_text(_row(cut, result)), type=kind)
    failed = sum(cut.outcome != "PASS" for cut in result.cuts)
    for element in (suite, root):
        set_counts(element, [len(result.cuts), failed, 0])
    out = ET.SubElement(suite, "system-out")
    out.text = xml_text("; ".join([headline(result), *explain(result)]), 2000)
    return render_document(root)


def annotate(result: ThresholdCheck, environment: Mapping[str, str] | None = None) -> None:
    """Print annotations if the process runs on GitHub: GITHUB_ACTIONS is "true"."""
    print_annotations(list_annotations(result), environment)


def append_summary(result: ThresholdCheck, environment: Mapping[str, str] | None = None) -> None:
    """Append the verdict to the step summary, if GITHUB_STEP_SUMMARY is set.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    append_text(render_markdown(result), environment)


def list_annotations(result: ThresholdCheck) -> Iterator[str]:
    """Yield a workflow command for each warning and each cut that does not pass, ten at most."""
    lines = [("warning", line) for line in result.warnings]
    if result.outcome != "PASS":
        lines += [
            ("error", _row(cut, result))
            for cut in sorted(result.cuts, key=lambda cut: cut.outcome != "FAIL")
            if cut.outcome != "PASS"
        ]
    title = f"Threshold check {result.outcome}"
    # Errors first, so that the list is cut off among the warnings.
    lines.sort(key=lambda line: line[0] != "error")
    shown = lines if len(lines) <= MAX_ANNOTATIONS else lines[: MAX_ANNOTATIONS - 1]
    for level, line in shown:
        yield make_annotation(level, title, line)
    if len(shown) < len(lines):
        level = lines[len(shown)][0]
        yield make_annotation(level, title, f"and {len(lines) - len(shown)} more lines")


def _row(cut: CutCheck, result: ThresholdCheck) -> str:
    """Return the row of the table in words."""
    listed = zip(heads(result)[1:], values(cut, result)[1:], strict=False)
    return f"{name_cut(cut, result)}: {said(cut)} ({', '.join(f'{a} {b}' for a, b in listed)})"


RENDERERS: dict[str, Callable[[ThresholdCheck], str]] = {
    ".json": render_json,
    ".md": render_markdown,
    ".xml": render_junit,
}


def check_outputs(files: Iterable[Path]) -> None:
    """Refuse impossible outputs before reading anything."""
    check_files(files, RENDERERS)


def write_outputs(result: ThresholdCheck, files: Iterable[Path]) -> None:
    """Write a verdict to all files, or to none if one cannot be written."""
    write_verdict(result, files, RENDERERS)
