"""Statistics of stated confidence: arrays and tallies in, numbers, tables and figures out.

Start with `definition`: everything about one metric.

Imports nothing of ours.
"""

from caopd_bench.metrics.comparison.change import BrierChange, GapChange, brier_change, gap_change
from caopd_bench.metrics.comparison.compare import FAMILY, Change, Comparison, compare
from caopd_bench.metrics.comparison.decide import Cell, CellVerdict, Decision, decide
from caopd_bench.metrics.comparison.degradation import degradation
from caopd_bench.metrics.comparison.degradation_cells import Degradation
from caopd_bench.metrics.comparison.ece_difference import ece_correlation, ece_difference
from caopd_bench.metrics.comparison.holm import holm
from caopd_bench.metrics.comparison.letters import group_letters
from caopd_bench.metrics.comparison.pairwise import SkillPair, skill_pairs
from caopd_bench.metrics.comparison.power import difference_sd, mde, required_n
from caopd_bench.metrics.definition import Metric
from caopd_bench.metrics.intervals.between_groups import auroc_between, bootstrap_between
from caopd_bench.metrics.intervals.bootstrap import resample
from caopd_bench.metrics.intervals.choose import bootstrap
from caopd_bench.metrics.intervals.classes import bootstrap_classes
from caopd_bench.metrics.intervals.ece.invert import ece_interval
from caopd_bench.metrics.intervals.ece.l2 import ece_l2_interval
from caopd_bench.metrics.intervals.influence import influence
from caopd_bench.metrics.intervals.interval import Interval, proportion_interval
from caopd_bench.metrics.intervals.within_groups import bootstrap_within
from caopd_bench.metrics.limits.influences import Influence
from caopd_bench.metrics.overview import Summary, summary
from caopd_bench.metrics.points.calibration import ece, over_ece
from caopd_bench.metrics.points.classes import brier_classes, classwise_ece
from caopd_bench.metrics.points.decomposition import (
    Corp,
    Murphy,
    corp,
    discrimination,
    miscalibration,
    murphy,
)
from caopd_bench.metrics.points.means import (
    accuracy,
    confidence_when_wrong,
    mean_confidence,
    overconfidence_gap,
    saturation,
)
from caopd_bench.metrics.points.proper_scores import brier, brier_skill, log_score, uncertainty
from caopd_bench.metrics.points.ranking import auprc, auroc, auroc_within, spr, tie_rate
from caopd_bench.metrics.points.selective import (
    RiskCoverage,
    aurc,
    coverage_at_risk,
    eaurc,
    risk_coverage,
    selective_accuracy,
)
from caopd_bench.metrics.points.smooth import smooth_ece
from caopd_bench.metrics.recalibration.cross import cross_recalibrate
from caopd_bench.metrics.recalibration.recalibrate import Recalibrator, recalibrate
from caopd_bench.metrics.registry import METRICS, undefined_reason
from caopd_bench.metrics.reliability.bands import (
    ConsistencyBand,
    NullECE,
    consistency_band,
    null_ece,
)
from caopd_bench.metrics.reliability.plot import plot_reliabilities, plot_reliability
from caopd_bench.metrics.reliability.risk_coverage_plot import plot_risk_coverage
from caopd_bench.metrics.reliability.table import (
    ReliabilityBins,
    ReliabilityTable,
    reliability_bins,
    reliability_table,
)
from caopd_bench.metrics.reliability.test import ConsistencyTest, consistency_test
from caopd_bench.metrics.rows.chunks import TallyBuilder, tally_chunks
from caopd_bench.metrics.rows.tally import Tally, tally
from caopd_bench.metrics.scorers import auroc_score, brier_score, ece_score
from caopd_bench.metrics.selection.cost import CostThreshold, cheapest_threshold
from caopd_bench.metrics.selection.coverage import risk_at_coverage
from caopd_bench.metrics.selection.groups import certified_thresholds
from caopd_bench.metrics.selection.result import Threshold
from caopd_bench.metrics.selection.threshold import certified_threshold

__all__ = [
    "FAMILY", "METRICS", "BrierChange", "Cell", "CellVerdict", "Change", "Comparison",
    "ConsistencyBand", "ConsistencyTest", "Corp", "CostThreshold", "Decision", "Degradation",
    "GapChange", "Influence", "Interval", "Metric", "Murphy", "NullECE", "Recalibrator",
    "ReliabilityBins", "ReliabilityTable", "RiskCoverage", "SkillPair", "Summary", "Tally",
    "TallyBuilder", "Threshold", "accuracy", "auprc", "aurc", "auroc", "auroc_between",
    "auroc_score", "auroc_within", "bootstrap", "bootstrap_between", "bootstrap_classes",
    "bootstrap_within", "brier", "brier_change", "brier_classes", "brier_score", "brier_skill",
    "certified_threshold", "certified_thresholds", "cheapest_threshold", "classwise_ece", "compare",
    "confidence_when_wrong", "consistency_band", "consistency_test", "corp", "coverage_at_risk",
    "cross_recalibrate", "decide", "degradation", "difference_sd", "discrimination", "eaurc", "ece",
    "ece_correlation", "ece_difference", "ece_interval", "ece_l2_interval", "ece_score",
    "gap_change", "group_letters", "holm", "influence", "log_score", "mde", "mean_confidence",
    "miscalibration", "murphy", "null_ece", "over_ece", "overconfidence_gap", "plot_reliabilities",
    "plot_reliability", "plot_risk_coverage", "proportion_interval", "recalibrate",
    "reliability_bins", "reliability_table", "required_n", "resample", "risk_at_coverage",
    "risk_coverage", "saturation", "selective_accuracy", "skill_pairs", "smooth_ece", "spr",
    "summary", "tally", "tally_chunks", "tie_rate", "uncertainty", "undefined_reason",
]  # fmt: skip

# A metric added in a file of `points/` becomes public if its function has the metric's name (not
# `ece_l2`, which is an option of `ece`). The names listed above are known to type checkers too.
for _name, _row in METRICS.items():
    if getattr(_row.function, "__name__", "") == _name and _name not in __all__:
        globals()[_name] = _row.function
        __all__ += [_name]
