"""Results for a model on the Hugging Face Hub: `.eval_results/` and the older `model-index`.

The Hub shows `.eval_results` only for data sets that are registered as benchmarks. Both formats
hold self-reported results: only the Hub's own jobs can sign a result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from caopd_bench._version import __version__
from caopd_bench.core.terminal import escape_controls
from caopd_bench.report.build import Report
from caopd_bench.report.entries import Cell, Entry
from caopd_bench.report.page.provenance import describe
from caopd_bench.report.skill import SKILL
from caopd_bench.tasks.catalogue.datasets import SOURCES

__all__ = ["DATASETS", "render_card", "render_eval_results"]

#: Names on the Hub of the data sets behind our tasks, by their names in a run's provenance.
DATASETS = {
    "gsm8k_test": "openai/gsm8k",  # read from the authors' repository, but also on the Hub
    **{source.name: source.hub.path for source in SOURCES.values() if source.hub is not None},
}
METRICS = {
    SKILL: "Brier skill of the stated confidence (0: as good as stating the accuracy every time; "
    "a missing confidence at its worst; higher is better only at the same accuracy)",
    "accuracy": "Accuracy",
    "brier": "Brier score of the stated confidence",
    "ece": "ECE of the stated confidence (10 bins)",
    "overconfidence_gap": "Overconfidence gap (mean stated confidence - accuracy)",
    "auroc": "AUROC of the stated confidence",
    "parse_rate": "Share of answers with a usable confidence",
}
SELF = "self-reported"


def render_card(report: Report, entry: Entry) -> str:
    """Return YAML front matter for a model's README: a `model-index` block."""
    results = [_result(report, cell) for cell in entry.cells.values()]
    block = {"model-index": [{"name": escape_controls(entry.name, 100), "results": results}]}
    return f"---\n{_dump(block)}---\n"


def _result(report: Report, cell: Cell) -> dict[str, Any]:
    metrics = []
    for metric, label in METRICS.items():
        record = cell.find(metric)
        if record is None or math.isnan(record.estimate):
            continue
        shown: dict[str, Any] = {
            "type": metric,
            "name": f"{_reword(label, cell)}, {SELF}",
            "value": round(record.estimate, 6),
            "verified": False,
        }
        if not math.isnan(record.low):
            level = f"{100 * report.level:g}%"
            shown["args"] = {
                "interval": f"[{record.low:.4f}, {record.high:.4f}]",
                "level": level,
                "n": record.n,
            }
        metrics.append(shown)
    source = cell.settings.get("source") or {}
    dataset: dict[str, Any] = {"name": cell.task, "type": _dataset(source) or cell.task}
    if isinstance(source.get("revision"), str):
        dataset["revision"] = source["revision"]
    return {
        "task": {
            "type": cell.wording.pick("text-generation", "multiple-choice"),
            "name": cell.wording.name,
        },
        "dataset": dataset,
        "metrics": metrics,
    }


def render_eval_results(report: Report, entry: Entry) -> dict[str, str]:
    """Return the files of a model's folder `.eval_results/`, by file name.

    There is one file per task whose data set has a name on the Hub, unless its Brier skill is
    undefined. An entry holds a single value, so it is the Brier skill, with the accuracy and the
    other numbers in its notes.
    """
    found = {}
    for task, cell in entry.cells.items():
        dataset = _dataset(cell.settings.get("source") or {})
        skill = cell.find(SKILL)
        if dataset is None or skill is None or math.isnan(skill.estimate):
            continue
        said = describe(entry, task)
        others = ", ".join(
            f"{metric} {record.estimate:.3f}"
            for metric in METRICS
            if metric != SKILL
            and (record := cell.find(metric)) is not None
            and not math.isnan(record.estimate)
        )
        interval = ""
        if not math.isnan(skill.low):
            interval = f"{100 * report.level:g}% [{skill.low:.3f}, {skill.high:.3f}], "
        one: dict[str, Any] = {
            "dataset": {"id": dataset, "task_id": f"{task}_brier_skill"},
            "value": round(skill.estimate, 6),
            "notes": (
                f"{SELF}, caopd-bench {__version__}; Brier skill of the {cell.wording.name} (1 - "
                "Brier / (accuracy (1 - accuracy)), a missing confidence at its worst), "
                f"{interval}n {skill.n}; higher is better only at the same accuracy; {others}; "
                f"exemplars {said['exemplars']}"
            ),
        }
        if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", said["date"]):
            one["date"] = said["date"].replace(" ", "T") + ":00Z"
        found[f"{_file_name(task)}.yaml"] = _dump([one])
    return found


def _reword(label: str, cell: Cell) -> str:
    """Return a label written for stated confidence, reworded for the cell's kind of confidence."""
    if cell.wording.is_stated:
        return label
    named = label.replace("stated confidence", cell.wording.name)
    return named.replace("as good as stating", "as good as giving")


def _dataset(source: Mapping[str, Any]) -> str | None:
    return DATASETS.get(str(source.get("set")))


def _file_name(task: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", task)[:80] or "task"


def _clean(data: Any) -> Any:
    """Escape characters that other YAML parsers reject: control characters, lone surrogates."""
    if isinstance(data, Mapping):
        return {_clean(key): _clean(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_clean(value) for value in data]
    return escape_controls(data) if isinstance(data, str) else data


def _dump(data: Any) -> str:
    text: str = yaml.safe_dump(_clean(data), sort_keys=False, allow_unicode=False, width=100)
    return text
