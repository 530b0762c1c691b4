"""Many binomial draws by inversion, with one table look-up per draw instead of a loop.

``Generator.binomial`` sets up its loop anew for each draw when the parameters change from draw to
draw, as they do along the values of a tally. The numbers drawn are the same: one uniform number
per draw, and the first count whose distribution function is not below it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.counting import FloatArray

__all__ = ["draw_binomial", "draw_binomial_of_counts"]

#: Largest mean of the rarer outcome for which NumPy draws by inversion. Above it NumPy uses
#: rejection sampling, which takes several uniform numbers per draw.
INVERTED = 30.0
#: Largest count drawn from tables, which have an entry for each count and share.
TABULATED = 10


def draw_binomial(
    rows: NDArray[np.int64], share: FloatArray, size: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw from Binomial(rows, share), both (u,), ``size`` times: (size, u).

    The result is that of ``rng.binomial(rows, share, size=(size, u))``.

    Examples
    --------
    >>> rows, share = np.array([3, 20]), np.array([0.9, 0.5])
    >>> ours = draw_binomial(rows, share, 5, np.random.default_rng(0))
    >>> bool((ours == np.random.default_rng(0).binomial(rows, share, size=(5, 2))).all())
    True
    """
    rare = np.minimum(share, 1.0 - share)
    if (rows * rare > INVERTED).any():
        return rng.binomial(rows, share, size=(size, rows.size))
    used = (rows > 0) & (share > 0.0)  # NumPy draws no number for the others
    if not used.all():
        drawn = np.zeros((size, rows.size), dtype=np.int64)
        drawn[:, used] = draw_binomial(rows[used], share[used], size, rng)
        return drawn
    uniform = rng.random((size, rows.size))
    above = np.zeros(uniform.shape, dtype=np.int8)
    for reached in _distribution(rows, rare):
        above += uniform > reached
    swapped = share > 0.5
    found = above * np.where(swapped, -1, 1)
    found += np.where(swapped, rows, 0)
    return np.asarray(found)


def draw_binomial_of_counts(
    count: NDArray[np.int64], share: FloatArray, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw once from Binomial(count, share), of counts (r, u) and shares (u,).

    The result is that of ``rng.binomial(count, share)``.

    Examples
    --------
    >>> count, share = np.array([[3, 0], [1, 2]]), np.array([0.9, 0.5])
    >>> ours = draw_binomial_of_counts(count, share, np.random.default_rng(0))
    >>> bool((ours == np.random.default_rng(0).binomial(count, share)).all())
    True
    """
    most = int(count.max(initial=0))
    if most > TABULATED:
        return rng.binomial(count, share)
    used = np.flatnonzero((count > 0) & (share > 0.0))
    n = count.ravel()[used]
    column = used % share.size
    uniform = rng.random(n.size)
    above = np.zeros(n.size, dtype=np.int64)
    rare = np.minimum(share, 1.0 - share)
    size = np.repeat(np.arange(most + 1), share.size)
    cell = n * share.size + column
    for reached in _distribution(size, np.tile(rare, most + 1)):
        above += uniform > reached[cell]
    drawn = np.zeros(count.size, dtype=np.int64)
    drawn[used] = np.where(share[column] > 0.5, n - above, above)
    return drawn.reshape(count.shape)


def _distribution(n: NDArray[np.int64], p: FloatArray) -> list[FloatArray]:
    """Return P(X <= k) of Binomial(n, p) for k = 0, 1, ..., summed as NumPy does, ending at 1."""
    q = 1.0 - p
    # Larger counts occur once in 1e20 draws.
    bound = np.minimum(n, n * p + 10.0 * np.sqrt(n * p * q + 1.0)).astype(np.int64)
    term = np.exp(n * np.log1p(-p))
    total, found = term, []
    for k in range(1, int(bound.max(initial=0)) + 1):
        found.append(np.where(k <= bound, total, 1.0))
        term = (n - k + 1) * p * term / (k * q)
        total = total + term
    return found
