"""The registry of all metrics by name, found in the files of `points/`, and lookups in it."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from numpy.typing import ArrayLike

from caopd_bench.metrics import points
from caopd_bench.metrics.definition import REGISTRY, Metric
from caopd_bench.metrics.metric_parts import BOTH, RIGHT, WRONG, ClosedForm
from caopd_bench.metrics.rows.tally import Tally, as_tally

ROUNDING = 1e-9  # tolerance for values outside the range

for _file in pkgutil.iter_modules(points.__path__):
    importlib.import_module(f"{points.__name__}.{_file.name}")

#: Every metric by name, in the order of tables.
METRICS: Mapping[str, Metric] = MappingProxyType(REGISTRY)

for _name, _row in METRICS.items():
    _worth = _row.interval.worth if isinstance(_row.interval, ClosedForm) else ""
    if _worth and _worth not in METRICS:
        raise ValueError(f"metric {_name}: worth of its interval must be a metric; got {_worth!r}")


def check_metrics(names: Any) -> list[str]:
    """Return the names as a list, or raise ValueError if one is not in the registry."""
    if isinstance(names, str):
        raise ValueError(f"metrics must be a sequence of names, got {names!r}; write [{names!r}]")
    wanted = list(names)
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        raise ValueError(f"metrics must be among {', '.join(METRICS)}; got {unknown[0]!r}")
    return wanted


def list_scored() -> list[str]:
    """Return the names of the metrics in ``caopd-bench score``, in the order of its table."""
    names = [name for name, row in METRICS.items() if row.scored]
    return sorted(names, key=lambda name: METRICS[name].shown.place)


def check_value(name: str, value: float) -> float:
    """Return the value of a metric, or raise ValueError if its registered range excludes it.

    NaN passes. Only a wrong registration can fail here.
    """
    low, high = METRICS[name].range
    if value < low - ROUNDING or value > high + ROUNDING:
        raise ValueError(
            f"{name} is {value:.6g}, outside its range of {low:g} to {high:g}; "
            "correct the range in its registration"
        )
    return value


def within_range(name: str, low: float, high: float) -> tuple[float, float]:
    """Return the limits of a metric cut to its registered range; NaN stays NaN.

    Examples
    --------
    >>> within_range("uncertainty", -0.1, 0.3)
    (0.0, 0.25)
    """
    lowest, highest = METRICS[name].range
    return max(low, lowest), min(high, highest)


def widest_change(name: str) -> float:
    """Return the largest possible difference of two values of a metric; it may be infinite."""
    low, high = METRICS[name].range
    return high - low


def undefined_reason(
    name: str, confidence: ArrayLike | Tally, correct: ArrayLike | None = None
) -> str:
    """Return why a metric of these rows is NaN or infinite; empty if it is a number.

    Parameters
    ----------
    name : str
        A name in :data:`METRICS`.
    confidence, correct
        As for :func:`ece`.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the name is not in the registry, or the rows are invalid, see :func:`tally`.

    Examples
    --------
    >>> undefined_reason("auroc", [0.9, 0.8], [1, 1])
    'all answers right: AUROC needs right and wrong answers'
    >>> undefined_reason("brier", [0.9, 0.8], [1, 1])
    ''
    >>> undefined_reason("log_score", [1.0, 0.8], [0, 1])
    'a confidence of exactly 0 or 1 was refuted: Log score is infinite'
    """
    metric = METRICS[check_metrics([name])[0]]
    tally = as_tally(confidence, correct)
    value = float(metric.cells(*tally.cells))
    return "" if math.isfinite(value) else reason_of(name, value, tally)


def reason_of(name: str, value: float, tally: Tally) -> str:
    """Return why a metric of this tally has a value that is not finite; empty if it is."""
    metric = METRICS[name]
    if math.isfinite(value):
        return ""
    if math.isinf(value):
        why = f"{metric.infinite}: " if metric.infinite else ""  # empty if the metric has none
        return f"{why}{metric.label} is infinite"
    if metric.needs in (WRONG, BOTH) and not tally.n_wrong:
        return f"all answers right: {metric.label} needs {metric.needs}"
    if metric.needs in (RIGHT, BOTH) and not tally.n_right:
        return f"all answers wrong: {metric.label} needs {metric.needs}"
    why = f"{metric.undefined}: " if metric.undefined else ""
    return f"{why}{metric.label} is undefined" + ("" if why else " for these rows")
