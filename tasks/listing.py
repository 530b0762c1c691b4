"""List all tasks: every dataset in every way of asking, and the prompt panel; render their tables.

`write_yaml` writes lm-eval's task files from this list.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from caopd_bench.tasks.ask.prompts import PANEL
from caopd_bench.tasks.catalogue.dataset import Source
from caopd_bench.tasks.catalogue.datasets import DATASETS, SOURCES
from caopd_bench.tasks.catalogue.items import count_items
from caopd_bench.tasks.catalogue.ways import WAYS

__all__ = ["PANEL_TASKS", "ROOT", "TABLES", "TaskEntry", "list_tasks", "render_markdown"]

#: The folder with the YAML of the tasks.
ROOT = Path(__file__).parent / "yaml"
#: The tasks of the prompt panel, with their wording, scale and set of exemplars.
PANEL_TASKS = {
    f"caopd_math_panel_{paraphrase}_{scale}_{exemplars}": (paraphrase, scale, exemplars)
    for paraphrase, scale in PANEL
    for exemplars in ("a", "b")
}


class TaskEntry(NamedTuple):
    """One task.

    `questions` and `way` are its dataset and way of asking; `max_tokens` is its token budget, if it
    generates text.
    """

    name: str
    summary: str
    path: Path
    questions: str
    way: str
    max_tokens: int | None
    version: str = "1.0"


def list_tasks() -> list[TaskEntry]:
    """List the tasks by name; the prompt panel's members are included, but not its group."""
    entries = []
    for name, dataset in DATASETS.items():
        about = dataset.about.format(count_items(name))
        for way in WAYS.values():
            task = f"caopd_{name}_{way.name}"
            path = ROOT / (dataset.folder or name) / f"{task}.yaml"
            budget = (way.max_tokens or dataset.max_tokens) if way.generates else None
            summary = f"{about}; {way.about}"
            entries.append(TaskEntry(task, summary, path, name, way.name, budget))
    for task, (paraphrase, scale, exemplars) in PANEL_TASKS.items():
        summary = f"prompt panel: wording {paraphrase}, scale {scale}, exemplar set {exemplars}"
        path, budget = ROOT / "panel" / f"{task}.yaml", DATASETS["math"].max_tokens
        entries.append(TaskEntry(task, summary, path, "math", "panel", budget))
    return sorted(entries)


def render_markdown() -> str:
    """Render all tasks as a Markdown table, one row each, for docs/tasks.md."""
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
    rows = ((f"`caopd_NAME_{way.name}`", way.about) for way in WAYS.values())
    return _table("task", "asks", rows=rows)


def _table(*titles: str, rows: Iterable[tuple[str, ...]]) -> str:
    head, *body = (f"| {' | '.join(line)} |" for line in (titles, *rows))
    return "\n".join([head, f"|{'---|' * len(titles)}", *body, ""])


#: Functions that render the tables of docs/, by the name in the comment before each table.
TABLES = {
    "tasks": render_markdown,
    "datasets": _render_datasets,
    "pins": _render_pins,
    "ways": _render_ways,
}
