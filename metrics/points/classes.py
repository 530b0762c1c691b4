"""Scores of whole vectors of probabilities: one for each class, or for each option of a question.

A confidence is one number for an answer, and every other metric here is of that. Where a model
gives a probability to each option, its other probabilities can be wrong too. What is known of
these two metrics stands in `CLASS_METRICS`; `bootstrap_classes` gives their intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.binning import bin_index, check_bins
from caopd_bench.metrics.rows.classes import ClassRows, check_classes
from caopd_bench.metrics.rows.counting import FloatArray

BINS = 10


class ClassMetric(NamedTuple):
    """What is known of a metric of vectors.

    Attributes
    ----------
    function : callable
        ``f(probabilities, right)`` -> float.
    label, meaning : str
        Of its line in the table of ``caopd-bench score``.
    below : str
        The metric of the confidence below which it stands there.
    range : tuple of float
    """

    function: Callable[..., float]
    label: str
    meaning: str
    below: str
    range: tuple[float, float]


def brier_classes(probabilities: ArrayLike | Any, right: ArrayLike) -> float:
    r"""Return the Brier score over all classes: squared errors of a row summed, then averaged.

    Parameters
    ----------
    probabilities : array_like, shape (n, classes), or a sequence of n sequences
        A probability for each class; each row adds up to 1. Rows may have unlike numbers of
        options.
    right : array_like of int, shape (n,)
        The place of the right class, from 0.

    Returns
    -------
    float
        In [0, 2], 0 is perfect. Of two classes it is twice :func:`brier` of one of them.

    Raises
    ------
    ValueError
        If a row does not add up to 1, or holds a number that is negative or missing; if ``right``
        is no place of a class.

    Notes
    -----
    .. math:: \frac1n \sum_i \sum_k (p_{ik} - y_{ik})^2

    Brier, Monthly Weather Review 78 (1950), whose range is 0 to 2. It is not divided by two, nor by
    the number of classes; scikit-learn's ``brier_score_loss(..., scale_by_half=False)`` is the
    same. A row that knows nothing, 1 / K everywhere, scores 1 - 1 / K.

    Examples
    --------
    >>> round(brier_classes([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]], [0, 2]), 3)
    0.5
    >>> brier_classes([[0.5, 0.5], [0.25] * 4], [0, 0])  # questions with 2 and with 4 options
    0.625
    """
    return float(brier_losses(check_classes(probabilities, right)).mean())


def classwise_ece(probabilities: ArrayLike | Any, right: ArrayLike, *, bins: int = BINS) -> float:
    r"""Return the class-wise ECE: the calibration error of each class's probability, averaged.

    Parameters
    ----------
    probabilities, right
        As for :func:`brier_classes`.
    bins : int, default 10
        Of equal width, as those of :func:`ece`; Kull et al. use 15.

    Returns
    -------
    float
        In [0, 1]. Above 0 even for a perfectly calibrated model, and the more so the fewer rows
        a class has in a bin.

    Raises
    ------
    ValueError
        As :func:`brier_classes`; if ``bins`` is no positive integer.

    Notes
    -----
    .. math:: \frac1K \sum_k \sum_b \frac{n_{bk}}{n} | \bar p_{bk} - \bar y_{bk} |

    with the n rows of class k put into bins by :math:`p_{ik}`. Kull, Perello-Nieto, Kängsepp, Silva
    Filho, Song, Flach, NeurIPS 2019. Where rows have unlike numbers of options, class k has the
    :math:`n_k` rows in which it is present, and classes weigh by :math:`n_k` in place of 1 / K.

    A class is a place in the vector. For a question with options these are the letters: what is
    seen is whether the model prefers a letter, and not whether it knows the answer.

    Examples
    --------
    >>> probabilities = [[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]]
    >>> round(classwise_ece(probabilities, [0, 0, 1, 1]), 3)
    0.2
    """
    check_bins(bins, "exact")
    rows = check_classes(probabilities, right)
    gaps = np.bincount(cell_of(rows, bins), weights=class_gaps(rows))
    return float(np.abs(gaps).sum() / rows.present.sum())


def brier_losses(rows: ClassRows) -> FloatArray:
    """Return the loss of each row."""
    return np.asarray(((rows.probabilities - rows.outcomes) ** 2).sum(axis=1))


def cell_of(rows: ClassRows, bins: int) -> NDArray[np.int64]:
    """Return the cell, class by bin, of each probability that is there, row by row."""
    place = np.nonzero(rows.present)[1]
    return place * bins + bin_index(rows.probabilities[rows.present], bins)


def class_gaps(rows: ClassRows) -> FloatArray:
    """Return probability minus outcome of each probability that is there, row by row."""
    return (rows.probabilities - rows.outcomes)[rows.present]


#: By name, in the order of tables.
CLASS_METRICS = {
    "brier_classes": ClassMetric(
        brier_classes,
        "  over all options",
        "squared errors of all options of a question, summed: 0 to 2",
        "brier",
        (0.0, 2.0),
    ),
    "classwise_ece": ClassMetric(
        classwise_ece,
        "  by option",
        "ECE of the probability of each option, chosen or not",
        "ece",
        (0.0, 1.0),
    ),
}
