"""The numbers of a task or group that only need its counts, each with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from caopd_bench.metrics import Interval, Tally, bootstrap, null_ece
from caopd_bench.metrics.registry import list_scored
from caopd_bench.runs.counts import STATUSES, Counts, Missing
from caopd_bench.runs.records import AS_ZERO, Record, make_record
from caopd_bench.scores.bounds import worst_cases
from caopd_bench.scores.shares import NO_ROWS, share, undefined

__all__ = ["Counted", "cost", "make_records", "score_counts"]

NAN = float("nan")
#: Set metrics of each task, in the order of the table.
SET_METRICS = tuple(list_scored())


class Counted(NamedTuple):
    """A task or group whose numbers are slow to compute and only need its counts."""

    run: str
    task: str
    group: str | None
    counts: Counts
    level: float
    missing: Missing


def cost(part: Counted) -> float:
    """Estimate the seconds needed, mostly for replicates at each distinct value."""
    tally = part.counts.parsed
    return 0.005 if tally is None else 0.005 + 5e-4 * tally.values.size


def score_counts(part: Counted) -> list[Record]:
    """Compute the records of a task or group."""
    return [*_score_parts(*part)]


def _score_parts(
    run: str, task: str, group: str | None, counts: Counts, level: float, missing: Missing
) -> Iterator[Record]:
    # Uses tallies, which record the rows of each question.
    shares: list[tuple[str, Interval]] = [
        (
            "parse_rate" if status == "ok" else f"share_{status}",
            share(counts.tally_status(status), level),
        )
        for status in STATUSES
    ]
    shares.append(("accuracy", share(counts.filled, level)))
    yield from make_records(run, task, group, shares)
    scored = counts.tally(missing)
    if scored is None:
        names = [*SET_METRICS, "ece_debiased", "null_ece"]
        metrics = [(name, undefined(level, NO_ROWS)) for name in names]
    else:
        metrics = list(_score_tally(scored, level))
    yield from make_records(run, task, group, metrics, missing)
    unparsed = counts.n - counts.n_parsed
    for name, low, high in worst_cases(counts) if unparsed else ():
        why = f"only bounds: {unparsed} of {counts.n} rows could have stated anything in [0, 1]"
        if low != low:
            why = "undefined like the metric itself"
        how = "" if low != low else "worst case"
        yield Record(run, task, group, f"{name}_bounds", NAN, low, high, counts.n, how, why)


def make_records(
    run: str,
    task: str,
    group: str | None,
    intervals: Iterable[tuple[str, Interval]],
    missing: Missing = "drop",
) -> Iterator[Record]:
    """Yield the record of each metric, which names the rule for rows without a confidence."""
    for name, interval in intervals:
        record = make_record(run, task, group, name, interval)
        if missing == "zero":
            record = replace(
                record,
                interval=record.interval and f"{record.interval}, {AS_ZERO}",
                reason=record.reason and f"{record.reason}; {AS_ZERO}",
            )
        yield record


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
    """Use the same interval for the debiased estimate: it contains both."""
    return Interval(
        ece.debiased, ece.low, ece.high, ece.level, ece.n, ece.method, NAN, reason=ece.reason
    )
