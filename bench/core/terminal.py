"""Make data safe for lines of text, since names and values in runs may come from anywhere."""

from __future__ import annotations

import reprlib

from caopd_bench.core.markers import break_markers

__all__ = ["NAME_WIDTH", "WARNING_WIDTH", "align", "escape_controls", "inline", "quote"]

#: Maximum characters of an echoed value, which are enough to recognise it.
VALUE_WIDTH = 80
NAME_WIDTH = 80
WARNING_WIDTH = 300

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = VALUE_WIDTH


def inline(text: object, width: int | None = None) -> str:
    r"""Make data safe for a line of output: no control characters, and no commands to a CI runner.

    Control characters, the newline among them, are escaped; marks such as ``::error::`` and
    ``##vso[`` get a backslash before their last character (`markers` lists them). Other text is
    unchanged. For data that are not shown in a log (a cell of a CSV) use `escape_controls`.

    Parameters
    ----------
    text : object
        Any object; its `str` is shown.
    width : int, optional
        Longer text is shortened in the middle.

    Examples
    --------
    >>> inline("red \x1b[31m\n")
    'red \\x1b[31m\\n'
    >>> print(inline("::error::a task"))
    :\:error::a task
    >>> inline("checkpoint-1200-of-a-model", 16)
    'checkpoi...model'
    """
    return break_markers(escape_controls(str(text), width))


def escape_controls(text: str, width: int | None = None) -> str:
    r"""Escape control characters, the newline among them; shorten as `inline` does.

    Examples
    --------
    >>> escape_controls("::error::\n")
    '::error::\\n'
    """
    if width is not None and len(text) > width:
        tail = (width - 3) * 2 // 5
        text = f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def quote(value: object) -> str:
    """Return the shortened `repr` of an invalid value, at any nesting depth."""
    return inline(_REPR.repr(value), VALUE_WIDTH)


def align(table: list[list[str]], *, right: bool = False) -> list[str]:
    """Pad the cells of each column to one width, indented by two spaces."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = []
    for row in table:
        first = row[0].rjust(widths[0]) if right else row[0].ljust(widths[0])
        rest = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        lines.append(("  " + "  ".join([first, *rest])).rstrip())
    return lines
