"""References: stored runs for comparison, with a change log that records every reason."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.files.folders import only_writer, replace_folder
from caopd_bench.core.files.parts import is_part
from caopd_bench.core.privacy.credentials import redact
from caopd_bench.core.privacy.paths import shorten_spec
from caopd_bench.core.terminal import NAME_WIDTH, escape_controls, inline
from caopd_bench.gates.rerun import measure_rerun
from caopd_bench.runs.check_texts import refuse_unlike_texts
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.records import AS_ZERO, Record, to_plain
from caopd_bench.runs.run import Run
from caopd_bench.runs.stored.baseline import Baseline, Noise, find_missing
from caopd_bench.runs.stored.check import find_edits, find_unlike_spans, read_stored
from caopd_bench.runs.stored.names import BASELINE_NAME, CHANGES_NAME, SUMMARY_NAME
from caopd_bench.runs.stored.secrets import say_left_out
from caopd_bench.runs.stored.store import load_stored, render_stored
from caopd_bench.scores.score import score
from caopd_bench.scores.table import GROUP_COLUMNS

__all__ = ["init_baseline", "update_baseline", "verify_baseline"]

#: Heading of CHANGES.md.
HEAD = "# Changes of this reference\n\n"
#: Metrics in the change log, for whole tasks only.
LOGGED = {name for name in GROUP_COLUMNS if name != "null_ece"}
#: Text that a terminal does not show: control sequences and invisible characters.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_FILLERS = "\u115f\u1160\u3164\uffa0"
SHOWN = 5  # numbers named when a summary differs from its rows


def init_baseline(
    run: str | Path,
    folder: Path,
    *,
    reason: str,
    rerun: str | Path | None,
    columns: Columns | None = None,
) -> None:
    """Create a reference from a run.

    Parameters
    ----------
    run : str or Path
        A run, as for `read_run`.
    folder : Path
        A new or empty folder.
    reason : str
        Why this run was chosen; one line.
    rerun : str or Path, optional
        Another run of the same checkpoint; the difference is stored as rerun noise.
    columns : Columns, optional
        Columns of flat files.

    Raises
    ------
    UsageError
        If the folder is not empty, a run cannot be read, or the rerun has different weights.
    NotComparableError
        If a stored run was edited, or the two runs are not comparable.
    """
    _check_new(folder)
    _check_reason(reason)
    new = _read(run, columns)
    noise = _measure(new, rerun, columns)
    records = score(new)
    log = f"{HEAD}{_entry('created', reason, str(run), {}, records)}"
    with only_writer(folder):
        _check_new(folder)  # another process may have created it meanwhile
        _write(folder, new, records, reason, str(run), noise, log)


def _check_new(folder: Path) -> None:
    held = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    if folder.is_file() or not all(map(is_part, held)):
        raise UsageError(
            f"{folder}: exists; name a new folder, or replace the reference with: caopd-bench "
            "baseline update"
        )


def update_baseline(
    run: str | Path,
    folder: Path,
    *,
    reason: str,
    rerun: str | Path | None,
    columns: Columns | None = None,
    allow: Callable[[], bool] = lambda: True,
) -> bool:
    """Replace a reference by another run, and log the old and the new numbers.

    Parameters and errors as for `init_baseline`; the folder must be a reference.

    Parameters
    ----------
    allow : callable
        Called under the lock of the reference; returns whether it may be replaced.

    Returns
    -------
    bool
        Whether it was replaced.
    """
    _check_reason(reason)
    with only_writer(folder):
        old = read_stored(folder)
        if not allow():
            return False
        before = {(r.task, r.metric): r for r in score(old)}
        new = _read(run, columns)
        noise = _measure(new, rerun, columns)
        records = score(new)
        log_file = folder / CHANGES_NAME
        log = log_file.read_text("utf-8") if log_file.is_file() else HEAD
        log = f"{log.rstrip()}\n\n{_entry('replaced', reason, str(run), before, records)}"
        _write(folder, new, records, reason, str(run), noise, log)
    return True


def verify_baseline(folder: Path) -> list[str]:
    """Recompute the summary of a reference from its rows.

    Returns
    -------
    list of str
        The numbers that differ in any bit; empty if none does.
    """
    loaded = load_stored(folder)
    run, summary = loaded.run, loaded.summary
    problems = [*find_missing(folder), *find_edits(folder, loaded), *find_unlike_spans(run)]
    groups = [record.get("group") for record in summary.records]
    keys = list(dict.fromkeys(str(g).partition("=")[0] for g in groups if g is not None))
    as_zero = any(AS_ZERO in str(record.get("interval")) for record in summary.records)
    again = to_plain(
        score(run, by=keys, level=summary.level or 0.95, missing="zero" if as_zero else "drop")
    )
    return [*problems, *_unlike(summary.records, again)]


def _measure(first: Run, rerun: str | Path | None, columns: Columns | None) -> list[Noise]:
    """Measure the noise of a rerun, if there is one; print its notes to stderr."""
    if rerun is None:
        return []
    found = measure_rerun(first, _read(rerun, columns))
    for note in found.notes:
        print(note, file=sys.stderr, flush=True)
    return found.noise


def _check_reason(reason: str) -> None:
    seen = _SEQUENCE.sub("", reason)
    if not any(c.isalnum() and c not in _FILLERS for c in seen) or "\n" in reason:
        raise UsageError("--reason: must be one line with the reason, for the change log")


def _read(spec: str | Path, columns: Columns | None) -> Run:
    (run,) = read_runs([spec], columns)
    if not isinstance(run, Run):
        raise UsageError(f"{run.path}: has too many rows for a reference; evaluate fewer items")
    refuse_unlike_texts(run)
    return run


def _write(
    folder: Path,
    run: Run,
    records: Sequence[Record],
    reason: str,
    given: str,
    noise: Sequence[Noise],
    log: str,
) -> None:
    contents = render_stored(run, records)
    baseline = Baseline(
        rows_sha256=json.loads(contents[SUMMARY_NAME])["rows_sha256"],
        made=time.strftime("%Y-%m-%d"),
        # JSON cannot contain lone surrogates, which represent a path that is not UTF-8.
        reason=escape_controls(redact(reason)),
        # An escape would look like part of a Windows path, so use question marks.
        run=shorten_spec(given).encode("utf-8", "replace").decode(),
        rerun=list(noise),
    )
    contents[BASELINE_NAME] = (baseline.model_dump_json(indent=1) + "\n").encode()
    contents[CHANGES_NAME] = log.encode("utf-8", "backslashreplace")
    with writing(folder):
        replace_folder(folder, contents)
    say_left_out(run.provenance, "reference")


def _entry(
    done: str,
    reason: str,
    given: str,
    before: Mapping[tuple[str, str], Record],
    records: Sequence[Record],
) -> str:
    """Write one entry of the change log: what, why, and the numbers before and after."""
    lines = [
        f"## {time.strftime('%Y-%m-%d')}: {done} from `{_cell(shorten_spec(given))}`",
        "",
        _cell(redact(reason)),
        "",
        "| task | metric | before | after |",
        "|---|---|---|---|",
    ]
    after = {(r.task, r.metric): r for r in records if r.group is None and r.metric in LOGGED}
    for key in dict.fromkeys([*after, *(k for k in before if k[1] in LOGGED)]):
        task, metric = key
        lines.append(
            f"| {_cell(task)} | {metric} | {_show(before.get(key))} | {_show(after.get(key))} |"
        )
    return "\n".join(lines) + "\n"


def _show(record: Record | None) -> str:
    if record is None or record.estimate != record.estimate:
        return "-"
    if record.low != record.low:
        return f"{record.estimate:.4f}"
    return f"{record.estimate:.4f} [{record.low:.4f}, {record.high:.4f}]"


def _cell(text: str) -> str:
    """Escape a name for a cell of a Markdown table."""
    shown = inline(text, 3 * NAME_WIDTH)
    for character in "\\`|<>[]":
        shown = shown.replace(character, f"&#{ord(character)};")
    return shown


def _unlike(
    stored: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    # Names of runs are the user's; the numbers are those of the rows.
    kept, made = ([_text(record) for record in records] for records in (stored, again))
    if kept == made:
        return
    if len(kept) != len(made):
        yield f"{SUMMARY_NAME} holds {len(kept)} numbers, but the rows give {len(made)}"
    unlike = [(a, b) for a, b in zip(stored, again, strict=False) if _text(a) != _text(b)]
    for a, b in unlike[:SHOWN]:
        place = " ".join(str(b[key]) for key in ("task", "group", "metric") if b[key] is not None)
        keys = [key for key in b if a.get(key) != b[key]]
        parts = ", ".join(f"{key} {a.get(key)}, from the rows {b[key]}" for key in keys)
        yield inline(f"{place}: {parts}", 300)
    if len(unlike) > SHOWN:
        yield f"and {len(unlike) - SHOWN} more"


def _text(record: Mapping[str, Any]) -> str:
    return json.dumps(dict(record), sort_keys=True)
