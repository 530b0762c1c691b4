"""How equal candidates fare in a gate, with the present items and with any other number of items.

Equal candidates are simulated from the reference's rows and measured like the gate's candidates.
With more items of the same kind, the distances of each estimate from its mean and of each limit
from its estimate shrink with the square root of their number. So each candidate has a smallest
number of items with which it would pass. No normal distribution is assumed, and the correlations
between the numbers of one candidate are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.core.process.progress import track
from caopd_bench.gates.decide import limited_cells
from caopd_bench.gates.planning.candidates import make_equal, stratify
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.places import Made, Place
from caopd_bench.metrics.rows.counting import FloatArray

__all__ = ["Draws", "draw_equal", "pass_from"]

#: If more than this share of the variance falls with the number of items, all of it is assumed to.
ALL = 0.9
LARGEST = 1e9  # more items than this count as never
STEPS = 60  # bisection steps


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Measured equal candidates of one size: a row per candidate, a column per gated number.

    Attributes
    ----------
    items : int
        Number of items of the reference.
    places : Sequence of Place
    given, limits : ndarray, (cells,)
        The policy's numbers, and the limits that `upper` must stay below: the margins, or 0 for a
        bar, since `worse_by` is then measured from the bar.
    worse_by, upper, error : ndarray, (draws, cells)
        Estimate, one-sided limit and standard error; NaN where a number could not be computed.
    reasons : Sequence of str
        Why a number could not be computed in some draw; empty if all draws have it.
    """

    items: int
    places: Sequence[Place]
    given: FloatArray
    limits: FloatArray
    worse_by: FloatArray
    upper: FloatArray
    error: FloatArray
    reasons: Sequence[str]

    @property
    def computed(self) -> NDArray[np.bool_]:
        """Numbers computed in every draw."""
        return np.asarray(np.isfinite(self.upper).all(axis=0))

    @property
    def passes(self) -> NDArray[np.bool_]:
        """Whether each number of each draw is within its limit; a missing number is not."""
        return np.asarray(self.upper < self.limits)

    def scale(self, noise: FloatArray) -> Draws:
        """Return the draws of a model with noise multiplied by a factor for each number."""
        return Draws(
            self.items,
            self.places,
            self.given,
            self.limits,
            self.worse_by * noise,
            self.upper * noise,
            self.error * noise,
            self.reasons,
        )


def draw_equal(pair: TaskPair, policy: Policy, draws: int, rng: np.random.Generator) -> Draws:
    """Simulate equal candidates and measure them.

    Parameters
    ----------
    pair : TaskPair
        Its base is the reference.
    policy : Policy
    draws : int
    rng : Generator

    Returns
    -------
    Draws
    """
    stratum = stratify(pair, policy.gated_key(pair.task))
    gated = policy.only_gated()
    made: dict[Place, Made] = {}
    reasons: dict[Place, str] = {}
    table = []
    for _ in track(range(draws), f"drawing equal models on {pair.task}", "candidates", draws):
        every = limited_cells([make_equal(pair, rng, stratum)], gated, only_limits=True)
        made = {place: one for place, one in every.items() if one.tier == "gate"}
        reasons |= {p: one.numbers.reason for p, one in made.items() if one.numbers.reason}
        numbers = [one.numbers for one in made.values()]
        table.append([(n.worse_by, n.upper, n.standard_error) for n in numbers])
    values = np.array(table, dtype=np.float64).reshape(draws, len(made), 3)
    return Draws(
        pair.items,
        list(made),
        np.array([one.limit for one in made.values()]),
        np.array([one.cell(place.rule).margin for place, one in made.items()]),
        values[:, :, 0],
        values[:, :, 1],
        values[:, :, 2],
        [reasons.get(place, "") for place in made],
    )


def pass_from(draws: Draws, wider: Draws) -> FloatArray:
    """Return the number of items from which on each number of each draw is within its limit.

    Parameters
    ----------
    draws : Draws
    wider : Draws
        Draws with four times as many items, which show how fast the limits of each number shrink.
        The limit of a rate without failures shrinks with the number of items, not with its square
        root.

    Returns
    -------
    ndarray, (draws, cells)
        Infinite where no number of items is enough: a bar that the reference itself exceeds, or a
        number that could not be computed.

    Examples
    --------
    A limit of .08 that consists of noise is below .04 with four times the items:

    >>> place = Place("t", None, "brier", "margin")
    >>> def made(items, by, upper):
    ...     one = np.array([[by]]), np.array([[upper]]), np.array([[upper - by]])
    ...     return Draws(items, [place], *[np.array([0.04])] * 2, *one, [""])
    >>> pass_from(made(100, 0.02, 0.08), made(400, 0.01, 0.04)).round()
    array([[400.]])
    """
    is_bar = np.array([place.rule != "margin" for place in draws.places])
    # For an equal model, the mean change is 0, and its distance from a bar is the reference's.
    centre = np.where(is_bar, draws.worse_by.mean(axis=0), 0.0)
    moved, reach = draws.worse_by - centre, draws.upper - draws.worse_by
    falls = _share_that_falls(reach, wider.upper - wider.worse_by)
    low, high = np.zeros_like(moved), np.full_like(moved, np.log(LARGEST))
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        fewer = draws.items / np.exp(middle)
        spread = np.sqrt(falls * fewer + (1.0 - falls) * fewer**2)
        is_within = centre + moved * np.sqrt(fewer) + reach * spread < draws.limits
        low, high = np.where(is_within, low, middle), np.where(is_within, middle, high)
    items = np.exp(high)
    return np.where(np.isfinite(draws.upper) & (items < LARGEST * 0.99), items, np.inf)


def _share_that_falls(reach: FloatArray, wider: FloatArray) -> FloatArray:
    """Return the share of a limit's variance that falls with the number of items.

    The rest falls with the square of that number.
    """
    first, second = (np.nan_to_num(np.abs(x).mean(axis=0)) for x in (reach, wider))
    ratio = np.divide(second, first, out=np.full_like(first, 0.5), where=first > 0.0)
    # With four times the items, 1/4 of one part of the variance remains, and 1/16 of the other.
    share = np.clip((ratio**2 - 1.0 / 16.0) / (1.0 / 4.0 - 1.0 / 16.0), 0.0, 1.0)
    return np.asarray(np.where(share > ALL, 1.0, share))
