"""Read lines of samples, skipping unneeded parts such as the prompt of each option.

lm-eval writes the keys of a line in a fixed order. Quotes inside texts are escaped, so
`, "filtered_resps": [` cannot be part of a text. If the keys are found in their order, only the
needed parts are parsed, many lines at once. Any other line is parsed completely.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import BlankLines, read_lines
from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.core.terminal import quote

__all__ = ["Line", "Samples", "complete", "group_of", "name_item"]

#: Keys of a document that become groups of its question, if their values are short.
GROUPS = ("level", "family", "subject", "domain")
MAX_GROUP = 100
GROUP_MARKS = tuple(f'"{name}": '.encode() for name in GROUPS)
HEAD, DOC, TARGET = b'{"doc_id": ', b', "doc": ', b', "target": "'
ARGUMENTS, OPTION, TAIL = b', "arguments": {', b', "arg_1": "', b', "filtered_resps": ['
#: Maximum number of lines parsed at once, and their maximum bytes.
BATCH, BATCH_BYTES = 512, 1 << 20
#: A line with more brackets is parsed separately, with a check of the nesting depth.
MAX_BRACKETS = 250
#: Number of hash characters of a document and of its right answer that identify a question.
DOC_DIGITS, GOLD_DIGITS = 16, 8


class Line(NamedTuple):
    """The needed parts of one line.

    Attributes
    ----------
    number : int
        Line number in its file.
    item : str
        Identifies the question.
    groups : Mapping
        Groups of the question; shared by all lines with the same groups.
    target : str
        The right answer, as lm-eval writes it.
    options : list of bytes
        The continuation of each request, in UTF-8.
    tail : Mapping
        `filtered_resps` and all keys after it.
    """

    number: int
    item: str
    groups: Mapping[str, str | int | float]
    target: str
    options: list[bytes]
    tail: Mapping[str, Any]


class _Part(NamedTuple):
    """A line and its needed parts; without parts, the line is parsed completely."""

    number: int
    data: bytes
    doc_id: bytes = b""
    doc: bytes = b""
    gold: bytes = b""
    options: list[bytes] = []  # noqa: RUF012  never modified
    tail: bytes = b""


class Samples:
    """The lines of one file with its first filter; other filters have the same responses.

    Parameters
    ----------
    file : Path
    groups : mapping, optional
        Groups of all lines, in addition to those from their documents.
    by : sequence of str
        Columns of the documents to group by, in addition to `GROUPS`.

    Attributes
    ----------
    counts : dict
        Number of lines of each filter, complete after the iteration.
    """

    def __init__(
        self, file: Path, groups: Mapping[str, Any] | None = None, by: Sequence[str] = ()
    ) -> None:
        self.file = file
        self._keys = tuple(dict.fromkeys((*GROUPS, *by)))
        # The JSON spelling of other column names is unknown, so with `by` all lines are parsed.
        self._marks = GROUP_MARKS if len(self._keys) == len(GROUPS) else (b"",)
        self._common = dict(groups or {})
        self.counts: dict[str, int] = {}
        self._seen: set[tuple[str, bytes]] = set()
        self._shared: dict[tuple[Any, ...], dict[str, Any]] = {}

    def __iter__(self) -> Iterator[Line]:
        """Yield the needed parts of each line.

        Raises
        ------
        UsageError
            If a line is damaged, or a document appears twice.
        """
        blank = BlankLines(self.file)
        parts: list[_Part] = []
        size = 0
        for number, data in read_lines(self.file):
            if blank.add(data.isspace()):
                continue
            parts.append(_take_apart(number, data, self._marks))
            size += len(data)  # the line is kept until its parts have been parsed
            if len(parts) == BATCH or size > BATCH_BYTES:
                yield from self._read(parts)
                parts, size = [], 0
        yield from self._read(parts)

    def where(self, number: int) -> str:
        """Return the name of a line for messages."""
        return f"{self.file} line {number}"

    def _read(self, parts: list[_Part]) -> Iterator[Line]:
        quick = [part for part in parts if part.tail]
        tails = iter(_parse_all([b"{" + part.tail for part in quick]) or [None] * len(quick))
        grouped = [part.doc for part in quick if part.doc]
        docs = iter(_parse_all(grouped) or [None] * len(grouped))
        shared, seen, counts, common = self._shared, self._seen, self.counts, self._common
        keys = self._keys
        for part in parts:
            number, _, doc_id, raw, gold, options, tail_bytes = part
            tail: Any = next(tails) if tail_bytes else None
            doc = next(docs) if raw else None
            try:
                chosen: Any = tail["filter"]
                item = tail["doc_hash"][:DOC_DIGITS] + tail["target_hash"][:GOLD_DIGITS]
                if len(item) < DOC_DIGITS + GOLD_DIGITS or (raw and doc is None):
                    raise ValueError("to be parsed whole")
            except (TypeError, KeyError, ValueError):
                line, doc_id = self._read_whole(part)
                chosen = line.tail.get("filter")
            else:
                groups = _share_groups(doc, keys, shared, common) if doc else common
                line = Line(number, item, groups, gold.decode(), options, tail)
            if type(chosen) is not str:
                chosen = quote(chosen)
            if (chosen, doc_id) in seen:
                raise UsageError(
                    f"{self.where(number)}: doc_id {quote(doc_id.decode())} appears twice; was the "
                    "file appended to?"
                )
            seen.add((chosen, doc_id))
            try:
                counts[chosen] += 1
            except KeyError:
                counts[chosen] = 1
            if len(counts) == 1 or chosen == next(iter(counts)):
                yield line

    def _read_whole(self, part: _Part) -> tuple[Line, bytes]:
        where = self.where(part.number)
        with complete(where):
            sample = parse_json(part.data, where)
        if not isinstance(sample, dict):
            raise UsageError(f"{where}: expected a JSON object, got {type(sample).__name__}")
        doc, target = sample.get("doc"), str(sample.get("target"))
        requests = sample.get("arguments")
        found = [
            request.get("arg_1") if isinstance(request, Mapping) else None
            for request in (requests.values() if isinstance(requests, Mapping) else ())
        ]
        options = [text.encode("utf-8", "surrogatepass") for text in found if isinstance(text, str)]
        groups = self._common
        if isinstance(doc, Mapping):
            groups = _share_groups(doc, self._keys, self._shared, groups)
        line = Line(part.number, name_item(sample), groups, target, options, sample)
        return line, str(sample.get("doc_id")).encode("utf-8", "surrogatepass")


@contextmanager
def complete(where: str) -> Iterator[None]:
    """Describe why JSON cannot be read."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{where}: not UTF-8 text ({error.reason}); is it the right file?"
        ) from None
    except ValueError:  # raised for a number of 5000 digits too
        raise UsageError(
            f"{where}: not complete JSON (was the run stopped?); run lm_eval again"
        ) from None


def _take_apart(number: int, data: bytes, marks: Sequence[bytes]) -> _Part:
    tail_at = data.rfind(TAIL)
    arguments_at = data.rfind(ARGUMENTS, 0, tail_at) if tail_at > 0 else -1
    target_at = data.rfind(TARGET, 0, arguments_at) if arguments_at > 0 else -1
    doc_at = data.find(DOC, 0, target_at) if target_at > 0 else -1
    if doc_at < 0 or not data.startswith(HEAD):
        return _Part(number, data)
    options = [piece[: piece.find(b'"')] for piece in data[arguments_at:tail_at].split(OPTION)[1:]]
    gold, tail = data[target_at + len(TARGET) : arguments_at - 1], data[tail_at + 2 :]
    doc = data[doc_at + len(DOC) : target_at]
    for mark in marks:
        if mark in doc:
            break
    else:
        doc = b""
    is_plain = b"\\" not in gold and gold.isascii() and b"\\" not in b"".join(options)
    if not is_plain or tail.count(b"[") > MAX_BRACKETS or tail.count(b"{") > MAX_BRACKETS:
        return _Part(number, data)
    if doc and doc.count(b"[") + doc.count(b"{") > MAX_BRACKETS:
        return _Part(number, data)
    return _Part(number, data, data[len(HEAD) : doc_at], doc, gold, options, tail)


def _parse_all(documents: list[bytes]) -> list[Any] | None:
    """Parse objects together; return None if one of them is not a complete object."""
    try:
        parsed = json.loads(b"[" + b",".join(documents) + b"]") if documents else []
    except (ValueError, RecursionError):
        return None
    is_whole = len(parsed) == len(documents) and all(type(value) is dict for value in parsed)
    return parsed if is_whole else None


def name_item(sample: Mapping[str, Any]) -> str:
    """Name the question of a line by its document and its right answer."""
    if _has_hashes(sample):
        return str(sample["doc_hash"][:DOC_DIGITS] + sample["target_hash"][:GOLD_DIGITS])
    named = [sample.get("doc"), str(sample.get("target"))]
    key = json.dumps(named, sort_keys=True, default=str).encode()
    return blake2b(key, digest_size=(DOC_DIGITS + GOLD_DIGITS) // 2).hexdigest()


def _has_hashes(sample: Mapping[str, Any]) -> bool:
    doc, target = sample.get("doc_hash"), sample.get("target_hash")
    is_text = type(doc) is str and type(target) is str
    return is_text and len(doc) >= DOC_DIGITS and len(target) >= GOLD_DIGITS  # type: ignore[arg-type]


def group_of(value: Any) -> str | int | float | None:
    """Return a value if it can group questions, as a short word or a number can."""
    if isinstance(value, str):
        return value if 0 < len(value) <= MAX_GROUP else None
    is_number = isinstance(value, (int, float)) and math.isfinite(value)
    return value if is_number else None


def _share_groups(
    doc: Mapping[str, Any],
    keys: Sequence[str],
    shared: dict[tuple[Any, ...], dict[str, Any]],
    common: dict[str, Any],
) -> dict[str, Any]:
    raw = tuple(map(doc.get, keys))
    try:
        return shared[raw]  # nearly all lines have a known group
    except (KeyError, TypeError):  # new, too long, or a list
        key = tuple(map(group_of, raw))
    if key not in shared:
        named = zip(keys, key, strict=True)
        known = {name: value for name, value in named if value is not None}
        shared[key] = {**known, **common}
    return shared[key]
