"""Counts: all that scoring needs of the rows of a task or group, whatever their number."""

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
#: What an unparsed confidence counts as in set metrics: left out, or 0 as in the official code.
Missing = Literal["drop", "zero"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Rows counted by status, outcome and stated confidence.

    Attributes
    ----------
    statuses : Mapping of str to int
        Rows of each status; one that is absent did not occur.
    right : int
        Right answers, of all rows.
    parsed : Tally or None
        The rows that state a usable confidence.
    filled : Tally
        All rows, a confidence that was not stated standing as 0.
    in_clusters : Mapping of str to ndarray of int64, or None
        Rows of each status in each cluster of `filled`; one that is absent did not occur. None
        where the rows are independent.
    """

    statuses: Mapping[Status, int]
    right: int
    parsed: Tally | None
    filled: Tally
    in_clusters: Mapping[Status, NDArray[np.int64]] | None = None

    @property
    def n(self) -> int:
        """All rows."""
        return sum(self.statuses.values())

    @property
    def n_parsed(self) -> int:
        """Rows that state a usable confidence."""
        return self.statuses.get("ok", 0)

    def tally(self, missing: Missing = "drop") -> Tally | None:
        """Return the rows of the set metrics under a rule for missing confidences."""
        return self.filled if missing == "zero" else self.parsed

    def tally_status(self, status: Status) -> Tally:
        """Tally all rows, right where they have this status: its accuracy is their share."""
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
    """Tally rows of which some are hits, so that the interval of a share is that of an accuracy.

    Parameters
    ----------
    hits, rows : ndarray of int64, shape (clusters,)
        Hits, and rows, in each cluster.
    labels : ndarray, shape (clusters,), or None
        Of the clusters, ascending; None if the rows are independent.
    """
    right, wrong = (np.array([counts.sum()]) for counts in (hits, rows - hits))
    value = np.zeros(1)  # what is stated plays no part
    if labels is None:
        return Tally(value, right, wrong)
    number = np.arange(labels.size)
    clusters = ClusterCounts(labels, number, np.zeros_like(number), hits.copy(), rows - hits)
    return Tally(value, right, wrong, clusters)


def sort_groups(groups: Mapping[object, T]) -> dict[object, T]:
    """Order groups by value: as numbers if all of them are, else as text."""
    is_number = all(isinstance(value, (int, float)) for value in groups)
    return dict(sorted(groups.items(), key=lambda item: item[0] if is_number else str(item[0])))  # type: ignore[arg-type,return-value]
