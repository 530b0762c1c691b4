"""Rows of the two models of a degradation, the questions they answer and the clusters they form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.counting import (
    FloatArray,
    as_confidence,
    check_cluster,
    check_confidence,
    check_correct,
)


class Answers(NamedTuple):
    """Rows of one model, each (n,); a row that is not parsed has confidence 0 and parsed 0."""

    confidence: FloatArray
    correct: FloatArray
    parsed: FloatArray

    def is_same(self, other: Answers) -> bool:
        """Return whether every row is the same, as for a run compared with itself."""
        return all(np.array_equal(x, y) for x, y in zip(self, other, strict=True))


class Groups(NamedTuple):
    """The group of each row, 0 to n - 1; `of_row` is None if every row is its own."""

    of_row: NDArray[np.intp] | None
    n: int

    def label(self, rows: int) -> NDArray[np.intp]:
        """Return the group of each row as a number."""
        return np.arange(rows) if self.of_row is None else self.of_row

    def shares(self) -> FloatArray:
        """Return the share of the rows in each group."""
        if self.of_row is None:
            return np.full(self.n, 1.0 / self.n)
        return np.bincount(self.of_row, minlength=self.n) / self.of_row.size

    def sum(self, of_rows: FloatArray) -> FloatArray:
        """Sum over the rows of each group."""
        if self.of_row is None:
            return of_rows
        return np.bincount(self.of_row, weights=of_rows, minlength=self.n).astype(np.float64)


class Items(NamedTuple):
    """The question and the cluster of each row."""

    questions: Groups
    clusters: Groups

    @property
    def effective(self) -> float:
        """Return the number of clusters of equal size that would carry as much information."""
        return float(1.0 / (self.clusters.shares() ** 2).sum())

    @property
    def freedom(self) -> float:
        """Return the degrees of freedom of a standard error, at least 1."""
        return max(self.effective - 1.0, 1.0)

    def share(self, of_rows: FloatArray, among: FloatArray) -> FloatArray:
        """Return, for each row, the mean over the ``among`` rows of its question; 0 if none."""
        of = self.questions
        total, count = of.sum(of_rows * among), of.sum(among)
        share = np.divide(total, count, out=np.zeros(of.n), where=count > 0)
        return share if of.of_row is None else share[of.of_row]

    def error(self, moves: FloatArray, extra: float = 0.0) -> float:
        """Return the standard error of a number whose rows have these moves.

        The factor 1 / (1 - share) corrects for each cluster's own influence on the mean.
        """
        sums, shares = self.clusters.sum(moves), self.clusters.shares()
        return float(np.sqrt((sums**2 / (1.0 - shares)).sum() + extra))


def read_answers(name: str, rows: tuple[ArrayLike, ArrayLike]) -> Answers:
    """Return the rows of a model, or raise ValueError if they are invalid."""
    if not isinstance(rows, (tuple, list)) or len(rows) != 2:
        raise ValueError(f"{name} must be a pair (confidence, correct), got {type(rows).__name__}")
    try:
        stated = np.asarray(as_confidence(rows[0]), dtype=np.float64)
        missing = np.isnan(stated)
        confidence = np.asarray(check_confidence(np.where(missing, 0.0, stated)), np.float64)
        correct = check_correct(rows[1], stated.size)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return Answers(confidence, correct.astype(np.float64), (~missing).astype(np.float64))


def read_items(question: ArrayLike | None, cluster: ArrayLike | None, n: int) -> Items:
    """Return the questions and clusters of n rows."""
    questions = _number("question", question, n)
    if cluster is None:
        name, clusters = "question", questions
    else:
        name, clusters = "cluster", _number("cluster", cluster, n)
        _check_whole(questions, clusters, n)
    if clusters.n < 2:
        raise ValueError(
            f"{name} must have at least 2 distinct labels, got {clusters.n}; limits need several"
        )
    return Items(questions, clusters)


def _number(name: str, ids: ArrayLike | None, n: int) -> Groups:
    if ids is None:
        return Groups(None, n)
    try:
        labels, of_row = np.unique(check_cluster(ids, n), return_inverse=True)
    except ValueError as error:
        raise ValueError(str(error).replace("cluster", name, 1)) from None
    return Groups(of_row, int(labels.size))


def _check_whole(questions: Groups, clusters: Groups, n: int) -> None:
    pairs = np.unique(np.stack([questions.label(n), clusters.label(n)]), axis=1)
    split = int((np.bincount(pairs[0]) > 1).sum())
    if split:
        raise ValueError(
            f"cluster must be the same for all rows of a question, and {split:,} questions have "
            "several; give the rows of a question one label"
        )
