"""What tasks there are, read from the YAML that lm-eval reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

__all__ = ["TaskEntry", "list_tasks", "render_markdown"]


class TaskEntry(NamedTuple):
    """One task.

    `questions` and `way` are what it asks and how; `max_tokens` is its token budget, where it
    generates.
    """

    name: str
    summary: str
    path: Path
    questions: str
    way: str
    max_tokens: int | None
    version: str


class _Loader(yaml.SafeLoader):
    """Reads the YAML without importing the functions it names."""


_Loader.add_constructor("!function", lambda _loader, node: str(node.value))


def list_tasks() -> list[TaskEntry]:
    """List the tasks by name; the group of the prompt panel is none, its members are."""
    entries = []
    for path in sorted(Path(__file__).parents[1].rglob("*.yaml")):
        config: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        if not isinstance(config.get("task"), str):
            continue
        options = config.get("dataset_kwargs", {})
        entries.append(
            TaskEntry(
                config["task"],
                str(config.get("metadata", {}).get("summary", "")),
                path,
                str(options.get("questions", "")),
                "panel" if "paraphrase" in options else str(options.get("way", "")),
                config.get("generation_kwargs", {}).get("max_gen_toks"),
                str(config.get("metadata", {}).get("version", "")),
            )
        )
    return sorted(entries)


def render_markdown() -> str:
    """Render all tasks as a table in Markdown, a line each, for docs/tasks.md."""
    lines = ["| task | version | asks | token budget |", "|---|---|---|---|"]
    for task in list_tasks():
        budget = "-" if task.max_tokens is None else f"{task.max_tokens:,}"
        lines.append(f"| `{task.name}` | {task.version} | {task.summary} | {budget} |")
    return "\n".join([*lines, ""])
