"""Count the rows of a task or group; scoring needs nothing else, however many rows there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics import Tally
from caopd_bench.metrics.rows.counting import ClusterCounts

__all__ = ["STATUSES", "Counts", "Missing", "Status", "sort_groups", "tally_share"]

Status = Literal[
    "ok",
    "no_confidence",
    "bad_confidence",
    "no_answer",
    "abstained",
    "unfinished",
    "api_error",
]
STATUSES: tuple[Status, ...] = get_args(Status)
#: Treatment of unparsed confidences in set metrics: dropped, or 0 as in the official code.
Missing = Literal["drop", "zero"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Rows counted by status, outcome and stated confidence.

    Attributes
    ----------
    statuses : Mapping of str to int
        Number of rows of each status; an absent status did not occur.
    right : int
        Number of right answers among all rows.
    parsed : Tally or None
        The rows that state a usable confidence.
    filled : Tally
        All rows, with missing confidences counted as 0.
    in_clusters : Mapping of str to ndarray of int64, or None
        Number of rows of each status in each cluster of `filled`; an absent status did not occur.
        None if the rows are independent.
    """

    statuses: Mapping[Status, int]
    right: int
    parsed: Tally | None
    filled: Tally
    in_clusters: Mapping[Status, NDArray[np.int64]] | None = None

    @property
    def n(self) -> int:
        """Return the number of all rows."""
        return sum(self.statuses.values())

    @property
    def n_parsed(self) -> int:
        """Return the number of rows that state a usable confidence."""
        return self.statuses.get("ok", 0)

    def tally(self, missing: Missing = "drop") -> Tally | None:
        """Return the tally for the set metrics under a rule for missing confidences."""
        return self.filled if missing == "zero" else self.parsed

    def tally_status(self, status: Status) -> Tally:
        """Tally all rows, counting a status as right, so that its share is the tally's accuracy."""
        clusters = self.filled.clusters
        if clusters is None or self.in_clusters is None:
            hits = self.statuses.get(status, 0)
            return tally_share(np.array([hits]), np.array([self.n]), None)
        rows = np.bincount(clusters.cluster, clusters.right + clusters.wrong).astype(np.int64)
        hits_of = self.in_clusters.get(status, np.zeros_like(rows))
        return tally_share(hits_of, rows, clusters.labels)


def tally_share(
    hits: NDArray[np.int64], rows: NDArray[np.int64], labels: NDArray[np.generic] | None
) -> Tally:
    """Tally rows with hits as right, so that a share gets the interval of an accuracy.

    Parameters
    ----------
    hits, rows : ndarray of int64, shape (clusters,)
        Number of hits and of rows in each cluster.
    labels : ndarray, shape (clusters,), or None
        Labels of the clusters, ascending; None if the rows are independent.
    """
    right, wrong = (np.array([counts.sum()]) for counts in (hits, rows - hits))
    value = np.zeros(1)  # the stated confidence is irrelevant here
    if labels is None:
        return Tally(value, right, wrong)
    number = np.arange(labels.size)
    clusters = ClusterCounts(labels, number, np.zeros_like(number), hits.copy(), rows - hits)
    return Tally(value, right, wrong, clusters)


def sort_groups(groups: Mapping[object, T]) -> dict[object, T]:
    """Sort groups by value: numerically if all values are numbers, else as text."""
    is_number = all(isinstance(value, (int, float)) for value in groups)
    return dict(sorted(groups.items(), key=lambda item: item[0] if is_number else str(item[0])))  # type: ignore[arg-type,return-value]
