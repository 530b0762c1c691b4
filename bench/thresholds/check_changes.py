"""Changes since a promise was made that do not break it: coverage, unusable confidences, cost.

After a drop in coverage the promise still holds, but people have to answer more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.metrics.selection.holds import cost_now
from caopd_bench.metrics.selection.result import coverage_limits
from caopd_bench.runs.counts import Counts
from caopd_bench.thresholds.check_result import Change, CutCheck
from caopd_bench.thresholds.coverage import share_kept
from caopd_bench.thresholds.cut import Cut
from caopd_bench.thresholds.promise import Promise

__all__ = ["list_changes", "warn_of_changes"]

COVERAGE, UNUSABLE, COST = "coverage", "no usable confidence", "cost of an answer"
NAN = math.nan


def list_changes(cut: Cut, counts: Counts | None, promise: Promise) -> Iterator[Change]:
    """Yield the numbers of the new rows next to those of the promise, for one cut.

    The limits of a difference combine those of both shares (Newcombe, Statistics in Medicine 17
    (1998); Zou and Donner, Statistics in Medicine 27 (2008)), at the level of the cut. Those of
    the share without a usable confidence treat the answers as independent.
    """
    if counts is None:
        return
    now = (0.0, *coverage_limits(0, counts.n, cut.level))
    if counts.parsed is not None:
        now = share_kept(counts, cut.cut, cut.level)
    then = (cut.coverage, cut.coverage_low, cut.coverage_high)
    yield _difference(COVERAGE, then, now, cut.level)
    shares = [
        (missing / n, *coverage_limits(missing, n, cut.level)) if n else (NAN, 0.0, 1.0)
        for missing, n in ((cut.n - cut.n_parsed, cut.n), (counts.n - counts.n_parsed, counts.n))
    ]
    yield _difference(UNUSABLE, shares[0], shares[1], cut.level)
    if promise.form == "cost":
        prices = {name: promise.asked[name] for name in ("cost_wrong", "cost_human")}
        found = cost_now(counts.parsed, cut.cut, level=cut.level, **prices)
        # Limits of the new cost, not of its change: a promise stores only an upper limit.
        yield Change(COST, cut.cost_bound, found.cost, NAN, found.low, found.high, cut.level)


def warn_of_changes(cuts: Sequence[CutCheck], by: str | None) -> Iterator[str]:
    """Yield a warning for each change that is significant."""
    for cut in cuts:
        where = "" if by is None else f"{inline(by, NAME_WIDTH)}={inline(cut.group, NAME_WIDTH)}: "
        for one in cut.changes:
            if one.name == COST:
                if one.low > one.then:
                    yield (
                        f"{where}the mean cost of an answer is {one.now:.3g} (at least "
                        f"{one.low:.3g}), above the promised {one.then:.3g}"
                    )
            elif one.name == COVERAGE and one.high < 0.0:
                yield (
                    f"{where}fewer answers are kept: {one.now:.1%}, down from {one.then:.1%} when "
                    f"the promise was made (change at most {one.high:+.1%}); people review the "
                    "others"
                )
            elif one.name == UNUSABLE and one.low > 0.0:
                yield (
                    f"{where}more answers have no usable confidence: {one.now:.1%}, up from "
                    f"{one.then:.1%} when the promise was made (change at least {one.low:+.1%})"
                )


def _difference(
    name: str, then: tuple[float, float, float], now: tuple[float, float, float], level: float
) -> Change:
    """Return the change of a share, with limits derived from those of both shares.

    Examples
    --------
    >>> found = _difference("coverage", (0.5, 0.45, 0.55), (0.4, 0.36, 0.44), 0.95)
    >>> round(found.change, 3), round(found.low, 3), round(found.high, 3)
    (-0.1, -0.164, -0.036)
    """
    before, before_low, before_high = then
    after, after_low, after_high = now
    change = after - before
    low = change - math.hypot(after - after_low, before_high - before)
    high = change + math.hypot(after_high - after, before - before_low)
    return Change(name, before, after, change, low, high, level)
