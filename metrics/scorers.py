"""Score functions for scikit-learn's `make_scorer`, from labels and probabilities.

scikit-learn itself is not imported. A single column is the confidence that the positive class is
right; with several columns, the most probable class is the answer and its probability the
confidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.points.calibration import ece
from caopd_bench.metrics.points.proper_scores import brier
from caopd_bench.metrics.points.ranking import auroc
from caopd_bench.metrics.rows.classes import check_classes
from caopd_bench.metrics.rows.columns import as_numbers
from caopd_bench.metrics.rows.tally import Tally, tally

__all__ = ["auroc_score", "brier_score", "ece_score"]

#: Sets of labels in which 1 is the positive one, as in scikit-learn; a fold may contain only one.
_USUAL = ({0, 1}, {-1, 1}, {0}, {-1}, {1})


def ece_score(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    pos_label: Any = None,
    bins: int = 10,
) -> float:
    """Return the expected calibration error of a classifier (see :func:`ece`); lower is better.

    Parameters
    ----------
    y_true : array_like, shape (n,)
        Labels.
    y_prob : array_like, shape (n,) or (n, classes)
        Probability of the positive class, or of each class. In the latter case the most probable
        class is the answer and its probability the confidence.
    sample_weight : array_like, shape (n,), optional
        A row with weight 2 counts twice.
    labels : array_like, shape (classes,), optional
        Labels of the columns of ``y_prob``. Default: the distinct values of ``y_true``, ascending,
        if there are as many of them as columns.
    pos_label : optional
        The positive class, if there is one column. Default: 1 for the labels 0 and 1 or -1 and 1,
        otherwise the last of two labels. With labels such as 1 and 2 it (or ``labels``) is needed,
        because a fold with a single label does not show which one is positive.
    bins : int, default 10
        Number of bins of equal width.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If ``y_prob`` contains no probabilities, the shapes do not match, or the labels of the
        columns are ambiguous.

    Examples
    --------
    >>> from sklearn.metrics import make_scorer
    >>> scorer = make_scorer(ece_score, response_method="predict_proba", greater_is_better=False)
    >>> round(ece_score([0, 1, 1, 1], [0.1, 0.9, 0.9, 0.6]), 3)
    0.175
    >>> round(ece_score(["a", "b"], [[0.8, 0.2], [0.6, 0.4]]), 3)
    0.4
    """
    return ece(_tally(y_true, y_prob, sample_weight, labels, pos_label), bins=bins)


def brier_score(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    pos_label: Any = None,
) -> float:
    """Return the Brier score of a classifier (see :func:`brier`); lower is better.

    Parameters
    ----------
    y_true, y_prob, sample_weight, labels, pos_label
        As for :func:`ece_score`.

    Returns
    -------
    float
        In [0, 1]. With several classes, the score of the most probable class only;
        :func:`brier_classes` scores all of them.

    Raises
    ------
    ValueError
        As :func:`ece_score`.

    Examples
    --------
    >>> round(brier_score([0, 1, 1], [0.1, 0.9, 0.6], sample_weight=[1, 1, 2]), 3)
    0.085
    """
    return brier(_tally(y_true, y_prob, sample_weight, labels, pos_label))


def auroc_score(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    pos_label: Any = None,
) -> float:
    """Return the AUROC of a classifier's confidence (see :func:`auroc`); higher is better.

    Parameters
    ----------
    y_true, y_prob, sample_weight, labels, pos_label
        As for :func:`ece_score`.

    Returns
    -------
    float
        In [0, 1]; NaN if all rows belong to one class. With one column, how often a positive row
        has a higher probability than a negative one. With several, how often a right answer has a
        higher confidence than a wrong one, which is not scikit-learn's average over pairs of
        classes.

    Raises
    ------
    ValueError
        As :func:`ece_score`.

    Examples
    --------
    >>> auroc_score([0, 1, 1], [0.1, 0.9, 0.6])
    1.0
    """
    return float(auroc(_tally(y_true, y_prob, sample_weight, labels, pos_label)))


def _tally(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    sample_weight: ArrayLike | None,
    labels: ArrayLike | None,
    pos_label: Any,
) -> Tally:
    truth, p = _as_truth(y_true), as_numbers("y_prob", y_prob)
    if truth.ndim != 1 or p.ndim not in (1, 2) or p.shape[:1] != truth.shape:
        raise ValueError(
            f"y_true must have shape (n,) and y_prob (n,) or (n, classes), got {truth.shape} and "
            f"{p.shape}"
        )
    if p.ndim == 1:
        confidence, correct = p, truth == _positive(truth, labels, pos_label)
    else:
        rows = check_classes(p, _columns_of(truth, p.shape[1], labels))
        top = rows.probabilities.argmax(axis=1)
        confidence = rows.probabilities[np.arange(top.size), top]
        correct = top == rows.right
    if sample_weight is None:
        return tally(confidence, correct)
    weight = as_numbers("sample_weight", sample_weight)
    if weight.shape != truth.shape:
        raise ValueError(
            f"sample_weight must have one entry per row ({truth.size}), got shape {weight.shape}"
        )
    counts = weight != 0  # rows of weight 0 do not occur
    return tally(confidence[counts], correct[counts], weights=weight[counts])


def _as_truth(y_true: ArrayLike) -> NDArray[Any]:
    truth = np.asarray(y_true)
    is_missing = truth != truth  # only NaN differs from itself
    if truth.dtype.kind == "O":
        is_missing |= np.array([label is None for label in truth.flat]).reshape(truth.shape)
    if np.any(is_missing):
        raise ValueError(
            f"y_true must have a label in every row; row {int(np.argmax(is_missing))} has none: "
            "leave the row out"
        )
    try:
        np.unique(truth)
    except TypeError:
        raise ValueError("y_true must have labels of one type; use strings throughout") from None
    return truth


def _positive(truth: NDArray[Any], labels: ArrayLike | None, pos_label: Any) -> Any:
    """Return the label whose probability a single column contains."""
    known = np.unique(truth if labels is None else np.asarray(labels))
    if labels is not None and not np.isin(truth, known).all():
        unknown = truth[~np.isin(truth, known)].tolist()[0]
        raise ValueError(f"y_true contains {unknown!r}, which is not in labels; add it to labels=")
    if known.size > 2:
        raise ValueError(
            f"y_prob has one column but y_true has {known.size} labels; pass one column per label"
        )
    found = known.tolist()
    if pos_label is not None:
        # y_true of a fold may lack the positive label, but must not contain labels of another type.
        is_absent = not any(label == pos_label for label in found)
        is_fold = labels is None and len(found) == 1 and _is_number(pos_label) == _is_number(*found)
        if is_absent and not is_fold:
            raise ValueError(
                f"pos_label {pos_label!r} is not among the labels {found}; pass all in labels="
            )
        return pos_label
    if set(found) in _USUAL:
        return 1
    if labels is None and any(
        label in (-1, 0, 1) and (label == 1) != (label == found[-1]) for label in found
    ):
        raise ValueError(
            f"it is ambiguous which of the labels {found} y_prob refers to, because a fold may "
            "contain only one of them; pass pos_label= or labels="
        )
    if known.size < 2:
        raise ValueError(
            f"y_true has only the label {found[0]!r}, so it is ambiguous which label y_prob "
            "refers to; pass pos_label= or labels="
        )
    return known[-1]


def _is_number(label: Any) -> bool:
    return isinstance(label, (bool, int, float, np.number, np.bool_))


def _columns_of(truth: NDArray[Any], columns: int, labels: ArrayLike | None) -> NDArray[np.intp]:
    """Return the column of each label."""
    known = np.unique(truth) if labels is None else np.asarray(labels)
    if known.shape != (columns,):
        where = "y_true has" if labels is None else "labels= has"
        raise ValueError(
            f"{where} {known.size} labels but y_prob has {columns} columns; pass labels= with one "
            "label per column, in column order (a classifier's classes_)"
        )
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known[order], truth).clip(0, columns - 1)
    found = order[place]
    unknown = known[found] != truth
    if unknown.any():
        missing = truth[unknown].tolist()[0]
        raise ValueError(f"y_true contains {missing!r}, which is not in labels; add it to labels=")
    return np.asarray(found)
