"""Address columns by path: `vars.gold` is the key `gold` of the object in the column `vars`.

A column of exactly that name takes precedence. An integer is an index into a list:
`choices.0.message.content`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from caopd_bench.core.terminal import quote

__all__ = ["ABSENT", "Column", "find_columns", "list_paths", "list_texts", "tell_list"]

#: Stands for a missing value; null is not missing.
ABSENT: Any = object()
MAX_PARTS = 12
#: Maximum number of paths listed in a message.
SHOWN = 40
#: Maximum number of paths to texts in a message, and of values searched for them.
FEW = 3
LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the keys that lead from its value to the addressed value."""

    name: str
    top: str
    keys: tuple[str, ...] = ()

    def get(self, row: Mapping[str, Any]) -> Any:
        """Return the value in a row; None if an object on the path is null, `ABSENT` if absent.

        Examples
        --------
        >>> Column("a.b.0", "a", ("b", "0")).get({"a": {"b": [5]}})
        5
        >>> Column("a.b", "a", ("b",)).get({"a": {}}) is ABSENT
        True
        """
        value = row.get(self.top, ABSENT)
        for key in self.keys:
            if value is None or value is ABSENT:
                return value
            if isinstance(value, Mapping):
                value = value.get(key, ABSENT)
            elif isinstance(value, Sequence) and not isinstance(value, str):
                is_place = key.isascii() and key.isdigit() and len(key) < 7
                value = value[int(key)] if is_place and int(key) < len(value) else ABSENT
            else:
                return ABSENT
        return value


def find_columns(wanted: Sequence[str], names: Sequence[str]) -> dict[str, Column]:
    """Resolve names of columns or paths; those that do not begin with a column are left out.

    Examples
    --------
    >>> find_columns(["a.b", "c"], ["a"])
    {'a.b': Column(name='a.b', top='a', keys=('b',))}
    >>> find_columns(["a.b"], ["a", "a.b"])["a.b"].keys
    ()
    """
    found = {}
    for name in wanted:
        parts = name.split(".")
        cuts = range(min(len(parts), MAX_PARTS), 0, -1)
        cut = next((cut for cut in cuts if ".".join(parts[:cut]) in names), None)
        if cut is not None:
            found[name] = Column(name, ".".join(parts[:cut]), tuple(parts[cut:]))
    return found


def list_paths(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """List the columns for a message; for columns of objects, list the paths inside them.

    Examples
    --------
    >>> list_paths({"id": 1, "vars": {"gold": 2, "q": "x"}}, ["id", "vars"])
    "'id', 'vars.gold', 'vars.q'"
    """
    paths = [path for name in names for path in _walk(name, row.get(name), 3)]
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(map(quote, paths[:SHOWN])) + more


def tell_list(column: Column, row: Mapping[str, Any]) -> str:
    """Describe the length of the list in which a path ends; "" if it ends elsewhere.

    Examples
    --------
    >>> tell_list(Column("a.b.1", "a", ("b", "1")), {"a": {"b": [5]}})
    "'a.b' is a list of 1, counted from 0: 'a.b.0'"
    """
    for cut in range(len(column.keys)):
        path = ".".join([column.top, *column.keys[:cut]])
        value = Column(path, column.top, column.keys[:cut]).get(row)
        is_list = isinstance(value, Sequence) and not isinstance(value, str)
        if is_list and Column(path, column.top, column.keys[: cut + 1]).get(row) is ABSENT:
            shown = f"list of {len(value)}, counted from 0: {quote(f'{path}.0')}"
            return f"{quote(path)} is {f'a {shown}' if value else 'an empty list'}"
    return ""


def list_texts(path: str, value: Any) -> str:
    """List the paths to the longest texts inside a list or an object, for a message.

    Examples
    --------
    >>> list_texts("out", [{"message": {"role": "x", "content": "It is 5."}}])
    "'out.0.message.content', 'out.0.message.role'"
    >>> list_texts("out", 5)
    ''
    """
    found: list[tuple[str, str]] = []
    left = [(path, value)]
    for _ in range(LOOKED_AT):
        if not left:
            break
        path, value = left.pop()
        if isinstance(value, str) and value and path.count(".") < MAX_PARTS:
            found.append((path, value))
        inner: Iterator[tuple[Any, Any]] = iter(())
        if isinstance(value, Mapping):
            inner = iter(value.items())
        elif isinstance(value, Sequence) and not isinstance(value, str):
            inner = enumerate(value)
        few = [(f"{path}.{key}", one) for key, one in islice(inner, SHOWN) if "." not in str(key)]
        left += reversed(few)
    found.sort(key=lambda one: -len(one[1]))
    return ", ".join(quote(path) for path, _ in found[:FEW])


def _walk(path: str, value: Any, depth: int) -> Iterator[str]:
    if depth and isinstance(value, Mapping) and value:
        for key, inner in list(value.items())[:SHOWN]:
            yield from _walk(f"{path}.{key}", inner, depth - 1)
    else:
        yield path
