"""Check that the rows of a stored run are those from which its summary was computed.

No number may rest on rows that were edited by hand, by a faulty script, or by a merge that took one
of the two files. The check finds edits that left the summary unchanged. It cannot find edits that
also rewrote the summary, since a stored run is not signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.terminal import inline
from caopd_bench.metrics import METRICS
from caopd_bench.runs.answers.scale import scale_of
from caopd_bench.runs.counts import STATUSES, Counts, Missing
from caopd_bench.runs.records import AS_ZERO
from caopd_bench.runs.run import AGREEMENT, Run
from caopd_bench.runs.stored.baseline import hash_rows, read_baseline
from caopd_bench.runs.stored.files import mend
from caopd_bench.runs.stored.names import BASELINE_NAME, ROWS_NAME, SUMMARY_NAME
from caopd_bench.runs.stored.store import Loaded, load_stored
from caopd_bench.runs.stored.study import packed_hash
from caopd_bench.tasks.catalogue.ways import way_of
from caopd_bench.tasks.read import PARSER_VERSION
from caopd_bench.tasks.read.confidence import read_confidence

__all__ = ["find_edits", "find_unlike_spans", "read_stored"]

#: Numbers whose definition is the same in all versions; others may differ between versions.
PLAIN = ("brier", "mean_confidence", "overconfidence_gap", "confidence_when_wrong", "auroc")
#: Tolerance, since processors add in different orders.
ROUNDING = 1e-9
SHOWN = 3  # maximum number of rows named
WIDTH = 60


def read_stored(folder: Path) -> Run:
    """Read a stored run or a reference, and check that its rows are unchanged.

    Raises
    ------
    NotComparableError
        If they were changed; the message names the first difference. Exit code 4.
    UsageError
        If a file cannot be read.
    """
    for is_last in (False, False, True):
        before = _state(folder)
        try:
            loaded = load_stored(folder)
            problems = find_edits(folder, loaded)
        except UsageError:
            if is_last or before == _state(folder):
                raise
            continue
        # One file may have been read before a replacement of the folder and the other after it.
        if not problems or is_last or before == _state(folder):
            break
    for problem in problems:
        raise _edited(folder, problem)
    for problem in find_unlike_spans(loaded.run):
        raise NotComparableError(
            f"{inline(str(folder), 300)}: its numbers do not match its texts: {problem}; parse "
            "the original run again: caopd-bench score ORIGINAL --reparse --store DIR"
        )
    return loaded.run


def _edited(folder: Path, problem: str) -> NotComparableError:
    if packed_hash(folder / ROWS_NAME) is not None:
        again = mend(folder)
    elif (folder / BASELINE_NAME).exists():
        again = (
            "restore the folder from version control, or delete it and create it again from the "
            "files of the original run (caopd-bench baseline init RUN --output DIR --reason TEXT)"
        )
    else:
        again = (
            "restore the folder from version control or a copy, or store the original run again "
            "from its files (caopd-bench score ORIGINAL --store DIR)"
        )
    where = inline(str(folder), 300)
    return NotComparableError(
        f"{where}: its rows are not those that were stored: {problem}; {again}"
    )


def find_edits(folder: Path, loaded: Loaded | None = None) -> list[str]:
    """Compare the rows of a stored run with its summary.

    Parameters
    ----------
    folder : Path
        The folder of a stored run or a reference.
    loaded : Loaded, optional
        The result of `load_stored`, if the folder has already been read.

    Returns
    -------
    list of str
        One line for each discrepancy; empty if there is none.
    """
    run, summary, edit = load_stored(folder) if loaded is None else loaded
    problems = [edit] if edit else []
    baseline = read_baseline(folder)
    if baseline is not None and baseline.rows_sha256 not in (
        summary.rows_sha256,
        hash_rows(folder),
    ):
        problems.append(f"{ROWS_NAME} is not the file that {BASELINE_NAME} was made for")
    return [*problems, *_unlike_numbers(run, summary.records)]


def _state(folder: Path) -> tuple[int, int] | None:
    """Return file attributes that change when a folder is replaced."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _unlike_numbers(run: Run, records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the numbers of the summary that cannot be reproduced from the rows."""
    by_group: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for record in records:
        by_group.setdefault((str(record.get("task")), record.get("group")), []).append(record)
    as_zero = any(AS_ZERO in str(record.get("interval")) for record in records)
    missing: Missing = "zero" if as_zero else "drop"
    known: dict[tuple[str, str], Mapping[str, Counts]] = {}
    for (task, group), stored in by_group.items():
        if not run.has(task):
            yield f"no row belongs to {inline(task, WIDTH)}, for which {SUMMARY_NAME} has numbers"
            continue
        if group is None:
            counts: Counts | None = run.count(task)
        else:
            key = str(group).partition("=")[0]
            if (task, key) not in known:
                by_value = run.count_by(task, key)
                # Use the first of several records with the same name.
                known[task, key] = {f"{key}={v}": c for v, c in reversed(by_value.items())}
            counts = known[task, key].get(str(group))
        place = " ".join(inline(str(part), WIDTH) for part in (task, group) if part is not None)
        if counts is None:
            yield f"no row belongs to {place}, for which {SUMMARY_NAME} has numbers"
            continue
        made = _numbers(counts, missing)
        for record in stored:
            name = record.get("metric")
            if name in made and not _agree(record, made[name]):
                yield (
                    f"{place} {name} is {_show(record.get('estimate'))} of "
                    f"{record.get('n')} rows in {SUMMARY_NAME}, and {_show(made[name][0])} of "
                    f"{made[name][1]} in the rows"
                )


def _numbers(counts: Counts, missing: Missing) -> dict[Any, tuple[float, int]]:
    found: dict[Any, tuple[float, int]] = {"accuracy": (counts.right / counts.n, counts.n)}
    for status in STATUSES:
        name = "parse_rate" if status == "ok" else f"share_{status}"
        found[name] = (counts.statuses.get(status, 0) / counts.n, counts.n)
    tally = counts.tally(missing)
    if tally is not None:
        found |= {name: (METRICS[name].function(tally), int(tally.n)) for name in PLAIN}
    return found


def _agree(record: Mapping[str, Any], made: tuple[float, int]) -> bool:
    estimate, n = record.get("estimate"), record.get("n")
    if estimate is None or made[0] != made[0]:
        return estimate is None and made[0] != made[0]
    is_number = isinstance(estimate, (int, float))
    return is_number and abs(float(estimate) - made[0]) <= ROUNDING and n == made[1]


def _show(value: Any) -> str:
    if isinstance(value, (int, float)) and value == value:
        return f"{value:.6g}"
    return "undefined" if value is None or value != value else inline(str(value), WIDTH)


def find_unlike_spans(run: Run) -> Iterator[str]:
    """Yield rows whose confidence differs from the stored text of the confidence."""
    read = lru_cache(maxsize=None)(lambda span, scale: read_confidence(span, scale=scale).value)
    stated = {
        task: scale_of(run.settings(task))
        for task in run.tasks
        if not task.endswith(AGREEMENT)
        and way_of(run.settings(task)).generates
        and run.settings(task).get("parser_version") == PARSER_VERSION
    }
    unlike = [
        row
        for row in run.rows
        if row.task in stated
        and row.status == "ok"
        and row.stated is not None
        and read(row.stated, stated[row.task]) != row.confidence
    ]
    for row in unlike[:SHOWN]:
        yield (
            f"{inline(row.task, WIDTH)} item {inline(row.item_hash, WIDTH)} has the confidence "
            f"{row.confidence:g} but the text {inline(str(row.stated), WIDTH)!r}"
        )
    if len(unlike) > SHOWN:
        yield f"and {len(unlike) - SHOWN} more such rows"
