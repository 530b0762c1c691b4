"""Read the user's YAML: plain values only, and one-line errors with the position."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline, quote

__all__ = ["read_yaml"]

HALVES = re.compile("[\ud800-\udfff]")


def read_yaml(file: Path, *, most: int, what: str, page: str) -> dict[str, Any]:
    """Read a file of fields.

    Parameters
    ----------
    file : Path
    most : int
        Limit on the bytes of the file.
    what, page : str
        The kind of file and its documentation page, for messages.

    Raises
    ------
    UsageError
        If the file cannot be read or is invalid.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(most + 1)
            size = max(len(content), os.fstat(stream.fileno()).st_size)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    if len(content) > most:
        raise UsageError(f"{file}: {size:,} bytes; {what} may have at most {most:,}")
    try:
        raw = yaml.load(content.decode("utf-8-sig"), Loader=_Loader)
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is not UTF-8 text; save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: {_describe(error)}") from None
    # PyYAML itself fails on values such as !!int "": an IndexError.
    except (RecursionError, ValueError, OverflowError, LookupError, TypeError, AttributeError):
        raise UsageError(f"{file}: is not valid YAML for {what}; see {page}") from None
    if not isinstance(raw, dict):
        raise UsageError(f"{file}: must hold fields such as 'version: 1', got {quote(raw)}")
    return raw


class _Loader(yaml.SafeLoader):
    """Plain YAML: no aliases, which can make a page of text fill the memory, no repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(
                None, None, "aliases (*name) are not read; write the value out", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        if not isinstance(value, str) or not HALVES.search(value):
            return value
        try:  # JSON writes a character such as U+1F600 as two surrogates
            return value.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise yaml.constructor.ConstructorError(
                None, None, "half of a character is no text; write it anew", node.start_mark
            ) from None

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            name = getattr(key, "value", None)
            if not isinstance(name, str):
                problem = "a key must be a word"
            elif name in seen:
                problem = f"{name!r} stands here twice; keep one"
            else:
                seen.add(name)
                continue
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        return super().construct_mapping(node, deep)


def _describe(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}: " if mark else ""
    return f"{place}{inline(str(getattr(error, 'problem', None) or 'not YAML'), 200)}"
