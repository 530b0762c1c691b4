"""What a reader of the numbers should be told beside them: one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from caopd_bench.rows import Row, Run

__all__ = ["describe_run", "notes_on_task", "notes_on_weights"]

LOW_PARSE_RATE = 0.9
#: The ECE interval was checked by simulation from this size on.
MIN_ROWS = 50


def describe_run(run: Run, task: str) -> str:
    """Say in one line what was evaluated and how it was asked."""
    settings = run.provenance.get("tasks", {}).get(task, {})
    shots, n = settings.get("num_fewshot"), len(run.task_rows(task))
    parts = [
        f"{n} {'row' if n == 1 else 'rows'}",
        f"{shots} exemplars" if shots else "no exemplars",
        "chat template" if run.provenance.get("chat_template_sha") else "no chat template",
        f"backend {run.provenance.get('backend') or 'unknown'}",
    ]
    exemplars = (settings.get("exemplars") or {}).get("set")
    if shots and exemplars:
        parts[1] += f" (set {exemplars})"
    if settings.get("weights"):
        parts.append(f"weights {settings['weights'][:8]}")
    return ", ".join(parts)


def notes_on_task(run: Run, task: str) -> list[str]:
    """Say what limits the numbers of one task, and what to do about it."""
    rows = run.task_rows(task)
    notes = [warning for warning in run.warnings if warning.startswith(f"{task}:")]
    notes += _on_parsing(run, task, rows)
    notes += _on_stated_values(rows)
    parsed = sum(row.status == "ok" for row in rows)
    if 0 < parsed < MIN_ROWS:
        notes.append(
            f"{parsed} parsed {'row' if parsed == 1 else 'rows'}: the ECE interval was checked "
            f"from {MIN_ROWS} rows on; evaluate more problems (--limit)"
        )
    return notes


def notes_on_weights(runs: Sequence[Run]) -> list[str]:
    """Warn of runs with different names and the same weights."""
    notes = []
    for a, b in combinations(runs, 2):
        shared = _weights(a) & _weights(b)
        if shared and a.provenance.get("model") != b.provenance.get("model"):
            notes.append(
                f"{a.name} and {b.name} claim different models but have the same weights "
                f"({min(shared)}); was a checkpoint path reused?"
            )
    return notes


def _weights(run: Run) -> set[str]:
    tasks = run.provenance.get("tasks", {})
    return {settings["weights"] for settings in tasks.values() if settings.get("weights")}


def _on_parsing(run: Run, task: str, rows: Sequence[Row]) -> list[str]:
    counts = Counter(row.status for row in rows)
    if counts["ok"] >= LOW_PARSE_RATE * len(rows):
        return []
    missing = ", ".join(f"{n} {status}" for status, n in counts.most_common() if status != "ok")
    advice = []
    if not run.provenance.get("tasks", {}).get(task, {}).get("num_fewshot"):
        advice.append("show the format (--num_fewshot 4)")
    if not run.provenance.get("chat_template_sha"):
        advice.append("an instruct model needs --apply_chat_template")
    if counts["unfinished"]:
        advice.append("unfinished answers need room (--gen_kwargs max_gen_toks=4096)")
    todo = f"; {'; '.join(advice)}" if advice else "; look at the samples"
    return [f"low parse rate, the numbers describe the parsed rows only: {missing}{todo}"]


def _on_stated_values(rows: Sequence[Row]) -> list[str]:
    stated = Counter(row.confidence for row in rows if row.confidence is not None)
    if not stated:
        return []
    (value, n), total = stated.most_common(1)[0], sum(stated.values())
    return [
        f"{len(stated)} distinct {'value' if len(stated) == 1 else 'values'} stated; "
        f"the commonest, {value:g}, {n} of {total} times"
    ]
