"""Two models on the same items: rows matched, checked once and counted together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.limits.influences import Influence
from caopd_bench.metrics.rows.columns import as_labels
from caopd_bench.metrics.rows.counting import (
    FloatArray,
    canonical,
    check_cluster,
    check_confidence,
    check_correct,
)
from caopd_bench.metrics.rows.tally import Tally, tally

Rows = tuple[ArrayLike, ArrayLike]


class Pair(NamedTuple):
    """Joint counts of two models on the same rows, sorted so that row order has no effect.

    Entry j represents ``times[j]`` rows in which model a is in cell ``a_cell[j]`` of its tally and
    b in ``b_cell[j]`` of its own. Cell k is a right answer at value k, cell u + k a wrong one.
    """

    a: Tally
    b: Tally
    a_cell: NDArray[np.intp]
    b_cell: NDArray[np.intp]
    times: NDArray[np.int64]
    cluster: NDArray[np.intp] | None  # cluster of each entry, 0 to units - 1
    units: int  # number of clusters, or of rows

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.times.sum())

    def differences(self, of_a: Influence, of_b: Influence) -> FloatArray:
        """Return the influence on b minus that on a, for one row of each entry."""
        a, b = np.concatenate(of_a), np.concatenate(of_b)
        return np.asarray(b[self.b_cell] - a[self.a_cell])

    def units_with(self, kind: str, model: str) -> int:
        """Count the units in which model "a" or "b" has a "right" or a "wrong" answer."""
        t, cell = (self.a, self.a_cell) if model == "a" else (self.b, self.b_cell)
        right = cell < t.values.size
        of_kind = right if kind == "right" else ~right
        if self.cluster is None:
            return int(self.times[of_kind].sum())
        return int(np.unique(self.cluster[of_kind]).size)

    def unit_sums(self, of_row: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Sum over the rows of each unit; return the sums and the number of units with each."""
        if self.cluster is None:
            return of_row, self.times.astype(np.float64)
        sums: FloatArray = np.bincount(
            self.cluster, weights=self.times * of_row, minlength=self.units
        ).astype(np.float64)
        return sums, np.ones(self.units)


def pair(
    a: Rows,
    b: Rows,
    *,
    cluster: ArrayLike | None = None,
    item: tuple[ArrayLike, ArrayLike] | None = None,
) -> Pair:
    """Match and count the rows of two models; parameters and errors as for ``compare``.

    Examples
    --------
    >>> p = pair(([0.9, 0.9, 0.8], [1, 1, 0]), ([0.7, 0.7, 0.7], [1, 1, 1]))
    >>> p.n, p.a_cell.tolist(), p.b_cell.tolist(), p.times.tolist()
    (3, [1, 2], [0, 0], [2, 1])
    """
    (c_a, y_a), (c_b, y_b) = _checked("a", a), _checked("b", b)
    labels = None if cluster is None else check_cluster(cluster, c_a.size)
    if item is not None:
        match = _match(item, c_a.size, c_b.size)
        c_b, y_b = c_b[match], y_b[match]
    elif c_a.size != c_b.size:
        raise ValueError(
            f"b must have one row per row of a ({c_a.size}), got {c_b.size}; row i of both must "
            "be the same question, or pass item=(ids of a, ids of b)"
        )
    of_a, of_b = tally(c_a, y_a, cluster=labels), tally(c_b, y_b, cluster=labels)
    cell_a, cell_b = _cells(of_a, c_a, y_a), _cells(of_b, c_b, y_b)
    units = c_a.size
    unit = np.zeros(c_a.size, dtype=np.intp)
    if labels is not None:
        distinct, unit = np.unique(labels, return_inverse=True)
        units = int(distinct.size)
    order = np.lexsort((cell_b, cell_a, unit))
    columns = np.stack([unit, cell_a, cell_b])[:, order]
    new = np.append(True, (columns[:, 1:] != columns[:, :-1]).any(axis=0))
    start = np.flatnonzero(new)
    unit, cell_a, cell_b = columns[:, start]
    count = np.diff(start, append=c_a.size)
    return Pair(of_a, of_b, cell_a, cell_b, count, None if labels is None else unit, units)


def _checked(name: str, rows: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    if isinstance(rows, Tally):
        raise ValueError(
            f"{name} must be rows (confidence, correct), got a Tally; "
            "a tally does not keep the rows apart"
        )
    if not isinstance(rows, (tuple, list)) or len(rows) != 2:
        raise ValueError(f"{name} must be a pair (confidence, correct), got {type(rows).__name__}")
    try:
        confidence = check_confidence(rows[0])
        return confidence, check_correct(rows[1], confidence.size)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _cells(of: Tally, confidence: NDArray[Any], correct: NDArray[np.bool_]) -> NDArray[np.intp]:
    at = np.searchsorted(of.values, canonical(confidence))
    return np.asarray(np.where(correct, at, of.values.size + at))


def _match(item: tuple[ArrayLike, ArrayLike], n_a: int, n_b: int) -> NDArray[np.intp]:
    """Return, for each row of a, the row of b with the same item."""
    if not isinstance(item, (tuple, list)) or len(item) != 2:
        raise ValueError("item must be a pair (ids of a, ids of b), one id per row")
    ids = []
    for name, values, n in (("a", item[0], n_a), ("b", item[1], n_b)):
        of = as_labels("item", values, f"give each row of {name} an integer or string as its item")
        if of.shape != (n,):
            raise ValueError(
                f"item must have one integer or string per row of {name} ({n}), "
                f"got shape {of.shape}"
            )
        ids.append(of)
    if (ids[0].dtype.kind == "U") != (ids[1].dtype.kind == "U"):
        raise ValueError("item must be integers for both models or strings for both")
    orders = []
    for name, of in zip("ab", ids, strict=True):
        order = np.argsort(of, kind="stable")
        twice = np.flatnonzero(of[order][1:] == of[order][:-1])
        if twice.size:
            raise ValueError(
                f"item must be unique among the rows of {name}, got {of[order][twice[0]]!s} twice; "
                "add the sample number to the id of a question, and pass cluster"
            )
        orders.append(order)
    only_a, only_b = np.setdiff1d(ids[0], ids[1]), np.setdiff1d(ids[1], ids[0])
    if only_a.size or only_b.size:
        first = (only_a if only_a.size else only_b)[0]
        raise ValueError(
            f"item must be the same set for both models: {only_a.size} only in a, {only_b.size} "
            f"only in b, first {first!s}; compare the items they share, and report their number"
        )
    match = np.empty(n_a, dtype=np.intp)
    match[orders[0]] = orders[1]
    return match
