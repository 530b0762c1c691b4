"""Define records, one per number, from which table, JSON, report and gate are rendered."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from caopd_bench.core.markers import escape_markers
from caopd_bench.metrics import Interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AS_ZERO", "Record", "make_record", "render_json", "to_frame", "to_plain"]

#: Marks the interval of a record whose missing confidences were counted as 0.
AS_ZERO = "missing confidences counted as 0"


@dataclass(frozen=True, slots=True)
class Record:
    """One number with its interval and what it was computed from.

    Attributes
    ----------
    run, task : str
        Run and task of the rows.
    group : str or None
        `None` for the whole task, else for example `"level=3"`.
    metric : str
        A metric name from the table in docs/score.md.
    estimate, low, high : float
        The number and its interval; NaN where undefined, with `reason`.
    n : int
        Number of rows that the number was computed from.
    interval : str
        Method and level of `low` and `high`, as in "wilson 95%"; the methods are those of
        `caopd_bench.metrics.Interval` ("wilson", "inversion", "percentile", ...). For `null_ece`,
        which has no lower limit, "95% of simulated calibrated models". "" if there is no interval.
    reason : str
        Why the number or its interval is undefined, else "".
    caution : str
        Conditions under which such limits were measured to cover too rarely, else "".
    """

    run: str
    task: str
    group: str | None
    metric: str
    estimate: float
    low: float
    high: float
    n: int
    interval: str = ""
    reason: str = ""
    caution: str = ""


def make_record(run: str, task: str, group: str | None, metric: str, interval: Interval) -> Record:
    """Turn an interval of `caopd_bench.metrics` into a record."""
    return Record(
        run=run,
        task=task,
        group=group,
        metric=metric,
        estimate=float(interval.estimate),
        low=float(interval.low),
        high=float(interval.high),
        n=int(interval.n),
        interval=_describe(interval),
        reason=interval.reason,
        caution=interval.caution,
    )


def to_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return the records as a pandas data frame, one row each."""
    import pandas as pd

    return pd.DataFrame([asdict(record) for record in records])


def to_plain(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the records as dictionaries for strict JSON; undefined is None, with its reason."""
    # Avoid `asdict`, which copies every value: there may be a million.
    return [
        {key: _none_if_undefined(getattr(record, key)) for key in Record.__slots__}
        for record in records
    ]


def render_json(records: Iterable[Record]) -> str:
    """Return the records as strict JSON, one record per line, in the given order."""
    lines = ",\n".join(json.dumps(record, allow_nan=False) for record in to_plain(records))
    return escape_markers(f"[\n{lines}\n]\n")


def _describe(interval: Interval) -> str:
    if math.isnan(interval.low) or math.isnan(interval.high):
        return ""
    level = f"{100 * interval.level:g}%"
    if interval.method == "simulation":
        return f"{level} of simulated calibrated models"
    return f"{interval.method} {level}"


def _none_if_undefined(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
