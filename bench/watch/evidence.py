r"""What the answers counted so far say against the promise, whenever one looks.

Each alarm has an e-process (`caopd_bench.metrics.selection.anytime`) and a share of the chance of a
false alarm: by Ville's inequality an e-process reaches 1 / error, at any of unboundedly many looks,
with a chance of at most ``error``, and the shares add up to that of all alarms together.

Outcomes are missing in two ways, and each alarm has two e-processes:

- of the *known* outcomes, in the order in which they come. It assumes that right and wrong answers
  get their outcome alike, as where a person checks answers drawn by lot.
- of *all* answers, each without an outcome taken at its best: right for the risk and a gap that is
  too large, wrong for one that is too small, the smaller of both losses for the Brier score. Both
  e-processes grow with every row, so this one is never above that of the true outcomes, which are
  not known yet: it assumes nothing about why outcomes are missing.

The Brier score and the gap are measured by what they were on the rows of the promise, of the kept
answers and of the left ones by themselves: how many outcomes come may differ between the two. That
measure is an estimate: half of an alarm's share goes to its limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from caopd_bench.metrics.selection.anytime import (
    Sums,
    log_evidence_above,
    log_evidence_mean_above,
    log_evidence_mean_below,
    mean_sequence,
    risk_sequence,
)
from caopd_bench.thresholds.promise import Promise
from caopd_bench.thresholds.usual import Moments
from caopd_bench.watch.tallies import Day, Part

__all__ = ["RISK_SHARE", "Alarm", "Options", "Verdict", "assess"]

#: Of the chance of a false alarm; the other four alarms share the rest.
RISK_SHARE = 0.5
#: Answers on the rows of the promise below which its Brier score and gap are no measure.
FEWEST = 30


@dataclass(frozen=True)
class Options:
    """How to watch.

    Attributes
    ----------
    error : float
        Chance of any false alarm, ever.
    margin : float
        By how much the gap may leave its limits.
    is_random : bool
        Whether the outcomes that are known are those of answers drawn by lot.
    """

    error: float = 0.05
    margin: float = 0.02
    is_random: bool = False


class Verdict(NamedTuple):
    """What an alarm comes to.

    ``name`` is "quiet", "suspect" (the known outcomes speak for an alarm, and the missing ones
    could undo it), "alarm", or "unwatched" (nothing to measure by, or to measure).
    """

    name: str
    why: str = ""


@dataclass(frozen=True)
class Alarm:
    """One alarm at a look.

    Attributes
    ----------
    name : str
        "risk", "risk of GROUP", "Brier of the kept", ...
    verdict : Verdict
    limit_low, limit_high : float
        What the figure may be; NaN where there is no limit on that side.
    estimate, low, high : float
        Of the known outcomes, with an interval that holds at all looks together.
    sure_low, sure_high : float
        The same whatever the missing outcomes are.
    rows, known : int
        Answers, and those with an outcome.
    evidence, sure_evidence, needed : float
        Natural logarithms: of the known outcomes, of all answers with the missing ones at their
        best, and from where on there is an alarm.
    """

    name: str
    verdict: Verdict
    limit_low: float
    limit_high: float
    estimate: float
    low: float
    high: float
    sure_low: float
    sure_high: float
    rows: int
    known: int
    evidence: float
    sure_evidence: float
    needed: float

    @property
    def missing(self) -> int:
        """Answers without an outcome."""
        return self.rows - self.known


def assess(promise: Promise, total: Day, groups: dict[str, Day], options: Options) -> list[Alarm]:
    """Return all alarms for the sums so far.

    Parameters
    ----------
    promise : Promise
    total : Day
        Of all days.
    groups : dict of str to Day
        Of each group that has a cut; the only entry is "" where there are no groups.
    options : Options
    """
    watched = [cut for cut in promise.cuts if 0.0 < cut.max_risk < 1.0 and cut.cut == cut.cut]
    share = RISK_SHARE * options.error / max(len(watched), 1)
    found = []
    for cut in watched:
        name = "risk" if promise.by is None else f"risk, {promise.by} {cut.group}"
        day = groups.get("" if promise.by is None else str(cut.group))
        found.append(_risk(name, None if day is None else day.kept, cut.max_risk, share, options))
    each = (1.0 - RISK_SHARE) * options.error / 4.0
    usual = promise.usual
    cuts = [cut.cut for cut in watched]
    # Of groups some may have no cut, and those that are not known are left at any confidence.
    top = max(cuts, default=1.0) if promise.by is None else 1.0
    ends = {"kept": (min(cuts, default=0.0) - 1.0, 1.0), "left": (-1.0, top)}
    for which, part in (("kept", total.kept), ("left", total.left)):
        moments = None if usual is None else getattr(usual, which)
        found.append(_brier(f"Brier, {which}", part, moments, each, options))
        found.append(_gap(f"gap, {which}", part, moments, each, options, ends[which]))
    return found


def _judge(evidence: float, sure: float, needed: float, options: Options) -> Verdict:
    if sure >= needed or (options.is_random and evidence >= needed):
        return Verdict("alarm")
    return Verdict("suspect") if evidence >= needed else Verdict("quiet")


def _risk(name: str, part: Part | None, limit: float, share: float, options: Options) -> Alarm:
    if part is None or not part.rows:
        return _unwatched(name, part, "no answers are kept yet", math.nan, limit)
    rows, known, wrong = int(part.rows), int(part.known), int(part.wrong)
    evidence = log_evidence_above(wrong, known, limit)
    sure = log_evidence_above(wrong, rows, limit)
    level = 1.0 - options.error
    low, high = risk_sequence(wrong, known, level)
    needed = -math.log(share)
    return Alarm(
        name, _judge(evidence, sure, needed, options), math.nan, limit,
        wrong / known if known else math.nan, low, high,
        risk_sequence(wrong, rows, level).low,
        risk_sequence(rows - known + wrong, rows, level).high,
        rows, known, evidence, sure, needed,
    )  # fmt: skip


def _brier(name: str, part: Part, usual: Moments | None, share: float, options: Options) -> Alarm:
    why = _nothing(part, usual)
    if why or usual is None:
        return _unwatched(name, part, why, math.nan, math.nan)
    limit = usual.upper_loss(share / 2.0)
    needed = -math.log(share / 2.0)
    evidence = log_evidence_mean_above(part.losses(), limit)
    sure = log_evidence_mean_above(part.least_losses(), limit)
    level = 1.0 - options.error
    low, high = mean_sequence(part.losses(), level)
    most = part.losses().plus(_most(part))
    return Alarm(
        name, _judge(evidence, sure, needed, options), math.nan, limit,
        part.loss / part.known if part.known else math.nan, low, high,
        mean_sequence(part.least_losses(), level).low, mean_sequence(most, level).high,
        int(part.rows), int(part.known), evidence, sure, needed,
    )  # fmt: skip


def _most(part: Part) -> Sums:
    """Return sums that no outcome of the missing makes larger: each loses 1."""
    return Sums(int(part.missing), part.missing, part.missing)


def _gap(
    name: str,
    part: Part,
    usual: Moments | None,
    share: float,
    options: Options,
    ends: tuple[float, float],
) -> Alarm:
    why = _nothing(part, usual)
    if why or usual is None:
        return _unwatched(name, part, why, math.nan, math.nan)
    bottom, top = ends
    above = min(usual.upper_gap(share / 4.0) + options.margin, top)
    below = max(usual.lower_gap(share / 4.0) - options.margin, bottom)
    needed = -math.log(share / 4.0)

    def largest(over: Sums, under: Sums) -> float:
        return max(
            log_evidence_mean_above(over, above, low=bottom, high=top),
            log_evidence_mean_below(under, below, low=bottom, high=top),
        )

    evidence = largest(part.gaps(), part.gaps())
    sure = largest(part.least_gaps(), part.largest_gaps())
    level = 1.0 - options.error
    low, high = mean_sequence(part.gaps(), level, low=bottom, high=top)
    return Alarm(
        name, _judge(evidence, sure, needed, options), below, above,
        part.gap / part.known if part.known else math.nan, low, high,
        mean_sequence(part.least_gaps(), level, low=bottom, high=top).low,
        mean_sequence(part.largest_gaps(), level, low=bottom, high=top).high,
        int(part.rows), int(part.known), evidence, sure, needed,
    )  # fmt: skip


def _nothing(part: Part, usual: Moments | None) -> str:
    """Say why a figure cannot be watched; nothing where it can."""
    if usual is None:
        return (
            "the threshold file does not record this number; create the file again with this "
            "version"
        )
    if usual.rows < FEWEST:
        return f"fewer than {FEWEST} such answers among the rows of the threshold"
    return "" if part.rows else "no such answers yet"


def _unwatched(name: str, part: Part | None, why: str, low: float, high: float) -> Alarm:
    rows, known = (0, 0) if part is None else (int(part.rows), int(part.known))
    nan = math.nan
    return Alarm(
        name, Verdict("unwatched", why), low, high, nan, nan, nan, nan, nan, rows, known, nan, nan,
        nan,
    )  # fmt: skip
