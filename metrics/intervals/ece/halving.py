"""Bisection with the results of one point at a time, but many points computed together.

A bisection of 24 steps calls its predicate 24 times with arrays of ten numbers, so the calls take
longer than the arithmetic. A guess of the answer predicts the points that the bisection will
examine: they are computed at once, and the results up to the first wrong turn are used. So the
result is that of the bisection to the bit, for any guess, and even if the predicate changes more
than once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from caopd_bench.metrics.rows.counting import FloatArray

__all__ = ["STEPS", "first_below"]

STEPS = 24  # bisections: to 6e-8 of the first bracket


class _Bracket:
    """The interval that contains the answer, and the heights at its ends; NaN if not computed."""

    def __init__(self, low: float, high: float, guess: float) -> None:
        self.low, self.high, self.first_guess = low, high, guess
        self.at_low = self.at_high = float("nan")
        self.left = STEPS

    def path(self, most: int) -> FloatArray:
        """Return the next points of the bisection if the guess is right."""
        low, high, guess = self.low, self.high, self._guess()
        middles = []
        for _ in range(min(self.left, most)):
            middle = (low + high) / 2.0
            middles.append(middle)
            low, high = (low, middle) if middle >= guess else (middle, high)
        return np.array(middles)

    def _guess(self) -> float:
        """Return the zero of the line between the ends; if unknown, the first guess or an end."""
        fall = self.at_low - self.at_high
        if np.isfinite(fall) and fall > 0.0:
            return self.low + (self.high - self.low) * (self.at_low / fall)
        if self.low < self.first_guess <= self.high:
            return self.first_guess
        return self.high if np.isnan(self.at_high) else self.low

    def follow(self, path: FloatArray, heights: FloatArray) -> None:
        """Bisect with the heights at the points of a path, up to its first wrong turn."""
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
    """Return the smallest x in (low, high] from which ``heights`` is 0 or less, by bisection.

    Parameters
    ----------
    heights : callable
        Decreasing function of points (k,); infinite where only its sign is known.
    low, high : float
        Ends of the interval, which are not evaluated; ``high`` is returned if no smaller x fits.
    guess : float, optional
        Approximate answer.
    most : callable, optional
        Maps the number of bisections done to the number of points to compute at once.

    Returns
    -------
    float
        ``low`` + (``high`` - ``low``) k / 2^24 for an integer k, up to rounding.

    Examples
    --------
    >>> 0.0 <= first_below(lambda x: 2.0 - x**2, 0.0, 4.0) - 2.0**0.5 <= 4.0 / 2.0**24
    True
    """
    bracket = _Bracket(low, high, guess)
    while bracket.left:  # terminates: the first point of a path is always the next one
        path = bracket.path(most(STEPS - bracket.left))
        bracket.follow(path, heights(path))
    return bracket.high
