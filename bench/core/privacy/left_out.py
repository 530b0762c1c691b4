"""List the names of omitted settings, and check which names may be printed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from caopd_bench.core.privacy.credentials import holds_secret, is_secret_name, looks_random
from caopd_bench.core.privacy.written import NO_NAME

__all__ = ["PARTS_OF_ADDRESS", "is_printable", "list_left_out", "safe_name"]

#: Replacement for a name that is not safe to print.
OTHER_NAME = "another name"
PARTS_OF_ADDRESS = " (parts of an address)"
_SAFE_NAME = re.compile(r"[a-z](?:[a-z_\-]|\d(?!\d{3}))*")
_LETTERS = re.compile(r"[A-Za-z][A-Za-z_\-]*")
_MAX_NAME = 40
#: Settings of a task, whose name may contain dots.
_TASK = re.compile(
    r"tasks\.(?P<name>.+?)(?P<inner>\.(?:source|generation|effective_generation|wording|thinking|"
    r"exemplars|confidence|reading)(?:\..+)?)?"
)
#: A task's decoding setting, which lm-eval merges from the settings of the run.
_OF_TASK = re.compile(r"tasks\..+\.(?:effective_)?generation\.(?P<setting>.+)")


def list_left_out(names: Iterable[str]) -> str:
    """Group names by their mapping; names that a task repeats from the run are listed once.

    Examples
    --------
    >>> list_left_out(["model_args.api_key", "model_args.header", "gen_kwargs.token"])
    'model_args api_key, header; gen_kwargs token'
    >>> list_left_out(["gen_kwargs.stop", "tasks.gsm8k.generation.stop"])
    'gen_kwargs stop'
    >>> list_left_out(["tasks.gsm8k.source.set", "tasks.gsm8k.source.path"])
    'task gsm8k, source, set, path'
    """
    listed = list(dict.fromkeys(names))
    places: dict[str, list[str]] = {}
    for name in listed:
        own = _OF_TASK.fullmatch(name)
        if own and f"gen_kwargs.{own['setting']}" in listed:
            continue
        place, mark, last = name.rpartition(".")
        places.setdefault(place if mark else name, []).extend([last] if mark else [])
    return "; ".join(_join(place, found) for place, found in places.items())


def _join(place: str, found: list[str]) -> str:
    task = _TASK.fullmatch(place)
    if task is None:
        return f"{place} {', '.join(found)}".strip()
    inner = task["inner"].split(".")[1:] if task["inner"] else []
    return ", ".join([f"task {task['name']}", *inner, *found])


def is_printable(name: str) -> bool:
    """Return whether the name of an omitted setting, read from a file, contains only names."""
    plain = name.removesuffix(PARTS_OF_ADDRESS)
    return all(part == OTHER_NAME or safe_name(part) == part for part in plain.split("."))


def safe_name(word: str) -> str:
    """Return a name that is safe to print; in a text of pairs it may be part of a value."""
    if word == NO_NAME:
        return word
    if len(word) > _MAX_NAME:
        return OTHER_NAME
    is_safe = _SAFE_NAME.fullmatch(word) or (_LETTERS.fullmatch(word) and is_secret_name(word))
    if not is_safe or looks_random(word) or holds_secret(word):
        return OTHER_NAME
    return word
