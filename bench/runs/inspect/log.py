"""Read the answers of a log of Inspect, by question and epoch."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.runs.inspect.answers import Asked, epoch_of, read_answer
from caopd_bench.runs.inspect.samples import iterate_samples
from caopd_bench.runs.logged import GROUPS, Logged

__all__ = ["read_inspect"]


def read_inspect(
    file: Path, kind: str, by: Sequence[str] = (), notes: list[str] | None = None
) -> Iterator[Logged]:
    """Yield the answers of a log, by sample and epoch.

    Parameters
    ----------
    file : Path
        `.eval` or `.json`.
    kind : str
        Kind of the gold answers. Any of several targets is right, except for a sample with choices:
        Inspect requires all of these, so several targets are refused.
    by : sequence of str
        Metadata keys to group by, in addition to `GROUPS`; nested keys are dotted paths.
    notes : list of str, optional
        Receives notes for the reader of the numbers, after the last answer.

    Raises
    ------
    UsageError
        If the file is not such a log, is damaged, or its compression needs another package.
    """
    asked = Asked(kind, tuple(dict.fromkeys([*GROUPS, *by])))
    # Keep only the answer, since a sample may hold every call of an agent.
    found: dict[tuple[Any, int], Logged | None] = {}
    again = 0
    for name, fields, is_again in iterate_samples(file):
        answer = read_answer(fields, f"{file} {name}", asked)
        has_id = fields.get("id") is not None
        # 1 and "1" are different ids.
        key = (json.dumps(fields["id"]), epoch_of(fields)) if has_id else (name, 0)
        again += is_again or key in found
        found[key] = answer
    answers = _name([answer for answer in found.values() if answer is not None])
    if notes is not None:
        notes += _word_notes(again, len(found) - len(answers))
    # The archive is in order of completion.
    order = {item: i for i, item in enumerate(dict.fromkeys(one.item for one in answers))}
    yield from sorted(answers, key=lambda one: (order[one.item], one.sample or 0))


def _name(answers: Sequence[Logged]) -> list[Logged]:
    """Add the sample id to the names of questions whose text several samples share.

    Other questions keep the name derived from their text, by which they pair with lm-eval's rows.
    """
    ids: dict[str, set[str | None]] = defaultdict(set)
    for one in answers:
        ids[_text_of(one)].add(one.item)
    return [
        one
        if not _text_of(one) or len(ids[_text_of(one)]) == 1
        else one._replace(
            name=(json.dumps([_text_of(one), one.item]), one.name[1] if one.name else one.gold)
        )
        for one in answers
    ]


def _text_of(one: Logged) -> str:
    return one.name[0] if one.name else one.question or ""


def _word_notes(again: int, left_out: int) -> list[str]:
    notes = []
    if again:
        notes.append(f"{again:,} samples were logged more than once; the last one counts")
    if left_out:
        notes.append(
            f"{left_out:,} samples are left out: their options were shuffled, and the log does "
            "not record the order in which they were shown; shuffle the data set instead "
            "(dataset.shuffle_choices)"
        )
    return notes
