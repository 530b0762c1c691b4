"""The methods: each is a `Method` in a file of this folder, and nothing else lists it.

Start with `opd`, the shortest, then `caopd`; `rollouts.targets` has `Method` and `Target`.

Imports `core`, `questions`, `rollouts` and `text`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

from caopd_bench.core.errors import UsageError
from caopd_bench.train.rollouts.targets import Loss, Method, Shows

__all__ = ["METHODS"]


def _find_methods() -> dict[str, Method]:
    """Return the methods in this folder's files, in the order of `train --help`."""
    found: dict[str, Method] = {}
    for name in (file.name for file in iter_modules(__path__)):
        for method in _import_methods(name):
            _check(f"methods/{name}.py", method)
            if found.setdefault(method.name, method) is not method:
                raise UsageError(
                    f"methods/{name}.py: name: {method.name!r} already exists as a method"
                )
    return dict(sorted(found.items(), key=lambda item: _place(item[1])))


def _import_methods(name: str) -> list[Method]:
    try:
        values = vars(import_module(f"{__name__}.{name}")).values()
    except (AttributeError, NameError, SyntaxError, TypeError, ValueError) as error:
        said = f"methods/{name}.py: cannot be imported ({type(error).__name__}: {error})"
        raise UsageError(said) from error
    methods = [value for value in values if isinstance(value, Method)]
    if not methods and not name.startswith("_"):
        raise UsageError(
            f"methods/{name}.py: defines no Method; assign one to a name, or start the file name "
            "with _ if it is only imported"
        )
    return methods


def _check(file: str, method: Method) -> None:
    """Refuse a field that an engine could not use, since a named tuple checks nothing itself."""
    fits: dict[str, tuple[Callable[[object], bool], str]] = {
        **dict.fromkeys(("name", "source"), (_is_text, "a text that is not empty")),
        **dict.fromkeys(("make_targets", "reward"), (callable, "a function")),
        "loss": _one_of(get_args(Loss)),
        "shows": _one_of(get_args(Shows)),
        "samples": (lambda value: isinstance(value, bool), "True or False"),
        "least_k": (_is_count, "a whole number, 1 or more"),
    }
    for field, (is_fit, what) in fits.items():
        value = getattr(method, field)
        if not is_fit(value):
            of = f" of {method.name}" if _is_text(method.name) else ""
            raise UsageError(f"{file}: {field}{of}: must be {what}, got {value!r:.80}")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _one_of(values: tuple[str, ...]) -> tuple[Callable[[object], bool], str]:
    return lambda value: value in values, f"one of {', '.join(values)}"


def _place(method: Method) -> tuple[int, str, bool, str, str]:
    loss = get_args(Loss).index(method.loss)
    return loss, method.shows, method.samples, method.source, method.name


METHODS = _find_methods()
