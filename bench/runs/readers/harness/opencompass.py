"""Output of OpenCompass for a data set: `predictions/MODEL/DATA.json`, `results/MODEL/DATA.json`.

The rows have the keys "0", "1", ...; the `details` of results also have the key "type". With `n=2`
the data set is repeated under further keys, and no field records it: if a file consists of one list
of questions several times, its rows are samples of these questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.harness.found import (
    ABSENT,
    Found,
    load,
    mapping,
    to_logged,
)
from caopd_bench.runs.readers.harness.gold import shorten_golds
from caopd_bench.runs.readers.harness.outline import outline
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["READER", "find_period"]

NAME = "output of OpenCompass"
#: Keys of the prompt, the response and the right answer in predictions and in results.
PREDICTIONS = ("origin_prompt", "prediction", "gold")
RESULTS = ("prompt", "origin_prediction", "references")
REPEATED = "the {rows:,} answers are the same {items:,} questions {times} times: read as samples"
UNKNOWN = (
    "the right answers repeat after {items:,} of {rows:,} rows, and without prompts it is unknown "
    "whether the questions do; every row counts as a question: give the file of predictions"
)
#: Kinds whose answers are never lists, so that a list holds alternatives.
KINDS = ("number", "latex", "choice")
#: A repeated sequence of fewer right answers may be due to chance.
FEWEST = 5


def _finds(path: Path) -> bool:
    if path.is_dir():
        return next(_list(path), None) is not None
    keys = outline(path)
    first = keys.get("0", ())
    inner = keys.get("details", ())
    return bool(first and set(first) & set(PREDICTIONS[:2])) or {"type", "0"} <= set(inner)


def _list(folder: Path) -> Iterator[Path]:
    for start in ("", "*/"):
        yield from folder.glob(f"{start}predictions/*/*.json")


def _open(path: Path, columns: AnswerColumns, kind: str) -> Log:
    file = path
    if path.is_dir():
        files = sorted(_list(path))
        if len(files) > 1:
            raise UsageError(f"{path}: {NAME} of {len(files)} data sets; choose one:", files)
        file = files[0]
    log = mapping(load(file, NAME))
    rows = _rows(file, log)
    names = RESULTS if "details" in log else PREDICTIONS
    prompts = [_prompt(row.get(names[0])) for _, row in rows]
    golds = [_gold(row, names) for _, row in rows]
    # Without prompts, equal right answers do not show that the questions are equal.
    is_known = all(prompts)
    period = find_period(list(zip(prompts, golds, strict=True))) if is_known else len(rows)
    answers = []
    for place, (key, row) in enumerate(rows):
        where = f"{file} key {quote(key)}"
        if names[1] not in row:
            raise UsageError(
                f"{where}: no {names[1]!r}; {NAME} without the text of the model (type "
                f"{quote(mapping(log, 'details').get('type'))}) is not read; give the file of "
                "the same name in predictions"
            )
        said = row[names[1]]
        gold, *also = _alternatives(golds[place], kind)
        for text in said if isinstance(said, list) else [said]:
            found = Found(
                where,
                row,
                "" if text is None else text,
                gold,
                str(place % period),
                prompts[place],
                also=tuple(also),
            )
            answers.append(to_logged(found, columns, gold_help="name it with --gold"))
    kept, notes = shorten_golds(answers, kind)
    if period < len(rows):
        times = len(rows) // period
        notes.append(REPEATED.format(rows=len(rows), items=period, times=times))
    elif not is_known and (again := find_period(golds)) < len(rows) and again >= FEWEST:
        notes.append(UNKNOWN.format(rows=len(rows), items=again))
    return Log(
        iter(kept),
        backend="opencompass",
        model=file.resolve().parent.name if _is_in_place(file) else None,
        task=file.stem if _is_in_place(file) else None,
        provenance=dict.fromkeys(("gen_kwargs", "packages", "date")),
        warnings=notes,
        file=file,
    )


def _is_in_place(file: Path) -> bool:
    return file.resolve().parent.parent.name in ("predictions", "results")


def _rows(file: Path, log: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    held = log.get("details", log)
    if isinstance(held, list):
        held = dict(zip(map(str, range(len(held))), held, strict=True))
    rows = [
        (key, mapping(row))
        for key, row in mapping(held).items()
        if key.isascii() and key.isdigit() and len(key) < 19
    ]
    if not rows:
        raise UsageError(f"{file}: not {NAME}: no rows with the keys '0', '1', ...")
    return sorted(rows, key=lambda pair: int(pair[0]))


def find_period(questions: Sequence[object]) -> int:
    """Return the number of questions after which the list repeats; all if it does not.

    Examples
    --------
    >>> find_period(["a", "b", "a", "c"] * 3), find_period(["a", "b", "a"]), find_period([])
    (4, 3, 1)
    """
    # The failure function of Knuth, Morris and Pratt: the longest border of each prefix.
    border = [0] * len(questions)
    for place in range(1, len(questions)):
        length = border[place - 1]
        while length and questions[place] != questions[length]:
            length = border[length - 1]
        border[place] = length + (questions[place] == questions[length])
    whole = len(questions)
    period = whole - border[-1] if border else 1
    return period if period and whole % period == 0 else whole


def _gold(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    gold = row.get(names[2])
    if isinstance(gold, list) and len(gold) == 1:
        gold = gold[0]
    return ABSENT if gold is None else gold


def _alternatives(gold: Any, kind: str) -> list[Any]:
    """Return the alternatives in a list of right answers; for phrases, the list as one answer."""
    texts = isinstance(gold, list) and all(isinstance(one, (str, int, float)) for one in gold)
    return [str(one) for one in gold] if texts and gold and kind in KINDS else [gold]


def _prompt(prompt: Any) -> str | None:
    """Return the text of a prompt; the turns of a chat are joined."""
    if isinstance(prompt, list):
        return "\n".join(str(mapping(turn).get("prompt", "")) for turn in prompt) or None
    return prompt if isinstance(prompt, str) and prompt else None


READER = Reader(NAME, _finds, open_log=_open, order=30)
