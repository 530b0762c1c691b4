"""The CORP decomposition: how much of the Brier score is miscalibration, how much is skill."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.counting import FloatArray
from caopd_bench.metrics.scores import _brier
from caopd_bench.metrics.tally import Tally, as_tally


class Corp(NamedTuple):
    """Brier score = miscalibration - discrimination + uncertainty, and the isotonic curve."""

    miscalibration: float
    discrimination: float
    uncertainty: float
    score: float
    values: FloatArray  # (u,) distinct confidences, ascending
    curve: FloatArray  # (u,) recalibrated probability at each, never decreasing


def corp(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> Corp:
    """Return the CORP decomposition of the Brier score.

    Parameters
    ----------
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or a tally in place of both arguments.
    correct : array_like, shape (n,), optional
        0/1 or bool.

    Returns
    -------
    Corp
        ``miscalibration`` (MCB) is what the best increasing recalibration would gain,
        ``discrimination`` (DSC) what the recalibrated confidence gains over the base rate, and
        ``uncertainty`` (UNC) the score of the base rate. MCB and DSC are never negative.

    Raises
    ------
    ValueError
        If the input is invalid or empty, see :func:`tally`.

    Notes
    -----
    With S the mean score of the stated, of the recalibrated (isotonic, by pool-adjacent-violators)
    and of the constant base-rate confidence: MCB = S_stated - S_recalibrated and
    DSC = S_base - S_recalibrated. No bins. Dimitriadis, Gneiting, Jordan, PNAS 118 (2021).

    Examples
    --------
    >>> c = corp([0.4, 0.3, 0.2, 0.1, 0.5, 0.9], [0, 0, 0, 1, 1, 1])
    >>> [round(x, 4) for x in c[:4]]
    [0.1017, 0.125, 0.25, 0.2267]
    >>> c.curve.tolist()
    [0.25, 0.25, 0.25, 0.25, 1.0, 1.0]
    """
    # Imported here: it costs 0.2 s.
    from scipy.optimize import isotonic_regression

    t = as_tally(confidence, correct)
    count = (t.right + t.wrong).astype(np.float64)
    curve = np.asarray(isotonic_regression(t.right / count, weights=count).x, dtype=np.float64)
    base_rate = np.full_like(curve, t.accuracy)
    score, recalibrated, uncertainty = (
        float(_brier(stated, t.right, t.wrong)) for stated in (t.values, curve, base_rate)
    )
    return Corp(
        score - recalibrated, uncertainty - recalibrated, uncertainty, score, t.values, curve
    )
