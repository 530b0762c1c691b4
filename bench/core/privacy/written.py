"""Parse settings written as JSON, as Python or as ``k=v,k=v``, in the same way as lm-eval."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from caopd_bench.core.privacy.names import ARGUMENTS, DECODING, METADATA, Kind, Rule

__all__ = ["MAX_LENGTH", "NO_NAME", "read_written"]

#: Limit on the characters of a recorded text.
MAX_LENGTH = 500
#: Key for text between commas without a name.
NO_NAME = "text without a name"
#: Mappings that lm-eval also accepts as ``k=v,k=v``.
_OF_PAIRS = (ARGUMENTS, DECODING, METADATA)
#: Commas within one list or mapping.
MAX_PIECES = 100


def read_written(text: str, rule: Rule) -> Any:
    """Return the mapping or list that a text represents, else the text itself."""
    plain = text.strip()
    if plain[:1] == plain[-1:] == '"' and len(plain) < 2 * MAX_LENGTH:
        plain = _unquote(plain)
    if plain[:1] in ("{", "["):
        for read in (json.loads, ast.literal_eval):
            try:
                found = read(plain)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(found, (Mapping, list)):
                return found
    if any(rule is known for known in _OF_PAIRS) and plain:
        return _split_pairs(plain)
    return text


def _unquote(text: str) -> str:
    """Decode JSON within a JSON string, as for a setting that passed through two programs."""
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return text
    is_document = isinstance(inner, str) and inner.strip()[:1] in ("{", "[", '"')
    return inner.strip() if is_document else text


def _split_pairs(text: str) -> dict[str, Any]:
    """Parse ``k=v,k=v`` as lm-eval does: commas separate, except within a list or mapping."""
    pairs: dict[str, Any] = {}
    for piece in _pieces(text):
        key, mark, value = piece.partition("=")
        if mark:
            pairs[key.strip()] = _word(value.strip())
        elif piece.strip():
            pairs[NO_NAME] = piece
    return pairs


def _pieces(text: str) -> Iterator[str]:
    parts = text.split(",")
    at = 0
    while at < len(parts):
        end = at + 1
        if parts[at].partition("=")[2].strip()[:1] in ("{", "["):
            closed = (
                i
                for i in range(at + 1, min(len(parts), at + MAX_PIECES) + 1)
                if parts[i - 1].rstrip()[-1:] in ("}", "]")
                and not isinstance(
                    read_written(",".join(parts[at:i]).partition("=")[2], Kind.PLAIN), str
                )
            )
            end = next(closed, end)
        yield ",".join(parts[at:end])
        at = end


def _word(value: str) -> Any:
    """Parse a value as lm-eval does (`handle_arg_string`)."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    known = {"true": True, "false": False, "none": None}
    if value.lower() in known:
        return known[value.lower()]
    for read in (int, float):
        try:
            return read(value)
        except ValueError:
            continue
    return value
