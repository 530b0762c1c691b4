"""Check the values of flat files, one column at a time: numbers, missing and invalid values."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.flat.names import Names

__all__ = [
    "MAX_NAME",
    "MAX_NUMBER",
    "Chunk",
    "Codes",
    "Wanted",
    "Where",
    "encode",
    "read_confidences",
    "read_items",
    "read_outcomes",
]

T = TypeVar("T")
#: Function that names row i of a chunk: "answers.csv line 17".
Where = Callable[[int], str]
#: Spellings of a missing value by CSV writers.
ABSENT = frozenset({"", "na", "nan", "none", "null"})
#: Stricter than float(), which accepts underscores, digits of other scripts and "infinity".
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MAX_NUMBER = 100  # characters
MAX_NAME = 200  # characters
OUTCOMES = {"1": True, "true": True, "1.0": True, "0": False, "false": False, "0.0": False}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names of the columns to read."""

    confidence: str
    correct: str
    item: str | None
    groups: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """Return the names of all columns."""
        item = [self.item] if self.item else []
        return list(dict.fromkeys([self.confidence, self.correct, *item, *self.groups]))


@dataclass(frozen=True, slots=True)
class Codes:
    """A column of few distinct values: row i has ``values[codes[i]]``, or none if that is -1."""

    codes: NDArray[np.int64]
    values: list[Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of a file, with checked values.

    Attributes
    ----------
    confidence : ndarray of float, shape (n,)
        In [0, 1]; NaN if none was stated.
    correct : ndarray of bool, shape (n,)
    items : list of str or pyarrow.StringArray, optional
        The question of each row (`names` reads both).
    groups : dict
        Maps each key to its codes.
    """

    confidence: NDArray[Any]
    correct: NDArray[np.bool_]
    items: Names | None
    groups: dict[str, Codes]


def read_confidences(values: Sequence[Any] | NDArray[Any], where: Where) -> NDArray[Any]:
    """Check a column of confidences: numbers in [0, 1], or NaN, null or nothing."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        column = values if values.dtype.kind == "f" else values.astype(np.float64)
    else:
        # Convert an array to Python values, so that bools remain bools.
        listed = values.tolist() if isinstance(values, np.ndarray) else values
        column = np.array(_floats(listed) or _of_each(_number, listed, where), dtype=np.float64)
    is_bad = ~np.isnan(column) & ~((column >= 0) & (column <= 1))
    if is_bad.any():
        i = int(np.argmax(is_bad))
        raise _confidence_error(column[i].item(), where(i))
    return column


def read_outcomes(values: Sequence[Any] | NDArray[Any], where: Where) -> NDArray[np.bool_]:
    """Check a column of outcomes: 0, 1, true or false."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        column = values == 1
        is_good = column | (values == 0)
        if is_good.all():
            return np.asarray(column)
        i = int(np.argmin(is_good))
        raise _outcome_error(values[i].item(), where(i))
    if set(map(type, values)) <= {bool}:
        return np.array(values, dtype=bool)
    return np.array(_of_each(_outcome, [*values], where), dtype=np.bool_)


def _floats(values: Sequence[Any]) -> Sequence[Any] | None:
    """Return numbers unchanged and None as NaN; return None if there is any other value.

    Integers may be too large for a float.
    """
    kinds = set(map(type, values))
    if not kinds <= {float, int, type(None)}:
        return None
    if int in kinds and max(abs(value) for value in values if type(value) is int) > 1 << 53:
        return None
    return values


def _of_each(
    read: Callable[[Any, Where, int], T], values: Sequence[Any], where: Where
) -> Sequence[T]:
    """Read each value; texts and integers often repeat, so read each distinct one once."""
    # Values of these types are equal only if identical; in general, 1 equals True and 1.0.
    if not set(map(type, values)) <= {str, int}:
        return [read(value, where, i) for i, value in enumerate(values)]
    # In order of appearance, so that an error names the first row that cannot be read.
    known = {value: read(value, _first(values, value, where), 0) for value in dict.fromkeys(values)}
    return [*map(known.__getitem__, values)]


def _first(values: Sequence[Any], value: Any, where: Where) -> Where:
    return lambda _: where(values.index(value))


def read_items(values: Sequence[Any], name: str, where: Where) -> list[str]:
    """Check a column of questions: text or whole numbers."""
    kinds = set(map(type, values))
    if not kinds <= {str, int} or "" in values:
        i, bad = next(
            (i, value)
            for i, value in enumerate(values)
            if type(value) not in (str, int) or value == ""
        )
        raise UsageError(
            f"{where(i)}: {name} must be text or a whole number that identifies the question, got "
            f"{quote(bad)}"
        )
    names = [*values] if kinds == {str} else [*map(str, values)]
    if max(map(len, names)) > MAX_NAME:
        names = [*map(_short_name, names)]
    return names


def _short_name(name: str) -> str:
    """Return a short name unchanged and a digest of a long one, so that memory stays bounded."""
    if len(name) <= MAX_NAME:
        return name
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def encode(values: Sequence[Any], name: str, where: Where) -> Codes:
    """Return a group column as codes of its distinct values, in order of appearance.

    Text that is a number in its usual spelling becomes a number, so that 10 sorts after 2; dates
    and the like become text. A row with null, NaN or an empty value is in no group.
    """
    if len(values) > 1 and set(map(type, values)) <= {str, int, type(None)}:
        distinct = [*dict.fromkeys(values)]
        if 2 * len(distinct) <= len(values):
            few = encode(distinct, name, lambda i: where(values.index(distinct[i])))
            place = dict(zip(distinct, few.codes.tolist(), strict=True))
            of_rows = np.fromiter(map(place.__getitem__, values), np.int64, len(values))
            return Codes(of_rows, few.values)
    index: dict[Hashable, int] = {}
    found: list[Any] = []
    of_value: dict[Any, int] = {}
    codes = np.empty(len(values), np.int64)
    for i, raw in enumerate(values):
        key = (type(raw), raw) if isinstance(raw, Hashable) else None
        code = of_value.get(key)
        if code is None:
            value = _group_value(raw)
            is_long = isinstance(value, str) and len(value) > MAX_NAME
            if is_long or isinstance(raw, (list, dict)):
                raise UsageError(
                    f"{where(i)}: {name} must be a number or a text of up to {MAX_NAME} characters "
                    f"to group by, got {quote(raw)}"
                )
            code = -1
            if value is not None:
                code = index.setdefault((isinstance(value, str), value), len(found))
            if code == len(found):
                found.append(value)
            of_value[key] = code
        codes[i] = code
    return Codes(codes, found)


def _group_value(raw: Any) -> str | int | float | None:
    if raw is None or (isinstance(raw, float) and np.isnan(raw)):
        return None
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, int) or (isinstance(raw, float) and np.isfinite(raw)):
        return raw
    text = str(raw)
    if text.strip().lower() in ABSENT:
        return None
    for kind in (int, float) if len(text) <= MAX_NUMBER else ():
        try:
            if str(kind(text)) == text and np.isfinite(float(text)):
                return kind(text)
        except (ValueError, OverflowError):
            continue
    return text


def _number(value: Any, where: Where, i: int) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in ABSENT:
            return float("nan")
        if len(text) <= MAX_NUMBER and NUMBER.fullmatch(text):
            return float(text)
        raise _confidence_error(value, where(i))
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except OverflowError:
        return float("inf")
    except (TypeError, ValueError):
        raise _confidence_error(value, where(i)) from None


def _outcome(value: Any, where: Where, i: int) -> bool:
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and (outcome := OUTCOMES.get(value.strip().lower())) is not None:
        return outcome
    raise _outcome_error(value, where(i))


def _confidence_error(value: Any, where: str) -> UsageError:
    hint = "write a number, or leave it empty where the model stated none"
    if isinstance(value, float) and value < 0:
        hint = "a log-probability needs exp() first"
    elif isinstance(value, float):
        hint = "values above 1 are never clipped"
        if 1.5 < value < float("inf"):
            hint = "divide percentages by 100"
    elif isinstance(value, str) and value.strip().endswith("%"):
        hint = "divide percentages by 100 and leave out the %"
    return UsageError(f"{where}: confidence must be in [0, 1] or null, got {quote(value)}; {hint}")


def _outcome_error(value: Any, where: str) -> UsageError:
    is_missing = value is None or value != value or value == ""
    hint = "threshold graded answers first"
    if is_missing:
        hint = "leave out the rows without a judgement"
    return UsageError(f"{where}: correct must be 0, 1, true or false, got {quote(value)}; {hint}")
