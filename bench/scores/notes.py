"""Notes on a run and its numbers, one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from caopd_bench.core.numbers import is_number
from caopd_bench.core.terminal import WARNING_WIDTH, inline
from caopd_bench.metrics import Tally
from caopd_bench.runs.confidence_of import wording_of, wording_of_settings
from caopd_bench.runs.counts import Counts, Missing
from caopd_bench.runs.run import AGREEMENT, AnyRun, Run
from caopd_bench.tasks.catalogue.ways import way_of

__all__ = [
    "describe_run",
    "has_item_names",
    "is_logged",
    "notes_on_pairing",
    "notes_on_source",
    "notes_on_task",
    "notes_on_values",
    "why_no_pairs",
]

LOW_PARSE_RATE = 0.9
NO_TEMPLATE = "no chat template"
#: The ECE interval was checked by simulation from this size on.
MIN_ROWS = 50
WIDTH = 40
BUDGETS = ("max_gen_toks", "max_new_tokens", "max_tokens")


def describe_run(run: AnyRun, task: str) -> str:
    """Describe in one line what was evaluated and with which prompt settings."""
    settings, n = run.settings(task), run.count(task).n
    rows = f"{n:,} {'row' if n == 1 else 'rows'}"
    source = settings.get("source") or {}
    if "columns" in source:
        return f"{rows} {_describe_files(source)}"
    shots = settings.get("num_fewshot")
    if is_logged(settings):  # flat files do not record the prompt
        backend = f"backend {inline(str(run.provenance.get('backend') or 'unknown'), WIDTH)}"
        return ", ".join([rows, backend, *_describe_asking(settings, task)])
    parts = [
        rows,
        f"{shots} exemplars" if shots else "no exemplars",
        _describe_chat(run),
        f"backend {inline(str(run.provenance.get('backend') or 'unknown'), WIDTH)}",
    ]
    exemplars = (settings.get("exemplars") or {}).get("set")
    if shots and exemplars:
        parts[1] += f" (set {inline(exemplars, WIDTH)})"
    parts += _describe_asking(settings, task)
    if source.get("seed") is not None:
        parts.append(f"problem_seed {inline(str(source['seed']), WIDTH)}")
    levels = [level for level in run.count_by(task, "level") if is_number(level)]
    if levels:
        ends = [inline(str(level), WIDTH) for level in sorted({min(levels), max(levels)})]
        parts.append(f"level{'s' if len(ends) > 1 else ''} {'-'.join(ends)}")
    if settings.get("weights"):
        parts.append(f"weights {inline(settings['weights'][:8])}")
    return ", ".join(parts)


def _describe_chat(run: AnyRun) -> str:
    """Describe the chat format; a server applies a template of its own."""
    if run.provenance.get("chat_template_sha"):
        return "chat template"
    is_chat = "chat-completions" in str(run.provenance.get("backend"))
    return "chat messages" if is_chat else NO_TEMPLATE


def _describe_asking(settings: Mapping[str, Any], task: str) -> list[str]:
    """Describe the sampling and the prompt where they are not the default."""
    way, count = way_of(settings), settings.get("samples")
    parts = []
    if task.endswith(AGREEMENT):
        parts.append(f"majority vote of {count} samples")
    elif way.samples > 1:
        parts.append(f"{count} samples at T=1")
    elif way.sampled:
        parts.append("sampled once at T=1")
    if way.privileged:
        parts.append("privileged context")
    if way.about_answer:
        parts.append("answers taken from an earlier run")
    confidence = wording_of_settings(settings)
    if not confidence.is_stated:
        parts.append(f"confidence: {confidence.full}")
    wording = settings.get("wording")
    if wording:
        said = f"wording {wording.get('paraphrase')}, scale {wording.get('scale')}"
        parts.append(inline(said, WIDTH))
    asked = (settings.get("thinking") or {}).get("asked")
    if asked is not None:
        parts.append(f"thinking {'on' if asked else 'off'}")
    return parts


def _describe_files(source: Mapping[str, Any]) -> str:
    files, kind = source.get("files"), inline(str(source.get("format")), WIDTH)
    parts = [f"from {files} {kind} files" if files != 1 else f"from a {kind} file"]
    columns = source["columns"] if isinstance(source["columns"], Mapping) else {}
    named = [f"{name!r}" for name in columns.values() if name]
    parts.append(f"columns {inline(', '.join(named), 2 * WIDTH)}")
    if source.get("decimals"):
        parts.append(f"confidences rounded to {inline(str(source['decimals']), WIDTH)} decimals")
    return ", ".join(parts)


def notes_on_task(run: AnyRun, task: str, missing: Missing = "drop") -> list[str]:
    """List the limitations of one task's numbers, each with a remedy."""
    counts = run.count(task)
    notes = notes_on_source(run, task)
    notes += _on_parsing(run, task, counts, missing)
    notes += notes_on_values(run, task)
    notes += _on_questions(counts.filled)
    parsed = counts.n_parsed
    if 0 < parsed < MIN_ROWS:
        settings = run.settings(task)
        is_file = "columns" in (settings.get("source") or {})
        limit = "" if is_logged(settings) or is_file else " (--limit)"
        notes.append(
            f"{parsed} parsed {'row' if parsed == 1 else 'rows'}: the coverage of the ECE "
            f"interval was only checked from {MIN_ROWS} rows on; evaluate more problems{limit}"
        )
    return notes


def notes_on_source(run: AnyRun, task: str) -> list[str]:
    """List the observations made while reading the rows."""
    notes = [inline(warning, WARNING_WIDTH) for warning in run.warnings_of(task)]
    return notes + _on_source(run.settings(task).get("source"))


def notes_on_values(run: AnyRun, task: str) -> list[str]:
    """Note how few distinct values were stated; computed confidences are mostly distinct."""
    return _on_stated_values(run.count(task).parsed) if wording_of(run, task).is_stated else []


def _on_source(source: Any) -> list[str]:
    """Name the data sets whose local file differs from the published one (`tasks.data`)."""
    if not isinstance(source, Mapping):
        return []
    parts = source.get("parts")
    found = parts if isinstance(parts, list) else [source]
    return [
        f"{inline(str(part.get('set')), WIDTH)}: the rows in the local folder differ from the "
        "published data set; compare the numbers only with runs on the same file"
        for part in found
        if isinstance(part, Mapping) and part.get("expected")
    ]


def has_item_names(run: AnyRun, task: str) -> bool:
    """Return whether rows have item names to pair by; flat files need an item column for that."""
    if not isinstance(run, Run):
        return False
    source = run.settings(task).get("source") or {}
    columns = source.get("columns", {"item": source.get("named_by", True)})
    return isinstance(columns, Mapping) and bool(columns.get("item"))


def notes_on_pairing(runs: Sequence[AnyRun], task: str) -> list[str]:
    """Warn about rows that can only be paired by their line number.

    Parameters
    ----------
    runs : Sequence of Run
        The runs to compare.
    task : str

    Returns
    -------
    list of str
        One note, or none if the rows of every run name their item.
    """
    names, remedy = _name_nameless(runs, task)
    if not names:
        return []
    return [
        f"the rows of {names} have no item column, so they are paired by line number; if the "
        "files list the questions in different orders, answers to different questions are "
        f"compared; {remedy}"
    ]


def why_no_pairs(runs: Sequence[AnyRun], task: str) -> str:
    """Return why rows without an item may not pair; empty if the rows of every run name it."""
    names, remedy = _name_nameless(runs, task)
    return names and f"the rows of {names} have no item column, only line numbers; {remedy}"


def _name_nameless(runs: Sequence[AnyRun], task: str) -> tuple[str, str]:
    """Return the names of the runs whose rows have no item, and the remedy."""
    nameless = [run for run in runs if isinstance(run, Run) and not has_item_names(run, task)]
    names = " and of ".join(dict.fromkeys(inline(run.name, WIDTH) for run in nameless))
    logged = [is_logged(run.settings(task)) for run in nameless]
    remedies = {
        True: "to identify each row's question: caopd-bench rescore FILE --item COL",
        False: "identify each row's question in a column called item",
    }
    return names, "; ".join(remedies[kind] for kind in dict.fromkeys(logged))


def _on_parsing(run: AnyRun, task: str, counts: Counts, rule: Missing) -> list[str]:
    if counts.n_parsed >= LOW_PARSE_RATE * counts.n:
        return []
    found = Counter({status: n for status, n in counts.statuses.items() if n and status != "ok"})
    missing = ", ".join(f"{n} {status}" for status, n in found.most_common())
    settings = run.settings(task)
    advice = []
    logged = is_logged(settings)
    is_text = wording_of(run, task).is_stated and "columns" not in (settings.get("source") or {})
    if not logged and is_text:
        if not settings.get("num_fewshot"):
            advice.append("show the format (--num_fewshot 4)")
        if _describe_chat(run) == NO_TEMPLATE:
            advice.append("an instruct model needs --apply_chat_template")
    budget = _token_budget(run, task)
    if found["unfinished"] and budget:
        room = "" if logged else f" (--gen_kwargs max_gen_toks={2 * budget})"
        advice.append(f"unfinished answers need a larger token budget{room}")
    todo = f"; {'; '.join(advice)}" if advice else "; look at the responses"
    said = "the numbers describe the parsed rows only"
    if rule == "zero":
        counted = wording_of(run, task).pick("count as stated 0", "count as a confidence of 0")
        said = f"rows without a usable confidence {counted}"
    return [f"low parse rate, {said}: {missing}{todo}"]


def is_logged(settings: Mapping[str, Any]) -> bool:
    """Return whether the answers were judged by `rescore`, which records their kind."""
    return "kind" in (settings.get("source") or {})


def _token_budget(run: AnyRun, task: str) -> int | None:
    for options in (run.provenance.get("gen_kwargs"), run.settings(task).get("generation")):
        found = [options.get(key) for key in BUDGETS] if isinstance(options, Mapping) else []
        for budget in found:
            if isinstance(budget, int) and budget > 0:
                return budget
    return None


def _on_questions(filled: Tally) -> list[str]:
    if filled.clusters is None:
        return []
    return [
        f"{filled.clusters.labels.size:,} questions, {filled.n:,} answers: the intervals are "
        "clustered by question"
    ]


def _on_stated_values(parsed: Tally | None) -> list[str]:
    if parsed is None:
        return []
    count = parsed.right + parsed.wrong
    commonest = int(count.argmax())
    distinct, value = parsed.values.size, parsed.values[commonest]
    if distinct == 1:
        times = f"all {parsed.n:,} answers" if parsed.n > 1 else "the one answer"
        return [f"only one value is stated: {value:g}, in {times} with a usable confidence"]
    return [
        f"{distinct:,} distinct values are stated; the most common, {value:g}, in "
        f"{count[commonest]:,} of {parsed.n:,} rows"
    ]
