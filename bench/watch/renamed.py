"""Recognise renamed logs by their first rows."""

from __future__ import annotations

import hashlib
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.watch.source import SIZE
from caopd_bench.watch.state import State

__all__ = ["follow_name", "set_aside"]


def follow_name(log: Path, name: str, state: State, changed: str) -> list[str]:
    """Prevent a log that was read under another name from being counted twice.

    Parameters
    ----------
    log : Path
    name : str
        Name of the log among the state's sources.
    state : State
    changed : str
        With "renamed" the counts under the other name are moved to this log; with "new" its rows
        are counted although they are the same.

    Returns
    -------
    list of str
        A note, if a name was changed.

    Raises
    ------
    UsageError
        If a log with a new name begins with all rows that were read of another log.
    """
    if changed == "new" or (name in state.sources and changed != "renamed"):
        return []
    old = _read_before(log, name, state)
    if old is None or old == name:
        return []
    rows = f"{state.sources[old].rows:,}"
    shown = inline(Path(old).name, NAME_WIDTH)
    if changed != "renamed":
        raise UsageError(
            f"{log}: begins with the {rows} rows that were already read as {shown}; if it is that "
            "log under a new name, give --changed renamed; to count these rows once more, "
            "--changed new"
        )
    set_aside(name, state)
    _rename(old, name, state)
    return [f"was read before as {shown}; reading continues after its {rows} rows"]


def set_aside(name: str, state: State) -> None:
    """Keep the counts of a log whose name now belongs to another log."""
    if name in state.sources:
        _rename(name, f"{name} (until look {state.looks:,})", state)


def _rename(old: str, new: str, state: State) -> None:
    state.sources[new] = state.sources.pop(old)
    for label, one in state.pending.items():
        if one.source == old:
            state.pending[label] = one._replace(source=new)


def _read_before(log: Path, name: str, state: State) -> str | None:
    """Return the source with the longest part that this log begins with; prefer its own name."""
    size = log.stat().st_size
    sources = {
        key: one for key, one in state.sources.items() if one.rows and 0 < one.mark.offset <= size
    }
    found, digest = None, hashlib.sha256()
    with log.open("rb") as stream:
        for key in sorted(sources, key=lambda key: (sources[key].mark.offset, key == name)):
            mark = sources[key].mark
            while left := mark.offset - stream.tell():
                piece = stream.read(min(SIZE, left))
                if not piece:
                    return found
                digest.update(piece)
            if digest.hexdigest() == mark.sha256:
                found = key
    return found
