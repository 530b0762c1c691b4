r"""Rewrite replies of content parts, which lm-eval logs in Python notation.

A server may answer with a list, ``[{'type': 'text', 'text': 'Answer: 5'}]``; lm-eval writes the
result of `str` on it. The text is rewritten as JSON; nothing is evaluated.
"""

from __future__ import annotations

import re
from typing import Any

from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.tasks.read.python_form import from_python

__all__ = ["join_parts"]

MAX_LENGTH = 1 << 20
#: Types of the parts that are visible to the reader of a reply.
SHOWN = ("text", "output_text")
_START = re.compile(r"\s{0,8}\[\s{0,8}\{\s{0,8}['\"]")
#: Escapes that JSON lacks, and any other escape.
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|.)", re.DOTALL)


def join_parts(text: str) -> str | None:
    r"""Return the text of a reply of content parts; None for any other text.

    Examples
    --------
    >>> join_parts("[{'type': 'text', 'text': 'Answer: 5\\nConfidence: 0.9'}]")
    'Answer: 5\nConfidence: 0.9'
    >>> join_parts("Answer: 5") is None, join_parts("[{'type': 'text', 'text': open('x')}]") is None
    (True, True)
    """
    if not _START.match(text) or len(text) > MAX_LENGTH:
        return None
    try:
        written = from_python(_ESCAPE.sub(_as_json, text))
        parts = parse_json(written.encode("utf-8", "surrogatepass"), "content parts")
    except ValueError:
        return None
    if not isinstance(parts, list) or not all(map(_is_part, parts)):
        return None
    return "".join(part["text"] for part in parts if part["type"] in SHOWN)


def _is_part(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return False
    return value["type"] not in SHOWN or isinstance(value.get("text"), str)


def _as_json(found: re.Match[str]) -> str:
    if found[1]:
        return f"\\u00{found[1]}"
    if not found[2]:
        return found[0]
    code = int(found[2], 16)
    return chr(code) if 0x20 <= code <= 0x10FFFF else found[0]
