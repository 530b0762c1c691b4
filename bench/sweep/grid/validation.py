"""Describe in one line why pydantic rejected a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

__all__ = ["describe"]


def describe(problem: Mapping[str, Any], models: Sequence[type[BaseModel]]) -> str:
    """Describe the first of pydantic's errors; list entries are counted from 1.

    Parameters
    ----------
    problem : mapping
        An entry of `ValidationError.errors()`.
    models : sequence of type
        Models whose fields are suggested for a misspelt field.
    """
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{place}: {problem['msg'].removeprefix('Value error, ')}"
    known = [name for model in models for name in model.model_fields]
    close = get_close_matches(str(problem["loc"][-1]), known, n=1)
    return f"{place}: unknown field{f'; did you mean {close[0]}?' if close else ''}"
