"""Decisions of an API or a classifier: rows with a probability for every option.

`probabilities` is an object (option to probability), a list of objects (`label` and `score`), or a
list of numbers whose options another column lists. The confidence is the probability of the most
likely option.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.answers.files import read_plain
from caopd_bench.runs.logged import AnswerColumns, Logged
from caopd_bench.runs.readers.harness.found import (
    ABSENT,
    Found,
    as_text,
    is_named,
    mapping,
    to_logged,
)
from caopd_bench.runs.readers.harness.outline import outline
from caopd_bench.runs.readers.reader import Log, Reader
from caopd_bench.tasks.judge.options import first_place

__all__ = ["READER"]

NAME = "a file of decisions"
#: Column names of the probabilities, the options, the right option, and the question's id.
GIVEN = ("probabilities", "probs")
OPTIONS = ("options", "labels", "classes")
GOLD = ("gold", "label", "target")
ITEMS = ("id", "custom_id")
#: Keys of an option's name and of its probability in a list of objects.
NAMES = ("label", "option", "name")
SHARES = ("score", "probability", "p")
#: Tolerance for the sum of the probabilities, which may be rounded.
SLACK = 0.02
MOST = 10_000
#: If the label is the likeliest option in every one of at least this many rows, a note asks
#: whether it is the model's choice.
MANY = 20


def _finds(path: Path) -> bool:
    keys = set(outline(path))
    return bool(keys & set(GIVEN)) and "response" not in keys and path.suffix.lower() != ".json"


def _open(file: Path, columns: AnswerColumns, _kind: str) -> Log:
    answers, notes = _name_golds(list(_read(file, columns)))
    right = sum(
        one.options[_highest(one.probabilities)] == one.gold for one in answers if one.options
    )
    if not is_named(columns.gold, "gold") and right == len(answers) >= MANY:
        notes.append(
            "the right option is the most likely one in every row; is this column the model's "
            "choice? Give the right answers with --gold"
        )
    return Log(
        iter(answers),
        backend="decisions",
        provenance=dict.fromkeys(("gen_kwargs", "packages", "date")),
        warnings=notes,
        # Options are compared as texts, even in rows without probabilities.
        kind="phrase",
    )


def _read(file: Path, columns: AnswerColumns) -> Iterator[tuple[Logged, list[str]]]:
    """Yield the rows, each with its options in its own order."""
    # Rows may list the options in any order, but a position must mean the same option in all rows.
    places: dict[str, int] = {}
    for where, row in read_plain(file):
        given = next((row[key] for key in GIVEN if row.get(key) is not None), None)
        pairs = _read_options(given, row, where) if given is not None else []
        names = [name for name, _ in pairs]
        for name in names:
            places.setdefault(name, len(places))
        pairs.sort(key=lambda pair: places[pair[0]])
        options, shares = tuple(name for name, _ in pairs), tuple(share for _, share in pairs)
        found = Found(
            where,
            row,
            None if given is None else options[_highest(shares)],
            _gold(row),
            next((str(row[key]) for key in ITEMS if row.get(key) is not None), None),
            row.get("question") if isinstance(row.get("question"), str) else None,
            {key: value for key, value in row.items() if not isinstance(value, (list, dict))},
            failed=given is None,
            options=options,
            probabilities=shares,
        )
        logged = to_logged(
            found,
            columns,
            gold_help=f"give a column {' or '.join(GOLD[:2])}, or name it with --gold",
        )
        yield logged, names


def _gold(row: Mapping[str, Any]) -> Any:
    return next((row[key] for key in GOLD if row.get(key) is not None), ABSENT)


def _name_golds(rows: Sequence[tuple[Logged, list[str]]]) -> tuple[list[Logged], list[str]]:
    """Name the right options: a number that is no option's name is a position in its row."""
    given = [(_place(one.gold), len(names)) for one, names in rows if names]
    is_named = any(one.gold in names for one, names in rows)
    # If some rows name the option, positions count from 0; otherwise infer the first position.
    first = 0 if is_named else first_place(given)
    notes = []
    if given and first == 1:
        notes.append(
            "the right answers were read as positions of options counted from 1, because the last "
            "position occurs and 0 never does"
        )
    elif given and first is None and all(0 <= place < number for place, number in given):
        notes.append(
            "the right answers were read as positions of options counted from 0, but neither 0 "
            "nor the last position occurs; if they count from 1, all are wrong: write the "
            "options' names"
        )
    return [_check_gold(one, names, first or 0) for one, names in rows], notes


def _place(gold: str) -> int:
    return int(gold) if gold.isascii() and gold.isdigit() and len(gold) < 9 else -1


def _check_gold(logged: Logged, options: Sequence[str], first: int) -> Logged:
    """Replace a position with the name of its option; refuse a right answer that is no option."""
    gold = logged.gold
    if not options or gold in options:
        return logged
    if 0 <= _place(gold) - first < len(options) and _place(gold) >= 0:
        return logged._replace(gold=options[_place(gold) - first])
    raise UsageError(
        f"{logged.where}: the right answer {quote(gold)} is not among the {len(options)} options: "
        f"{', '.join(map(quote, options[:10]))}"
    )


def _read_options(given: Any, row: Mapping[str, Any], where: str) -> list[tuple[str, float]]:
    """Return the name of each option and its probability, normalised to a sum of 1."""
    if isinstance(given, str):  # a CSV field
        try:
            given = json.loads(given) if len(given) < 1 << 20 else None
        except (ValueError, RecursionError):
            given = None
    if isinstance(given, Mapping):
        # In Parquet each row has the keys of all rows, with null for those that it lacks.
        pairs = [(key, value) for key, value in given.items() if value is not None]
    elif isinstance(given, Sequence) and not isinstance(given, str) and given:
        pairs = _pair(given, row, where)
    else:
        raise UsageError(f"{where}: probabilities must be an object or a list, got {quote(given)}")
    names = tuple(as_text(name) for name, _ in pairs)
    if not 2 <= len(names) <= MOST or len(set(names)) < len(names):
        raise UsageError(
            f"{where}: {len(names)} options with {len(set(names))} distinct names; expected 2 or "
            "more"
        )
    for name, value in pairs:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= 1:
            raise UsageError(
                f"{where}: the probability of {quote(name)} must be in [0, 1], got {quote(value)}"
            )
    total = math.fsum(value for _, value in pairs)
    if abs(total - 1) > SLACK:
        raise UsageError(
            f"{where}: the probabilities of the options sum to {total:.4g}, not 1; give the "
            "probabilities of all options, exactly one of which is right"
        )
    return [(name, value / total) for name, (_, value) in zip(names, pairs, strict=True)]


def _pair(given: Sequence[Any], row: Mapping[str, Any], where: str) -> list[tuple[Any, Any]]:
    if isinstance(given[0], Mapping):
        return [(_first(one, NAMES), _first(one, SHARES)) for one in given]
    names = next((row[key] for key in OPTIONS if isinstance(row.get(key), list)), None)
    if names is None or len(names) != len(given):
        raise UsageError(
            f"{where}: {len(given)} probabilities without as many {' or '.join(OPTIONS[:2])}; "
            "list the options, or give an object of option and probability"
        )
    return list(zip(names, given, strict=True))


def _first(one: Any, keys: Sequence[str]) -> Any:
    return next((mapping(one)[key] for key in keys if key in mapping(one)), None)


def _highest(shares: Sequence[float]) -> int:
    return max(range(len(shares)), key=shares.__getitem__)


READER = Reader(NAME, _finds, open_log=_open, order=35)
