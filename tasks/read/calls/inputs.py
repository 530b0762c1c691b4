r"""Read the input of one tool call as a value that equals every other way of writing it.

* Numbers, and strings that are plain numbers, go by value: ``3``, ``3.0`` and ``"3"`` are the same.
  Leading zeros (``"02134"``) and exponents make a string a text. ``true`` is ``"true"``, in any
  case of letters.
* Strings are folded and stripped; case and inner spaces count: most are names and ids.
* A key whose value is null or ``""`` counts as absent (four gold answers have ``"gender": ""``
  where the user names none). In lists such values count.
* Keys in any order, lists in theirs. No input, ``null``, ``None`` and ``N/A`` are ``{}``.
* The accepted forms are JSON (also with line ends in strings), JSON with escaped quotes, and
  Python's form (``'single quotes'``, ``True``, ``None``, trailing commas). An input that is not an
  object, has a key twice, or has NaN, more than `MAX_INPUT` characters or `MAX_DEPTH` levels, is
  unreadable.
"""

import json
import re
from decimal import Decimal

from caopd_bench.tasks.read.characters import fold
from caopd_bench.tasks.read.python_form import from_python

MAX_INPUT = 10_000  # longest input that is read, in characters
MAX_DEPTH = 50  # deepest nesting of an input that is read

_NOTHING = re.compile(r"|null|none|n/a", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def read_input(text: str) -> tuple[object, ...] | None:
    r"""Return a hashable value that two inputs share if and only if they are the same, or None.

    Examples
    --------
    >>> read_input('{"a": 1, "b": null}') == read_input("{'a': '1.0'}")
    True
    >>> read_input("") == read_input("{}"), read_input("page 3")
    (True, None)
    """
    text = text.strip()
    if len(text) > MAX_INPUT:
        return None
    for form in (_as_it_is, from_python, _unescape):
        try:
            value = _DECODER.decode(form(text))
            if isinstance(value, dict):
                return _normalise(value, 0)
        except (ValueError, ArithmeticError, RecursionError):
            continue
    return None


def _as_it_is(text: str) -> str:
    return "{}" if _NOTHING.fullmatch(text) else text


def _unescape(text: str) -> str:
    r"""Read an object whose quotes are escaped: {\"a\": 1}."""
    inner: object = _DECODER.decode(f'"{text}"')
    return str(inner)


def _refuse_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is stated twice")
    return dict(pairs)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_refuse_repeats,
    parse_int=Decimal,
    parse_float=Decimal,
    parse_constant=int,  # raises ValueError for NaN and Infinity
    strict=False,
)


def _normalise(value: object, depth: int) -> tuple[object, ...]:
    """Return a hashable form, tagged by kind: 1, "a" and true are never equal."""
    if depth > MAX_DEPTH:
        raise ValueError("too many levels")
    if isinstance(value, dict):
        given = ((fold(key), _normalise(inner, depth + 1)) for key, inner in value.items())
        return "object", frozenset(pair for pair in given if pair[1] not in (_NULL, _EMPTY))
    if isinstance(value, list):
        return "list", tuple(_normalise(inner, depth + 1) for inner in value)
    if not isinstance(value, str):
        return type(value).__name__, value
    text = fold(value).strip()
    if text.lower() in ("true", "false"):
        return _normalise(text.lower() == "true", depth)
    return _normalise(Decimal(text), depth) if _PLAIN_NUMBER.fullmatch(text) else ("text", text)


_NULL, _EMPTY = _normalise(None, 0), ("text", "")
