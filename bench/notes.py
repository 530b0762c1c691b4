"""What a reader of the numbers should be told beside them: one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from caopd_bench.rows import Row, Run
from caopd_bench.terminal import WARNING_WIDTH, inline

__all__ = ["describe_run", "notes_on_items", "notes_on_task", "notes_on_weights"]

LOW_PARSE_RATE = 0.9
#: The ECE interval was checked by simulation from this size on.
MIN_ROWS = 50
WIDTH = 40
BUDGETS = ("max_gen_toks", "max_new_tokens", "max_tokens")


def describe_run(run: Run, task: str) -> str:
    """Say in one line what was evaluated and how it was asked."""
    settings = run.settings(task)
    shots, n = settings.get("num_fewshot"), len(run.task_rows(task))
    parts = [
        f"{n} {'row' if n == 1 else 'rows'}",
        f"{shots} exemplars" if shots else "no exemplars",
        "chat template" if run.provenance.get("chat_template_sha") else "no chat template",
        f"backend {inline(str(run.provenance.get('backend') or 'unknown'), WIDTH)}",
    ]
    exemplars = (settings.get("exemplars") or {}).get("set")
    if shots and exemplars:
        parts[1] += f" (set {inline(exemplars, WIDTH)})"
    source = settings.get("source") or {}
    if source.get("seed") is not None:
        parts.append(f"problem_seed {inline(str(source['seed']), WIDTH)}")
    levels = [r.groups["level"] for r in run.task_rows(task) if _is_number(r.groups.get("level"))]
    if levels:
        ends = [inline(str(level), WIDTH) for level in sorted({min(levels), max(levels)})]
        parts.append(f"level{'s' if len(ends) > 1 else ''} {'-'.join(ends)}")
    if settings.get("weights"):
        parts.append(f"weights {inline(settings['weights'][:8])}")
    return ", ".join(parts)


def notes_on_task(run: Run, task: str) -> list[str]:
    """Say what limits the numbers of one task, and what to do about it."""
    rows = run.task_rows(task)
    warnings = [warning for warning in run.warnings if warning.startswith(f"{task}:")]
    notes = [inline(warning, WARNING_WIDTH) for warning in warnings]
    notes += _on_parsing(run, task, rows)
    notes += _on_stated_values(rows)
    parsed = sum(row.status == "ok" for row in rows)
    if 0 < parsed < MIN_ROWS:
        notes.append(
            f"{parsed} parsed {'row' if parsed == 1 else 'rows'}: the ECE interval was checked "
            f"from {MIN_ROWS} rows on; evaluate more problems (--limit)"
        )
    return notes


def notes_on_items(runs: Sequence[Run]) -> list[str]:
    """Warn of runs that answered different problems of one task."""
    notes = []
    for a, b in combinations(runs, 2):
        for task in a.tasks:
            ours, theirs = ({row.item_hash for row in run.task_rows(task)} for run in (a, b))
            if theirs and ours != theirs:
                notes.append(
                    f"{inline(a.name, WIDTH)} and {inline(b.name, WIDTH)} answered different "
                    f"problems of {inline(task, WIDTH)}: {len(ours)} and {len(theirs)}, "
                    f"{len(ours & theirs)} of them shared; their numbers do not compare"
                )
    return notes


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def notes_on_weights(runs: Sequence[Run]) -> list[str]:
    """Warn of two runs of the same weights that a path or a name passes off as two models."""
    notes = []
    for a, b in combinations(runs, 2):
        shared = _weights(a) & _weights(b)
        if not shared:
            continue
        names = f"{inline(a.name, WIDTH)} and {inline(b.name, WIDTH)}"
        weights, model = inline(min(shared), WIDTH), a.provenance.get("model")
        if model != b.provenance.get("model"):
            notes.append(
                f"{names} claim different models but have the same weights ({weights}); was a "
                "checkpoint path reused?"
            )
        elif any(_setting(a, task) == _setting(b, task) for task in {*a.tasks} & {*b.tasks}):
            notes.append(
                f"{names} are the same evaluation of the same weights ({weights}) twice; was "
                f"{inline(str(model), WIDTH)} meant to hold another model by then?"
            )
    return notes


def _weights(run: Run) -> set[str]:
    found = (run.settings(task).get("weights") for task in run.tasks)
    return {weights for weights in found if weights}


def _setting(run: Run, task: str) -> tuple[Any, ...]:
    """Give all that makes an evaluation of a task another one."""
    settings = run.settings(task)
    ours = ("weights", "num_fewshot", "generation", "source", "version", "prompt_version")
    theirs = (
        "backend",
        "model_args",
        "gen_kwargs",
        "seeds",
        "limit",
        "chat_template_sha",
        "fewshot_as_multiturn",
        "system_instruction_sha",
    )
    return (
        *(settings.get(key) for key in ours),
        *(run.provenance.get(key) for key in theirs),
        settings.get("exemplars") if settings.get("num_fewshot") else None,
    )


def _on_parsing(run: Run, task: str, rows: Sequence[Row]) -> list[str]:
    counts = Counter(row.status for row in rows)
    if counts["ok"] >= LOW_PARSE_RATE * len(rows):
        return []
    missing = ", ".join(f"{n} {status}" for status, n in counts.most_common() if status != "ok")
    advice = []
    if not run.settings(task).get("num_fewshot"):
        advice.append("show the format (--num_fewshot 4)")
    if not run.provenance.get("chat_template_sha"):
        advice.append("an instruct model needs --apply_chat_template")
    budget = _token_budget(run, task)
    if counts["unfinished"] and budget:
        advice.append(f"unfinished answers need room (--gen_kwargs max_gen_toks={2 * budget})")
    todo = f"; {'; '.join(advice)}" if advice else "; look at the samples"
    return [f"low parse rate, the numbers describe the parsed rows only: {missing}{todo}"]


def _token_budget(run: Run, task: str) -> int | None:
    for options in (run.provenance.get("gen_kwargs"), run.settings(task).get("generation")):
        found = [options.get(key) for key in BUDGETS] if isinstance(options, Mapping) else []
        for budget in found:
            if isinstance(budget, int) and budget > 0:
                return budget
    return None


def _on_stated_values(rows: Sequence[Row]) -> list[str]:
    stated = Counter(row.confidence for row in rows if row.confidence is not None)
    if not stated:
        return []
    (value, n), total = stated.most_common(1)[0], sum(stated.values())
    return [
        f"{len(stated)} distinct {'value' if len(stated) == 1 else 'values'} stated; "
        f"the commonest, {value:g}, {n} of {total} times"
    ]
