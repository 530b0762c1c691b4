"""Rows to records: every number of a run, with its interval.

Accuracy and parse rate are over all rows. Set metrics (ECE, Brier, AUROC, ...) are over the rows
that state a usable confidence; the parse rate stands beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from caopd_bench.errors import UsageError
from caopd_bench.metrics import (
    Interval,
    Tally,
    bootstrap,
    bootstrap_within,
    null_ece,
    proportion_interval,
)
from caopd_bench.records import Record, make_record
from caopd_bench.rows import STATUSES, Row, Run, tally_rows

__all__ = ["score"]

#: Set metrics of each task, in the order of the table.
SET_METRICS = (
    "mean_confidence",
    "overconfidence_gap",
    "ece",
    "brier",
    "auroc",
    "spr",
    "tie_rate",
    "confidence_when_wrong",
)
NAN = float("nan")
NO_ROWS = "no row states a usable confidence"


def score(
    runs: Run | Iterable[Run], *, by: Sequence[str] = (), level: float = 0.95
) -> list[Record]:
    """Compute every metric of every task of the runs.

    Parameters
    ----------
    runs : Run or iterable of Run
        From `read_run`.
    by : sequence of str
        Group keys ("level", "family", ...): the same metrics for each value, beside the whole task.
    level : float
        Nominal coverage of the intervals.

    Returns
    -------
    list of Record
        By run, task, group and metric, in that order. Same rows, same records.

    Raises
    ------
    UsageError
        If no task has a group key named in `by`.
    """
    keys = list(dict.fromkeys([by] if isinstance(by, str) else by))
    records: list[Record] = []
    for run in [runs] if isinstance(runs, Run) else runs:
        for task in run.tasks:
            rows = run.task_rows(task)
            for group, members in _split(rows, keys):
                records += _score_rows(run.name, task, group, members, level)
                if group is None:
                    records.append(_score_copies(run, task, rows, level))
    return records


def _split(rows: Sequence[Row], by: Sequence[str]) -> Iterator[tuple[str | None, Sequence[Row]]]:
    """Yield the whole task, then each group of each key."""
    yield None, rows
    for key in by:
        groups = _group(rows, key)
        if not groups:
            known = sorted({name for row in rows for name in row.groups})
            raise UsageError(
                f"--by {key}: task {rows[0].task} has no such group; it has "
                f"{', '.join(known) or 'none'}"
            )
        for value, members in groups.items():
            yield f"{key}={value}", members


def _group(rows: Sequence[Row], key: str) -> dict[object, list[Row]]:
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        if key in row.groups:
            groups[row.groups[key]].append(row)
    is_number = all(isinstance(value, (int, float)) for value in groups)
    return dict(sorted(groups.items(), key=lambda item: item[0] if is_number else str(item[0])))  # type: ignore[arg-type,return-value]


def _score_rows(
    run: str, task: str, group: str | None, rows: Sequence[Row], level: float
) -> Iterator[Record]:
    parsed = tally_rows(rows)
    intervals: list[tuple[str, Interval]] = [
        ("parse_rate", _share(sum(row.status == "ok" for row in rows), rows, level)),
        *(
            (f"share_{status}", _share(sum(row.status == status for row in rows), rows, level))
            for status in STATUSES[1:]
        ),
        ("accuracy", _share(sum(row.correct for row in rows), rows, level)),
    ]
    if parsed is None:
        missing = [*SET_METRICS, "ece_debiased", "null_ece"]
        intervals += [(name, _undefined(level, NO_ROWS)) for name in missing]
    else:
        intervals += _score_tally(parsed, level)
    if group is None and any("level" in row.groups for row in rows):
        intervals.append(("auroc_within_level", _within_level(rows, level)))
    for name, interval in intervals:
        yield make_record(run, task, group, name, interval)


def _score_tally(counts: Tally, level: float) -> Iterator[tuple[str, Interval]]:
    computed = bootstrap(counts, metrics=SET_METRICS, level=level)
    for name in SET_METRICS:
        yield name, computed[name]
        if name == "ece":
            yield "ece_debiased", _debiased(computed[name])
            perfect, n = null_ece(counts), int(counts.n)
            # One-sided: 95 % of perfectly calibrated models score below `high`.
            yield "null_ece", Interval(perfect.mean, 0.0, perfect.upper, 0.95, n, "simulation", NAN)


def _debiased(ece: Interval) -> Interval:
    """Put the same interval around the debiased estimate: it contains both."""
    return Interval(
        ece.debiased, ece.low, ece.high, ece.level, ece.n, ece.method, NAN, reason=ece.reason
    )


def _within_level(rows: Sequence[Row], level: float) -> Interval:
    tallies = [tally_rows(members) for members in _group(rows, "level").values()]
    present = [counts for counts in tallies if counts is not None]
    return bootstrap_within(present, level=level) if present else _undefined(level, NO_ROWS)


def _score_copies(run: Run, task: str, rows: Sequence[Row], level: float) -> Record:
    """Compute the share of stated confidences that repeat a value shown in the exemplars."""
    settings = run.settings(task)
    shots = settings.get("num_fewshot") or 0
    shown = (settings.get("exemplars") or {}).get("confidences", [])
    values = {float(value) for value in shown[:shots]}
    parsed = [row for row in rows if row.confidence is not None]
    if not shots:
        interval = _undefined(level, "no exemplars shown")
    elif not values:
        interval = _undefined(level, "the confidences of the exemplars are not known")
    elif not parsed:
        interval = _undefined(level, NO_ROWS)
    else:
        interval = _share(sum(row.confidence in values for row in parsed), parsed, level)
    return make_record(run.name, task, None, "exemplar_copies", interval)


def _share(count: int, rows: Sequence[Row], level: float) -> Interval:
    return proportion_interval(count, len(rows), level)


def _undefined(level: float, reason: str) -> Interval:
    return Interval(NAN, NAN, NAN, level, 0, "", NAN, reason=reason)
