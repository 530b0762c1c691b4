"""Refuse an entry with wrong fields, or a row that did not become an item, with a one-line remedy.

An entry is checked when the entries are collected, an item when its row is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

from caopd_bench.tasks.catalogue.dataset import Dataset, Item, Source
from caopd_bench.tasks.catalogue.rows import DataError
from caopd_bench.tasks.catalogue.styles import STYLES
from caopd_bench.tasks.judge.options import options_of
from caopd_bench.tasks.judge.verify import KINDS, verify

__all__ = ["check_entry", "check_item"]

#: Fields that every item needs. Question and answer must not be blank; a solution may be.
NEEDED = ("question", "answer", "kind", "style", "solution")


def check_item(item: Item, where: str) -> None:
    """Refuse an item that could not be asked, or whose answer could not be judged.

    Parameters
    ----------
    item : dict
        The item that the entry made from a row.
    where : str
        The file and the row.

    Raises
    ------
    DataError
        In one line: file, row, field, value and remedy.
    """
    for field in NEEDED:
        value = item.get(field)
        if not isinstance(value, str) or (field != "solution" and not value.strip()):
            kind = "text" if field == "solution" else "text that is not blank"
            raise DataError(
                f"{where}: {field!r} must be {kind}, got {value!r:.80}; fix the row, or the "
                "entry's function"
            )
    for field, known in (("kind", KINDS), ("style", STYLES)):
        if item[field] not in known:
            raise DataError(f"{where}: {_unknown(field, item[field], known)} in the entry")
    try:
        verify(None, item["answer"], kind=item["kind"], options=options_of(item))
    except ValueError as error:
        raise DataError(
            f"{where}: 'answer': {error}; fix the row, or give another 'kind' than "
            f"{item['kind']!r} in the entry ({', '.join(KINDS)})"
        ) from None


def check_entry(entry: Dataset, names: Collection[str]) -> None:
    """Refuse an entry with a wrong field.

    Parameters
    ----------
    entry : Dataset
        As a file of `datasets` defines it.
    names : collection of str
        All entries.

    Raises
    ------
    ValueError
        If a field is wrong; names the field, its value and the valid values.
    """
    if not re.fullmatch("[a-z][a-z0-9_]*", entry.name):
        _refuse(entry, "name", entry.name, "small letters, digits and _")
    if not _is_count(entry.max_tokens):
        _refuse(entry, "max_tokens", entry.max_tokens, "a whole number above 0")
    for part in entry.parts:
        if part not in names:
            raise ValueError(f"dataset {entry.name!r}: {_unknown('parts', part, names)}")
    if (entry.source is not None) + (entry.load is not None) + bool(entry.parts) != 1:
        raise ValueError(f"dataset {entry.name!r}: give one of source, load and parts")
    if entry.source is not None:
        _check_source(entry, entry.source)
    elif entry.load is not None and not _is_count(entry.items):
        _refuse(entry, "items", entry.items, "a whole number above 0")


def _check_source(entry: Dataset, source: Source) -> None:
    if not re.fullmatch(r"\w[\w.-]*", source.name):
        _refuse(entry, "name of the source", source.name, "a file's name without its ending")
    if not _is_count(source.rows):
        _refuse(entry, "rows", source.rows, "a whole number above 0")
    if not source.licence.strip():
        _refuse(entry, "licence", source.licence, "the licence of the rows, or where to read it")
    if (source.raw is None) == (source.hub is None):
        raise ValueError(f"dataset {entry.name!r}: its source needs raw= or hub=, one of them")
    pinned = source.raw or source.hub
    revision = pinned.revision if pinned else None
    if not _is_hash(revision, 40):
        _refuse(entry, "revision", revision, "a commit: 40 hexadecimal digits")
    if source.raw is not None:
        if source.raw.revision not in source.raw.url:
            _refuse(entry, "url", source.raw.url, f"at the revision {revision}")
        if not _is_hash(source.raw.sha256, 64):
            _refuse(entry, "sha256", source.raw.sha256, "64 hexadecimal digits, as of sha256sum")
    if (source.content is None) != (not source.fields):
        raise ValueError(
            f"dataset {entry.name!r}: its source needs both fields and content or none"
        )
    if source.content is not None and not _is_hash(source.content, 64):
        _refuse(entry, "content", source.content, "64 hexadecimal digits, as of hash_content")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_hash(value: object, digits: int) -> bool:
    return isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", value) is not None


def _refuse(entry: Dataset, field: str, value: object, wanted: str) -> None:
    raise ValueError(f"dataset {entry.name!r}: {field} must be {wanted}, got {value!r:.80}")


def _unknown(field: str, value: object, known: Collection[str]) -> str:
    close = get_close_matches(str(value), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
    return f"unknown {field} {value!r:.80}; {hint}"
