r"""The success rate that a stated confidence is trained toward.

CaOPD's target is the share of right answers among K rollouts of the student itself
(arXiv 2604.16830, eq. 6): :math:`\hat\mu(x) = \frac1K \sum_k R(x, a_k)`. Rollouts that are not
*usable* (unfinished, or without a readable confidence) are excluded: calibration is scored on the
answers that state a confidence, so the target is the success rate of those.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["ESTIMATES", "agreement_rates", "success_rates"]

ESTIMATES = ("plain", "leave_one_out", "beta", "level")

Floats = npt.NDArray[np.float64]


def success_rates(
    correct: npt.ArrayLike,
    usable: npt.ArrayLike,
    *,
    estimate: str = "plain",
    prior: tuple[float, float] = (1.0, 1.0),
    toward: npt.ArrayLike | None = None,
    shrink: float = 4.0,
) -> Floats:
    r"""Estimate, for every rollout, the probability that its question is answered right.

    Parameters
    ----------
    correct : array_like of shape (questions, k)
        1 for a right answer, 0 for a wrong one.
    usable : array_like of shape (questions, k)
        Marks the rollouts that count and get a target.
    estimate : str
        ``"plain"``: s / m, with s right ones among m usable ones. ``"leave_one_out"``: the same
        without the rollout's own answer, (s - r) / (m - 1): a rollout then does not vouch for
        itself. ``"beta"``: (s + a) / (m + a + b), the mean of the posterior under a Beta(a, b)
        prior. ``"level"``: the same with the prior Beta(w p, w (1 - p)), (s + w p) / (m + w): the
        rate is shrunk toward p.
    prior : (float, float)
        a and b, for ``"beta"``; (1, 1) is Laplace's rule.
    toward : array_like of shape (questions,), optional
        p of each question, for ``"level"``; where it is NaN or not given, the rate is plain.
    shrink : float
        w, for ``"level"``: the number of rollouts that p counts as.

    Returns
    -------
    ndarray of shape (questions, k)
        NaN for rollouts without a target: unusable ones, and with ``"leave_one_out"`` the only
        usable one of its question.

    Examples
    --------
    >>> success_rates([[1, 1, 0, 0]], [[1, 1, 1, 0]])
    array([[0.66666667, 0.66666667, 0.66666667,        nan]])
    >>> success_rates([[1, 1, 0, 0]], [[1, 1, 1, 0]], estimate="leave_one_out")
    array([[0.5, 0.5, 1. , nan]])
    >>> success_rates([[1, 1, 1, 1]], [[1, 1, 1, 1]], estimate="level", toward=[0.5], shrink=4)
    array([[0.75, 0.75, 0.75, 0.75]])
    """
    right, counts = _check(correct, usable)
    wins = (right * counts).sum(1, keepdims=True)
    total = counts.sum(1, keepdims=True)
    if estimate == "leave_one_out":
        wins, total = wins - right, total - 1
    elif estimate == "beta":
        a, b = prior
        if not (a > 0 and b > 0):
            raise ValueError(f"prior: both numbers must be above 0, got {prior}")
        wins, total = wins + a, total + a + b
    elif estimate == "level":
        wins, total = _shrink(wins, total, toward, shrink)
    elif estimate != "plain":
        raise ValueError(f"estimate must be one of {', '.join(ESTIMATES)}, got {estimate!r}")
    return _divide(wins, total, counts)


def agreement_rates(groups: Sequence[Sequence[int | None]], usable: npt.ArrayLike) -> Floats:
    """Estimate success without a verifier: the share of a question's commonest answer.

    Parameters
    ----------
    groups : sequence of sequences of int or None
        For each question, which of its rollouts gave the same answer (`tasks.group_answers`).
    usable : array_like of shape (questions, k)
        Marks the rollouts that count and get a target.

    Returns
    -------
    ndarray of shape (questions, k)
        NaN for rollouts without a target.

    Examples
    --------
    >>> agreement_rates([[0, 0, 1, None]], [[1, 1, 1, 0]])
    array([[0.66666667, 0.66666667, 0.66666667,        nan]])
    """
    counts = np.asarray(usable, dtype=np.float64)
    commonest = np.zeros(len(counts))
    for row, (numbers, flags) in enumerate(zip(groups, counts, strict=True)):
        voted = [n for n, flag in zip(numbers, flags, strict=True) if flag and n is not None]
        commonest[row] = max((voted.count(n) for n in set(voted)), default=0)
    total = counts.sum(1, keepdims=True)
    return _divide(commonest[:, None], total, counts)


def _shrink(
    wins: Floats, total: Floats, toward: npt.ArrayLike | None, shrink: float
) -> tuple[Floats, Floats]:
    """Add `shrink` pseudo-rollouts to each question, with the share `toward` right."""
    if not shrink > 0:
        raise ValueError(f"shrink must be above 0, got {shrink}")
    if toward is None:
        return wins, total
    means = np.asarray(toward, dtype=np.float64).reshape(-1, 1)
    if means.shape != wins.shape:
        raise ValueError(f"toward must have one rate for each of {len(wins)} questions")
    if not ((means >= 0) & (means <= 1) | np.isnan(means)).all():
        raise ValueError("toward must hold only rates from 0 to 1, or NaN")
    weight = np.where(np.isnan(means), 0.0, shrink)
    return wins + weight * np.nan_to_num(means), total + weight


def _check(correct: npt.ArrayLike, usable: npt.ArrayLike) -> tuple[Floats, Floats]:
    right = np.asarray(correct, dtype=np.float64)
    counts = np.asarray(usable, dtype=np.float64)
    if right.ndim != 2 or right.shape != counts.shape:
        raise ValueError(
            f"correct and usable must both have the shape (questions, k), got {right.shape} and "
            f"{counts.shape}"
        )
    for name, values in (("correct", right), ("usable", counts)):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"{name} must hold only 0 and 1")
    return right, counts


def _divide(numerator: Floats, denominator: Floats, counts: Floats) -> Floats:
    rates: Floats = np.full(counts.shape, np.nan)
    np.divide(numerator, denominator, out=rates, where=(counts > 0) & (denominator > 0))
    return rates
