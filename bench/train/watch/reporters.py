"""Trackers that a run may report to, beside its own CSV: trackio and wandb, which share an API."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from caopd_bench.core.errors import UsageError

__all__ = ["Reporter", "open_reporter"]

PROJECT = "caopd-bench"


class Reporter:
    """Reports nothing."""

    def log(self, row: Mapping[str, Any]) -> None:
        """Report a step."""

    def close(self) -> None:
        """End the report."""


class _Tracker(Reporter):
    def __init__(self, module: Any, name: str, config: Mapping[str, Any]) -> None:
        self.module = module
        module.init(project=PROJECT, name=name, config=dict(config))

    def log(self, row: Mapping[str, Any]) -> None:
        known = {
            name: value
            for name, value in row.items()
            if isinstance(value, (int, float)) and value == value and name != "step"
        }
        self.module.log(known, step=int(row["step"]))

    def close(self) -> None:
        self.module.finish()


def open_reporter(kind: str | None, name: str, config: Mapping[str, Any]) -> Reporter:
    """Open a tracker by its name; None reports nothing."""
    if kind is None:
        return Reporter()
    if find_spec(kind) is None:
        raise UsageError(f"--report-to: {kind} is not installed; pip install {kind}")
    return _Tracker(import_module(kind), name, config)
