"""Read documents of any origin; each value is checked before it is used."""

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

#: Size limit of a file: an isotonic map of a million confidences has a few thousand steps.
MAX_BYTES = 1 << 24
MAX_TEXT = 1000
SHA256 = re.compile(r"[0-9a-f]{64}")


class UnfitError(ValueError):
    """A value is invalid; the message names it and the requirement."""


def read_document(path: Path, noun: str, remedy: str) -> Mapping[str, Any]:
    """Read a file of kind "caopd-bench NOUN", format 1, without checking its values.

    Raises
    ------
    UsageError
        If the file cannot be read or is too large.
    ValueError
        Inside `checking`, if the file is not such a document.
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
    """Raise UnfitError unless a value is a document of kind "caopd-bench NOUN", format 1."""
    if not isinstance(found, Mapping) or found.get("kind") != f"caopd-bench {noun}":
        raise UnfitError(f"has no 'kind': 'caopd-bench {noun}'")
    if not is_count(found.get("format")) or found["format"] != 1:
        raise UnfitError(f"format must be 1, got {quote(found.get('format'))}")


@contextmanager
def checking(path: Path, noun: str, remedy: str) -> Iterator[None]:
    """Turn errors in the content of a file into a one-line error that names the file."""
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
    """Return a value if it is valid, else raise UnfitError.

    Parameters
    ----------
    data : Mapping
    name : str
        Name of the value.
    fits : callable
        Check of the value.
    what : str
        The requirement, in words.
    where : str
        Prefix of the name, ending with a dot.
    """
    value = data.get(name)
    if not fits(value):
        raise UnfitError(f"{where}{name} must be {what}, got {quote(value)}")
    return value


def is_object(value: Any) -> bool:
    """Return whether a value is an object."""
    return isinstance(value, Mapping)


def is_list(value: Any, most: int = 100) -> bool:
    """Return whether a value is a list of acceptable length."""
    return isinstance(value, list) and len(value) <= most


def is_text(value: Any) -> bool:
    """Return whether a value is a text of acceptable length."""
    return isinstance(value, str) and len(value) <= MAX_TEXT


def is_name(value: Any) -> bool:
    """Return whether a value is a non-empty text of acceptable length."""
    return is_text(value) and bool(value)


def is_hash(value: Any) -> bool:
    """Return whether a value is a SHA-256 in hexadecimal."""
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def is_count(value: Any) -> bool:
    """Return whether a value is an integer, 0 or above."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def is_share(value: Any) -> bool:
    """Return whether a value is a number in [0, 1]."""
    return is_number(value) and 0.0 <= value <= 1.0


def is_level(value: Any) -> bool:
    """Return whether a value is a confidence level, in [0.5, 1)."""
    return is_number(value) and 0.5 <= value < 1.0
