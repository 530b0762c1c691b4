"""Turn logged answers into a run: read, parse and judge them without a model or lm-eval.

The parser and the verifiers are those of the tasks, so the texts of an lm-eval run yield the same
rows as the run itself.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.process.garbage import without_collecting
from caopd_bench.core.process.progress import track
from caopd_bench.core.terminal import quote
from caopd_bench.runs.answers.golds import name_golds, tell_forms
from caopd_bench.runs.answers.judge import Judged, judge_all, judge_logged
from caopd_bench.runs.answers.notes import list_notes
from caopd_bench.runs.flat.files import without_suffix
from caopd_bench.runs.logged import UNNAMED, AnswerColumns, Logged
from caopd_bench.runs.model_name import name_model
from caopd_bench.runs.note import Note
from caopd_bench.runs.open_log import open_log
from caopd_bench.runs.provenance import clean_provenance
from caopd_bench.runs.readers.harness.gold import shorten_golds
from caopd_bench.runs.run import GREEDY, Row, Run, make_row
from caopd_bench.tasks.ask.prompts import item_hash
from caopd_bench.tasks.judge.verify import KINDS
from caopd_bench.tasks.read import PARSER_VERSION
from caopd_bench.tasks.read.rules import Rules

__all__ = ["judge_logged", "rescore"]

BLOCK = 1 << 20
#: Kind of the answers if neither the user nor the log names one.
USUAL = "number"


def rescore(
    path: str | Path,
    *,
    response: str = "response",
    gold: str = "gold",
    kind: str | None = None,
    item: str | None = None,
    question: str | None = None,
    by: Sequence[str] = (),
    only: Sequence[tuple[str, str]] = (),
    options: str | None = None,
    rules: Rules = Rules(),  # noqa: B008  # frozen, so a shared default is safe
    task: str | None = None,
    name: str | None = None,
    max_tokens: int | None = None,
    workers: int = 1,
) -> Run:
    """Read logged answers, judge them, and return them as a run.

    Parameters
    ----------
    path : str or Path
        A `.jsonl`, `.csv` (both also `.gz`) or `.parquet` file with one answer per row, or a log of
        a supported harness (docs/rescore.md).
    response, gold : str
        Columns: the model's text (null for a request that failed), and the right answer. A column
        may be a path: `vars.gold`.
    kind : str, optional
        Kind of the answers, a key of `caopd_bench.tasks.judge.verify.KINDS`. By default the kind of
        our scorer in a log of Inspect, else "number".
    item, question : str, optional
        Columns that identify the question; rows with the same question are its samples. With
        `question`, rows pair with lm-eval's rows on the same questions. With neither, every row is
        a separate question.
    by : sequence of str
        Further group columns; `level`, `family`, `subject` and `domain` are read if they exist.
    only : sequence of (str, str)
        Columns and values; only rows that have all of them are read.
    options : str, optional
        Column with the options of a choice: a list, or an object from letters to texts. Answers may
        then be texts; right answers may be texts or places counted from 0.
    rules : Rules
        Format of answer and confidence in the responses, if it is not that of our tasks.
    task, name : str, optional
        Names of the task (default "logged", or Inspect's task) and of the run (default the file, or
        Inspect's model). In a log of lm-eval, `task` selects the task.
    max_tokens : int, optional
        The token budget of the answers; an answer that was cut off is `unfinished`.
    workers : int
        Maximum number of judging processes; used if judging takes longer than starting them.

    Returns
    -------
    Run
        As from `read_run`.

    Raises
    ------
    UsageError
        In one line: the file, the line and the problem.
    """
    file = Path(path)
    is_open_kind = kind is None
    kind = kind or USUAL
    if kind not in KINDS:
        raise UsageError(f"--kind {kind}: must be one of {', '.join(KINDS)}")
    if options and kind != "choice":
        raise UsageError(f"--options {options}: needs --kind choice")
    if not file.exists():
        raise UsageError(f"{file}: no such file")
    asked = (by,) if isinstance(by, str) else (*by,)
    extra = tuple(key for key, _ in only if key not in asked)
    columns = AnswerColumns(
        response, gold, item, question, (*asked, *extra), tuple(only), options, task, is_open_kind
    )
    log = open_log(file, columns, kind)
    file = log.file or file
    kind = log.kind or kind
    budget = log.max_tokens if max_tokens is None else max_tokens
    task = clean_name(task or log.task or UNNAMED)
    try:
        with without_collecting():
            held = list(track(log.answers, f"reading {file.name}", "responses"))
            if only:
                held = [_drop_groups(one, extra) for one in held if _is_wanted(one, only)]
            _check_options(held, options, file)
            split = _find_split(held)
            held, how_read = shorten_golds(held, kind)
            how_read += tell_forms(held) if kind == "choice" else []
            held = name_golds(held) if kind == "choice" else held
            judged = judge_all(held, kind, rules=rules, max_tokens=budget, workers=workers)
            rows = list(_make_rows(held, task, judged))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    if not rows:
        wanted = " and ".join(f"{key}={value}" for key, value in only)
        raise UsageError(f"{file}: no rows{wanted and f' with {wanted}'}; is it the right file?")
    source: dict[str, Any] = {"set": file.name}
    if file.is_file():
        source |= {"bytes": file.stat().st_size, "sha256": _hash(file)}
    source |= {"kind": kind, "rows": len(rows), **log.source}
    source |= {"only": [f"{key}={value}" for key, value in only]} if only else {}
    provenance: dict[str, Any] = {
        # If the log names no model, use the user's name for it, which also fits the next log.
        "model": log.model or name or file.name,
        "backend": log.backend,
        **log.provenance,
        "tasks": {task: {"source": source, "parser_version": PARSER_VERSION}},
    }
    provenance["tasks"][task] |= _tell_reading(judged, rules, options)
    run_name = name or name_model(log.model or "") or _name_file(file)
    said = [*log.warnings, *how_read, *list_notes(held, judged, kind, rules.scale)]
    warnings = [Note(task, warning) for warning in said]
    if split:
        warnings.append(
            Note(
                task,
                f"{len(split):,} question names have more than one gold answer, so their rows "
                f"count as different questions (the first: {quote(split[0])})",
            )
        )
    return Run(clean_name(run_name), str(file), rows, clean_provenance(provenance), tuple(warnings))


def _is_wanted(logged: Logged, only: Sequence[tuple[str, str]]) -> bool:
    return all(_as_word(logged.groups.get(key)) == value for key, value in only)


def _as_word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _drop_groups(logged: Logged, keys: Sequence[str]) -> Logged:
    """Drop groups that were not requested and were read only to select rows."""
    if not keys:
        return logged
    kept = {key: value for key, value in logged.groups.items() if key not in keys}
    return logged._replace(groups=kept)


def _check_options(held: Sequence[Logged], options: str | None, file: Path) -> None:
    """Refuse an options column that is empty in every row, since it would have no effect."""
    if options and held and not any(one.options for one in held):
        raise UsageError(f"{file}: --options {options}: no row has any options in this column")


def _name_file(file: Path) -> str:
    """Name a run after its file, keeping dots inside the name, as in Qwen2.5-7B."""
    name = without_suffix(file.name)
    return next(
        (name[: -len(end)] for end in (".eval", ".json") if name.lower().endswith(end)), name
    )


def _tell_reading(judged: Judged, rules: Rules, options: str | None) -> dict[str, Any]:
    """Return, for the provenance, how the answers were read if not in the default way."""
    told: dict[str, Any] = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(rules).items()
        if value
    }
    told |= {"options": options} if options else {}
    told |= {"unclear_scale": True} if judged.unclear is not None else {}
    found = {"reading": told} if told else {}
    # A text without a recognised option has no confidence in either case.
    given = [one.stated is None for one in judged.verdicts if one.confidence is not None]
    if given and all(given):
        found["confidence"] = {"of": "option", "per": "given"}
    return found


def _make_rows(held: Sequence[Logged], task: str, judged: Judged) -> Iterator[Row]:
    names = [_name_item(i, logged) for i, logged in enumerate(held)]
    repeats = Counter(names)
    seen: Counter[str] = Counter()
    for name, logged, verdict in zip(names, held, judged.verdicts, strict=True):
        sample = GREEDY if repeats[name] == 1 else seen[name]
        seen[name] += 1
        yield make_row(
            task,
            name,
            logged.groups,
            verdict.confidence,
            verdict.correct,
            verdict.status,
            verdict.probabilities,
            verdict.right_option,
            sample=sample,
            answer=verdict.answer,
            stated=verdict.stated,
            text=logged.response,
            question=logged.question,
            gold=json.dumps([logged.gold, *logged.also]) if logged.also else logged.gold,
        )


def _name_item(place: int, logged: Logged) -> str:
    """Name the question as the tasks do if its text is known, else by its identifier in the log."""
    if logged.name is not None:
        return item_hash(dict(zip(("question", "answer"), logged.name, strict=True)))
    key = logged.question or logged.item
    asked = key if key is not None else f"row {place}"
    return item_hash({"question": asked, "answer": logged.gold})


def _find_split(held: Sequence[Logged]) -> list[str]:
    """Return the question names that occur with different gold answers."""
    golds: dict[str, str] = {}
    split: dict[str, None] = {}
    for logged in held:
        key = None if logged.name is not None else logged.question or logged.item
        if key is not None and golds.setdefault(key, logged.gold) != logged.gold:
            split[key] = None
    return list(split)


def _hash(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
