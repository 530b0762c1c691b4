"""The prompt panel: how much a number depends on the wording of the prompt.

`caopd_math_panel` asks the same problems in twelve prompts: three wordings, two scales of
confidence, two sets of exemplars. For each metric this computes the mean over the prompts, their
spread (standard deviation and range), and the sampling interval of a single prompt for comparison.
For two runs it counts the prompts whose difference has the sign of the mean difference: a result
that changes sign with the wording does not show a difference between the models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, stdev

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.records import Record
from caopd_bench.runs.run import AnyRun
from caopd_bench.scores.score import score

__all__ = ["PANEL_TASK", "Spread", "Turn", "read_panel", "record_spreads"]

PANEL_TASK = "caopd_math_panel"
METRICS = (
    *("parse_rate", "accuracy", "brier", "mean_confidence", "overconfidence_gap", "ece"),
    *("auroc", "spr", "confidence_when_wrong"),
)
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Spread:
    """One metric of one run over the prompts.

    Attributes
    ----------
    run, metric : str
        Name of the run and of the metric.
    prompts : int
        Prompts for which the metric is defined.
    mean, deviation, low, high : float
        Mean, standard deviation, smallest and largest value over the prompts.
    half_width : float
        Half the width of the sampling interval of one prompt, on average; NaN where none has one.
    """

    run: str
    metric: str
    prompts: int
    mean: float
    deviation: float
    low: float
    high: float
    half_width: float


@dataclass(frozen=True, slots=True)
class Turn:
    """The difference of two runs in one metric, prompt by prompt.

    Attributes
    ----------
    first, second, metric : str
        `second` minus `first`, in this metric.
    prompts : int
        Prompts for which both are defined.
    mean, low, high : float
        Mean, smallest and largest difference.
    agreeing : int
        Prompts whose difference has the sign of the mean.
    """

    first: str
    second: str
    metric: str
    prompts: int
    mean: float
    low: float
    high: float
    agreeing: int

    @property
    def keeps_sign(self) -> bool:
        """Whether the difference has the same sign in every prompt."""
        return 1 < self.prompts == self.agreeing


def read_panel(
    runs: Sequence[AnyRun], *, level: float = 0.95
) -> tuple[list[Spread], list[Turn], list[Record]]:
    """Compute each run's spread over its prompts, and the differences of every two runs.

    Parameters
    ----------
    runs : sequence of Run
        Each with at least two tasks of the panel.
    level : float
        Confidence level of the sampling intervals.

    Returns
    -------
    tuple of (list of Spread, list of Turn, list of Record)
        The records hold the numbers of every single prompt.

    Raises
    ------
    UsageError
        If a run does not contain the panel.
    """
    spreads: list[Spread] = []
    records: list[Record] = []
    values: dict[str, dict[tuple[str, str], float]] = {}
    for run in runs:
        tasks = [task for task in run.tasks if task.startswith(f"{PANEL_TASK}_")]
        if len(tasks) < 2:
            raise UsageError(
                f"--panel: {run.path} has {len(tasks)} of the panel's tasks; evaluate the run "
                f"with --tasks {PANEL_TASK}"
            )
        of_run = [r for r in score(run, level=level) if r.task in tasks and r.group is None]
        records += of_run
        values[run.name] = {
            (r.metric, r.task): r.estimate for r in of_run if r.estimate == r.estimate
        }
        spreads += [_spread(run.name, metric, of_run) for metric in METRICS]
    turns = [
        _turn(a.name, b.name, metric, values[a.name], values[b.name])
        for a, b in combinations(runs, 2)
        for metric in METRICS
    ]
    return spreads, turns, records


def _spread(run: str, metric: str, records: Sequence[Record]) -> Spread:
    found = [r for r in records if r.metric == metric and r.estimate == r.estimate]
    each = [r.estimate for r in found]
    halves = [(r.high - r.low) / 2 for r in found if r.high == r.high and r.low == r.low]
    return Spread(
        run,
        metric,
        len(each),
        fmean(each) if each else NAN,
        stdev(each) if len(each) > 1 else NAN,
        min(each, default=NAN),
        max(each, default=NAN),
        fmean(halves) if halves else NAN,
    )


def _turn(
    first: str,
    second: str,
    metric: str,
    ours: dict[tuple[str, str], float],
    theirs: dict[tuple[str, str], float],
) -> Turn:
    shared = sorted(key for key in ours if key in theirs and key[0] == metric)
    each = [theirs[key] - ours[key] for key in shared]
    mean = fmean(each) if each else NAN
    agreeing = sum(d * mean > 0 for d in each)
    return Turn(
        first,
        second,
        metric,
        len(each),
        mean,
        min(each, default=NAN),
        max(each, default=NAN),
        agreeing,
    )


def record_spreads(spreads: Sequence[Spread]) -> Iterator[Record]:
    """Yield spreads as records: the mean between prompts, and the deviation."""
    for spread in spreads:
        kind = f"range over {spread.prompts} prompts" if spread.prompts else ""
        reason = "" if spread.prompts else "defined for no prompt"
        yield Record(
            spread.run,
            PANEL_TASK,
            None,
            spread.metric,
            spread.mean,
            spread.low,
            spread.high,
            spread.prompts,
            kind,
            reason,
        )
        nan = float("nan")
        yield Record(
            spread.run,
            PANEL_TASK,
            None,
            f"{spread.metric}_spread",
            spread.deviation,
            nan,
            nan,
            spread.prompts,
            "",
            "" if spread.prompts > 1 else "needs two prompts",
        )
