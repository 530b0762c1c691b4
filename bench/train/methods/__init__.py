"""The methods: each is a `Method` in a file of this folder, and nothing else lists it.

Start with `opd`, the shortest, then `caopd`; `rollouts.targets` has `Method` and `Target`.

Imports `questions`, `rollouts` and `text`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

from caopd_bench.train.rollouts.targets import Loss, Method

__all__ = ["METHODS"]


def _find_methods() -> dict[str, Method]:
    """Find the methods of the files here, in the order in which `train --help` lists them."""
    found: dict[str, Method] = {}
    for file in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{file.name}")).values():
            if isinstance(value, Method) and found.setdefault(value.name, value) is not value:
                raise ValueError(f"methods/{file.name}.py: {value.name} is a method already")
    return dict(sorted(found.items(), key=lambda item: _place(item[1])))


def _place(method: Method) -> tuple[int, str, bool, str, str]:
    loss = get_args(Loss).index(method.loss)
    return loss, method.shows, method.samples, method.source, method.name


METHODS = _find_methods()
