"""Find the names of a file's columns, or of its JSON keys, in its first bytes."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.flat.files import column_names, format_of
from caopd_bench.runs.flat.parquet import open_parquet

__all__ = ["LISTED", "outline", "outline_of_json"]

#: Number of bytes read: harnesses write the keys that identify them first.
HEAD = 1 << 16
#: Name under which the keys of the first object of a JSON list are returned.
LISTED = "[]"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:]', re.DOTALL)


def outline(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the keys at the top of a file, each with the keys of the object under it.

    Nothing is raised: a file that cannot be read, or is neither JSON nor rows, has no keys.
    """
    try:
        state = path.stat()
    except OSError:
        return {}
    return _outline(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=32)
def _outline(path: Path, _size: int, _changed: int) -> Mapping[str, tuple[str, ...]]:
    kind = format_of(path)
    try:
        if kind == "Parquet":
            with open_parquet(path) as parquet:
                return {
                    field.name: tuple(
                        field.type.field(i).name
                        for i in range(field.type.num_fields)
                        if hasattr(field.type, "field")
                    )
                    for field in parquet.schema_arrow
                }
        if kind == "CSV":
            return dict.fromkeys(column_names(path), ())
        if kind == "JSONL":
            head = _read_head(path).lstrip()
            return outline_of_json(head.partition(b"\n")[0])
        if path.suffix.lower() == ".json":
            return outline_of_json(_read_head(path))
    except (OSError, EOFError, zlib.error, UsageError):
        pass  # the reader of the file reports the problem
    return {}


def _read_head(path: Path) -> bytes:
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        return stream.read(HEAD)


def outline_of_json(head: bytes) -> dict[str, tuple[str, ...]]:
    """Return the keys of a JSON object, which may be cut off, each with those of what it holds.

    For a list, the keys of its first object are returned; a list at the top has the key `LISTED`.

    Examples
    --------
    >>> outline_of_json(b'{"id": 1, "rows": [{"text": "a:b"}], "vars": {"gold": 2, "more": {"x": 1')
    {'id': (), 'rows': ('text',), 'vars': ('gold', 'more')}
    >>> outline_of_json(b'[{"response": "a"}]')
    {'[]': ('response',)}
    """
    found: dict[str, dict[str, None]] = {}
    stack: list[bytes] = []
    top = text = b""
    for match in _TOKEN.finditer(head):
        token = match.group()
        if token in (b"{", b"["):
            stack.append(token)
        elif token in (b"}", b"]"):
            if stack:
                stack.pop()
            if not stack:
                break
        elif token != b":":
            text = token[1:-1]
        else:
            place = b"".join(stack)
            if place == b"{":
                top = text
                found.setdefault(_name(top), {})
            elif place in (b"{{", b"{[{"):
                found.setdefault(_name(top), {})[_name(text)] = None
            elif place == b"[{":
                found.setdefault(LISTED, {})[_name(text)] = None
    return {key: tuple(inner) for key, inner in found.items()}


def _name(text: bytes) -> str:
    return text.decode("utf-8", "replace")
