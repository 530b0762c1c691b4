"""Details of lighteval: `details_TASK|SHOTS_TIME.parquet`, one row per question, in no order.

A row holds all answers to its question. A failed request and an answer without content are both
written as an empty text. Multiple choice that is scored by log probabilities has no text; the
probabilities of the options are computed from the scores.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.flat.parquet import read_batches, reading_parquet
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.harness.found import ABSENT, Found, mapping, to_logged
from caopd_bench.runs.readers.harness.gold import shorten_golds
from caopd_bench.runs.readers.harness.outline import outline
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["READER"]

NAME = "details of lighteval"
FILES = "details_*.parquet"
COLUMNS = ("doc", "model_response")
#: Rows read at once; few, since each holds a prompt with its examples.
BATCH = 256
#: Subfolder of `--output-dir`; it contains ORG/MODEL/TIME, or the whole path of a local model.
FOLDER = "details"
SEVERAL = (
    "{count:,} of {of:,} questions have several right options, any of which counts as right; they "
    "are left out of the numbers over all options"
)
EMPTY = (
    "{count:,} of {of:,} texts are empty: lighteval writes an empty text both for a failed "
    "request and for an empty answer; its own output lists failed requests"
)


def _finds(path: Path) -> bool:
    if path.is_dir():
        return next(_list(path), None) is not None
    return set(COLUMNS) <= set(outline(path))


def _list(folder: Path) -> Iterator[Path]:
    if (folder / FOLDER).is_dir():
        yield from (folder / FOLDER).rglob(FILES)
    elif FOLDER in folder.resolve().parts:
        yield from folder.rglob(FILES)
    else:
        yield from folder.glob(FILES)


def _open(path: Path, columns: AnswerColumns, kind: str) -> Log:
    file = path
    if path.is_dir():
        files = sorted(_list(path))
        if len(files) > 1:
            raise UsageError(f"{path}: {NAME} of {len(files)} tasks; choose one:", files)
        file = files[0]
    placed = [
        (
            _order(found.item),
            to_logged(found, columns, gold_help="name it with --gold, such as doc.specific.answer"),
        )
        for where, row in _rows(file)
        for found in _read_row(row, where, kind)
    ]
    # Numeric ids give the order of the data, which the file does not keep.
    placed.sort(key=lambda pair: pair[0])
    kept, notes = shorten_golds([logged for _, logged in placed], kind)
    empty = sum(one.response == "" and not one.probabilities for one in kept)
    if empty:
        notes.append(EMPTY.format(count=empty, of=len(kept)))
    several = sum(bool(one.probabilities and one.also) for one in kept)
    if several:
        notes.append(SEVERAL.format(count=several, of=len(kept)))
    return Log(
        iter(kept),
        backend="lighteval",
        model=_model(file),
        task=_task(file),
        provenance=dict.fromkeys(("gen_kwargs", "packages", "date")),
        warnings=notes,
        file=file,
    )


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    place = 0
    with reading_parquet(file):
        for batch in read_batches(file, COLUMNS, BATCH):
            for row in batch.to_pylist():
                place += 1
                yield f"{file} row {place}", row


def _order(name: Any) -> tuple[int, str]:
    text = str(name)
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return (int(text), "") if is_number else (-1, text)


def _read_row(row: Mapping[str, Any], where: str, kind: str) -> Iterator[Found]:
    doc = mapping(row, "doc")
    said = mapping(row, "model_response")
    choices = [str(choice).strip() for choice in _listed(doc.get("choices"))]
    places = _gold_places(doc.get("gold_index"), choices, where)
    texts = _listed(said.get("text"))
    probabilities = () if texts else _probabilities(said.get("logprobs"), len(choices))
    if not texts and not probabilities:
        raise UsageError(
            f"{where}: neither a text nor a log probability for each of {len(choices)} choices"
        )
    options: tuple[str, ...] = ()
    gold: Any = ABSENT
    also: list[str] = []
    if places:
        golds = [choices[place] for place in places]
        gold, *also = [json.dumps(golds)] if kind == "phrase" else golds
        if probabilities or (kind == "choice" and len(choices) > 1):
            options = tuple(choices)
            if any(len(choice) != 1 for choice in choices):
                gold, *also = map(_letter, places)
    for i, text in enumerate(texts or [None]):
        yield Found(
            where,
            row,
            text if text is not None or probabilities else "",
            gold,
            str(doc.get("id")),
            doc.get("query"),
            mapping(doc, "specific"),
            sample=i if len(texts) > 1 else None,
            options=options,
            probabilities=probabilities,
            also=tuple(also),
        )


def _gold_places(index: Any, choices: Sequence[str], where: str) -> list[int]:
    places = index if isinstance(index, list) else [] if index is None else [index]
    for place in places:
        if not isinstance(place, int) or not 0 <= place < len(choices):
            raise UsageError(
                f"{where}: gold_index {quote(index)} is no place among {len(choices)} choices"
            )
    return places


def _probabilities(logs: Any, count: int) -> tuple[float, ...]:
    """Return the share of each option in the total probability."""
    values = _listed(logs)
    if count < 2 or len(values) != count:
        return ()
    if not all(isinstance(value, float) and value <= 0 for value in values):
        return ()
    highest = max(values)
    if not math.isfinite(highest):
        return ()
    shares = [math.exp(value - highest) for value in values]
    return tuple(share / sum(shares) for share in shares)


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _task(file: Path) -> str | None:
    """Return the task from a file's name: details_TASK|SHOTS_TIME.parquet."""
    name = file.name.removeprefix("details_")
    return name.partition("|")[0] or None if "|" in name else None


def _model(file: Path) -> str | None:
    """Return the model if the file is where lighteval wrote it: details/ORG/MODEL/TIME."""
    parts = file.resolve().parts
    if FOLDER not in parts[:-3]:
        return None
    place = len(parts) - 1 - parts[::-1].index(FOLDER)
    return "/".join(parts[place + 1 : -2]) or None


READER = Reader(NAME, _finds, open_log=_open, order=30)
