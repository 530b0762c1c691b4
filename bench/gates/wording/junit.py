"""A verdict as JUnit XML: a suite for each task and group, a test for each number.

A worse number is a failure. An undecided number is skipped, since JUnit has no third outcome; with
`on_inconclusive: fail`, or if data are missing, it is a failure too, so that XML and exit code
agree. In a task with fewer than `min_items` items all numbers are skipped, and an additional test
fails, like the exit code. Advisory numbers are listed in the output of the suite.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from caopd_bench.gates.formats.junit import render_document, set_counts, xml_text
from caopd_bench.gates.result import GateCell, GateResult
from caopd_bench.gates.wording.explain import explain
from caopd_bench.gates.wording.table import (
    headline,
    heads,
    said,
    sections,
    values,
)
from caopd_bench.gates.wording.words import label

__all__ = ["render_junit"]


def render_junit(result: GateResult) -> str:
    """Return the verdict as JUnit XML."""
    root = ET.Element("testsuites", name="caopd-bench gate")
    totals = [0, 0, 0]
    parts = sections(result)
    for section in (one for one in parts if one.tier == "gate"):
        name = xml_text(f"{section.task} {section.group or ''}".strip())
        suite = ET.SubElement(root, "testsuite", name=name)
        counts = [0, 0, 0]
        for cell in section.cells:
            case = ET.SubElement(
                suite, "testcase", classname=name, name=f"{label(cell)} ({cell.rule})", time="0"
            )
            failed, skipped = _add_outcome(case, cell, result)
            counts = [counts[0] + 1, counts[1] + failed, counts[2] + skipped]
        if section.group is None and section.task in result.too_few:
            _add_too_few(suite, name, section.task, result)
            counts = [counts[0] + 1, counts[1] + 1, counts[2]]
        set_counts(suite, counts)
        others = [one for one in parts if one.tier != "gate" and one.task == section.task]
        shown = [
            f"{one.group or 'whole task'}: {label(cell)}: {_sentence(cell, result)}"
            for one in others
            for cell in one.cells
        ]
        out = ET.SubElement(suite, "system-out")
        out.text = xml_text("; ".join([headline(result), *explain(result)]), 2000)
        if shown and section.group is None:
            out.text += "\nshown only:\n" + "\n".join(xml_text(line) for line in shown)
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
    set_counts(root, totals)
    return render_document(root)


def _add_outcome(case: ET.Element, cell: GateCell, result: GateResult) -> tuple[bool, bool]:
    message = xml_text(_sentence(cell, result))
    if cell.task in result.too_few:
        ET.SubElement(case, "skipped", message=message)
        return False, True
    if cell.outcome == "PASS":
        return False, False
    is_open = cell.outcome == "INCONCLUSIVE"
    if is_open and not cell.undecidable and result.policy.on_inconclusive == "warn":
        ET.SubElement(case, "skipped", message=message)
        return False, True
    ET.SubElement(case, "failure", message=message, type="undecided" if is_open else "worse")
    return True, False


def _add_too_few(suite: ET.Element, name: str, task: str, result: GateResult) -> None:
    asked, items = result.policy.min_items, result.too_few[task]
    message = (
        f"{items:,} items, but the policy requires {asked:,} (min_items), so nothing is decided"
    )
    case = ET.SubElement(suite, "testcase", classname=name, name="enough items", time="0")
    ET.SubElement(case, "failure", message=xml_text(message), type="undecided")


def _sentence(cell: GateCell, result: GateResult) -> str:
    """Return the row of the table in words."""
    names, row = heads(result.policy)[1:], values(cell)[1:]
    worse, better = ("worse by", "better by") if cell.rule == "margin" else ("beyond", "inside by")
    by = worse
    # Out of context, a minus sign after "worse by" may be mistaken for a hyphen.
    if row[2].startswith("-") and row[2] != "-":
        by, row = better, [*row[:2], row[2][1:], *row[3:]]
    names = (*names[:2], by, *names[3:])
    listed = ", ".join(f"{name} {v}" for name, v in zip(names, row, strict=False) if v != "-")
    why = cell.reason or cell.undecidable
    return f"{said(cell, result)}{': ' + why if why else ''} ({listed})"
