"""Selective prediction: how good the answers are when the least certain ones are withheld.

Rows that state the same confidence have no order of their own. Everything here is the expected
value over all orders of tied rows, in closed form, so the order of a file cannot matter.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.definition import metric
from caopd_bench.metrics.limits.influences import Influence, centred
from caopd_bench.metrics.metric_parts import SHARE, ClosedForm
from caopd_bench.metrics.points.tied_order import answered, harmonic_sum, slopes_of_aurc
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally

ROUNDING = 1e-12  # tolerance: a share equal to a limit is within it


class RiskCoverage(NamedTuple):
    """Results of answering if confidence is at least ``threshold``: arrays (u,), descending."""

    threshold: FloatArray
    coverage: FloatArray  # share of rows answered
    risk: FloatArray  # share of wrong ones among these


@metric(
    "AURC",
    better="lower",
    range=SHARE,
    interval=ClosedForm("skewness-adjusted", coarse=True),
    influence=lambda t: centred(t, *slopes_of_aurc(t)),
    scored=False,
    place=18,
)
def aurc(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    r"""Return the area under the risk-coverage curve: the mean error rate over all coverages.

    Returns
    -------
    float
        In [0, 1], lower is better; equal to the error rate if all rows state one value. It
        mixes accuracy with ranking: compare models of different accuracy by :func:`eaurc`.

    Notes
    -----
    .. math:: \frac1n \sum_{k=1}^n \frac{E_k}{k}

    with E_k wrong answers among the k most certain. For m tied rows with e errors that follow k_0
    rows with E_0 errors, the expected value over their orders is, with r = e/m,

    .. math:: \sum_{j=1}^m \frac{E_0 + r j}{k_0 + j}
       = r m + (E_0 - r k_0) \big( H_{k_0 + m} - H_{k_0} \big)

    where H are harmonic numbers. The sum over k runs over rows, so repeating every row changes the
    value (slightly, and less the more rows there are). Geifman and El-Yaniv, NeurIPS 2017.

    Examples
    --------
    >>> round(aurc([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0]), 4)  # (0 + 0 + 1/3 + 2/4) / 4
    0.2083
    >>> aurc([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 0])
    0.25
    """
    rows, errors, before, errors_before = answered(right, wrong)
    rate = errors / np.where(rows > 0, rows, 1.0)
    # After j of the tied rows, errors_before + j * rate errors are expected.
    risks = rate * rows + (errors_before - rate * before) * harmonic_sum(before, rows)
    return np.asarray(risks.sum(axis=-1) / rows.sum(axis=-1))


def _oracle_aurc(right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """AURC if all right rows came before all wrong ones."""
    n_right, n_wrong = (np.asarray(x.sum(axis=-1), dtype=np.float64) for x in (right, wrong))
    risks = n_wrong - n_right * harmonic_sum(n_right, n_wrong)
    return np.asarray(risks / (n_right + n_wrong))


def _influence_of_eaurc(t: Tally) -> Influence:
    """Influences on the AURC minus those on the AURC of an oracle, (W - R (H_n - H_R)) / n."""
    # Imported here: it costs 0.1 s.
    from scipy.special import polygamma

    n, right = float(t.n), float(t.n_right)
    h = float(harmonic_sum(np.array(right), np.array(n - right)))
    by_n, by_right = float(polygamma(1, n + 1.0)), float(polygamma(1, right + 1.0))
    of_right, of_wrong = slopes_of_aurc(t)
    return centred(t, of_right + h + right * (by_n - by_right), of_wrong - 1.0 + right * by_n)


@metric(
    "Excess AURC",
    better="lower",
    range=SHARE,
    interval=ClosedForm("skewness-adjusted", coarse=True),
    influence=_influence_of_eaurc,
    scored=False,
    place=19,
)
def eaurc(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    r"""Return the excess AURC: AURC minus that of a perfect order of the same answers.

    Returns
    -------
    float
        In [0, 1), 0 if all right answers have a higher confidence than all wrong ones; also 0 if
        all answers are right or all are wrong, because every order is then perfect.

    Notes
    -----
    AURC minus the AURC of an oracle that puts the R right rows before the W wrong ones,

    .. math:: \frac1n \big( W - R \, (H_n - H_R) \big)

    Geifman, Uziel, El-Yaniv, ICLR 2019 (there with the limit of the oracle for many rows; here it
    is exact, so the excess is never negative).

    Examples
    --------
    >>> eaurc([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0])
    0.0
    >>> round(eaurc([0.9, 0.8, 0.2, 0.1], [0, 1, 1, 0]), 4)
    0.375
    """
    excess = aurc.cells(values, right, wrong) - _oracle_aurc(right, wrong)
    return np.asarray(np.maximum(excess, 0.0))  # below 0 only by rounding


def _selective_accuracy(right: NDArray[Any], wrong: NDArray[Any], wanted: float) -> float:
    rows, errors, before, _ = answered(right, wrong)
    taken = np.clip(wanted - before, 0.0, rows)
    return float(((rows - errors) * taken / rows).sum() / wanted)


def _rows_at_risk(right: NDArray[Any], wrong: NDArray[Any], risk: float) -> float:
    """Return how many rows can be answered, possibly a fraction of the last one."""
    rows, errors, before, errors_before = answered(right, wrong)
    # Errors in excess of the limit, if everything down to a value is answered.
    excess = errors_before + errors - risk * (before + rows)
    within = np.flatnonzero(excess <= ROUNDING * rows.sum())
    reached = int(within[-1]) + 1 if within.size else 0
    if reached == rows.size:
        return float(rows.sum())
    # Some of the rows tied at the next value still fit: the excess is linear in their number.
    start = min(float(errors_before[reached] - risk * before[reached]), 0.0)
    slope = float(errors[reached] / rows[reached]) - risk
    return float(before[reached]) - start / slope


def selective_accuracy(
    confidence: ArrayLike | Tally, correct: ArrayLike | None = None, *, coverage: float
) -> float:
    """Return the accuracy of the most certain answers.

    Parameters
    ----------
    confidence, correct
        As for :func:`aurc`.
    coverage : float
        Share of rows that are answered, in (0, 1].

    Returns
    -------
    float
        In [0, 1]; the plain accuracy at coverage 1. The fewest whole rows that reach the coverage
        are answered. Where the cut falls among tied rows, a random subset of them is answered, and
        the result is the expected value.

    Raises
    ------
    ValueError
        If the input is invalid or empty (see :func:`tally`), or ``coverage`` is not in (0, 1].

    Examples
    --------
    >>> selective_accuracy([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], coverage=0.5)
    1.0
    >>> selective_accuracy([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 0], coverage=0.5)
    0.75
    """
    share = _check_share("coverage", coverage, "0.8 answers the four most certain of five")
    if share == 0.0:
        raise ValueError("coverage must be above 0, got 0.0; nothing would be answered")
    t = as_tally(confidence, correct)
    wanted = share * t.n if t.weighted else np.ceil(share * t.n * (1.0 - ROUNDING))
    return _selective_accuracy(t.right, t.wrong, float(wanted))


def coverage_at_risk(
    confidence: ArrayLike | Tally, correct: ArrayLike | None = None, *, risk: float
) -> float:
    """Return the largest share of rows that can be answered with an error rate within ``risk``.

    Parameters
    ----------
    confidence, correct
        As for :func:`aurc`.
    risk : float
        Error rate among the answered rows, in [0, 1].

    Returns
    -------
    float
        In [0, 1], a whole number of rows; 0 if even the most certain answers are wrong more often.
        Where only some of the tied rows fit, a random subset of them is answered, and the error
        rate is the expected one.

    Raises
    ------
    ValueError
        If the input is invalid or empty (see :func:`tally`), or ``risk`` is not in [0, 1].

    Notes
    -----
    The threshold is chosen on the rows on which it is evaluated, so it tends to do worse on new
    rows. This describes a model and guarantees nothing.

    Examples
    --------
    >>> coverage_at_risk([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], risk=0.0)
    0.5
    >>> coverage_at_risk([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], risk=0.4)
    0.75
    >>> coverage_at_risk([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 0], risk=0.2)
    0.0
    """
    limit = _check_share("risk", risk, "0.05 allows one wrong answer in twenty")
    t = as_tally(confidence, correct)
    rows = _rows_at_risk(t.right, t.wrong, limit)
    return (rows if t.weighted else float(np.floor(rows * (1.0 + ROUNDING)))) / t.n


def risk_coverage(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> RiskCoverage:
    """Return the risk-coverage curve at every threshold that the stated values allow.

    Parameters and errors as for :func:`ece`.

    Returns
    -------
    RiskCoverage
        One entry per distinct confidence, the highest first; the last one has coverage 1, and its
        risk is the error rate. A model that states few values has few thresholds.

    Examples
    --------
    >>> curve = risk_coverage([0.9, 0.9, 0.5, 0.5], [1, 1, 1, 0])
    >>> curve.threshold.tolist(), curve.coverage.tolist(), curve.risk.tolist()
    ([0.9, 0.5], [0.5, 1.0], [0.0, 0.25])
    """
    t = as_tally(confidence, correct)
    rows, errors, before, errors_before = answered(t.right, t.wrong)
    reached = before + rows
    return RiskCoverage(t.values[::-1], reached / rows.sum(), (errors_before + errors) / reached)


def _check_share(name: str, value: Any, example: str) -> float:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be a share from 0 to 1, got {value!r}; {example}")
    return float(value)
