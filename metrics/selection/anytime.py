r"""Evidence that holds at every look: e-processes and confidence sequences from sums alone.

A cut in use is checked after every row, for as long as it is used. An e-process for a hypothesis is
1 at the start, and if the hypothesis is true, its mean is at most 1 at any stopping time; so the
chance that it *ever* reaches 1 / error is at most ``error`` (Ville's inequality, 1939). A
confidence sequence contains the values whose e-process has not reached 1 / error: all its intervals
contain the true value, simultaneously, with probability ``level``.

All are functions of sums over rows. The sums of parts add up to the sums of the whole, in any
order and from any number of files, so the state is three numbers. Rows may depend on earlier ones:
"the mean is at most m" then means that the mean of each row, given the past, is at most m.

For outcomes in {0, 1} or [0, 1], the e-process is a mixture of bets in closed form, the
beta-binomial mixture of
Robbins, Annals of Mathematical Statistics 41 (1970). A factor
:math:`(q / m)^x ((1 - q) / (1 - m))^{1 - x}` is convex in x, hence its mean is at most that of an
outcome in {0, 1} with the same mean. For means of bounded rows with a small variance it uses the
factors :math:`\exp(b (x - m) - \psi(b) (x - m)^2)`, :math:`\psi(b) = -\log(1 - b) - b`, which are
at most :math:`1 + b (x - m)` for x - m >= -1 (Fan, Grama, Liu, Electronic Journal of Probability 20
(2015); Howard, Ramdas, McAuliffe, Sekhon, Annals of Statistics 49 (2021)), averaged over bets b.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.rows.seeds import check_level

# Weight of the mixture of bets on a risk, in rows; its distribution has the limit as its mean.
PRIOR_ROWS = 10.0
BETS = 0.5 * 0.7 ** np.arange(16)  # none above 1/2, so that bisection finds the limits
FACTORS = -np.log1p(-BETS) - BETS
STEPS = 60  # bisections


class Sums(NamedTuple):
    """Number of rows, their sum and their sum of squares: the only state for bounded rows.

    Examples
    --------
    >>> sums_of([0.0, 1.0]).plus(sums_of([0.5]))
    Sums(rows=3, total=1.5, squares=1.25)
    """

    rows: int = 0
    total: float = 0.0
    squares: float = 0.0

    def plus(self, other: Sums) -> Sums:
        """Return the sums over both sets of rows."""
        return Sums(self.rows + other.rows, self.total + other.total, self.squares + other.squares)


class Limits(NamedTuple):
    """The two ends of an interval that is valid at every look."""

    low: float
    high: float


def sums_of(values: ArrayLike) -> Sums:
    """Return the sums of rows (n,)."""
    x = np.asarray(values, dtype=np.float64)
    return Sums(int(x.size), float(x.sum()), float((x * x).sum()))


def log_evidence_above(wrong: float, rows: int, risk: float) -> float:
    r"""Return the logarithm of an e-process against "the risk is ``risk`` or less".

    Parameters
    ----------
    wrong : float
        Sum of the outcomes, each in [0, 1]: the number of wrong rows if each is 0 or 1.
    rows : int
        Number of rows.
    risk : float
        In (0, 1).

    Returns
    -------
    float
        0 for no rows. An alarm at the first look where it is ``log(1 / error)`` or more is false
        with a chance of at most ``error``, over an unbounded number of looks.

    Notes
    -----
    .. math:: \int_r^1 \frac{q^k (1 - q)^{n - k}}{r^k (1 - r)^{n - k}} \, d\pi(q)

    for the distribution Beta(10 r, 10 (1 - r)) above r.

    Examples
    --------
    >>> log_evidence_above(0, 0, 0.05), log_evidence_above(15, 100, 0.05) > math.log(20)
    (0.0, True)
    >>> log_evidence_above(5, 100, 0.05) < 0
    True
    """
    _check(wrong, rows, risk)
    return _log_mixture(wrong, rows, risk)


def log_evidence_below(wrong: float, rows: int, risk: float) -> float:
    """Return the e-process against "the risk is ``risk`` or more": evidence that a limit is kept.

    Examples
    --------
    >>> log_evidence_below(0, 200, 0.05) > math.log(20)
    True
    """
    _check(wrong, rows, risk)
    return _log_mixture(rows - wrong, rows, 1.0 - risk)


def risk_sequence(wrong: float, rows: int, level: float = 0.95) -> Limits:
    """Return the confidence sequence of a risk, or of another mean of rows in [0, 1].

    Parameters
    ----------
    wrong, rows
        As for :func:`log_evidence_above`.
    level : float, default 0.95
        Chance that the intervals of all looks contain the risk.

    Returns
    -------
    Limits
        (0, 1) for no rows.

    Examples
    --------
    >>> low, high = risk_sequence(50, 1000)
    >>> round(low, 3), round(high, 3)
    (0.029, 0.079)
    """
    check_level(level)
    _check(wrong, rows, 0.5)
    if rows == 0:
        return Limits(0.0, 1.0)
    goal = -math.log1p(-level)
    share = wrong / rows

    def outside(risk: float) -> bool:
        return _log_two_sided(wrong, rows, risk) >= goal

    return Limits(
        _halve(outside, share, 0.0) if wrong > 0 else 0.0,
        _halve(outside, share, 1.0) if wrong < rows else 1.0,
    )


def log_evidence_mean_above(
    sums: Sums, limit: float, *, low: float = 0.0, high: float = 1.0
) -> float:
    """Return the logarithm of an e-process against "the mean is ``limit`` or less".

    Tighter than :func:`log_evidence_above` where rows vary little, such as squared errors.

    Parameters
    ----------
    sums : Sums
        Sums of rows in [``low``, ``high``]: 0 and 1 for the Brier score, -1 and 1 for confidence
        less correctness.
    limit : float
        Between ``low`` and ``high``.

    Examples
    --------
    >>> rows = sums_of([0.2, 0.3] * 200)
    >>> log_evidence_mean_above(rows, 0.2) > 3.0 > log_evidence_mean_above(rows, 0.25)
    True
    """
    return _log_bets(_scaled(sums, low, high), _to_unit(limit, low, high), 1.0)


def log_evidence_mean_below(
    sums: Sums, limit: float, *, low: float = 0.0, high: float = 1.0
) -> float:
    """Return the logarithm of an e-process against "the mean is ``limit`` or more"."""
    return _log_bets(_scaled(sums, low, high), _to_unit(limit, low, high), -1.0)


def mean_sequence(
    sums: Sums, level: float = 0.95, *, low: float = 0.0, high: float = 1.0
) -> Limits:
    """Return the confidence sequence of the mean of rows in [``low``, ``high``].

    Examples
    --------
    >>> found = mean_sequence(sums_of([0.2, 0.3] * 500))
    >>> round(found.low, 3), round(found.high, 3)
    (0.237, 0.263)
    """
    check_level(level)
    if sums.rows == 0:
        return Limits(low, high)
    unit = _scaled(sums, low, high)
    goal = math.log(2.0) - math.log1p(-level)  # half of the error rate on either side
    mean = min(max(unit.total / unit.rows, 0.0), 1.0)
    lower = _halve(lambda m: _log_bets(unit, m, 1.0) >= goal, mean, 0.0)
    upper = _halve(lambda m: _log_bets(unit, m, -1.0) >= goal, mean, 1.0)
    return Limits(low + (high - low) * lower, low + (high - low) * upper)


def _check(wrong: float, rows: int, risk: float) -> None:
    if not 0.0 <= wrong <= rows:
        raise ValueError(f"wrong must be between 0 and rows, got {wrong!r} of {rows!r}")
    if not 0.0 < risk < 1.0:
        raise ValueError(f"risk must be between 0 and 1, got {risk!r}; for 5 % write 0.05")


def _log_mixture(wrong: float, rows: int, risk: float) -> float:
    """Return the log e-process of a mixture of bets on risks above ``risk`` only."""
    # Imported here: it costs 0.1 s.
    from scipy.special import betaincc, betaln

    a, b = PRIOR_ROWS * risk, PRIOR_ROWS * (1.0 - risk)
    right = rows - wrong
    above, before = float(betaincc(a + wrong, b + right, risk)), float(betaincc(a, b, risk))
    if above == 0.0:
        return -math.inf
    return (
        float(betaln(a + wrong, b + right) - betaln(a, b))
        + math.log(above / before)
        - wrong * math.log(risk)
        - right * math.log1p(-risk)
    )


def _log_two_sided(wrong: float, rows: int, risk: float) -> float:
    """Return the log e-process of bets on both sides of ``risk``, with Jeffreys's mixture."""
    # Imported here: it costs 0.1 s.
    from scipy.special import betaln

    right = rows - wrong
    if (risk <= 0.0 and wrong > 0) or (risk >= 1.0 and right > 0):
        return math.inf
    likelihood = (wrong * math.log(risk) if wrong else 0.0) + (
        right * math.log1p(-risk) if right else 0.0
    )
    return float(betaln(0.5 + wrong, 0.5 + right) - betaln(0.5, 0.5)) - likelihood


def _log_bets(unit: Sums, mean: float, side: float) -> float:
    first = side * (unit.total - unit.rows * mean)
    second = max(unit.squares - 2.0 * mean * unit.total + unit.rows * mean * mean, 0.0)
    logs = BETS * first - FACTORS * second
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).mean()))


def _to_unit(value: float, low: float, high: float) -> float:
    if not low < high:
        raise ValueError(f"low must be below high, got {low!r} and {high!r}")
    if not low <= value <= high:
        raise ValueError(f"limit must be between {low:g} and {high:g}, got {value!r}")
    return (value - low) / (high - low)


def _scaled(sums: Sums, low: float, high: float) -> Sums:
    """Return the sums of the rows rescaled to [0, 1]."""
    if not low < high:
        raise ValueError(f"low must be below high, got {low!r} and {high!r}")
    width = high - low
    rows, total, squares = sums
    # With a tolerance, because sums of many rows are rounded.
    if not rows * low - 1e-9 * (rows + 1) <= total <= rows * high + 1e-9 * (rows + 1):
        raise ValueError(
            f"sums must be of rows between {low:g} and {high:g}, got a mean of {total / rows:.6g}"
        )
    moved = (squares - 2.0 * low * total + rows * low * low) / (width * width)
    return Sums(rows, (total - rows * low) / width, moved)


def _halve(outside: Callable[[float], bool], inner: float, outer: float) -> float:
    """Find the end of an interval, by bisection between a point inside it and a limit."""
    if not outside(outer):
        return outer
    for _ in range(STEPS):
        middle = (inner + outer) / 2.0
        inner, outer = (inner, middle) if outside(middle) else (middle, outer)
    return outer
