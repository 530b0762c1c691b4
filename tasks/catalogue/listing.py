"""What tasks there are, read from the YAML that lm-eval reads, and the tables of the pages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from caopd_bench.tasks.catalogue.dataset import Source
from caopd_bench.tasks.catalogue.datasets import SOURCES
from caopd_bench.tasks.catalogue.ways import WAYS

__all__ = ["TABLES", "TaskEntry", "list_tasks", "render_markdown"]


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
    rows = (
        (
            f"`{task.name}`",
            task.version,
            task.summary,
            "-" if task.max_tokens is None else f"{task.max_tokens:,}",
        )
        for task in list_tasks()
    )
    return _table("task", "version", "asks", "token budget", rows=rows)


def _render_datasets() -> str:
    rows = (
        (f"`{name}`", f"`{source.name}`", f"{source.rows:,}", _place(source), source.licence)
        for name, source in SOURCES.items()
    )
    titles = ("set", "file in a local folder", "rows", "otherwise from", "licence")
    return _table(*titles, rows=rows)


def _place(source: Source) -> str:
    if source.raw is not None:
        raw = source.raw
        return f"raw file, commit `{raw.revision[:12]}`, SHA-256 `{raw.sha256[:12]}...`"
    assert source.hub is not None, source.name
    hub = source.hub
    splits = " + ".join(f"`{split}`" for split in hub.splits)
    places = [f"hub `{hub.path}`", *([f"`{hub.config}`"] if hub.config else []), splits]
    return f"{', '.join(places)}, commit `{str(hub.revision)[:12]}`"


def _render_pins() -> str:
    hubs = ((name, source.hub) for name, source in SOURCES.items() if source.hub is not None)
    rows = ((f"`{name}`", f"`{hub.revision}`", hub.known_from) for name, hub in hubs)
    return _table("set", "commit", "public files that pin it", rows=rows)


def _render_ways() -> str:
    rows = ((f"`caopd_NAME_{way.name}`", way.page) for way in WAYS.values())
    return _table("task", "asks", rows=rows)


def _table(*titles: str, rows: Iterable[tuple[str, ...]]) -> str:
    head, *body = (f"| {' | '.join(line)} |" for line in (titles, *rows))
    return "\n".join([head, f"|{'---|' * len(titles)}", *body, ""])


#: The tables of docs/, by the word in the comment that stands before each.
TABLES = {
    "tasks": render_markdown,
    "datasets": _render_datasets,
    "pins": _render_pins,
    "ways": _render_ways,
}
