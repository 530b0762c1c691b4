r"""From which cut to start, and how far down the risk is shown to be kept: independent rows.

The cuts are the stated values, from the surest down; at a cut t, N(t) rows are kept, K(t) of them
wrong. Whether the risk at t is above r is tested by the exact tail P(Bin(N(t), r) <= K(t)). The
tests are made in sequence and stop at the first that does not reject: each has the whole error
rate, since only the first cut of too high a risk can break the promise ("Learn then Test",
Angelopoulos, Bates, Candès, Jordan, Lei, Annals of Applied Statistics 19 (2025), with a fixed
sequence). At the first values too few rows are kept for any test to reject, so where to start
decides the coverage, and must not be chosen from the labels that are tested.

**The start.** The tests start at the first cut that keeps M rows or more. For independent rows and
any fixed M, the chance that a cut of too high a risk is certified is at most the error rate,
whatever the law: the risk need not fall with confidence, and values may be tied.
*Proof.* Merge the values between one cut above the risk and the next: only the first cut above it
at or after the start matters, and it is the first of these with N >= M. Let p_i be the error rates
of the merged values and R_i those of the cuts, all R_i >= r, and replace every test by the
randomised one of exact size. If some p_i < r, take the first. Given the counts, K at cut i - 1 is a
sum of independent outcomes of probabilities >= r, whose likelihood ratio to Bin(N, r) increases in
K (Newton's inequalities). The test at i, with the rows of value i wrong at rate r, is a test of the
same size that has more than K to go by, so the most powerful one-sided test rejects such a law no
more often than it; with rate p_i < r it rejects more often still. So merging i - 1 and i does not
lower the chance. In the end all p_i >= r, and given the counts K is at least Bin(N, r).

**Which M.** Three sequences share the error rate, so that the sum of their chances is at most it;
how much each has depends on the number of rows alone (`shares_of`).

- *Early*: M is the least number of rows with which any test can reject. It certifies the few sure
  answers of a model whose others are hopeless.
- *Late*, unless there are few rows: M is all rows, so that nothing but the cut that keeps
  everything is tested. It certifies all answers where the risk is below the limit and hardly
  depends on the confidence.
- *Main*: the lowest rows choose M. Go up through all values that could be stated, and look at the
  rows of a value only if the risk predicted there, its stated error times the errors made for each
  one stated among the rows below it, is above ``HOPELESS`` times the limit; else stop. Whether
  to look depends on the value and on the rows below, never on a row at or above it. So given what
  was seen, the rows that are left are independent draws of the law above the stop, M is fixed by
  what was seen and by counts of rows in all, and the argument above holds for them. Only cuts above
  the stop are tested; what was set aside could not be kept in most cases. M is that part of the
  rest at which the mean risk would be half the limit if it fell to zero in a straight line from the
  risk predicted where the stop was, and at most ``AMPLE`` times the rows that the first test needs.

The lowest of their cuts is the result. What decides the start from the rows decides it as a
stopping time; no constant below has a part in the proof.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.tally import Tally
from caopd_bench.metrics.selection.tails import ROUNDING, FloatArray, at_most, fewest_rows

EARLY = 0.1  # of the error rate: what the sequence with the early start has
# What the test of all rows has of it, from so many times the fewest rows on that show anything.
SOME, LATE = (2, 0.1), (8, 0.2)
HOPELESS = 3.0  # times the limit: a value of a higher predicted risk is set aside
UNSEEN = 0.6  # of the rows: the start of the main sequence where nothing was set aside
AMPLE = 24  # times the fewest rows that show anything: no start needs to be later
SMALLEST_RISK = 0.01  # added to 1 - confidence: a stated 1.00 predicts some errors
PRIOR = 1.0  # errors, stated and made, added to those seen
CHUNK = 4096  # cuts tested at a time


class Cuts(NamedTuple):
    """The cuts from the surest down, (u,): the value, and rows and wrong rows at it or above."""

    value: FloatArray
    rows: NDArray[np.int64]
    wrong: NDArray[np.int64]

    @property
    def n(self) -> int:
        """All rows."""
        return int(self.rows[-1])


class Plan(NamedTuple):
    """Where the sequence starts and where it ends at the latest: indices of cuts.

    ``first`` > ``last`` if no cut can be tested.
    """

    first: int
    last: int


class Path(NamedTuple):
    """The cuts of a sequence that were certified, from the first to the lowest, and its share."""

    first: int
    lowest: int
    error: float


def cuts_of(tally: Tally) -> Cuts:
    """Return the cuts of whole rows."""
    wrong = tally.wrong[::-1].astype(np.int64)
    rows = tally.right[::-1].astype(np.int64) + wrong
    return Cuts(tally.values[::-1], np.cumsum(rows), np.cumsum(wrong))


def shares_of(rows: int, max_risk: float, error: float) -> tuple[float, float, float]:
    """Return the error rates of the early, the main and the late sequence."""
    early = error * EARLY
    few = fewest_rows(max_risk, error - early)
    late = error * max(share * (rows >= times * few) for times, share in (SOME, LATE))
    return early, error - early - late, late


def choose(cuts: Cuts, max_risk: float, error: float) -> tuple[int, int]:
    """Choose how many rows the main sequence keeps at first, and its last cut; -1 for none.

    From rows that lie below the last cut and counts of all: no other row has a part.
    """
    few = fewest_rows(max_risk, error)
    bottom = cuts.rows.size - 1
    if cuts.n < SOME[0] * few:
        return few, bottom
    stated = 1.0 - cuts.value + SMALLEST_RISK
    # At entry i, all rows below cut i: what is known when its value may be looked at.
    each = np.diff(cuts.rows, prepend=0) * stated
    expected = np.cumsum(each[::-1])[::-1] - each
    ratio = (PRIOR + cuts.wrong[-1] - cuts.wrong) / (PRIOR + expected)
    stops = np.flatnonzero(ratio * stated <= HOPELESS * max_risk)
    if not stops.size:
        return few, -1
    last = int(stops[-1])
    part = UNSEEN
    if last < bottom:
        # At the last value that was set aside: where the next one is must not matter.
        part = min(max(max_risk / float(ratio[last] * stated[last + 1]), 1.0 / HOPELESS), 1.0)
    return max(few, math.ceil(min(part * int(cuts.rows[last]), AMPLE * few))), last


def plan(cuts: Cuts, max_risk: float, error: float) -> Plan:
    """Choose start and end of the main sequence."""
    least, last = choose(cuts, max_risk, error)
    return Plan(int(np.searchsorted(cuts.rows, least)), last)


def certify(cuts: Cuts, max_risk: float, error: float) -> Path | None:
    """Return the sequence of tests that certifies most, or None if none does."""
    early, main, late = shares_of(cuts.n, max_risk, error)
    bottom = cuts.rows.size - 1
    first = int(np.searchsorted(cuts.rows, fewest_rows(max_risk, early)))
    found = None
    for share, chosen in (
        (main, plan(cuts, max_risk, main)),
        (early, Plan(first, bottom)),
        (late, Plan(bottom, bottom)),
    ):
        lowest = run(cuts, chosen, max_risk, share) if share > 0.0 else -1
        if lowest > (-1 if found is None else found.lowest):
            found = Path(chosen.first, lowest, share)
    return found


def run(cuts: Cuts, plan_: Plan, max_risk: float, error: float) -> int:
    """Return the index of the lowest cut that is certified, or -1."""
    certified = -1
    for start in range(plan_.first, plan_.last + 1, CHUNK):
        stop = min(start + CHUNK, plan_.last + 1)
        tail = at_most(cuts.wrong[start:stop], cuts.rows[start:stop], max_risk)
        kept = np.flatnonzero(tail > error * (1.0 + ROUNDING))
        certified = start + int(kept[0]) - 1 if kept.size else stop - 1
        if kept.size:
            break
    return certified if certified >= plan_.first else -1
