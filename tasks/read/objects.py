r"""Read a response, or the part of it, that is JSON: ``{"answer": "B", "confidence": 0.8}``.

* Every object in the text that names an answer or a confidence is read with `json`: the whole
  text, what a code fence holds, or what stands in a sentence. A list of objects is one piece.
* Keys go by name, in any order and any case (``Final Answer``, ``finalAnswer``); `Rules` adds
  more. A key that may also be data (``label``, ``result``) is an answer only beside a confidence
  or if the object is the whole text.
* A value may be text, a number, true or false, or a list of these. It may stand some levels down
  (``{"result": {"answer": 5}, "confidence": 0.8}``), but not under a key such as ``steps`` or
  ``question``. Of several answers of one object the outermost that stands beside a confidence
  counts, else the outermost; of a list of guesses the first, which is the best.
* A ``probability`` that repeats the answer (``{"answer": "3/8", "probability": 0.375}``) is none,
  but that of a ``guess`` was asked for.
* Text that `json` refuses is tried with the backslashes of LaTeX doubled, and in Python's form
  (single quotes, ``True``, a comma before the closing bracket). Otherwise it is read line by line.

A piece has at most `MAX_OBJECT` characters and `MAX_DEPTH` levels. Few scans may fail, so the time
is proportional to the length of the text.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from caopd_bench.tasks.read.parts.flat import FlatObjects
from caopd_bench.tasks.read.parts.values import (
    list_nodes,
    look_up_keys,
    place_keys,
    read_value,
    to_text,
)
from caopd_bench.tasks.read.python_form import from_python
from caopd_bench.tasks.read.rules import Rules

MAX_OBJECT = 100_000  # longest piece, in characters
_SHORT = 200  # longest piece, in characters, that is read only once per text
MAX_DEPTH = 20  # deepest nesting of a piece
_MAX_FAILURES = 4  # after this many brackets that never close, the search ends

_BEFORE_ALL = re.compile(r"[\s`]*(?:json\s)?\s*")
_START = re.compile(r"\{\s{0,99}[\"']")
_MAX_SPACE = 99  # most characters between a list's bracket and its first object
# An unclosed string reaches to the end of the text, so that no match is tried inside it.
_DOUBLE = r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)'
_SINGLE = r"'(?:[^'\\]|\\.)*(?:'|\\?\Z)"
_JSON_SIGN = re.compile(rf"{_DOUBLE}|[{{}}\[\]]", re.DOTALL)
_PYTHON_SIGN = re.compile(rf"{_DOUBLE}|{_SINGLE}|[{{}}\[\]]", re.DOTALL)
_LONE_BACKSLASH = re.compile(r"\\(?![\"\\/bfnrtu'])")
_new = tuple.__new__  # creates a named tuple in half the time


class Stated(NamedTuple):
    """The answer and confidence that an object states, and its position."""

    start: int
    end: int
    answer: str | None
    confidence: str | None


def find_objects(text: str, rules: Rules) -> Iterator[Stated]:
    r"""Yield the objects that state an answer or a confidence, in order.

    Examples
    --------
    >>> text = 'So:\n{"answer": 5, "why": "2, 3", "confidence": "85%"}'
    >>> [(s.answer, s.confidence) for s in find_objects(text, Rules())]
    [('5', '85%')]
    """
    position = failures = 0
    first = _BEFORE_ALL.match(text).end()  # type: ignore[union-attr]
    last = len(text.rstrip("` \n"))
    keys = look_up_keys(rules)
    known: dict[str, tuple[str | None, str | None] | None] = {}  # readings of short pieces
    flat = FlatObjects(partial(place_keys, keys))
    while failures < _MAX_FAILURES and (opening := _START.search(text, position)) is not None:
        start = _find_start(text, position, opening.start())
        if text[start] == "{" and start > first:  # the object is not the whole text
            easy = flat.read(text, start, text[opening.end() - 1])
            if easy is not None:
                position, answer, confidence = easy
                if answer is not None or confidence is not None:
                    yield _new(Stated, (start, *easy))
                continue
        end = _find_end(text, start)
        if end is None:
            failures += 1
            position = start + 1
            continue
        position = end
        piece = text[start:end]
        whole = start == first and end == last
        if whole or piece not in known:
            value = _parse(piece)
            read = None if value is None else read_value(value, keys, whole)
            if len(piece) <= _SHORT and not whole:
                known[piece] = read
        else:
            read = known[piece]
        if read is not None:
            yield Stated(start, end, *read)


def _find_start(text: str, position: int, brace: int) -> int:
    """Return where an object begins, or the list whose first element it is."""
    before = text[brace - 1 : brace]
    if (brace - position < 2 and before != "[") or not (before.isspace() or before == "["):
        return brace
    begin = max(position, brace - _MAX_SPACE - 1)
    before = text[begin:brace].rstrip()
    return begin + len(before) - 1 if before[-1:] == "[" else brace


def list_keys(text: str) -> dict[str, str]:
    r"""Return the keys of the objects in a text as they are written, and their values as text.

    It helps to find a prompt's name for its answer. If a key occurs twice, the first one counts.

    Examples
    --------
    >>> list_keys('So:\n```json\n{"final": 5, "sure": 0.8}\n```')
    {'final': '5', 'sure': '0.8'}
    """
    found: dict[str, str] = {}
    position = failures = 0
    while failures < _MAX_FAILURES and (opening := _START.search(text, position)) is not None:
        start = _find_start(text, position, opening.start())
        end = _find_end(text, start)
        failures += end is None
        position = start + 1 if end is None else end
        value = None if end is None else _parse(text[start:end])
        for node in list_nodes(value):
            for key, inner in node.items():
                said = to_text(inner)
                if said is not None:
                    found.setdefault(key, said)
    return found


def _find_end(text: str, start: int) -> int | None:
    """Return the end of the piece that begins at `start`, or None if it is never closed."""
    opening = _START.search(text, start)
    sign = _JSON_SIGN if opening and opening.group()[-1] == '"' else _PYTHON_SIGN
    depth = 0
    for match in sign.finditer(text, start, start + MAX_OBJECT):
        found = match.group()
        if found in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return None
        elif found in "}]":
            depth -= 1
            if depth == 0:
                return match.end()
    return None


def _parse(piece: str) -> Any:
    """Return the value of a piece, with its numbers as text, or None."""
    # If the first key is in single quotes, the piece is not JSON, even with doubled backslashes.
    is_python = piece.lstrip("[{ \n\t\r")[:1] == "'"
    forms = (_as_it_is, _double_backslashes, from_python, _from_python_in_latex)
    for form in forms[2:] if is_python else forms:
        try:
            return _DECODER.decode(form(piece))
        except (ValueError, RecursionError):
            continue
    return None


# Numbers stay as they are written: 12.50 does not become 12.5, and no digit is lost.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


def _as_it_is(text: str) -> str:
    return text


def _double_backslashes(text: str) -> str:
    return _LONE_BACKSLASH.sub(r"\\\\", text)


def _from_python_in_latex(text: str) -> str:
    return from_python(_double_backslashes(text))
