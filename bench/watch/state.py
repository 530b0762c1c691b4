"""The state of a watch: reading positions, sums, pending answers and alarms.

It is one strict JSON file, replaced by one rename. It contains no answer texts and no ids, only
64-bit labels of ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.files.checked import (
    UnfitError,
    check_kind,
    checking,
    is_count,
    is_hash,
    is_list,
    is_name,
    is_object,
    is_text,
    take,
)
from caopd_bench.core.files.locks import locked
from caopd_bench.core.files.plain_json import read_json
from caopd_bench.core.files.write import replace_file
from caopd_bench.core.numbers import is_number
from caopd_bench.core.terminal import quote
from caopd_bench.watch.source import Mark
from caopd_bench.watch.tallies import EMPTY, WIDTH

__all__ = ["MAX_PENDING", "Pending", "Raised", "Source", "State", "load_state", "watching"]

FILE, LOCK = "watch.json", ".watch.lock"
#: Limit on pending answers (those with an id but no outcome yet); beyond it the oldest are dropped.
MAX_PENDING = 200_000
#: Limits on the logs, and on the days of each: eleven years.
MAX_SOURCES, MAX_DAYS = 2000, 4000
REMEDY = "delete the folder to start over"


class Pending(NamedTuple):
    """An answer without an outcome yet; no confidence is NaN, and no group is ""."""

    source: str
    day: str
    confidence: float
    group: str


class Raised(NamedTuple):
    """A raised alarm: the day and number of the look, and its sentence at that time."""

    day: str
    look: int
    said: str


@dataclass
class Source:
    """The counts of one log.

    Attributes
    ----------
    mark : Mark
        Position up to which it was read.
    rows, skip : int
        Number of rows read, and of those at the start that no longer count.
    crossed : int
        Outcomes that arrived in a different log from their answer.
    days : dict of str to ndarray
        The sums of each day (`tallies.Day`).
    groups : dict of str to ndarray, shape (3,)
        For each group with its own cut: answers kept, those with an outcome, and the wrong ones.
    """

    mark: Mark = field(default_factory=Mark)
    rows: int = 0
    skip: int = 0
    crossed: int = 0
    days: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    groups: dict[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass
class State:
    """The complete state of a watch.

    Attributes
    ----------
    identity : dict
        The threshold and the options that the evidence belongs to.
    looks : int
    sources : dict of str to Source
    pending : dict of int to Pending
        Pending answers by the label of the id, the oldest first.
    alarms : dict of str to Raised
    strays, repeated, given_up : int
        Outcomes without a known answer, repeated answers, and pending answers that were dropped.
    """

    identity: dict[str, Any]
    looks: int = 0
    sources: dict[str, Source] = field(default_factory=dict)
    pending: dict[int, Pending] = field(default_factory=dict)
    alarms: dict[str, Raised] = field(default_factory=dict)
    strays: int = 0
    repeated: int = 0
    given_up: int = 0

    def days(self) -> dict[str, NDArray[np.float64]]:
        """Return the sums of each day over all logs, in order."""
        found: dict[str, NDArray[np.float64]] = {}
        for source in self.sources.values():
            for day, sums in source.days.items():
                found[day] = found.get(day, EMPTY) + sums
        return dict(sorted(found.items()))

    def groups(self) -> dict[str, NDArray[np.float64]]:
        """Return the sums of each group over all logs."""
        found: dict[str, NDArray[np.float64]] = {}
        for source in self.sources.values():
            for group, sums in source.groups.items():
                found[group] = found.get(group, np.zeros(3)) + sums
        return found

    def save(self, folder: Path) -> None:
        """Write the state file with one rename."""
        with writing(folder / FILE):
            replace_file(folder / FILE, self.to_json().encode())

    def to_json(self) -> str:
        """Return the text of the file."""
        names = [*self.sources]
        place = {name: i for i, name in enumerate(names)}
        document = {
            "kind": "caopd-bench watch",
            "format": 1,
            "identity": self.identity,
            "looks": self.looks,
            "alarms": {name: one._asdict() for name, one in self.alarms.items()},
            **{name: getattr(self, name) for name in COUNTS},
            "sources": [
                {
                    "name": name,
                    **one.mark._asdict(),
                    "rows": one.rows,
                    "skip": one.skip,
                    "crossed": one.crossed,
                    "days": {day: _numbers(sums) for day, sums in sorted(one.days.items())},
                    "groups": {key: _numbers(sums) for key, sums in sorted(one.groups.items())},
                }
                for name, one in self.sources.items()
            ],
            "pending": [
                [
                    f"{label:016x}",
                    place[one.source],
                    one.day,
                    None if one.confidence != one.confidence else one.confidence,
                    one.group,
                ]
                for label, one in self.pending.items()
            ],
        }
        return json.dumps(document, allow_nan=False, separators=(",", ":")) + "\n"


COUNTS = ("strays", "repeated", "given_up")


def _numbers(sums: NDArray[np.float64]) -> list[float]:
    return [int(x) if x.is_integer() else x for x in sums.tolist()]


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    """Hold the lock of the state, or raise UsageError if another look is running."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"--state {folder}: is not a folder; give a folder, which is created if "
            "it does not exist"
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK, wait=False) as is_ours:
        if not is_ours:
            raise UsageError(f"{folder}: in use by another watch; wait until it ends")
        try:
            yield
        finally:
            (folder / LOCK).unlink(missing_ok=True)


def load_state(folder: Path) -> State | None:
    """Read the state; return None if there is none yet.

    Raises
    ------
    UsageError
        If the file cannot be read or is not a state; the message names the reason.
    """
    file = folder / FILE
    with checking(file, "state", REMEDY):
        try:
            found = read_json(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
        check_kind(found, "watch")
        return _read(found)


def _read(found: Mapping[str, Any]) -> State:
    state = State(dict(take(found, "identity", is_object, "an object")))
    state.looks = take(found, "looks", is_count, "a count")
    for name in COUNTS:
        setattr(state, name, take(found, name, is_count, "a count"))
    for name, one in take(found, "alarms", is_object, "an object").items():
        where = f"alarms.{name}."
        if not isinstance(one, Mapping):
            raise UnfitError(f"alarms.{name} must be an object, got {quote(one)}")
        state.alarms[name] = Raised(
            take(one, "day", is_name, "a day", where),
            take(one, "look", is_count, "a count", where),
            take(one, "said", is_text, "a text", where),
        )
    for i, one in enumerate(take(found, "sources", _is_sources, "a list")):
        if not isinstance(one, Mapping):
            raise UnfitError(f"sources[{i}] must be an object, got {quote(one)}")
        name, source = _read_source(one, f"sources[{i}].")
        state.sources[name] = source
    names = [*state.sources]
    for i, entry in enumerate(take(found, "pending", _is_pending, "a list")):
        try:
            label, place, day, confidence, group = entry
            value = float("nan") if confidence is None else confidence
            is_fit = is_number(value) and not value < 0.0 and not value > 1.0
            if not (is_fit and is_text(group) and is_count(place)):
                raise ValueError
            state.pending[int(label, 16)] = Pending(names[place], str(day), float(value), group)
        except (ValueError, TypeError, IndexError):
            raise UnfitError(f"pending[{i}] is no answer that waits: {quote(entry)}") from None
    return state


def _is_sources(value: Any) -> bool:
    return is_list(value, MAX_SOURCES)


def _is_pending(value: Any) -> bool:
    return is_list(value, MAX_PENDING)


def _read_source(one: Mapping[str, Any], where: str) -> tuple[str, Source]:
    counts = ("offset", "lines", "rows", "skip", "crossed")
    offset, lines, rows, skip, crossed = (take(one, k, is_count, "a count", where) for k in counts)
    mark = Mark(offset, lines, take(one, "sha256", is_hash, "a SHA-256 in hexadecimal", where))
    days = take(one, "days", is_object, "an object", where)
    groups = take(one, "groups", is_object, "an object", where)
    return take(one, "name", is_name, "a name", where), Source(
        mark,
        rows,
        skip,
        crossed,
        {day: _read_sums(sums, WIDTH, f"{where}days.{day}") for day, sums in days.items()},
        {key: _read_sums(sums, 3, f"{where}groups.{key}") for key, sums in groups.items()},
    )


def _read_sums(value: Any, size: int, where: str) -> NDArray[np.float64]:
    if not (is_list(value) and len(value) == size and all(is_number(x) for x in value)):
        raise UnfitError(f"{where} must be {size} numbers, got {quote(value)}")
    return np.array(value, np.float64)
