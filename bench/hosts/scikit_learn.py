"""A scikit-learn classifier around a recalibration map (stated confidence to accuracy).

No other file here imports scikit-learn, so the package does not depend on it.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from caopd_bench.metrics import Recalibrator, recalibrate, tally
from caopd_bench.metrics.recalibration.recalibrate import Method

__all__ = ["ConfidenceCalibrator"]


class ConfidenceCalibrator(ClassifierMixin, BaseEstimator):
    """Predict from the stated confidence whether an answer is right.

    Parameters
    ----------
    method : {"isotonic", "beta", "platt", "temperature", "histogram", "constant"}
        Kind of map; see :func:`caopd_bench.metrics.recalibrate`.
    column : int, optional
        Column of X that holds the confidence. By default X must have exactly one column.
    outside : {"raise", "clip"}
        How to treat a value outside [0, 1]: raise an error, since it may be a percentage, or clip
        it to 0 or 1.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        The labels; the second one means that the answer is right.
    recalibrator_ : Recalibrator
        The fitted map; its ``to_dict`` returns data for strict JSON.
    n_features_in_ : int

    Notes
    -----
    scikit-learn's tests (``check_estimator``) fit estimators to arbitrary numbers in several
    columns. ``ConfidenceCalibrator(column=0, outside="clip")`` accepts such data and passes all
    tests. With the defaults it rejects them and declares so by its tag
    ``input_tags.two_d_array``, so the tests skip it.

    Examples
    --------
    >>> stated, right = [[1.0], [1.0], [1.0], [1.0], [0.5], [0.5]], [1, 1, 1, 0, 0, 0]
    >>> model = ConfidenceCalibrator().fit(stated, right)
    >>> model.predict_proba([[1.0], [0.6]]).tolist()
    [[0.25, 0.75], [0.85, 0.15]]
    >>> model.predict([[1.0], [0.6]]).tolist()
    [1, 0]
    """

    def __init__(
        self,
        method: Method = "isotonic",
        *,
        column: int | None = None,
        outside: Literal["raise", "clip"] = "raise",
    ) -> None:
        self.method = method
        self.column = column
        self.outside = outside

    @classmethod
    def from_recalibrator(cls, recalibrator: Recalibrator) -> ConfidenceCalibrator:
        """Return a fitted classifier that applies a fitted map to one column, with labels 0 and 1.

        Parameters
        ----------
        recalibrator : Recalibrator
            For example ``load_map("map.json").recalibrator``.

        Returns
        -------
        ConfidenceCalibrator
            Calling ``fit`` replaces the map: in a pipeline that is still to be fitted, wrap the
            classifier in a ``sklearn.frozen.FrozenEstimator``.
        """
        model = cls(recalibrator.method)
        model.classes_, model.n_features_in_ = np.array([0, 1]), 1
        model.recalibrator_ = recalibrator
        return model

    def fit(
        self,
        X: ArrayLike,  # noqa: N803 (scikit-learn's name)
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> ConfidenceCalibrator:
        """Fit the map to answers known to be right or wrong.

        Parameters
        ----------
        X : array_like, shape (n, 1), or (n, columns)
            Stated confidences in [0, 1], in the column selected by `column`.
        y : array_like, shape (n,)
            Two distinct labels, such as 0 and 1; the larger means that the answer was right.
        sample_weight : array_like, shape (n,), optional
            A row of weight 2 counts as two rows, and a row of weight 0 is ignored.

        Returns
        -------
        ConfidenceCalibrator
            The fitted classifier itself.

        Raises
        ------
        ValueError
            If a confidence or weight is invalid, or y does not have exactly two labels.
        """
        stated, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        kind = type_of_target(labels, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {kind}."
            )
        confidence = self._pick(stated)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, stated, ensure_non_negative=True)
            counts = weight > 0.0
            confidence, labels, weight = confidence[counts], labels[counts], weight[counts]
        classes, number = np.unique(labels, return_inverse=True)
        if classes.size != 2:
            raise ValueError(
                f"y must have two classes, wrong and right, got {classes.tolist()}: one class "
                "does not tell which it is"
            )
        self.recalibrator_ = recalibrate(
            tally(confidence, number == 1, weights=weight), method=self.method
        )
        self.classes_ = classes
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return the probability of each label, shape (n, 2); the second is the mapped confidence.

        Raises
        ------
        NotFittedError, ValueError
            If called before `fit`; if X holds a value that is not a confidence.
        """
        check_is_fitted(self)
        stated = validate_data(self, X, dtype=np.float64, reset=False)
        right = self.recalibrator_.apply(self._pick(stated))
        return np.column_stack([1.0 - right, right])

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the more probable label of each row, shape (n,); a tie goes to the first label."""
        chosen = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[chosen]
        return labels

    def _pick(self, stated: NDArray[np.float64]) -> NDArray[np.float64]:
        columns = stated.shape[1]
        if self.outside not in ("raise", "clip"):
            raise ValueError(f"outside must be 'raise' or 'clip', got {self.outside!r}")
        if self.column is None and columns != 1:
            raise ValueError(
                f"X must have one column, the stated confidence, got {columns}; name one by column="
            )
        place = 0 if self.column is None else self.column
        if not -columns <= place < columns:
            raise ValueError(f"column must be one of {columns} in X, got {place}")
        confidence = stated[:, place]
        return confidence.clip(0.0, 1.0) if self.outside == "clip" else confidence

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        # scikit-learn's tests pass arbitrary numbers in several columns, and only one is used.
        tags.classifier_tags.poor_score = True
        tags.input_tags.two_d_array = self.column is not None and self.outside == "clip"
        return tags
