"""Documents that may come from anywhere: each value is checked before it is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.core.numbers import is_number
from caopd_bench.core.terminal import quote

__all__ = [
    "MAX_BYTES",
    "UnfitError",
    "check_kind",
    "checking",
    "is_count",
    "is_hash",
    "is_level",
    "is_list",
    "is_name",
    "is_object",
    "is_share",
    "is_text",
    "read_document",
    "take",
]

#: Of a file: an isotonic map of a million different confidences has some thousand steps.
MAX_BYTES = 1 << 24
MAX_TEXT = 1000
SHA256 = re.compile(r"[0-9a-f]{64}")


class UnfitError(ValueError):
    """A value is not what it must be: says which, and what it must be."""


def read_document(path: Path, noun: str, remedy: str) -> Mapping[str, Any]:
    """Read a file of the kind "caopd-bench NOUN", format 1; its values are not checked yet.

    Raises
    ------
    UsageError
        If it cannot be read or is too large.
    ValueError
        Inside of `checking`: if it is not such a document.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: more than {MAX_BYTES >> 20} MB; is it a {noun}? {remedy}")
    found = parse_json(data, str(path))
    check_kind(found, noun)
    document: Mapping[str, Any] = found
    return document


def check_kind(found: Any, noun: str) -> None:
    """Raise UnfitError unless a value is a document of the kind "caopd-bench NOUN", format 1."""
    if not isinstance(found, Mapping) or found.get("kind") != f"caopd-bench {noun}":
        raise UnfitError(f"has no 'kind': 'caopd-bench {noun}'")
    if not is_count(found.get("format")) or found["format"] != 1:
        raise UnfitError(f"format must be 1, got {quote(found.get('format'))}")


@contextmanager
def checking(path: Path, noun: str, remedy: str) -> Iterator[None]:
    """Turn what is wrong with the content of a file into one line that names the file."""
    try:
        yield
    except UsageError:
        raise
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, UnfitError) else f"not JSON ({error})"
        raise UsageError(f"{path}: not a {noun} of this version: {said}; {remedy}") from None


def take(
    data: Mapping[str, Any], name: str, fits: Callable[[Any], bool], what: str, where: str = ""
) -> Any:
    """Return a value that fits, or raise UnfitError.

    Parameters
    ----------
    data : Mapping
    name : str
        Of the value.
    fits : callable
        Whether a value is what it must be.
    what : str
        What it must be, in words.
    where : str
        Stands before the name, with a dot at its end.
    """
    value = data.get(name)
    if not fits(value):
        raise UnfitError(f"{where}{name} must be {what}, got {quote(value)}")
    return value


def is_object(value: Any) -> bool:
    """Return whether it is an object."""
    return isinstance(value, Mapping)


def is_list(value: Any, most: int = 100) -> bool:
    """Return whether it is a list that is not too long."""
    return isinstance(value, list) and len(value) <= most


def is_text(value: Any) -> bool:
    """Return whether it is a text that is not too long."""
    return isinstance(value, str) and len(value) <= MAX_TEXT


def is_name(value: Any) -> bool:
    """Return whether it is such a text, and not empty."""
    return is_text(value) and bool(value)


def is_hash(value: Any) -> bool:
    """Return whether it is a SHA-256 in hexadecimal."""
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def is_count(value: Any) -> bool:
    """Return whether it is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def is_share(value: Any) -> bool:
    """Return whether it is a number in [0, 1]."""
    return is_number(value) and 0.0 <= value <= 1.0


def is_level(value: Any) -> bool:
    """Return whether it is a level of confidence, in [0.5, 1)."""
    return is_number(value) and 0.5 <= value < 1.0
