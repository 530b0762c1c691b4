"""Output of a batch of an OpenAI-style API: JSONL of `custom_id` and `response.body`.

The answers are in any order and do not include the right ones: the user adds a column `gold` or
names a path. Failed requests are in a separate file, and in no file if the batch expired.

With `--kind choice` and log probabilities, the confidence is the probability of the answered letter
among the options, unless the texts state a confidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.runs.flat.files import json_rows
from caopd_bench.runs.logged import AnswerColumns, Logged
from caopd_bench.runs.readers.harness.found import ABSENT, Found, look_up, mapping, to_logged
from caopd_bench.runs.readers.harness.letters import (
    ALPHABET,
    Letters,
    find_letters,
    find_options,
    spread,
)
from caopd_bench.runs.readers.harness.outline import outline
from caopd_bench.runs.readers.reader import Log, Reader
from caopd_bench.tasks.read.parse import find_spans

__all__ = ["READER"]

NAME = "output of a batch"
#: Share of the probability at the answer's token that is dropped without a note.
LEFT_OUT = 0.01
GOLD_HELP = (
    "a batch does not return it: add a column gold by custom_id (docs/rescore.md), or name a path "
    "with --gold"
)
STOPPED = {
    "length": "length",
    "max_output_tokens": "length",
    "content_filter": "filter",
}


def _finds(path: Path) -> bool:
    keys = set(outline(path))
    return "custom_id" in keys and bool(keys & {"response", "error"})


def _open(file: Path, columns: AnswerColumns, kind: str) -> Log:
    answers: list[Logged] = []
    letters: list[Letters | None] = []
    models: dict[str, None] = {}
    for line, _, row in json_rows(file):
        for found, tokens in _read_row(row, f"{file} line {line}"):
            logged = to_logged(found, columns, gold_help=GOLD_HELP)
            answers.append(logged)
            is_choice = kind == "choice" and logged.response is not None
            letters.append(find_letters(logged.response or "", tokens) if is_choice else None)
        model = look_up(row, "response.body.model")
        if isinstance(model, str):
            models[model] = None
    notes: list[str] = []
    stated = sum(map(_states, answers))
    lettered = sum(one is not None for one in letters)
    if lettered > stated:
        answers, notes = _add_probabilities(answers, letters)
        if stated and any(one.probabilities for one in answers):
            notes.append(
                f"{stated:,} of {len(answers):,} texts state a confidence, which is not used, "
                "since most answers only have the probability of a letter"
            )
    elif lettered:
        notes.append(
            f"{lettered:,} of {len(answers):,} answers have log probabilities of a letter, which "
            f"are not used: {stated:,} texts state a confidence"
        )
    if len(models) > 1:
        notes.append(
            f"answers of {len(models)} models ({', '.join(list(models)[:3])}); choose one with "
            "--only response.body.model=NAME"
        )
    return Log(
        iter(answers),
        backend="batch API",
        model=next(iter(models)) if len(models) == 1 else None,
        provenance=dict.fromkeys(("gen_kwargs", "packages", "date")),
        warnings=notes,
    )


def _read_row(row: Mapping[str, Any], where: str) -> Iterator[tuple[Found, Any]]:
    """Yield the answers of a row, one for each choice, with the log probabilities of its tokens."""
    response = mapping(row, "response")
    body = mapping(response, "body")
    status = response.get("status_code", 200)
    failed = not body or row.get("error") is not None or status != 200
    choices = [] if failed else _choices(body)
    for text, reason, tokens in choices or [("", "", None)]:
        found = Found(
            where,
            row,
            None if failed else text,
            row.get("gold", ABSENT),
            str(row.get("custom_id")),
            groups=mapping(body, "metadata"),
            failed=failed,
            stopped=STOPPED.get(str(reason), ""),
        )
        yield found, tokens


def _choices(body: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return each answer's text, finish reason and tokens, for chats, completions and responses."""
    listed = body.get("choices")
    if isinstance(listed, list):
        return [
            (
                _text(mapping(one, "message").get("content", mapping(one).get("text"))),
                mapping(one).get("finish_reason"),
                mapping(one, "logprobs").get("content"),
            )
            for one in listed
        ]
    parts = [
        part
        for item in _listed(body.get("output"))
        if mapping(item).get("type") == "message"
        for part in _listed(mapping(item).get("content"))
    ]
    tokens = [token for part in parts for token in _listed(mapping(part).get("logprobs"))]
    reason = mapping(body, "incomplete_details").get("reason")
    return [(_text(parts), reason, tokens)]


def _text(content: Any) -> str:
    """Return the text of a message's content, which may consist of parts."""
    if isinstance(content, str):
        return content
    texts = [mapping(part).get("text") for part in _listed(content)]
    return "".join(text for text in texts if isinstance(text, str))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _states(logged: Logged) -> bool:
    """Return whether the response states a confidence that contains a number."""
    if not logged.response:
        return False
    confidence = find_spans(logged.response).confidence
    return confidence is not None and any(letter.isdigit() for letter in confidence)


def _add_probabilities(
    answers: Sequence[Logged], letters: Sequence[Letters | None]
) -> tuple[list[Logged], list[str]]:
    """Add the probability of each option to the answers; return notes on incomplete ones too."""
    found = [one for one in letters if one]
    golds = {word for logged in answers if (word := logged.gold.strip()) in tuple(ALPHABET)}
    options = find_options(found, golds)
    if len(options) < 2:
        return list(answers), [
            f"the log probabilities are not used: top_logprobs contains no letter but {options}, "
            "so its share is unknown; request more of them (top_logprobs=20)"
        ]
    kept = [
        logged
        if one is None
        else logged._replace(options=tuple(options), probabilities=spread(one, options))
        for logged, one in zip(answers, letters, strict=True)
    ]
    notes = [
        "the confidence is not stated; it is the probability of the most likely letter among the "
        f"{len(options)} options {options[0]} to {options[-1]} at the token of the answer (the "
        "options go up to the highest letter that is a right answer, an answer, or likely)"
    ]
    other = sum(
        one is not None and max(one.probability, key=one.probability.__getitem__) != one.answer
        for one in letters
    )
    if other:
        notes.append(
            f"in {other:,} of {len(kept):,} answers the sampled letter is not the most likely "
            "one; the most likely one counts here: use temperature 0"
        )
    short = sum(one is not None and not set(options) <= set(one.probability) for one in letters)
    if short:
        notes.append(
            f"in {short:,} of {len(kept):,} answers top_logprobs lacks an option, which counts as "
            "0; request more of them (top_logprobs=20)"
        )
    without = sum(
        one is None and not logged.failed for one, logged in zip(letters, answers, strict=True)
    )
    if without:
        notes.append(
            f"in {without:,} of {len(kept):,} answers no token with top_logprobs is the letter of "
            "the answer"
        )
    held = sum(one.probability.get(option, 0.0) for one in found for option in options)
    left_out = 1 - held / len(found)
    if left_out > LEFT_OUT:
        notes.append(
            f"{left_out:.1%} of the probability at the token of the answer belongs to no option "
            "and is left out; the options' probabilities are divided by their sum"
        )
    return kept, notes


READER = Reader(NAME, _finds, open_log=_open, order=30)
