"""Minimal detectable differences for a number of items, and items needed for a difference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from caopd_bench.metrics.comparison.compare import Comparison
from caopd_bench.metrics.rows.seeds import check_level

MOST = 1 << 50  # a larger number of items counts as infinite


def difference_sd(sd_a: float, sd_b: float, correlation: float) -> float:
    r"""Return the standard deviation of paired differences.

    Parameters
    ----------
    sd_a, sd_b : float
        Standard deviations over the rows of one model each: for accuracy
        :math:`\sqrt{p (1 - p)}`, for the Brier score that of :math:`(c - y)^2`.
    correlation : float
        Correlation of the two models over the rows: 0 for different items, about .3 to .8 for
        checkpoints of one model on the same items.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a standard deviation is negative, or the correlation is not in [-1, 1].

    Examples
    --------
    >>> round(difference_sd(0.5, 0.5, 0.0), 3), round(difference_sd(0.5, 0.5, 0.6), 3)
    (0.707, 0.447)
    """
    for name, sd in (("sd_a", sd_a), ("sd_b", sd_b)):
        if not sd >= 0.0:
            raise ValueError(f"{name} must be 0 or more, got {sd!r}")
    if not -1.0 <= correlation <= 1.0:
        raise ValueError(f"correlation must be in [-1, 1], got {correlation!r}")
    return math.sqrt(max(sd_a**2 + sd_b**2 - 2.0 * correlation * sd_a * sd_b, 0.0))


def mde(
    n: int,
    *,
    sd: float | None = None,
    pilot: Comparison | None = None,
    metric: str | None = None,
    samples: int = 1,
    sample_correlation: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
    tests: int = 1,
) -> float:
    r"""Return the minimal detectable difference between two models on n items.

    Parameters
    ----------
    n : int
        Items, 2 or more: questions, each answered by both models.
    sd : float, optional
        Standard deviation of the difference of the two models on one row, from
        :func:`difference_sd` or a guess. Pass either this or a pilot.
    pilot : Comparison, optional
        A comparison of similar models on similar items; ``metric`` names one of its metrics. If it
        has clusters, n counts clusters of the same size, and ``samples`` is omitted.
    metric : str, optional
        The metric of the pilot; only with a pilot.
    samples : int, default 1
        Rows per item and model.
    sample_correlation : float, default 0
        Correlation of the differences of an item's samples, in [0, 1].
    power : float, default 0.8
        Probability of detecting the difference.
    level : float, default 0.95
        Nominal coverage of the limits that have to exclude 0.
    tests : int, default 1
        Metrics in the family that Holm adjusts for; the worst case is assumed (Bonferroni).

    Returns
    -------
    float
        In units of the metric. Smaller true differences are detected with less probability.

    Raises
    ------
    ValueError
        If an argument is invalid, or not exactly one of sd and pilot is given.

    Notes
    -----
    .. math:: \mathrm{MDE} = (t_{1 - \alpha / 2m} + t_{\mathrm{power}}) \,
       \mathrm{sd} \sqrt{\frac{1 + (K - 1) \rho}{n K}}

    for m tests, K samples per item with correlation :math:`\rho`, and n - 1 degrees of freedom.
    With a pilot, sd is computed from its standard error. The result is too small for ECE and
    over-ECE, whose limits are wider than their standard errors. docs/metrics/comparison.md reports
    simulations.

    Examples
    --------
    >>> round(mde(500, sd=0.45), 3)
    0.056
    >>> stated = [0.9, 0.6] * 50
    >>> before, after = [1, 0, 1, 0, 0] * 20, [1, 0, 1, 1, 0] * 20
    >>> from caopd_bench.metrics import compare
    >>> pilot = compare((stated, before), (stated, after), metrics=["accuracy"])
    >>> round(mde(1000, pilot=pilot, metric="accuracy"), 3)
    0.037
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 2:
        raise ValueError(f"n must be an integer of 2 items or more, got {n!r}")
    unit = _sd_of_item(sd, pilot, metric, samples, sample_correlation)
    _check(power, level, tests)
    return unit * _reach(int(n), power, level, tests)


def required_n(
    difference: float,
    *,
    sd: float | None = None,
    pilot: Comparison | None = None,
    metric: str | None = None,
    samples: int = 1,
    sample_correlation: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
    tests: int = 1,
) -> int:
    """Return the number of items needed to detect a difference.

    Parameters
    ----------
    difference : float
        The smallest true difference to detect, in units of the metric; its sign is ignored.
    sd, pilot, metric, samples, sample_correlation, power, level, tests
        As for :func:`mde`.

    Returns
    -------
    int
        The smallest n with ``mde(n, ...) <= |difference|``, 2 or more.

    Raises
    ------
    ValueError
        If the difference is 0 or not finite, or as for :func:`mde`.

    Examples
    --------
    >>> required_n(0.04, sd=0.45)
    996
    >>> required_n(0.04, sd=0.45, samples=8, sample_correlation=0.5)
    561
    """
    if not math.isfinite(difference) or difference == 0.0:
        raise ValueError(f"difference must be finite and not 0, got {difference!r}")
    unit = _sd_of_item(sd, pilot, metric, samples, sample_correlation)
    _check(power, level, tests)
    low, high = 1, 2
    while unit * _reach(high, power, level, tests) > abs(difference):
        low, high = high, 2 * high
        if high > MOST:
            raise ValueError(f"difference of {difference!r} is too small for any number of items")
    while high - low > 1:
        middle = (low + high) // 2
        enough = unit * _reach(middle, power, level, tests) <= abs(difference)
        low, high = (low, middle) if enough else (middle, high)
    return high


def _reach(n: int, power: float, level: float, tests: int) -> float:
    # Imported here: it costs 0.1 s.
    from scipy.special import stdtrit

    alpha = (1.0 - level) / tests
    quantiles = stdtrit(n - 1.0, 1.0 - alpha / 2.0) + stdtrit(n - 1.0, power)
    return float(quantiles) / math.sqrt(n)


def _sd_of_item(
    sd: float | None,
    pilot: Comparison | None,
    metric: str | None,
    samples: int,
    sample_correlation: float,
) -> float:
    """Return the standard deviation of the difference on one item, averaged over samples."""
    if (sd is None) == (pilot is None):
        raise ValueError("pass either sd or pilot (with metric), and not both")
    if isinstance(samples, bool) or not isinstance(samples, (int, np.integer)) or samples < 1:
        raise ValueError(f"samples must be an integer of 1 or more, got {samples!r}")
    if not 0.0 <= sample_correlation <= 1.0:
        raise ValueError(f"sample_correlation must be in [0, 1], got {sample_correlation!r}")
    inflation = (1.0 + (samples - 1) * sample_correlation) / samples
    if pilot is None:
        if metric is not None:
            raise ValueError("metric is for a pilot; leave it out with sd")
        return _positive("sd", sd) * math.sqrt(inflation)
    _check_pilot(pilot)
    if metric is None:
        raise ValueError(f"metric must name one of the pilot: {', '.join(pilot.changes)}")
    change = pilot[metric]
    if not math.isfinite(change.standard_error):
        raise ValueError(f"pilot has no standard error of {metric}: {change.reason}")
    if pilot.clusters is not None and samples != 1:
        raise ValueError("samples must be left out for a pilot with clusters; n counts clusters")
    error = _positive(f"standard error of {metric} in pilot", change.standard_error)
    return error * math.sqrt(pilot.clusters or pilot.n) * math.sqrt(inflation)


def _check_pilot(pilot: Any) -> None:
    if not isinstance(pilot, Comparison):
        raise ValueError(
            f"pilot must be a Comparison, got {type(pilot).__name__}; compare(a, b) makes one"
        )


def _positive(name: str, value: Any) -> float:
    if not math.isfinite(value) or value <= 0.0:
        raise ValueError(f"{name} must be above 0, got {value!r}")
    return float(value)


def _check(power: float, level: float, tests: int) -> None:
    check_level(level)
    if not 0.5 <= power < 1.0:
        raise ValueError(f"power must be at least 0.5 and below 1, got {power!r}; the usual is 0.8")
    if isinstance(tests, bool) or not isinstance(tests, (int, np.integer)) or tests < 1:
        raise ValueError(f"tests must be an integer of 1 or more, got {tests!r}")
