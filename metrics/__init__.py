"""Statistics of stated confidence: arrays and tallies in, numbers, tables and figures out."""

from caopd_bench.metrics.calibration import (
    accuracy,
    confidence_when_wrong,
    ece,
    mean_confidence,
    overconfidence_gap,
)
from caopd_bench.metrics.consistency import NullECE, null_ece
from caopd_bench.metrics.decomposition import Corp, corp
from caopd_bench.metrics.intervals import Interval, proportion_interval
from caopd_bench.metrics.inversion import ece_interval
from caopd_bench.metrics.ranking import auroc, auroc_within, spr, tie_rate
from caopd_bench.metrics.reliability import ReliabilityTable, reliability_table
from caopd_bench.metrics.reliability_plot import plot_reliability
from caopd_bench.metrics.resampling import bootstrap, bootstrap_within
from caopd_bench.metrics.scores import brier
from caopd_bench.metrics.summary import METRICS, Metric, undefined_reason
from caopd_bench.metrics.tally import Tally, tally

__all__ = [
    "METRICS",
    "Corp",
    "Interval",
    "Metric",
    "NullECE",
    "ReliabilityTable",
    "Tally",
    "accuracy",
    "auroc",
    "auroc_within",
    "bootstrap",
    "bootstrap_within",
    "brier",
    "confidence_when_wrong",
    "corp",
    "ece",
    "ece_interval",
    "mean_confidence",
    "null_ece",
    "overconfidence_gap",
    "plot_reliability",
    "proportion_interval",
    "reliability_table",
    "spr",
    "tally",
    "tie_rate",
    "undefined_reason",
]
