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

**Which M.** The lowest rows choose it, which cannot be kept in most cases and are then not kept by
design: given all rows below a value, those above are independent draws of their law, and the
argument above holds for them. From the values that are stated least up, each is set aside as long
as the risk predicted there, its stated error times the errors made for each one stated among the
rows already set aside, is above ``HOPELESS`` times the limit. Then M is that part of the rest at
which the mean risk would be half the limit if the risk fell to zero in a straight line. Two bounds
look at counts of rows at the end of the sequence too: the lowest ``PEEK`` of the rows are set aside
in any case, tied ones excepted, and never so many that no cut could be certified. With them the
error rate was enumerated for laws that were searched for the worst (``tests/metrics/selection``).

**A second sequence** with a tenth of the error rate starts as early as any test can reject, and
goes down to the last cut. It certifies the few sure answers of a model whose others are hopeless,
where M is too large. The lower of the two cuts is the result.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.tally import Tally
from caopd_bench.metrics.selection.tails import ROUNDING, FloatArray, at_most, fewest_rows

EARLY = 0.1  # of the error rate: what the sequence with the early start has
PEEK = 0.02  # share of the rows, the lowest, that may be set aside whatever they state
HOPELESS = 6.0  # times the limit: a value of a higher predicted risk is set aside
LEAST_PART = 0.15  # of the rows that are left: no start is earlier
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


def plan(cuts: Cuts, max_risk: float, error: float) -> Plan:
    """Choose start and end of the sequence, from counts and from the rows set aside."""
    few = fewest_rows(max_risk, error)
    if cuts.n < few:
        return Plan(cuts.rows.size, cuts.rows.size - 1)
    enough = int(np.searchsorted(cuts.rows, few))  # the first cut that could be certified
    last, risk = _set_aside(cuts, max_risk, few, enough)
    part = min(max(max_risk / risk, LEAST_PART), 1.0)
    least = max(few, math.ceil(part * int(cuts.rows[last])))
    return Plan(int(np.searchsorted(cuts.rows, least)), last)


def _set_aside(cuts: Cuts, max_risk: float, few: int, enough: int) -> tuple[int, float]:
    """Return the lowest cut that is left, and the risk predicted there."""
    bottom = cuts.rows.size - 1
    stated = 1.0 - cuts.value + SMALLEST_RISK
    if cuts.n < 2 * few:
        return bottom, float(stated[bottom])
    first = int(np.searchsorted(cuts.rows, math.ceil((1.0 - PEEK) * cuts.n)))
    first = max(first, enough)
    # At entry i, all rows below cut i: what is known when its value may be set aside.
    each = np.diff(cuts.rows, prepend=0) * stated
    expected = np.cumsum(each[::-1])[::-1] - each
    made = cuts.wrong[-1] - cuts.wrong
    predicted = (PRIOR + made) / (PRIOR + expected) * stated
    hopeful = np.flatnonzero(predicted[: first + 1] <= HOPELESS * max_risk)
    last = max(int(hopeful[-1]) if hopeful.size else 0, enough)
    risk = float(predicted[last])
    # Where a row stands alone, its place was looked at: it is not drawn any more.
    alone = last > enough and cuts.rows[last] - cuts.rows[last - 1] == 1
    return last - int(alone), risk


def certify(cuts: Cuts, max_risk: float, error: float) -> Path | None:
    """Return the sequence of tests that certifies most, or None if none does."""
    late, early = error * (1.0 - EARLY), error * EARLY
    chosen = plan(cuts, max_risk, late)
    lowest = run(cuts, chosen, max_risk, late)
    first = int(np.searchsorted(cuts.rows, fewest_rows(max_risk, early)))
    other = run(cuts, Plan(first, cuts.rows.size - 1), max_risk, early)
    if other > lowest:
        return Path(first, other, early)
    return Path(chosen.first, lowest, late) if lowest >= 0 else None


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
