"""Gaps between confidence and accuracy per bin for rows in clusters, such as K samples each.

Rows of a cluster are similar in two ways: they tend to be in the same bins, and to be right
together. The first is observed directly. The second is a correlation for each pair of bins, which
is shrunk towards the correlation over all rows where few clusters are informative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.intervals.ece.gaps import BinGaps, bin_means
from caopd_bench.metrics.rows.counting import ClusterCounts, FloatArray
from caopd_bench.metrics.rows.tally import Tally

PRIOR_CLUSTERS = 20.0  # weight of the common correlation in each pair of bins, in clusters


@dataclass(frozen=True, eq=False)
class ClusteredGaps(BinGaps):
    """Non-empty bins of clustered rows.

    Attributes
    ----------
    clusters : float
        Effective number of clusters, (sum of rows)^2 / sum of squared rows.
    membership : ndarray, shape (J, J)
        Covariance of the shares of rows in the bins.
    alike : ndarray, shape (J, J)
        Covariance of the sums of right answers, in units of the binomial deviations of a row.
    stretch : float
        Factor on the drawn deviations: Student's quantile over the normal one.
    """

    clusters: float
    membership: FloatArray
    alike: FloatArray
    stretch: float = 1.0

    @classmethod
    def of_clusters(
        cls, tally: Tally, clusters: ClusterCounts, index: NDArray[np.intp], alpha: float
    ) -> ClusteredGaps:
        """Return the gaps of a clustered tally, given the bin ``index`` (u,) of each value."""
        means = bin_means(tally, index)
        plain = BinGaps(*means)
        rows, sums, squares = _sums_by_cluster(tally, clusters, index, plain)
        n = plain.count.sum()
        size = np.asarray(rows.sum(axis=1)).ravel()
        effective = float(n**2 / (size**2).sum())
        # The spread of clusters about their mean is too small by one part in their number.
        factor = 1.0 / (1.0 - 1.0 / effective) if effective > 1.0 else 0.0
        both = (rows.T @ rows).toarray()
        with_size = np.asarray(rows.T @ size).ravel()
        membership = (
            both
            - np.outer(with_size, plain.weight)
            - np.outer(plain.weight, with_size)
            + (size**2).sum() * np.outer(plain.weight, plain.weight)
        )
        pairs = both - np.diag(plain.count)
        rho = _correlations(plain, rows, sums, squares, both, pairs)
        alike = _positive(np.diag(plain.count) + rho * pairs)
        return cls(*means, effective, factor * membership / n**2, alike, _stretch(effective, alpha))

    @property
    def variance(self) -> FloatArray:
        """Return the variance of each term."""
        return np.maximum(np.diag(self.covariance(self.mean)), 1e-300)

    @property
    def standard_error(self) -> float:
        """Return the standard error of the plug-in ECE with the signs of the gaps held fixed."""
        sign = np.sign(self.mean)
        return float(np.sqrt(max(float(sign @ self.covariance(self.mean) @ sign), 0.0)))

    @property
    def share_deviation(self) -> FloatArray:
        """Return the standard deviation of ``weight``."""
        return np.sqrt(np.maximum(np.diag(self.membership), 0.0))

    def covariance(self, mean: FloatArray) -> FloatArray:
        """Covariance of the terms if the true ones are ``mean``: of (..., J), (..., J, J)."""
        gap = mean / np.sqrt(self.weight * self.share_at(mean))
        s = np.sqrt(self.binomial_variance(self.accuracy_at(mean)))
        return np.asarray(
            gap[..., None] * gap[..., None, :] * self.membership
            + s[..., None] * s[..., None, :] * self.alike / self.n**2
        )

    def root(self, mean: FloatArray) -> FloatArray:
        """Return the symmetric root of the covariance, stretched by Student's quantile."""
        values, vectors = np.linalg.eigh(self.covariance(mean))
        stretched = self.stretch * np.sqrt(np.maximum(values, 0.0))
        return np.asarray((vectors * stretched[..., None, :]) @ vectors.swapaxes(-1, -2))


def _sums_by_cluster(
    tally: Tally, clusters: ClusterCounts, index: NDArray[np.intp], plain: BinGaps
) -> tuple[Any, Any, Any]:
    """Return rows, sums of the residual and sums of its square, sparse (G, J)."""
    from scipy.sparse import csr_matrix

    used = np.flatnonzero(np.diff(index, prepend=-1))
    bin_of = np.searchsorted(index[used], index)  # 0 to J - 1, empty bins left out
    column = bin_of[clusters.value]
    gap = plain.confidence - plain.accuracy
    c = tally.values[clusters.value] - gap[column]
    shape = clusters.labels.size, plain.count.size

    def matrix(cells: NDArray[Any]) -> Any:
        return csr_matrix((cells, (clusters.cluster, column)), shape=shape)

    rows = clusters.right + clusters.wrong
    return (
        matrix(rows.astype(np.float64)),
        matrix(clusters.right * (c - 1.0) + clusters.wrong * c),
        matrix(clusters.right * (c - 1.0) ** 2 + clusters.wrong * c**2),
    )


def _correlations(
    plain: BinGaps, rows: Any, sums: Any, squares: Any, both: FloatArray, pairs: FloatArray
) -> FloatArray:
    """Estimate the correlation of two rows of a cluster for each pair of bins, shape (J, J)."""
    s = np.sqrt(plain.binomial_variance(plain.accuracy))
    products = (sums.T @ sums).toarray() - np.diag(np.asarray(squares.sum(axis=0)).ravel())
    # Residuals are differences from the mean of their bin. This removes 1 / count of the variance
    # of independent rows, and part of the common variance of the largest clusters in the bin.
    common = np.sqrt(np.maximum(1.0 - np.diag(both) / plain.count**2, 0.0))
    kept = np.outer(common, common)
    own = np.diag(1.0 / plain.count)
    information = pairs * (kept + own)
    found = products / np.outer(s, s) + pairs * own
    total = information.sum()
    overall = float(np.clip(found.sum() / total, 0.0, 1.0)) if total > 0.0 else 0.0
    shared, own_pairs = rows.multiply(rows), rows.multiply(rows) - rows
    square = (shared.T @ shared).toarray()
    np.fill_diagonal(square, np.asarray(own_pairs.multiply(own_pairs).sum(axis=0)).ravel())
    # Effective number of clusters with pairs of rows in these two bins.
    informing = pairs**2 / np.maximum(square, 1.0)
    weight = informing / (informing + PRIOR_CLUSTERS)
    own_rho = np.divide(found, information, out=np.zeros_like(found), where=information > 0.0)
    return np.asarray(np.clip(weight * own_rho + (1.0 - weight) * overall, -1.0, 1.0))


def _positive(matrix: FloatArray) -> FloatArray:
    """Return the nearest positive semi-definite matrix with at least independent variances."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _stretch(clusters: float, alpha: float) -> float:
    from scipy.special import ndtri, stdtrit

    if clusters <= 2.0:
        return float("nan")
    return float(stdtrit(clusters - 1.0, 1.0 - alpha / 2.0) / ndtri(1.0 - alpha / 2.0))
