"""Scores of probability vectors: one probability per class, or per option of a question.

All other metrics use one confidence per answer. If a model assigns a probability to each option,
its other probabilities can be wrong too. Labels and ranges of the two metrics are in
`CLASS_METRICS`; `bootstrap_classes` gives their intervals.
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
    """Description of a metric of probability vectors.

    Attributes
    ----------
    function : callable
        ``f(probabilities, right)`` -> float.
    label, meaning : str
        Label and explanation of its line in the table of ``caopd-bench score``.
    below : str
        The metric of the confidence below which that line is placed.
    range : tuple of float
    """

    function: Callable[..., float]
    label: str
    meaning: str
    below: str
    range: tuple[float, float]


def brier_classes(probabilities: ArrayLike | Any, right: ArrayLike) -> float:
    r"""Return the Brier score over all classes: squared errors summed per row, then averaged.

    Parameters
    ----------
    probabilities : array_like, shape (n, classes), or a sequence of n sequences
        A probability for each class; each row sums to 1. Rows may have different numbers of
        options.
    right : array_like of int, shape (n,)
        Index of the right class, from 0.

    Returns
    -------
    float
        In [0, 2], 0 is perfect. With two classes it is twice the :func:`brier` score of one.

    Raises
    ------
    ValueError
        If a row does not sum to 1, or contains a negative or missing number; if ``right``
        is not the index of a class.

    Notes
    -----
    .. math:: \frac1n \sum_i \sum_k (p_{ik} - y_{ik})^2

    Brier, Monthly Weather Review 78 (1950), with range 0 to 2. It is divided neither by two nor by
    the number of classes, like scikit-learn's ``brier_score_loss(..., scale_by_half=False)``. An
    uninformative row, 1 / K for each class, scores 1 - 1 / K.

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
        Number of bins of equal width, as for :func:`ece`; Kull et al. use 15.

    Returns
    -------
    float
        In [0, 1]. Above 0 even for a perfectly calibrated model, and more so the fewer rows
        a class has in a bin.

    Raises
    ------
    ValueError
        As :func:`brier_classes`; if ``bins`` is not a positive integer.

    Notes
    -----
    .. math:: \frac1K \sum_k \sum_b \frac{n_{bk}}{n} | \bar p_{bk} - \bar y_{bk} |

    where for class k the n rows are binned by :math:`p_{ik}`. Kull, Perello-Nieto, Kängsepp, Silva
    Filho, Song, Flach, NeurIPS 2019. If rows have different numbers of options, class k has the
    :math:`n_k` rows in which it occurs, and classes are weighted by :math:`n_k` instead of 1 / K.

    A class is a position in the vector. If the options of a question are letters, the metric
    shows whether the model prefers a letter, not whether it knows the answer.

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
    """Return the cell (class and bin) of each probability that is present, row by row."""
    place = np.nonzero(rows.present)[1]
    return place * bins + bin_index(rows.probabilities[rows.present], bins)


def class_gaps(rows: ClassRows) -> FloatArray:
    """Return probability minus outcome for each probability that is present, row by row."""
    return (rows.probabilities - rows.outcomes)[rows.present]


#: The metrics by name, in the order of the tables.
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
