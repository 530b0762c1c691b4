"""Who computes what: for each metric, ours first, then the peers.

``start(c, y)`` brings the rows into the form that a package wants, which is not timed, and returns
the call that is. Packages are imported there, so that one that is missing is reported by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import formulas
import numpy as np

from caopd_bench import metrics

OURS = "caopd-bench"
MILLION = 10**6

ELEVENTH = "has an 11th bin, for 1.0, and binary edges: 0.3 lies a bin lower"
RIGHT_CLOSED = "bins are closed on the right"
HALF_AT_THE_ENDS = "counts rows at 0 and 1 half, and solves to 1/1024"
ROW_ORDER = "tied rows count in the order of the file"


@dataclass(frozen=True)
class Contestant:
    name: str
    start: Callable[[np.ndarray, np.ndarray], Callable[[], float | None]]
    most: int = MILLION  # rows up to which it is run
    why: str = ""  # what explains a difference from our value
    share: Callable[[int], float] = lambda _: 1.0  # part of the work that is done and timed
    beyond: str = "not run"  # said for more rows


def ours(function, **options):
    return Contestant(OURS, lambda c, y: partial(function, c, y, **options), most=10 * MILLION)


def by_formula(name, formula, **options):
    return Contestant(name, lambda c, y: partial(formula, c, y), **options)


def without_value(function):
    """A contestant whose result is no single number that could be compared."""

    def start(c, y):
        call = function(c, y)

        def run():
            call()

        return run

    return start


def sklearn_ece(c, y):
    from sklearn.calibration import calibration_curve

    edges = np.linspace(0.0, 1.0, 11)

    def call():
        accuracy, stated = calibration_curve(y, c, n_bins=10)
        rows = np.bincount(np.searchsorted(edges[1:-1], c), minlength=10)
        return float((np.abs(accuracy - stated) * rows[rows > 0]).sum() / c.size)

    return call


def tensors(c, y):
    import torch

    torch.set_num_threads(1)
    return torch.from_numpy(c), torch.from_numpy(y)


def torchmetrics_ece(c, y):
    from torchmetrics.functional.classification import binary_calibration_error

    stated, target = tensors(c, y)
    return lambda: float(binary_calibration_error(stated, target, n_bins=10, norm="l1"))


def torchmetrics_auroc(c, y):
    from torchmetrics.functional.classification import binary_auroc

    stated, target = tensors(c, y)
    return lambda: float(binary_auroc(stated, target))


def relplot_ece(c, y):
    from relplot.metrics import binnedECE

    return partial(binnedECE, c, y.astype(float), nbins=10)


def netcal_ece(c, y):
    from netcal.metrics import ECE

    return lambda: float(ECE(10).measure(c, y))


def uncertainty_calibration_ece(c, y):
    import calibration

    return lambda: float(calibration.get_ece(c, y, num_bins=10, mode="marginal"))


def calibstats_ece(c, y):
    from calibstats import ece

    return partial(ece, c, y, n_bins=10)


def sklearn_auroc(c, y):
    from sklearn.metrics import roc_auc_score

    return lambda: float(roc_auc_score(y, c))


def sklearn_brier(c, y):
    from sklearn.metrics import brier_score_loss

    return lambda: float(brier_score_loss(y, c))


def relplot_smooth(c, y):
    from relplot.metrics import smECE

    return partial(smECE, c, y.astype(float))


def model_diagnostics_corp(c, y):
    from model_diagnostics.scoring import SquaredError, decompose

    return lambda: float(decompose(y, c, scoring_function=SquaredError())["miscalibration"][0])


def uncertainty_calibration_aurc(c, y):
    import calibration

    return lambda: 1.0 - float(calibration.get_selective_stats(c, y)[0])


def replicates_of(n):
    """How many of 1000 replicates a loop over rows is given."""
    return max(2, min(100, 2 * MILLION // n))


def our_interval(c, y):
    wanted = ["ece", "auroc"]
    return lambda: metrics.bootstrap(metrics.tally(c, y), metrics=wanted)


def loop_interval(c, y):
    from sklearn.metrics import roc_auc_score

    statistics = [formulas.ece_by_masks, lambda c, y: roc_auc_score(y, c)]
    replicates = replicates_of(c.size)
    return lambda: formulas.interval_by_loop(c, y, statistics, replicates)


def calibstats_interval(c, y):
    from calibstats import bootstrap_metrics, ece
    from sklearn.metrics import roc_auc_score

    wanted = {"ece": partial(ece, n_bins=10), "auroc": lambda c, y: roc_auc_score(y, c)}
    replicates = replicates_of(c.size)
    return lambda: bootstrap_metrics(c, y, wanted, n_boot=replicates)


def every_metric(c, y):
    def call():
        t = metrics.tally(c, y)
        for metric in metrics.METRICS.values():
            metric.function(t)

    return call


def one_pass(c, y):
    return lambda: (c.sum(), y.sum())


def a_thousandth(n):
    return replicates_of(n) / 1000


CONTESTS = {
    "ECE, 10 bins": [
        ours(metrics.ece),
        by_formula("official formula", formulas.ece_by_masks, why="0.3, 0.6, 0.7 lie a bin lower"),
        Contestant("scikit-learn", sklearn_ece, most=10 * MILLION, why=RIGHT_CLOSED),
        Contestant("torchmetrics", torchmetrics_ece, why=ELEVENTH),
        Contestant("relplot", relplot_ece, why=ELEVENTH),
        Contestant("netcal", netcal_ece, why="binary edges: 0.3 lies a bin lower"),
        Contestant("uncertainty-calibration", uncertainty_calibration_ece, why=RIGHT_CLOSED),
        Contestant("calibstats", calibstats_ece, why=RIGHT_CLOSED),
    ],
    "AUROC": [
        ours(metrics.auroc),
        Contestant("scikit-learn", sklearn_auroc, most=10 * MILLION),
        Contestant("torchmetrics", torchmetrics_auroc),
    ],
    "SPR": [
        ours(metrics.spr),
        by_formula(
            "official formula",
            formulas.spr_by_pairs,
            most=20_000,
            beyond="not run: memory grows with the square of the rows",
        ),
    ],
    "Smooth ECE": [
        ours(metrics.smooth_ece),
        Contestant("relplot", relplot_smooth, why=HALF_AT_THE_ENDS),
    ],
    "CORP: MCB, DSC, UNC": [
        Contestant(OURS, lambda c, y: lambda: metrics.corp(c, y).miscalibration, most=10 * MILLION),
        Contestant("model-diagnostics", model_diagnostics_corp),
    ],
    "Brier": [
        ours(metrics.brier),
        Contestant("scikit-learn", sklearn_brier, most=10 * MILLION),
        by_formula("plain NumPy", lambda c, y: float(((c - y) ** 2).mean()), most=10 * MILLION),
    ],
    "AURC": [
        ours(metrics.aurc),
        by_formula("lm-polygraph's formula", formulas.aurc_by_loop, why=ROW_ORDER),
        Contestant("uncertainty-calibration", uncertainty_calibration_aurc, why=ROW_ORDER),
    ],
    "Interval of ECE and AUROC, 1000 replicates": [
        Contestant(OURS, without_value(our_interval)),
        Contestant("loop over rows", without_value(loop_interval), share=a_thousandth),
        Contestant("calibstats", without_value(calibstats_interval), share=a_thousandth),
    ],
    "All set metrics of one tally": [
        Contestant(OURS, without_value(every_metric), most=10 * MILLION),
        Contestant("one pass over the memory", without_value(one_pass), most=10 * MILLION),
    ],
}
