"""Provenance of each row of the table: model, settings, versions and date of its run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caopd_bench.core.numbers import is_number
from caopd_bench.core.privacy.paths import shorten_path
from caopd_bench.core.terminal import inline
from caopd_bench.report.build import Report
from caopd_bench.report.entries import Entry
from caopd_bench.report.page.markup import DASH, name, row, table, text
from caopd_bench.report.page.table import say_size

__all__ = ["FIELDS", "describe", "render_provenance"]

WIDTH = 60
#: Maximum number of runs shown as columns; if there are more, each run gets a row.
MOST_BESIDE = 4
FIELDS = (
    "task",
    "checkpoint",
    "weights",
    "revision",
    "parameters",
    "data",
    "task version",
    "prompt version",
    "parser version",
    "exemplars",
    "chat template",
    "thinking",
    "decoding",
    "seeds",
    "limit",
    "backend",
    "dtype",
    "versions",
    "date",
)


def render_provenance(report: Report) -> str:
    """Return the provenance that all runs share once, and the differences per run and task."""
    found = [
        (entry.name if len(report.tasks) == 1 else f"{entry.name}, {task}", describe(entry, task))
        for entry in report.entries
        for task in entry.cells
    ]
    known = [field for field in FIELDS if any(one[field] != DASH for _, one in found)]
    common = [field for field in known if len({one[field] for _, one in found}) == 1]
    differing = [field for field in known if field not in common]
    head = "The run" if len(found) == 1 else "The same for all runs"
    rows = [row(text(field), [found[0][1][field]]) for field in common]
    parts = [table(head, ("setting", "value"), rows, kind="provenance")] if rows else []
    if 1 < len(found) <= MOST_BESIDE and differing:
        rows = [row(text(field), [one[field] for _, one in found]) for field in differing]
        heads = ("setting", *(name(run) for run, _ in found))
        parts.append(table("What differs", heads, rows, kind="provenance"))
    elif differing:
        rows = [row(name(run), [one[field] for field in differing]) for run, one in found]
        parts.append(table("What differs", ("Run", *differing), rows, kind="provenance"))
    return f"<p>As recorded in the runs.</p>{''.join(parts)}"


def describe(entry: Entry, task: str) -> dict[str, str]:
    """Return the provenance of one run and task in words, with a dash for unknown fields."""
    run, settings = entry.head.provenance, entry.cells[task].settings
    exemplars = settings.get("exemplars") or {}
    shots = settings.get("num_fewshot")
    source = settings.get("source") or {}
    thinking = settings.get("thinking") or {}
    decoding = {**(settings.get("generation") or {}), **_mapping(run.get("gen_kwargs"))}
    decoding |= _mapping(settings.get("effective_generation"))  # settings that the checkpoint added
    versions = {
        key: run.get(f"{key}_version")
        for key in ("lm_eval", "transformers", "torch", "python")
        if run.get(f"{key}_version")
    }
    template = run.get("chat_template_sha")
    found: dict[str, Any] = {
        "task": task,
        "checkpoint": _shorten(run.get("model")),
        "weights": settings.get("weights"),
        "revision": run.get("revision"),
        "parameters": say_size(entry.size),
        "data": " ".join(str(source[key]) for key in ("set", "revision", "version", "seed")
                         if source.get(key) is not None),
        "task version": settings.get("version"),
        "prompt version": settings.get("prompt_version"),
        "parser version": settings.get("parser_version"),
        "exemplars": f"{shots}, set {exemplars.get('set')}" if shots else shots,
        "chat template": template[:12] if isinstance(template, str) else template,
        "thinking": {True: "on", False: "off"}.get(thinking.get("asked")),  # type: ignore[arg-type]
        "decoding": _list(decoding),
        "seeds": _list(_mapping(run.get("seeds"))),
        "limit": run.get("limit"),
        "backend": run.get("backend"),
        "dtype": run.get("dtype"),
        "versions": _list(versions),
        "date": _date(run.get("date")),
    }  # fmt: skip
    return {field: _show(found[field]) for field in FIELDS}


def _shorten(model: Any) -> Any:
    """Return the last parts of a checkpoint's path; a name on the Hub is kept whole."""
    return shorten_path(model) if isinstance(model, str) else model


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items() if value is not None)


def _date(value: Any) -> str | None:
    """Return a date from lm-eval's seconds since 1970."""
    from datetime import datetime, timezone

    if is_number(value) and 0 < value < 1e11:
        return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d %H:%M")
    return str(value) if isinstance(value, str) else None


def _show(value: Any) -> str:
    return DASH if value is None or value == "" else inline(str(value), WIDTH)
