"""The registry of metrics: one line makes a metric available to intervals, tables and reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics import calibration, decomposition, ranking, scores, selective, smooth
from caopd_bench.metrics.counting import FloatArray
from caopd_bench.metrics.tally import Tally

Cells = Callable[[FloatArray, NDArray[Any], NDArray[Any]], NDArray[Any]]


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
        What it takes to be defined; empty if it always is.
    """

    function: Callable[..., float]
    cells: Cells
    higher_is_better: bool | None
    label: str
    needs: str = ""


_RIGHT, _WRONG, _BOTH = "right answers", "wrong answers", "right and wrong answers"

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "accuracy": Metric(calibration.accuracy, calibration._accuracy, True, "Accuracy"),
        "mean_confidence": Metric(
            calibration.mean_confidence, calibration._mean_confidence, None, "Confidence"
        ),
        "overconfidence_gap": Metric(
            calibration.overconfidence_gap, calibration._overconfidence_gap, None, "Gap"
        ),
        "ece": Metric(calibration.ece, calibration._ece, False, "ECE"),
        "ece_l2": Metric(
            partial(calibration.ece, norm="l2"),
            partial(calibration._ece, norm="l2"),
            False,
            "ECE (L2)",
        ),
        "over_ece": Metric(calibration.over_ece, calibration._over_ece, False, "Over ECE"),
        "smooth_ece": Metric(smooth.smooth_ece, smooth._smooth_ece, False, "Smooth ECE"),
        "brier": Metric(scores.brier, scores._brier, False, "Brier"),
        "miscalibration": Metric(
            decomposition.miscalibration, decomposition._miscalibration, False, "MCB"
        ),
        "discrimination": Metric(
            decomposition.discrimination, decomposition._discrimination, True, "DSC"
        ),
        "uncertainty": Metric(decomposition.uncertainty, decomposition._uncertainty, None, "UNC"),
        "brier_skill": Metric(scores.brier_skill, scores._brier_skill, True, "Brier skill", _BOTH),
        "log_score": Metric(scores.log_score, scores._log_score, False, "Log score"),
        "auroc": Metric(ranking.auroc, ranking._auroc, True, "AUROC", _BOTH),
        "auprc": Metric(ranking.auprc, ranking._auprc, True, "AUPRC", _RIGHT),
        "spr": Metric(ranking.spr, ranking._spr, True, "SPR", _BOTH),
        "tie_rate": Metric(ranking.tie_rate, ranking._tie_rate, False, "Tie rate", _BOTH),
        "aurc": Metric(selective.aurc, selective._aurc, False, "AURC"),
        "eaurc": Metric(selective.eaurc, selective._eaurc, False, "Excess AURC"),
        "confidence_when_wrong": Metric(
            calibration.confidence_when_wrong,
            calibration._confidence_when_wrong,
            False,
            "Confidence when wrong",
            _WRONG,
        ),
        "saturation": Metric(calibration.saturation, calibration._saturation, None, "Saturation"),
    }
)


def check_metrics(names: Any) -> list[str]:
    """Return the names as a list, or raise ValueError when one is not in the registry."""
    if isinstance(names, str):
        raise ValueError(f"metrics must be a sequence of names, got {names!r}; write [{names!r}]")
    wanted = list(names)
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        raise ValueError(f"metrics must be among {', '.join(METRICS)}; got {unknown[0]!r}")
    return wanted


def undefined_reason(name: str, tally: Tally) -> str:
    """Return why a metric of this tally is NaN or infinite; empty if it is a number.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> undefined_reason("auroc", tally([0.9, 0.8], [1, 1]))
    'all answers right: AUROC needs right and wrong answers'
    >>> undefined_reason("brier", tally([0.9, 0.8], [1, 1]))
    ''
    >>> undefined_reason("log_score", tally([1.0, 0.8], [0, 1]))
    'a confidence of exactly 0 or 1 was refuted: Log score is infinite'
    """
    metric = METRICS[check_metrics([name])[0]]
    if name == "log_score" and np.isinf(metric.cells(*tally.cells)):
        return f"a confidence of exactly 0 or 1 was refuted: {metric.label} is infinite"
    if metric.needs in (_WRONG, _BOTH) and not tally.n_wrong:
        return f"all answers right: {metric.label} needs {metric.needs}"
    if metric.needs in (_RIGHT, _BOTH) and not tally.n_right:
        return f"all answers wrong: {metric.label} needs {metric.needs}"
    return ""
