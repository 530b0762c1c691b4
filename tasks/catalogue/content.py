"""What the rows of a dataset hold, as a hash: of all fields, or of the content that tasks read.

The hash of the content is the same for every form in which a dataset is published: of SVAMP one
form has ``145.0`` and another ``"145"``, one has a column more, and CSV has only text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["DataError", "Row", "hash_content", "hash_rows"]

Row = dict[str, Any]


class DataError(ValueError):
    """Rows that cannot be had; the message says what to set."""


def hash_rows(rows: Sequence[Row]) -> str:
    """Hash rows by content, whatever the format, key order or line ends of their file."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
    return digest.hexdigest()


def hash_content(rows: Sequence[Row], fields: Sequence[str]) -> str:
    """Hash some fields of rows as text; a missing field counts as an empty one.

    Parameters
    ----------
    rows : sequence of dict
    fields : sequence of str
        What is hashed of each row.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Examples
    --------
    >>> one = hash_content([{"Answer": 145.0, "idx": 0}], ["Answer"])
    >>> one == hash_content([{"Answer": "145"}], ["Answer"])
    True
    >>> one == hash_content([{"Answer": "146"}], ["Answer"])
    False
    """
    digest = hashlib.sha256()
    for row in rows:
        shown = [_show(row.get(field)) for field in fields]
        digest.update(json.dumps(shown).encode() + b"\n")
    return digest.hexdigest()


def _show(value: Any) -> str:
    if isinstance(value, (str, int, float)):
        text = str(value)
        return text.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", text) else text
    return "" if value is None else json.dumps(value, sort_keys=True, default=str)
