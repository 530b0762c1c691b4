"""Look at a log: read new rows, count them, update the evidence and save the state, atomically."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.flat.files import format_of
from caopd_bench.thresholds.promise import Promise
from caopd_bench.watch.count import Counter
from caopd_bench.watch.evidence import Alarm, Options, assess
from caopd_bench.watch.renamed import follow_name, set_aside
from caopd_bench.watch.rows import Names, read_grown, read_whole
from caopd_bench.watch.source import STDIN, Mark, Reader, hash_file, is_growing
from caopd_bench.watch.state import MAX_SOURCES, Raised, Source, State, load_state, watching
from caopd_bench.watch.tallies import EMPTY, Day, Part

__all__ = ["CHANGED", "Look", "look"]

#: Reactions to a log whose previously read part has changed.
CHANGED = ("refuse", "again", "new", "renamed")


@dataclass(frozen=True)
class Look:
    """The result of a look.

    Attributes
    ----------
    promise : Promise
    options : Options
    state : State
        State after the look.
    alarms : list of Alarm
    total : Day
        Sums over all days.
    rows : int
        Number of new rows.
    notes : list of str
    """

    promise: Promise
    options: Options
    state: State
    alarms: list[Alarm]
    total: Day
    rows: int
    notes: list[str]

    @property
    def verdict(self) -> str:
        """The headline: "ALARM", "SUSPECT", "NO OUTCOMES" (of kept answers) or "NO ALARM"."""
        if self.state.alarms:
            return "ALARM"
        if any(alarm.verdict.name == "suspect" for alarm in self.alarms):
            return "SUSPECT"
        return "NO ALARM" if self.total.kept.known else "NO OUTCOMES"


def look(
    log: Path,
    promise: Promise,
    folder: Path,
    *,
    names: Names | None = None,
    options: Options | None = None,
    changed: str = "refuse",
    restart: bool = False,
    say: Callable[[Alarm], str] = lambda alarm: alarm.name,
    today: datetime.date | None = None,
) -> Look:
    """Read the new rows of a log, and evaluate everything counted so far.

    Parameters
    ----------
    log : Path
        A growing JSONL or CSV file, a Parquet or gzip file that is written as a whole, or ``-``.
    promise : Promise
        A promise with a certified cut.
    folder : Path
        Folder of the state; created if missing.
    names : Names, optional
        Names of the columns.
    options : Options, optional
    changed : str
        One of `CHANGED`: "again" counts the log from its start and replaces its previous counts,
        "new" treats it as another log under an old name, "renamed" as one that was read under
        another name.
    restart : bool
        Forget sums, evidence and alarms, and continue from the position reached in each log.
    say : callable
        Returns the sentence of a raised alarm, for the state.
    today : date, optional
        The day of answers in a log without a time column; by default the current day in UTC.

    Returns
    -------
    Look

    Raises
    ------
    UsageError
        If the log, the threshold or the state cannot be used, or another look is running.
    NotComparableError
        If the state belongs to another threshold or to other options.
    OutputError
        If the state cannot be written.

    Notes
    -----
    The state is replaced by one rename at the end, so an interrupted look counts nothing.
    """
    promise.require_cut("watch")
    names, options = names or Names(), options or Options()
    names = Names(names.confidence, names.correct, names.item, names.time, promise.by)
    is_stdin = str(log) == STDIN
    if not is_stdin and not log.is_file():
        raise UsageError(f"{log}: is not a file; give a log, or - for standard input")
    if not is_stdin and not format_of(log):
        raise UsageError(f"{log}: must end in .jsonl, .csv (also .gz) or .parquet")
    now = today or datetime.datetime.now(datetime.timezone.utc).date()
    with watching(folder):
        state = _begin(folder, promise, options, restart)
        before = sum(one.rows for one in state.sources.values())
        notes = _read(log, state, promise, names, changed, now.isoformat())
        state.looks += 1
        total = Day.of(sum(state.days().values(), EMPTY))
        groups = {"": total} if promise.by is None else _groups(state)
        alarms = assess(promise, total, groups, options)
        for alarm in alarms:
            if alarm.verdict.name == "alarm" and alarm.name not in state.alarms:
                state.alarms[alarm.name] = Raised(now.isoformat(), state.looks, say(alarm))
        state.save(folder)
    rows = sum(one.rows for one in state.sources.values()) - before
    return Look(promise, options, state, alarms, total, rows, notes)


def _groups(state: State) -> dict[str, Day]:
    nothing = Part(*[0.0] * len(Part._fields))
    return {
        name: Day(nothing._replace(rows=rows, known=known, wrong=wrong), nothing, 0.0)
        for name, (rows, known, wrong) in (
            (name, sums.tolist()) for name, sums in state.groups().items()
        )
    }


def identity_of(promise: Promise, options: Options) -> dict[str, Any]:
    """Return the threshold and options that the evidence of a state belongs to."""
    threshold = sha256(promise.to_json().encode()).hexdigest()
    return {"threshold": threshold, "task": promise.task, **asdict(options)}


def _begin(folder: Path, promise: Promise, options: Options, restart: bool) -> State:
    identity, held = identity_of(promise, options), load_state(folder)
    if held is None:
        return State(identity)
    if restart:
        # Rows read before are not read again: only new answers count.
        sources = {name: Source(one.mark, one.rows, one.rows) for name, one in held.sources.items()}
        return State(identity, sources=sources)
    for key, value in identity.items():
        if held.identity.get(key) != value:
            what = {
                "threshold": "another threshold file",
                "task": "another task",
                "error": "--false-alarms {}",
                "margin": "--gap-margin {}",
                "is_random": "outcomes that are{} a random sample",
            }[key]
            shown = held.identity.get(key)
            text = what.format(("" if shown else " not") if key == "is_random" else f"{shown}")
            raise NotComparableError(
                f"{folder}: contains a state made with {inline(text, 200)}; use that again, or "
                "another --state, or --restart to start over from here"
            )
    return held


def _read(
    log: Path, state: State, promise: Promise, names: Names, changed: str, today: str
) -> list[str]:
    name = STDIN if str(log) == STDIN else str(log.resolve())
    shown = inline(log, NAME_WIDTH)
    try:
        notes = [] if name == STDIN else follow_name(log, name, state, changed)
        counter = Counter(state, name, promise, today)
        if name != STDIN and not is_growing(log):
            notes += _read_whole(log, counter, names, changed)
        else:
            notes += _read_grown(log, counter, names, changed)
    except OSError as error:
        raise UsageError(f"{log}: cannot be read ({error.strerror})") from None
    counter.finish()
    if len(state.sources) > MAX_SOURCES:
        raise UsageError(f"more than {MAX_SOURCES:,} logs in one state; start another --state")
    return [f"{shown}: {note}" for note in notes]


def _read_grown(log: Path, counter: Counter, names: Names, changed: str) -> list[str]:
    notes: list[str] = []
    reader = Reader(log, counter.source.mark)
    try:
        if not reader.is_same:
            notes += _handle_change(log, counter, changed, is_growing=True)
            reader.close()
            reader = Reader(log, Mark())
        for batch in read_grown(reader, names):
            counter.add(batch)
        counter.source.mark = Mark() if str(log) == STDIN else reader.mark()
        if reader.unfinished:
            notes.append(
                "the last line is still incomplete (no line end) and is left for the next look"
            )
    finally:
        reader.close()
    return notes


def _read_whole(log: Path, counter: Counter, names: Names, changed: str) -> list[str]:
    """Read a file that is written as a whole: nothing if it is unchanged, else all rows."""
    notes: list[str] = []
    mark = hash_file(log)
    if mark.sha256 == counter.source.mark.sha256:
        return notes
    before = counter.source.rows
    is_first, may_shrink = not counter.source.mark.offset, changed in ("again", "new")
    if not is_first:
        # Such a file grows by being rewritten.
        notes += _handle_change(log, counter, changed if may_shrink else "again")
    for batch in read_whole(log, names):
        counter.add(batch)
    rows = counter.source.rows
    if not is_first and not may_shrink and rows < before:
        raise UsageError(
            f"{log}: has {rows:,} rows, fewer than before ({before:,}); if it is a new log under "
            "an old name, give --changed new; if rows were removed, --changed again"
        )
    counter.source.mark = mark
    return notes


def _handle_change(
    log: Path, counter: Counter, changed: str, *, is_growing: bool = False
) -> list[str]:
    """Prepare to read a previously read log from its start."""
    source, state = counter.source, counter.state
    if changed not in ("again", "new"):
        raise UsageError(
            f"{log}: the part that was already read has changed; if the log was rewritten with "
            "more outcomes, give --changed again; if it is a new log under an old name, --changed "
            "new; if it was read before under another name, --changed renamed"
        )
    if changed == "new":
        set_aside(counter.name, state)
        counter.source = state.sources.setdefault(counter.name, Source())
        counter.read_from_start()
        return ["a new log under an old name; the counts of the old log are kept"]
    if source.crossed:
        raise UsageError(
            f"{log}: {source.crossed:,} outcomes of its answers came from other logs and would be "
            "lost by counting it again; start another --state"
        )
    for label in [key for key, one in state.pending.items() if one.source == counter.name]:
        del state.pending[label]
    source.days, source.groups, source.rows = {}, {}, 0
    counter.read_from_start()
    return ["counted again from its start"] if is_growing else []
