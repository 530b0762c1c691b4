"""Convert a sample to a logged answer: its text, right answer and question identifier."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import MAX_LINE
from caopd_bench.runs.inspect.shuffled import find_order, letter_of, undo_rewriting
from caopd_bench.runs.inspect.texts import answer_of, mapping, read_text
from caopd_bench.runs.logged import Logged

__all__ = ["Asked", "epoch_of", "read_answer", "word_question"]

#: Maximum characters of an answer, a question, and a right answer.
MAX_TEXT = MAX_LINE


@dataclass(frozen=True, slots=True)
class Asked:
    """Settings for all samples: the kind of the answers, and metadata keys to group by."""

    kind: str
    keys: tuple[str, ...]


def read_answer(fields: Mapping[str, Any], where: str, asked: Asked) -> Logged | None:
    """Return the answer of a sample; None if the log does not show the order of its options.

    Parameters
    ----------
    fields : mapping
        As from `take_sample`.
    where : str
        Names the sample in an error.
    asked : Asked

    Raises
    ------
    UsageError
        If the sample has no right answer, or a text that is too long.
    """
    attached = mapping(fields, "attachments")
    question = read_text(fields.get("input"), attached)
    gold, *also = _read_targets(fields, where, asked.kind)
    failed = bool(fields.get("error"))
    response, stopped = (None, "") if failed else answer_of(fields.get("output"), attached)
    options = _read_options(fields.get("choices"), attached)
    name = (word_question(question, options), gold) if options else None
    if options and asked.kind == "choice" and response is not None:
        response, prompts, is_changed = undo_rewriting(fields, response, attached)
        order = find_order(prompts, options, is_shuffled=is_changed)
        if order is None:
            return None
        gold = _as_shown(gold, order)
        options = tuple(options[place] for place in order)
    question = word_question(question, options)
    for text in (question, gold, *also, response or ""):
        if len(text) > MAX_TEXT:
            raise UsageError(
                f"{where}: a text of {len(text):,} characters; an answer and its prompt may have "
                f"at most {MAX_TEXT:,}"
            )
    return Logged(
        where,
        response,
        gold,
        str(fields.get("id")),
        question,
        _read_groups(mapping(fields, "metadata"), asked.keys, attached),
        epoch_of(fields) - 1,
        failed,
        options,
        stopped,
        name=name if name != (question, gold) else None,
        also=tuple(also),
        is_bare=True,
    )


def epoch_of(fields: Mapping[str, Any]) -> int:
    """Return the number of the epoch, counted from 1."""
    epoch = fields.get("epoch")
    return epoch if isinstance(epoch, int) else 1


def word_question(question: str, options: Sequence[str]) -> str:
    r"""Format a question with its options, as the tasks with options do.

    Examples
    --------
    >>> word_question("Which is a mammal?", ["trout", "whale"])
    'Which is a mammal?\nA. trout\nB. whale'
    """
    lines = [f"{letter_of(place)}. {option}" for place, option in enumerate(options)]
    return "\n".join([question, *lines])


def _read_targets(fields: Mapping[str, Any], where: str, kind: str) -> list[str]:
    """Return the right answers, any of which is accepted, as in Inspect's scorers."""
    target = fields.get("target")
    listed = target if isinstance(target, (list, tuple)) else [target]
    words = [word for one in listed if (word := _as_word(one))]
    if kind == "phrase" and words and listed is target:
        return [json.dumps(words)]
    if kind == "choice" and fields.get("choices") and words:
        return ["".join(words)]  # Inspect requires all of several choices, which is refused
    if words:
        return list(dict.fromkeys(words))
    if fields.get("scores"):
        raise UsageError(
            f"{where}: no target, only scores by Inspect's scorer; rescore judges answers itself, "
            "so the samples of the task need a target"
        )
    raise UsageError(f"{where}: no target; a log without right answers cannot be judged")


def _as_word(value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if is_number or isinstance(value, str) else ""


def _read_options(choices: Any, attached: Mapping[str, Any]) -> tuple[str, ...]:
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        return ()
    return tuple(read_text(choice, attached) for choice in choices)


def _as_shown(gold: str, order: Sequence[int]) -> str:
    """Return the letter of the right option in the order that the model saw."""
    for place, original in enumerate(order):
        if letter_of(original) == gold.strip().upper():
            return letter_of(place)
    return gold


def _read_groups(
    metadata: Mapping[str, Any], keys: Iterable[str], attached: Mapping[str, Any]
) -> dict[str, str | int | float]:
    found: dict[str, str | int | float] = {}
    for key in keys:
        value = _look_up(metadata, key)
        if isinstance(value, str):
            found[key] = read_text(value, attached)
        elif isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            found[key] = value
    return found


def _look_up(metadata: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key, or of a dotted path of keys."""
    if key in metadata:
        return metadata[key]
    value: Any = metadata
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
