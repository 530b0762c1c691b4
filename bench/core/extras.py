"""Check the dependencies of optional features before doing anything else."""

from __future__ import annotations

from importlib import util

from caopd_bench.core.errors import UsageError

__all__ = ["require"]


def require(extra: str, *modules: str) -> None:
    """Raise a UsageError that names the extra if one of its modules is not installed."""
    missing = [module for module in modules if util.find_spec(module) is None]
    if missing:
        raise UsageError(
            f'{", ".join(missing)} not installed; pip install "caopd-bench[{extra}]" first'
        )
