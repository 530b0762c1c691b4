"""Errors of the confidences on the rows of a promise, with which later rows are compared.

Two errors are summed, separately for the answers above and below a cut: the squared error, and
confidence minus correctness. Sums over questions suffice for limits of their means that hold for
any number of answers and for any dependence between the answers to one question. The limits use the
inequality of `caopd_bench.metrics.selection.anytime` for rows of small variance, with bets chosen
by the number of questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from caopd_bench.core.files.checked import UnfitError, is_count, is_list, is_object, take
from caopd_bench.core.numbers import is_number
from caopd_bench.core.terminal import quote
from caopd_bench.metrics import Tally

__all__ = ["Moments", "Usual", "read_usual", "usual_of"]

STEPS = 50  # halvings
#: Bets are tuned to standard deviations of 1, 1/2, ... of the largest error a question can have.
BETS = 2.0 ** np.arange(7)
LARGEST_BET = 0.9


class Mean(NamedTuple):
    """Sums of S, S squared and S n over questions, where a question's n answers sum to S.

    Examples
    --------
    >>> Mean(1.0, 0.5, 1.0).plus(Mean(1.0, 0.25, 2.0))
    Mean(total=2.0, squares=0.75, cross=3.0)
    """

    total: float = 0.0
    squares: float = 0.0
    cross: float = 0.0

    def plus(self, other: Mean) -> Mean:
        """Return the sums of both."""
        return Mean(*(a + b for a, b in zip(self, other, strict=True)))


NO_ROWS: Final = Mean()


@dataclass(frozen=True)
class Moments:
    """Sums over the answers on one side of the cut.

    Attributes
    ----------
    questions, rows : int
        Number of questions, and of answers to them.
    largest, rows_squared : int
        Largest number of answers to one question, and the sum of the squared numbers of answers.
    loss, gap : Mean
        Sums of (confidence - correct) squared, and of confidence - correct.
    """

    questions: int = 0
    rows: int = 0
    largest: int = 0
    rows_squared: int = 0
    loss: Mean = NO_ROWS
    gap: Mean = NO_ROWS

    def plus(self, other: Moments) -> Moments:
        """Return the sums of both; they must contain different questions."""
        return Moments(
            self.questions + other.questions,
            self.rows + other.rows,
            max(self.largest, other.largest),
            self.rows_squared + other.rows_squared,
            self.loss.plus(other.loss),
            self.gap.plus(other.gap),
        )

    def upper_loss(self, error: float) -> float:
        """Return a limit that the mean loss exceeds with probability at most ``error``."""
        return self._limit(self.loss, 1.0, error)

    def upper_gap(self, error: float) -> float:
        """Return a limit that the mean gap exceeds with probability at most ``error``."""
        return self._limit(self.gap, 1.0, error)

    def lower_gap(self, error: float) -> float:
        """Return a limit that the mean gap falls below with probability at most ``error``."""
        return self._limit(self.gap, -1.0, error)

    def _limit(self, mean: Mean, end: float, error: float) -> float:
        """Find, between the mean and an end, the nearest value that the rows reject as the mean.

        If b is the true mean, a question's S - b n is 0 on average, and in the direction of the end
        it never exceeds ``largest * |end - b|``.
        """
        if not self.rows:
            return end
        side = 1.0 if end > 0.0 else -1.0
        goal = float(np.log(BETS.size / error))
        bets = np.minimum(np.sqrt(2.0 * goal / self.questions) * BETS, LARGEST_BET)
        factors = -np.log1p(-bets) - bets

        def is_outside(b: float) -> bool:
            unit = self.largest * abs(end - b)
            if unit == 0.0:
                return True
            first = side * (b * self.rows - mean.total) / unit
            second = mean.squares - 2.0 * b * mean.cross + b * b * self.rows_squared
            logs = bets * first - factors * max(second, 0.0) / unit**2
            top = float(logs.max())
            return top + float(np.log(np.exp(logs - top).sum())) >= goal

        inner, outer = mean.total / self.rows, end
        for _ in range(STEPS):
            middle = (inner + outer) / 2.0
            inner, outer = (inner, middle) if is_outside(middle) else (middle, outer)
        return outer


@dataclass(frozen=True)
class Usual:
    """Sums over the answers that a promise keeps, and over the others with a usable confidence."""

    kept: Moments
    left: Moments

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the file; `read_usual` reads them."""
        return asdict(self)


def usual_of(parts: Sequence[tuple[Tally | None, float]]) -> Usual:
    """Sum the rows of a promise.

    Parameters
    ----------
    parts : sequence of (Tally or None, float)
        For each group the answers with a usable confidence (mapped, if there is a map) and the cut.
        A cut of NaN keeps nothing.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> found = usual_of([(tally([1.0, 1.0, 0.5], [1, 0, 1]), 0.9)])
    >>> found.kept.rows, found.kept.loss.total, found.left.gap.total
    (2, 1.0, -0.5)
    """
    kept, left = Moments(), Moments()
    for tally, cut in parts:
        if tally is not None:
            is_kept = tally.values >= cut
            kept = kept.plus(_moments(tally, is_kept))
            left = left.plus(_moments(tally, ~is_kept))
    return Usual(kept, left)


def _moments(tally: Tally, is_asked: Any) -> Moments:
    if tally.clusters is None:
        value, right, wrong = np.arange(tally.values.size), tally.right, tally.wrong
    else:
        value, right, wrong = tally.clusters.value, tally.clusters.right, tally.clusters.wrong
    c = tally.values[value]
    asked = is_asked[value]
    rows = np.where(asked, right + wrong, 0)
    if not rows.sum():
        return Moments()
    loss = np.where(asked, right * (1.0 - c) ** 2 + wrong * c**2, 0.0)
    gap = np.where(asked, right * (c - 1.0) + wrong * c, 0.0)
    if tally.clusters is None:  # without clusters, each row is a separate question
        losses = np.where(asked, right * (1.0 - c) ** 4 + wrong * c**4, 0.0).sum()
        n, s, g = int(rows.sum()), float(loss.sum()), float(gap.sum())
        # (confidence - correct) squared is the loss.
        return Moments(n, n, 1, n, Mean(s, float(losses), s), Mean(g, s, g))
    n_of, loss_of, gap_of = (np.bincount(tally.clusters.cluster, x) for x in (rows, loss, gap))
    return Moments(
        int((n_of > 0).sum()),
        int(n_of.sum()),
        int(n_of.max()),
        int((n_of**2).sum()),
        *(
            Mean(float(x.sum()), float((x * x).sum()), float((x * n_of).sum()))
            for x in (loss_of, gap_of)
        ),
    )


def read_usual(data: Any) -> Usual | None:
    """Check the sums in a file; return None if the file has none.

    Raises
    ------
    UnfitError
        If a value is invalid; the message names it and the requirement.
    """
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise UnfitError(f"usual must be an object or null, got {quote(data)}")
    return Usual(
        *(
            _read_moments(take(data, name, is_object, "an object", "usual."), f"usual.{name}.")
            for name in ("kept", "left")
        )
    )


def _read_moments(data: Mapping[str, Any], where: str) -> Moments:
    names = ("questions", "rows", "largest", "rows_squared")
    n, rows, largest, squared = (take(data, name, is_count, "a count", where) for name in names)
    if not n <= rows <= squared <= rows * max(largest, 1) or bool(n) != bool(rows):
        raise UnfitError(f"{where}questions, rows, largest and rows_squared do not fit together")
    fits: Callable[[Any], bool] = _is_three
    loss, gap = (
        Mean(*map(float, take(data, name, fits, "three numbers", where)))
        for name in ("loss", "gap")
    )
    slack = 1e-9 * (rows + 1)
    if not -slack <= loss.total <= rows + slack or abs(gap.total) > rows + slack:
        raise UnfitError(f"{where}loss and gap do not fit {rows:,} rows")
    return Moments(n, rows, largest, squared, loss, gap)


def _is_three(value: Any) -> bool:
    return (
        is_list(value, 3) and len(value) == 3 and all(is_number(x) and abs(x) < 1e18 for x in value)
    )
