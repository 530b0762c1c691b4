"""All metrics of one tally in one object, with the reasons for undefined values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from numpy.typing import ArrayLike

from caopd_bench.metrics.comparison.compare import finite
from caopd_bench.metrics.intervals.choose import bootstrap
from caopd_bench.metrics.intervals.ece.invert import ece_interval
from caopd_bench.metrics.intervals.interval import Interval
from caopd_bench.metrics.registry import METRICS, check_value, reason_of
from caopd_bench.metrics.reliability.bands import null_ece
from caopd_bench.metrics.rows.seeds import Seed
from caopd_bench.metrics.rows.tally import Tally, as_tally

NAN = float("nan")
WEIGHTED = "weighted rows: this needs whole rows"
LABELS = {"ece_debiased": "  debiased", "null_ece": "  if calibrated"}


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """Every metric of one tally. Build it with :func:`summary`; print it for a table.

    Attributes
    ----------
    n, n_right : int
        Rows, and right rows (sums of weights if weighted).
    distinct : int
        Number of distinct stated confidences.
    values : mapping of str to float
        Every metric in :data:`METRICS`, ``ece_debiased``, and ``null_ece``, the mean ECE of a
        perfectly calibrated model; ``s["ece"]`` is ``s.values["ece"]``.
    reasons : mapping of str to str
        Why a value is NaN or infinite; finite values have no entry.
    intervals : mapping of str to Interval, or None
        For every metric in :data:`METRICS`, if requested.
    """

    n: int | float
    n_right: int | float
    distinct: int
    values: Mapping[str, float]
    reasons: Mapping[str, str]
    intervals: Mapping[str, Interval] | None = None

    def __getitem__(self, name: str) -> float:
        if name not in self.values:
            raise KeyError(f"{name!r} is not a metric; there are {', '.join(self.values)}")
        return self.values[name]

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python numbers for strict JSON, with None for values that are not finite."""
        intervals = self.intervals
        return {
            "n": self.n,
            "n_right": self.n_right,
            "distinct": self.distinct,
            "values": {name: finite(x) for name, x in self.values.items()},
            "reasons": dict(self.reasons),
            "intervals": intervals
            and {
                name: {key: finite(x) for key, x in asdict(one).items()}
                for name, one in intervals.items()
            },
        }

    def __repr__(self) -> str:
        lines = [f"{self.n:g} rows, {self.n_right:g} right, {self.distinct} distinct confidences"]
        return "\n".join([*lines, *(self._line(name) for name in self.values)])

    def _line(self, name: str) -> str:
        label = LABELS[name] if name in LABELS else METRICS[name].label
        value, note = self.values[name], self.reasons.get(name, "")
        interval = self.intervals.get(name) if self.intervals else None
        if interval and not note:
            limits = f"[{interval.low:.3f}, {interval.high:.3f}]"
            note = limits if math.isfinite(interval.low) else interval.reason
        return f"{label:22} {value:6.3f}  {note}".rstrip()


def summary(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    intervals: bool = False,
    level: float = 0.95,
    replicates: int = 1000,
    seed: Seed = 0,
) -> Summary:
    """Return all metrics at once.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`bootstrap`.
    intervals : bool, default False
        Whether to add the intervals of :func:`bootstrap`.
    level, replicates, seed
        As for :func:`bootstrap`.

    Returns
    -------
    Summary

    Raises
    ------
    ValueError
        If the input is invalid or empty, see :func:`tally`; for intervals of a weighted tally.

    Examples
    --------
    >>> s = summary([0.9, 0.9, 0.6, 0.6], [1, 1, 1, 0])
    >>> round(s["brier"], 3), round(s["auroc"], 3)
    (0.135, 0.833)
    >>> summary([0.9, 0.9], [1, 1]).reasons["auroc"]
    'all answers right: AUROC needs right and wrong answers'
    """
    t = as_tally(confidence, correct, cluster=cluster)
    values: dict[str, float] = {}
    for name, metric in METRICS.items():
        values[name] = check_value(name, metric.function(t))
        if name == "ece":
            debiased = None if t.weighted else ece_interval(t)
            values["ece_debiased"] = debiased.debiased if debiased else NAN
            values["null_ece"] = NAN if t.weighted else null_ece(t).mean
    why = {"ece_debiased": debiased.reason if debiased else WEIGHTED, "null_ece": WEIGHTED}
    reasons = {
        name: why[name] if name in why else reason_of(name, x, t)
        for name, x in values.items()
        if not math.isfinite(x)
    }
    computed = bootstrap(t, replicates=replicates, seed=seed, level=level) if intervals else None
    return Summary(
        n=t.n,
        n_right=t.n_right,
        distinct=int(t.values.size),
        values=MappingProxyType(values),
        reasons=MappingProxyType(reasons),
        intervals=None if computed is None else MappingProxyType(computed),
    )
