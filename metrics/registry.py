"""The registry of metrics: one line makes a metric available to intervals, tables and reports."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.points import calibration, decomposition, ranking, selective, smooth
from caopd_bench.metrics.points import proper_scores as scores
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally

Cells = Callable[[FloatArray, NDArray[Any], NDArray[Any]], NDArray[Any]]

RIGHT, WRONG, BOTH = "right answers", "wrong answers", "right and wrong answers"
NEEDS = ("", RIGHT, WRONG, BOTH)
ROUNDING = 1e-9  # a value beyond the range by less is at its end


@dataclass(frozen=True)
class Metric:
    """A set metric.

    Attributes
    ----------
    function : callable
        ``f(confidence, correct)`` or ``f(tally)`` -> float.
    cells : callable
        ``f(values (u,), right (..., u), wrong (..., u)) -> (...)``: the same arithmetic for many
        replicates at once.
    higher_is_better : bool or None
        None where neither direction is good in itself.
    label : str
        Short name for a table head.
    needs : str
        What it takes to be defined: "right answers", "wrong answers" or "right and wrong answers";
        empty if it always is.
    range : tuple of float
        The least and the greatest value that it can have, by keyword; infinite where there is no
        end. Limits of intervals stay inside.

    Raises
    ------
    TypeError
        Without a range.
    ValueError
        If the range is not two numbers, the lower one first, or ``needs`` is something else.

    Examples
    --------
    >>> METRICS["overconfidence_gap"].range
    (-1.0, 1.0)
    >>> Metric(calibration.ece, calibration._ece, False, "ECE", range=(1.0, 0.0))
    Traceback (most recent call last):
    ValueError: range of ECE must be (low, high) with low < high, got (1.0, 0.0)
    """

    function: Callable[..., float]
    cells: Cells
    higher_is_better: bool | None
    label: str
    needs: str = ""
    range: tuple[float, float] = field(kw_only=True)

    def __post_init__(self) -> None:
        given: Any = self.range
        pair = isinstance(given, tuple) and len(given) == 2
        if not pair or not all(isinstance(end, (int, float)) for end in given):
            raise ValueError(f"range of {self.label} must be a pair of numbers, got {given!r}")
        if not given[0] < given[1]:
            raise ValueError(
                f"range of {self.label} must be (low, high) with low < high, got {given!r}"
            )
        if self.needs not in NEEDS:
            known = ", ".join(map(repr, NEEDS))
            raise ValueError(f"needs of {self.label} must be one of {known}; got {self.needs!r}")


SHARE, QUARTER = (0.0, 1.0), (0.0, 0.25)

# A dict behind a read-only view, so that a test can add a metric for a while.
_REGISTRY: dict[str, Metric] = {
    "accuracy": Metric(calibration.accuracy, calibration._accuracy, True, "Accuracy", range=SHARE),
    "mean_confidence": Metric(
        calibration.mean_confidence, calibration._mean_confidence, None, "Confidence", range=SHARE
    ),
    "overconfidence_gap": Metric(
        calibration.overconfidence_gap,
        calibration._overconfidence_gap,
        None,
        "Gap",
        range=(-1.0, 1.0),
    ),
    "ece": Metric(calibration.ece, calibration._ece, False, "ECE", range=SHARE),
    "ece_l2": Metric(
        partial(calibration.ece, norm="l2"),
        partial(calibration._ece, norm="l2"),
        False,
        "ECE (L2)",
        range=SHARE,
    ),
    "over_ece": Metric(calibration.over_ece, calibration._over_ece, False, "Over ECE", range=SHARE),
    "smooth_ece": Metric(smooth.smooth_ece, smooth._smooth_ece, False, "Smooth ECE", range=SHARE),
    "brier": Metric(scores.brier, scores._brier, False, "Brier", range=SHARE),
    "miscalibration": Metric(
        decomposition.miscalibration, decomposition._miscalibration, False, "MCB", range=SHARE
    ),
    "discrimination": Metric(
        decomposition.discrimination, decomposition._discrimination, True, "DSC", range=QUARTER
    ),
    "uncertainty": Metric(
        decomposition.uncertainty, decomposition._uncertainty, None, "UNC", range=QUARTER
    ),
    "brier_skill": Metric(
        scores.brier_skill, scores._brier_skill, True, "Brier skill", BOTH, range=(-math.inf, 1.0)
    ),
    "log_score": Metric(
        scores.log_score, scores._log_score, False, "Log score", range=(0.0, math.inf)
    ),
    "auroc": Metric(ranking.auroc, ranking._auroc, True, "AUROC", BOTH, range=SHARE),
    "auprc": Metric(ranking.auprc, ranking._auprc, True, "AUPRC", RIGHT, range=SHARE),
    "spr": Metric(ranking.spr, ranking._spr, True, "SPR", BOTH, range=SHARE),
    "tie_rate": Metric(ranking.tie_rate, ranking._tie_rate, False, "Tie rate", BOTH, range=SHARE),
    "aurc": Metric(selective.aurc, selective._aurc, False, "AURC", range=SHARE),
    "eaurc": Metric(selective.eaurc, selective._eaurc, False, "Excess AURC", range=SHARE),
    "confidence_when_wrong": Metric(
        calibration.confidence_when_wrong,
        calibration._confidence_when_wrong,
        False,
        "Confidence when wrong",
        WRONG,
        range=SHARE,
    ),
    "saturation": Metric(
        calibration.saturation, calibration._saturation, None, "Saturation", range=SHARE
    ),
}

#: Every metric by name, in the order of tables.
METRICS: Mapping[str, Metric] = MappingProxyType(_REGISTRY)


def check_metrics(names: Any) -> list[str]:
    """Return the names as a list, or raise ValueError when one is not in the registry."""
    if isinstance(names, str):
        raise ValueError(f"metrics must be a sequence of names, got {names!r}; write [{names!r}]")
    wanted = list(names)
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        raise ValueError(f"metrics must be among {', '.join(METRICS)}; got {unknown[0]!r}")
    return wanted


def check_value(name: str, value: float) -> float:
    """Return the value of a metric, or raise ValueError when its registered range excludes it.

    NaN is no value. Only a registration that is wrong can fail here.
    """
    low, high = METRICS[name].range
    if value < low - ROUNDING or value > high + ROUNDING:
        raise ValueError(
            f"{name} is {value:.6g}, outside its range of {low:g} to {high:g}; "
            "correct the range in its registration (metrics/registry.py)"
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
    """Return the largest difference that two values of a metric can have; it may be infinite."""
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
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or a tally in place of both arguments.
    correct : array_like, shape (n,), optional
        0/1 or bool.

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
        # The one registered metric that can be: of any other, nobody has said why.
        why = "a confidence of exactly 0 or 1 was refuted: " if name == "log_score" else ""
        return f"{why}{metric.label} is infinite"
    if metric.needs in (WRONG, BOTH) and not tally.n_wrong:
        return f"all answers right: {metric.label} needs {metric.needs}"
    if metric.needs in (RIGHT, BOTH) and not tally.n_right:
        return f"all answers wrong: {metric.label} needs {metric.needs}"
    return f"{metric.label} is undefined for these rows"
