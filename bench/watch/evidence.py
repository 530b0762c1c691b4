r"""Evidence against the promise from the answers counted so far, valid at every look.

Each alarm has an e-process (`caopd_bench.metrics.selection.anytime`) and a share of the false alarm
probability. By Ville's inequality an e-process ever reaches 1 / error, over unlimited looks, with
probability at most ``error``; the shares add up to the probability for all alarms together.

Outcomes may be missing, so each alarm has two e-processes:

- for the *known* outcomes, in order of arrival. It assumes that right and wrong answers are equally
  likely to get an outcome, as when a person checks randomly drawn answers.
- for *all* answers, with each missing outcome at its best: right for the risk and for a gap that is
  too large, wrong for a gap that is too small, the smaller of both losses for the Brier score. Both
  e-processes grow with every row, so this one never exceeds that of the true outcomes, which are
  not known yet: it assumes nothing about why outcomes are missing.

The Brier score and the gap are compared with their values on the rows of the promise, separately
above and below the cut, since the share of known outcomes may differ between the two. That
reference is an estimate, so half of an alarm's share is spent on its limit.
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

#: Share of the false alarm probability for the risk; the other four alarms share the rest.
RISK_SHARE = 0.5
#: With fewer answers the promise's Brier score and gap cannot serve as a reference.
FEWEST = 30


@dataclass(frozen=True)
class Options:
    """The options of a watch.

    Attributes
    ----------
    error : float
        Probability of any false alarm over all looks.
    margin : float
        Tolerated distance of the gap from its limits.
    is_random : bool
        Whether the answers with a known outcome were drawn at random.
    """

    error: float = 0.05
    margin: float = 0.02
    is_random: bool = False


class Verdict(NamedTuple):
    """The state of an alarm.

    ``name`` is "quiet", "suspect" (the known outcomes indicate an alarm, but the missing ones could
    undo it), "alarm", or "unwatched" (there is no reference or no data).
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
        Limits of the allowed values; NaN if there is no limit on that side.
    estimate, low, high : float
        Estimate from the known outcomes, with an interval that is valid at all looks together.
    sure_low, sure_high : float
        Interval that is valid for any values of the missing outcomes.
    rows, known : int
        Number of answers, and of those with an outcome.
    evidence, sure_evidence, needed : float
        Natural logarithms of the e-process for the known outcomes, of that for all answers with
        missing outcomes at their best, and of the value that raises an alarm.
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
        Sums over all days.
    groups : dict of str to Day
        Sums over each group that has a cut; the only entry is "" if there are no groups.
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
    # Some groups may have no cut, and answers of unknown groups are never kept.
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
    """Return upper bounds of the missing outcomes' sums: each has a loss of 1."""
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
    """Return why a number cannot be watched; empty if it can."""
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
