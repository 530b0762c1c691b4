"""Halving an interval as if one point at a time, with the points that are left computed together.

A bisection of 24 steps calls its predicate 24 times, each with arrays of ten numbers, where the
calls take longer than the arithmetic. Where the answer can be guessed, so can the points that the
bisection will look at: they are computed at once, and those up to the first wrong turn are kept.
So the result is that of the bisection to the bit, however bad the guess, and also where the
predicate changes more than once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from caopd_bench.metrics.rows.counting import FloatArray

__all__ = ["STEPS", "first_below"]

STEPS = 24  # halvings: 6e-8 of the first bracket


class _Bracket:
    """Where the answer lies, and the heights at its ends: NaN where nobody looked."""

    def __init__(self, low: float, high: float, guess: float) -> None:
        self.low, self.high, self.first_guess = low, high, guess
        self.at_low = self.at_high = float("nan")
        self.left = STEPS

    def path(self, most: int) -> FloatArray:
        """Return the points that are looked at next if the guess is right."""
        low, high, guess = self.low, self.high, self._guess()
        middles = []
        for _ in range(min(self.left, most)):
            middle = (low + high) / 2.0
            middles.append(middle)
            low, high = (low, middle) if middle >= guess else (middle, high)
        return np.array(middles)

    def _guess(self) -> float:
        """Return where a straight line between the ends meets 0, or what else is known."""
        fall = self.at_low - self.at_high
        if np.isfinite(fall) and fall > 0.0:
            return self.low + (self.high - self.low) * (self.at_low / fall)
        if self.low < self.first_guess <= self.high:
            return self.first_guess
        return self.high if np.isnan(self.at_high) else self.low

    def follow(self, path: FloatArray, heights: FloatArray) -> None:
        """Halve by what was found at the points of a path, up to its first wrong turn."""
        for middle, height in zip(path.tolist(), heights.tolist(), strict=True):
            if middle != (self.low + self.high) / 2.0:
                return
            if height <= 0.0:
                self.high, self.at_high = middle, height
            else:
                self.low, self.at_low = middle, height
            self.left -= 1


def first_below(
    heights: Callable[[FloatArray], FloatArray],
    low: float,
    high: float,
    *,
    guess: float = float("nan"),
    most: Callable[[int], int] = lambda _done: STEPS,
) -> float:
    """Return the smallest x in (low, high] from which ``heights`` is 0 or less, by halvings.

    Parameters
    ----------
    heights : callable
        Of points (k,), a falling function; infinite where only its sign is known.
    low, high : float
        Ends of the interval, which are not looked at: ``high`` is returned if nothing holds before.
    guess : float, optional
        About what the answer is.
    most : callable, optional
        How many points may be computed at once, after so many halvings.

    Returns
    -------
    float
        ``low`` + (``high`` - ``low``) k / 2^24 for a whole k, but for rounding.

    Examples
    --------
    >>> 0.0 <= first_below(lambda x: 2.0 - x**2, 0.0, 4.0) - 2.0**0.5 <= 4.0 / 2.0**24
    True
    """
    bracket = _Bracket(low, high, guess)
    while bracket.left:  # the first point of a path is always the next one
        path = bracket.path(most(STEPS - bracket.left))
        bracket.follow(path, heights(path))
    return bracket.high
