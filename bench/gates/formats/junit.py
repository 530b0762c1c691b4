"""JUnit XML: escaped text, counts, and the document."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, inline

__all__ = ["render_document", "set_counts", "xml_text"]


def xml_text(value: str, width: int = WARNING_WIDTH + NAME_WIDTH) -> str:
    """Escape characters that XML cannot hold: `inline` leaves only printable ones."""
    return inline(value, width).encode("utf-8", "backslashreplace").decode()


def set_counts(element: ET.Element, counts: Sequence[int]) -> None:
    """Set a suite's numbers of tests, failures and skipped tests."""
    for name, count in zip(("tests", "failures", "skipped"), counts, strict=True):
        element.set(name, str(count))
    element.set("errors", "0")
    element.set("time", "0")


def render_document(root: ET.Element) -> str:
    """Return the document, with a final newline."""
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
