"""What tasks there are, read from the YAML that lm-eval reads."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

__all__ = ["TaskEntry", "list_tasks"]


class TaskEntry(NamedTuple):
    """One task."""

    name: str
    summary: str
    path: Path


class _Loader(yaml.SafeLoader):
    """Reads the YAML without importing the functions it names."""


_Loader.add_constructor("!function", lambda _loader, node: str(node.value))


def list_tasks() -> list[TaskEntry]:
    """List the tasks by name."""
    entries = []
    for path in sorted(Path(__file__).parent.rglob("*.yaml")):
        config = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        if "task" in config:
            summary = str(config.get("metadata", {}).get("summary", ""))
            entries.append(TaskEntry(config["task"], summary, path))
    return entries
