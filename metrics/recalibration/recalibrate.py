"""Recalibration: a map from stated confidence to observed accuracy, fitted on one set of answers.

A method that trains calibration should be compared with the base model plus isotonic recalibration.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, cast, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.recalibration.parametric import COEFFICIENTS, fit_logistic, logistic
from caopd_bench.metrics.recalibration.steps import (
    check_parameters,
    constant,
    fit_constant,
    fit_histogram,
    fit_isotonic,
    histogram,
    isotonic,
)
from caopd_bench.metrics.rows.binning import check_bins
from caopd_bench.metrics.rows.columns import as_numbers
from caopd_bench.metrics.rows.counting import (
    ClusterCounts,
    FloatArray,
    canonical,
    check_confidence,
    merge_clusters,
)
from caopd_bench.metrics.rows.tally import Tally, as_tally

Method = Literal["constant", "temperature", "platt", "beta", "isotonic", "histogram"]
VERSION = 1
LARGEST = sys.float_info.max  # limit on numbers in a file, since JSON integers may exceed any float


class _Kind(NamedTuple):
    """A method: its fit to counts, its map of values, and the names of its parameters."""

    fit: Callable[..., dict[str, Any]]
    map: Callable[[Mapping[str, Any], FloatArray], FloatArray]
    names: tuple[str, ...]


def _logistic(method: str) -> _Kind:
    names = (*COEFFICIENTS[method], "at_zero", "at_one")
    return _Kind(partial(fit_logistic, method), partial(logistic, method), names)


_KINDS: dict[str, _Kind] = {
    "constant": _Kind(fit_constant, constant, ("probability",)),
    "temperature": _logistic("temperature"),
    "platt": _logistic("platt"),
    "beta": _logistic("beta"),
    "isotonic": _Kind(fit_isotonic, isotonic, ("values", "probabilities")),
    "histogram": _Kind(fit_histogram, histogram, ("probabilities",)),
}


@dataclass(frozen=True, repr=False)
class Recalibrator:
    """A fitted map of confidences; build it with :func:`recalibrate`. Immutable and comparable.

    Attributes
    ----------
    method : str
        The method of the fit.
    n : int or float
        Rows (or total weight) it was fitted to.

    Examples
    --------
    >>> r = recalibrate([0.9, 0.9, 0.9, 0.9, 0.5, 0.5], [1, 1, 1, 0, 1, 0], method="isotonic")
    >>> r
    Recalibrator(isotonic, n=6, 0.5 -> 0.5, 0.9 -> 0.75)
    >>> r.apply([0.2, 0.5, 0.7, 1.0]).tolist()
    [0.5, 0.5, 0.625, 0.75]
    >>> Recalibrator.from_dict(r.to_dict()) == r
    True
    """

    method: Method
    n: int | float
    _parameters: tuple[tuple[str, Any], ...]

    @property
    def parameters(self) -> dict[str, Any]:
        """Return a copy of the fitted parameters by name: floats, or tuples of floats."""
        return dict(self._parameters)

    @overload
    def apply(self, confidence: Tally) -> Tally: ...
    @overload
    def apply(self, confidence: ArrayLike) -> FloatArray: ...
    def apply(self, confidence: ArrayLike | Tally) -> FloatArray | Tally:
        """Return the recalibrated confidences, of this set of answers or of another one.

        Parameters
        ----------
        confidence : array_like of any shape, or Tally
            Stated confidences in [0, 1].

        Returns
        -------
        ndarray of float64, or Tally
            For an array, an array of the same shape. For a tally, the tally of the recalibrated
            rows: values that become equal are merged; clusters and weights are kept.

        Raises
        ------
        ValueError
            For invalid confidences, as :func:`tally`. An empty array is valid.

        Examples
        --------
        >>> from caopd_bench.metrics import tally
        >>> r = recalibrate([0.9] * 4, [1, 1, 1, 0], method="constant")
        >>> other = tally([0.8, 0.6, 0.6], [1, 1, 0]); other
        Tally(n=3, n_right=2, distinct=2)
        >>> r.apply(other)
        Tally(n=3, n_right=2, distinct=1)
        """
        if isinstance(confidence, Tally):
            values, c = self.map_values(confidence.values), confidence.clusters
            if c is None:
                return merged_tally(values, confidence.right, confidence.wrong)
            return merged_tally(values[c.value], c.right, c.wrong, c)
        stated = as_numbers("confidence", confidence)
        if stated.size == 0:
            return np.zeros(stated.shape)
        mapped = self.map_values(canonical(check_confidence(stated.ravel())))
        return np.asarray(mapped.reshape(stated.shape))

    def map_values(self, values: FloatArray) -> FloatArray:
        """Map the values (u,) of a tally, which are valid already."""
        # Rounded like the values of a tally, so that tallying first or recalibrating first agree.
        return canonical(_KINDS[self.method].map(self.parameters, values))

    def to_dict(self) -> dict[str, Any]:
        """Return strict JSON data: ``version``, ``method``, ``n`` and ``parameters``."""
        parameters = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self._parameters
        }
        return {"version": VERSION, "method": self.method, "n": self.n, "parameters": parameters}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recalibrator:
        """Return the recalibrator that :meth:`to_dict` stored.

        Raises
        ------
        ValueError
            If the version, the method or a parameter is none that :meth:`to_dict` writes.
        """
        if data.get("version") != VERSION:
            raise ValueError(f"version must be {VERSION}, got {data.get('version')!r}; fit it anew")
        method = check_method(data.get("method"))
        n, given = data.get("n"), data.get("parameters")
        if isinstance(n, bool) or not isinstance(n, (int, float)) or not 0 < n <= LARGEST:
            raise ValueError(f"n must be a positive number, got {n!r}")
        names = _KINDS[method].names
        if not isinstance(given, Mapping) or set(given) != set(names):
            raise ValueError(f"parameters of {method} must be {', '.join(names)}; got {given!r}")
        return cls(method, n, check_parameters({name: given[name] for name in names}))

    def __repr__(self) -> str:
        p = self.parameters
        if self.method == "isotonic":
            steps = [f"{c:.4g} -> {q:.4g}" for c, q in zip(*p.values(), strict=True)]
            shown = steps if len(steps) <= 4 else [*steps[:2], "...", *steps[-2:]]
        elif self.method == "histogram":
            shown = [f"probabilities=[{', '.join(f'{q:.3g}' for q in p['probabilities'])}]"]
        else:
            shown = [f"{name}={value:.4g}" for name, value in p.items()]
        return f"Recalibrator({self.method}, n={self.n:g}, {', '.join(shown)})"


def recalibrate(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    method: Method,
    bins: int = 10,
) -> Recalibrator:
    r"""Fit a map from stated confidence to the probability of a right answer.

    Parameters
    ----------
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or a tally in place of both arguments. A weight counts as a
        number of rows: scale the weights to sum to the number of rows.
    correct : array_like, shape (n,), optional
        0/1 or bool.
    method : {"constant", "temperature", "platt", "beta", "isotonic", "histogram"}
        The family of maps, see Notes.
    bins : int, default 10
        Bins of equal width, for ``method="histogram"`` only.

    Returns
    -------
    Recalibrator
        Call its ``apply`` on another set. On the rows of the fit the result is too optimistic; use
        :func:`cross_recalibrate` for them.

    Raises
    ------
    ValueError
        If the input is invalid or empty (see :func:`tally`), or the method is unknown.

    Notes
    -----
    With c the stated confidence, f(c) the recalibrated one, logit p = ln(p / (1 - p)):

    - constant: the accuracy.
    - temperature: logit f = s logit c. The temperature is 1 / s (Guo et al., ICML 2017).
    - platt: logit f = s logit c + t (Platt 1999; on log-odds: Cox 1958).
    - beta: logit f = a ln c - b ln(1 - c) + t (Kull, Silva Filho, Flach, AISTATS 2017).
    - isotonic: the increasing f with the least Brier score, by pool-adjacent-violators.
    - histogram: the accuracy of the bin (Zadrozny, Elkan, ICML 2001).

    The three logistic methods minimise the log score. Their slopes s, a, b are at least 0:
    confidence that ranks the wrong way round gets slope 0, a constant (for temperature: 0.5). 0 and
    1, which have no finite logit, each get the probability (right + 1/2) / (n + 1) of their own
    rows, unless f would then decrease; in that case they are treated as the next value. f stays
    between these two. One pseudo-row of a calibrated model keeps every fit finite; it moves the
    coefficients by order 1/n. f stays at least 2e-12 away from 0 and 1, slightly more than a tally
    resolves.

    Constant, isotonic and histogram have no pseudo-row: they return 0 or 1 where all rows of a step
    were wrong or right, and a single refuted one on another set makes the log score infinite. No
    method extrapolates: beyond the lowest and highest confidence of the fit every map is constant.
    docs/metrics/recalibration.md compares them out of sample.

    Examples
    --------
    >>> c, y = [1.0] * 80 + [0.9] * 10 + [0.6] * 10, [1] * 60 + [0] * 20 + [1, 0] * 5 + [0] * 10
    >>> r = recalibrate(c, y, method="platt")
    >>> r
    Recalibrator(platt, n=100, slope=1.831, intercept=-4.022, at_zero=0.0363, at_one=0.7469)
    >>> r.apply([0.6, 0.9, 1.0]).round(3).tolist()
    [0.036, 0.501, 0.747]
    """
    check_method(method)
    check_bins(bins, "exact")
    t = as_tally(confidence, correct)
    options = {"bins": bins} if method == "histogram" else {}
    return Recalibrator(method, t.n, tuple(_KINDS[method].fit(*t.cells, **options).items()))


def merged_tally(
    at: FloatArray, right: NDArray[Any], wrong: NDArray[Any], clusters: ClusterCounts | None = None
) -> Tally:
    """Return the tally of counts (k,) at values (k,) that may repeat, in any order.

    With ``clusters``, the counts are its entries; only its labels and their clusters are used.
    """
    values, index = np.unique(at, return_inverse=True)
    at_right, at_wrong = (np.zeros(values.size, right.dtype) for _ in range(2))
    np.add.at(at_right, index, right)
    np.add.at(at_wrong, index, wrong)
    if clusters is None:
        return Tally(values, at_right, at_wrong)
    entries = merge_clusters(clusters.labels, clusters.cluster, index, right, wrong, values.size)
    return Tally(values, at_right, at_wrong, entries)


def check_method(method: Any) -> Method:
    """Return the method, or raise ValueError if the name is unknown."""
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}; got {method!r}")
    return cast(Method, method)
