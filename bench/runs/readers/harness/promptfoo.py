"""Output of `promptfoo eval -o out.json` or `-o out.jsonl`: one row per answer, in no order.

A file holds the answers of every provider to every prompt; each of these pairs has a number,
`promptIdx`, and is one run. The right answer is only in the user's own variables. With `--repeat`,
each repetition of a test has its own `testIdx`, so answers belong to the same question if their
tests are equal. `error` is also set for a failed assertion; a failed request has a `failureReason`
of 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline
from caopd_bench.runs.flat.files import json_rows
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.harness.found import (
    ABSENT,
    Found,
    as_text,
    digest,
    is_chosen,
    is_named,
    keep,
    load,
    look_up,
    mapping,
    to_logged,
)
from caopd_bench.runs.readers.harness.outline import outline
from caopd_bench.runs.readers.harness.promptfoo_text import drop_reasoning
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["READER"]

NAME = "output of promptfoo"
GOLD = "vars.gold"
OUTPUT = "response.output"
REQUEST_FAILED = 2
#: promptfoo's reasons for a cut-off text, and ours.
STOPPED = {"length": "length", "max_tokens": "length", "content_filter": "filter"}
SETTINGS = ("temperature", "max_tokens", "max_completion_tokens", "top_p", "seed")
GUESSED = (
    "promptfoo put reasoning with blank lines in front of {count}, so the start of the answer is "
    "a guess; run with showThinking: false"
)


def _finds(path: Path) -> bool:
    keys = outline(path)
    return {"promptIdx", "testIdx"} <= set(keys) or {"evalId", "results"} <= set(keys)


def _open(file: Path, columns: AnswerColumns, _kind: str) -> Log:
    if columns.response == OUTPUT:  # the default, which also drops the reasoning
        columns = replace(columns, response="response")
    config: Mapping[str, Any] = {}
    if file.suffix.lower() == ".json":
        log = mapping(load(file, NAME))
        config = mapping(log, "config")
        listed = mapping(log, "results").get("results")
        if not isinstance(listed, list):
            raise UsageError(f"{file}: not {NAME}: no list results.results")
        rows = [(f"{file} result {i}", mapping(row)) for i, row in enumerate(listed)]
        rows = [(where, _cut(row)) for where, row in rows if is_chosen(row, columns)]
    else:
        rows = [
            (f"{file} line {line}", _cut(row))
            for line, _, row in json_rows(file)
            if is_chosen(row, columns)
        ]
    _check_one_run(file, [row for _, row in rows], columns)
    rows.sort(key=lambda pair: (_number(pair[1], "testIdx"), _number(pair[1], "promptIdx")))
    judged = [(where, row) for where, row in rows if _has_gold(row, columns)]
    if rows and not judged:
        known = sorted({name for _, row in rows for name in mapping(row, "vars")})
        raise UsageError(
            f"{file}: {NAME} has right answers in your own variables only, and no test has "
            f"{columns.gold if is_named(columns.gold, 'gold') else GOLD}; name one: --gold "
            f"vars.NAME; it has {inline(', '.join(known) or 'no variables', 300)}"
        )
    guessed = 0
    answers = []
    for where, row in judged:
        found, is_guess = _read_row(row, where)
        guessed += is_guess
        answers.append(to_logged(found, columns))
    return Log(
        iter(answers),
        backend="promptfoo",
        model=_model(judged[0][1]) if judged else None,
        max_tokens=_budget(config, judged),
        provenance={
            "gen_kwargs": keep(_provider(config, judged), *SETTINGS) or None,
            "packages": None,
            "date": None,
        },
        warnings=list(_notes(len(rows) - len(judged), len(rows), guessed)),
    )


def _notes(without: int, of: int, guessed: int) -> Iterator[str]:
    if without:
        yield (
            f"{without:,} of {of:,} answers belong to tests without a right answer and are left "
            "out; give every test the variable named by --gold"
        )
    if guessed:
        yield GUESSED.format(count=f"{guessed:,} of {of - without:,} answers")


def _cut(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Drop the headers, assertions and copies of the test, which no option can name."""
    test = mapping(row, "testCase")
    return {
        **{key: value for key, value in row.items() if key not in ("gradingResult", "testCase")},
        "testCase": keep(test, "vars", "metadata", "description"),
    }


def _check_one_run(file: Path, rows: Sequence[Mapping[str, Any]], columns: AnswerColumns) -> None:
    """Refuse the answers of several runs, unless `--by` makes them groups."""
    runs: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        runs.setdefault(_number(row, "promptIdx"), []).append(row)
    if len(runs) < 2 or "promptIdx" in columns.groups:
        return
    raise UsageError(
        f"{file}: {NAME} of {len(runs)} pairs of provider and prompt; choose one, such as "
        f"--only promptIdx={min(runs)} (or --by promptIdx for all, as groups of one run):",
        [
            f"promptIdx={place}: {len(found):,} answers of {_model(found[0])} to "
            f"{inline(_label(found[0]), 60)}"
            for place, found in sorted(runs.items())
        ],
    )


def _has_gold(row: Mapping[str, Any], columns: AnswerColumns) -> bool:
    path = columns.gold if is_named(columns.gold, "gold") else GOLD
    return look_up(row, path or GOLD) not in (ABSENT, None, "")


def _read_row(row: Mapping[str, Any], where: str) -> tuple[Found, bool]:
    """Return the answer of a row, and whether the start of its text is a guess."""
    test = mapping(row, "testCase")
    said = mapping(row, "response")
    failed = row.get("failureReason") == REQUEST_FAILED or not said
    output = said.get("output")
    # A null output is an answer without content: the request itself did not fail.
    text, is_guess = drop_reasoning("" if output is None else as_text(output))
    variables = mapping(row, "vars") or mapping(test, "vars")
    metadata = mapping(test, "metadata")
    asked = mapping(test, "vars") or variables
    found = Found(
        where,
        row,
        None if failed else text,
        look_up(row, GOLD),
        digest([dict(asked), dict(metadata), test.get("description")]),
        _text(mapping(row, "prompt").get("raw")),
        {**variables, **metadata},
        failed=failed,
        stopped=STOPPED.get(str(said.get("finishReason")), ""),
    )
    return found, is_guess and not failed


def _number(row: Mapping[str, Any], key: str) -> int:
    value = row.get(key)
    return value if isinstance(value, int) else 0


def _model(row: Mapping[str, Any]) -> str:
    provider = row.get("provider")
    named = mapping(provider).get("label") or mapping(provider).get("id") or provider
    return named if isinstance(named, str) else "a provider without a name"


def _label(row: Mapping[str, Any]) -> str:
    prompt = mapping(row, "prompt")
    return str(prompt.get("label") or prompt.get("raw"))


def _provider(config: Mapping[str, Any], rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Any:
    """Return the settings of the provider that answered, from the evaluation's config."""
    named = mapping(rows[0][1], "provider").get("id") if rows else None
    listed = config.get("providers")
    for one in listed if isinstance(listed, list) else []:
        if mapping(one).get("id") == named:
            return mapping(one, "config")
    return {}


def _budget(config: Mapping[str, Any], rows: Sequence[tuple[str, Mapping[str, Any]]]) -> int | None:
    settings = _provider(config, rows)
    budget = settings.get("max_tokens", settings.get("max_completion_tokens"))
    return budget if isinstance(budget, int) and budget > 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


READER = Reader(NAME, _finds, open_log=_open, order=30)
