"""Sort many rows by confidence, in a time that depends little on the processor.

NumPy sorts a million 64-bit numbers in 10 ms where its vector code is fast, and in 50 ms where it
is not (AVX-512 on AMD Zen 4) or is missing. Confidences lie in [0, 1], so most of the work can be a
pass of counting: rows go to 65,536 slices of equal width first, and few are left in each. That
takes 30 ms everywhere. Which of the two is faster here is tried once; the result is the same.
"""

from __future__ import annotations

from functools import cache
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

FEW = 1 << 15  # rows for which a plain sort is as fast
SLICES = (1 << 16) - 1  # NumPy sorts 16-bit integers by counting, in linear time
WIDEST = 512  # rows in a slice up to which sorting short pieces pays


def sort_by_confidence(
    keys: NDArray[np.uint64], confidence: NDArray[np.floating]
) -> NDArray[np.uint64]:
    """Return the keys in ascending order, perhaps in place.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        In ascending order of confidence, and of anything else within equal confidence.
    confidence : ndarray of float, shape (n,)
        In [0, 1], the confidence of each key.

    Examples
    --------
    >>> sort_by_confidence(np.array([7, 2, 3], np.uint64), np.array([0.9, 0.1, 0.1])).tolist()
    [2, 3, 7]
    """
    if keys.size <= FEW or _sorts_fast():
        keys.sort()
        return keys
    return _sort_by_slices(keys, confidence)


@cache
def _sorts_fast() -> bool:
    """Say whether NumPy's own sort is the faster one on this processor."""
    confidence = np.random.default_rng(0).random(4 * FEW)
    keys = confidence.view(np.uint64)
    plain, sliced = [], []
    for _ in range(3):
        start = perf_counter()
        np.sort(keys)
        middle = perf_counter()
        _sort_by_slices(keys, confidence)
        plain.append(middle - start)
        sliced.append(perf_counter() - middle)
    return min(plain) < min(sliced)


def _sort_by_slices(
    keys: NDArray[np.uint64], confidence: NDArray[np.floating]
) -> NDArray[np.uint64]:
    slices = (confidence * SLICES).astype(np.uint16)
    keys = keys[np.argsort(slices, kind="stable")]
    most = max(int(np.bincount(slices).max()), 64)
    if most > WIDEST:
        keys.sort(kind="stable")  # a merge sort, fast on what is nearly in order
        return keys
    # No key is further than `most` from its place. Sorting pieces twice as long, then those halfway
    # between them, brings each home: after the first pass no key is in the wrong half of its piece
    # of the second.
    for first in (0, most):
        end = keys.size - (keys.size - first) % (2 * most)
        keys[first:end].reshape(-1, 2 * most).sort(axis=1)
        keys[end:].sort()
    return keys
