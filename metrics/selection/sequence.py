r"""The start of a sequence of tests on independent rows, and the lowest cut that it certifies.

The cuts are the stated values in descending order; at a cut t, N(t) rows are kept, K(t) of them
wrong. The exact tail P(Bin(N(t), r) <= K(t)) tests whether the risk at t is above r. The tests are
made in sequence and stop at the first that does not reject. Each has the whole error rate, because
only the first cut of too high a risk can break the guarantee ("Learn then Test", Angelopoulos,
Bates, Candès, Jordan, Lei, Annals of Applied Statistics 19 (2025), with a fixed sequence). At the
first values too few rows are kept for any test to reject. The start therefore determines the
coverage, and must not be chosen from the labels that are tested.

**The start.** The tests start at the first cut that keeps M rows or more. For independent rows and
any fixed M, the chance that a cut of too high a risk is certified is at most the error rate, for
every distribution: the risk need not fall with confidence, and values may be tied.

*Proof.* Merge the values between one cut above the risk and the next: only the first cut above the
risk at or after the start matters, and it is the first of these with N >= M. Let p_i be the error
rates of the merged values and R_i those of the cuts, all R_i >= r, and replace every test by the
randomised one of exact size. If some p_i < r, take the first. Given the counts, K at cut i - 1 is a
sum of independent outcomes of probabilities >= r, whose likelihood ratio to Bin(N, r) increases in
K (Newton's inequalities). The test at i, if the rows of value i were wrong at rate r, would be a
test of the same size that uses more information than K, so the most powerful one-sided test rejects
such a distribution no more often; with rate p_i < r the test at i rejects more often still. So
merging i - 1 and i does not lower the chance. In the end all p_i >= r, and given the counts K is at
least Bin(N, r).

**The choice of M.** Three sequences share the error rate, so that the sum of their chances is at
most that rate; their shares depend only on the number of rows (`shares_of`).

- *Early*: M is the least number of rows with which any test can reject. It certifies the few
  reliable answers of a model whose other answers are mostly wrong.
- *Late*, unless there are few rows: M is the number of all rows, so that only the cut that keeps
  everything is tested. It certifies all answers if the risk is below the limit and hardly depends
  on the confidence.
- *Main*: the rows of lowest confidence determine M. Go up through all values that could be stated.
  The risk predicted at a value is its stated error, times the ratio of observed to stated errors
  among the rows below it. If it is above ``HOPELESS`` times the limit, examine the rows of the
  value and set them aside; otherwise stop. The decision depends on the value and on the rows
  below, never on a row at or above it. So given the examined rows, the remaining ones are
  independent draws of the distribution above the stop, M is determined by the examined rows and by
  total counts, and the argument above holds. Only cuts above the stop are tested; the rows set
  aside could rarely have been kept. M is the part of the remaining rows at which the mean risk
  would be half the limit if it fell linearly to zero from the risk predicted at the stop, and at
  most ``AMPLE`` times the rows that the first test needs.

The lowest of their certified cuts is the result. The start is chosen by a stopping time; the proof
does not depend on the constants below.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.tally import Tally
from caopd_bench.metrics.selection.tails import ROUNDING, FloatArray, at_most, fewest_rows

EARLY = 0.1  # share of the error rate for the sequence with the early start
# (m, share): from m times the fewest informative rows on, the test of all rows has this share.
SOME, LATE = (2, 0.1), (8, 0.2)
HOPELESS = 3.0  # times the limit: values with a higher predicted risk are set aside
UNSEEN = 0.6  # share of the rows: the start of the main sequence if no value was set aside
AMPLE = 24  # times the fewest informative rows: no start needs to be later
SMALLEST_RISK = 0.01  # added to 1 - confidence: a stated 1.00 predicts some errors
PRIOR = 1.0  # added to the stated and to the observed errors
CHUNK = 4096  # cuts tested at a time


class Cuts(NamedTuple):
    """The cuts in descending order, (u,): value, and rows and wrong rows at or above it."""

    value: FloatArray
    rows: NDArray[np.int64]
    wrong: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Return the number of all rows."""
        return int(self.rows[-1])


class Plan(NamedTuple):
    """Indices of the cut at which a sequence starts and of the last one that it may reach.

    ``first`` > ``last`` if no cut can be tested.
    """

    first: int
    last: int


class Path(NamedTuple):
    """The first and the lowest certified cut of a sequence, and its share of the error rate."""

    first: int
    lowest: int
    error: float


def cuts_of(tally: Tally) -> Cuts:
    """Return the cuts of the unweighted rows of a tally."""
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
    """Choose the number of rows at the start of the main sequence, and its last cut or -1.

    Only the rows below the last cut and the total counts affect the choice.
    """
    few = fewest_rows(max_risk, error)
    bottom = cuts.rows.size - 1
    if cuts.n < SOME[0] * few:
        return few, bottom
    stated = 1.0 - cuts.value + SMALLEST_RISK
    # Entry i covers all rows below cut i, which are known before its own value is examined.
    each = np.diff(cuts.rows, prepend=0) * stated
    expected = np.cumsum(each[::-1])[::-1] - each
    ratio = (PRIOR + cuts.wrong[-1] - cuts.wrong) / (PRIOR + expected)
    stops = np.flatnonzero(ratio * stated <= HOPELESS * max_risk)
    if not stops.size:
        return few, -1
    last = int(stops[-1])
    part = UNSEEN
    if last < bottom:
        # Uses the last value set aside, because the position of the next one must have no effect.
        part = min(max(max_risk / float(ratio[last] * stated[last + 1]), 1.0 / HOPELESS), 1.0)
    return max(few, math.ceil(min(part * int(cuts.rows[last]), AMPLE * few))), last


def plan(cuts: Cuts, max_risk: float, error: float) -> Plan:
    """Choose start and end of the main sequence."""
    least, last = choose(cuts, max_risk, error)
    return Plan(int(np.searchsorted(cuts.rows, least)), last)


def certify(cuts: Cuts, max_risk: float, error: float) -> Path | None:
    """Return the sequence that certifies the lowest cut, or None if none certifies any."""
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
