"""Two models on the same items: is the difference of a metric more than noise?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

from numpy.typing import ArrayLike

from caopd_bench.metrics.comparison.holm import holm
from caopd_bench.metrics.comparison.paired_limits import paired_limits
from caopd_bench.metrics.comparison.pairs import Pair, Rows, pair
from caopd_bench.metrics.registry import (
    METRICS,
    check_metrics,
    check_value,
    reason_of,
    widest_change,
)
from caopd_bench.metrics.rows.seeds import check_level

#: The metrics that :func:`compare` compares by default: the family of tests that :func:`holm`
#: adjusts for. It is a separate list, because registering a metric must not change the adjusted
#: p-values of the others.
FAMILY = (
    *("accuracy", "mean_confidence", "overconfidence_gap", "ece", "ece_l2", "over_ece"),
    *("smooth_ece", "brier", "miscalibration", "discrimination", "uncertainty", "brier_skill"),
    *("log_score", "auroc", "auprc", "spr", "tie_rate", "aurc", "eaurc"),
    *("confidence_when_wrong", "saturation"),
)
NAN = float("nan")


@dataclass(frozen=True)
class Change:
    """One metric of two models on the same items.

    Attributes
    ----------
    name : str
    a, b : float
        Plug-in values of the two models; NaN or infinite if undefined.
    difference : float
        b - a.
    low, high : float
        Limits of the difference; NaN if there are none, with the reason.
    p_value : float
        Two-sided p-value for no difference in the population; below 1 - level if and only if the
        limits exclude 0. Not adjusted: see :attr:`Comparison.adjusted`.
    method : str
        How the limits were computed, see :func:`compare`; empty if there are none.
    standard_error : float
        Standard error of the difference.
    better : {"a", "b"} or None
        The better model, if the limits of the difference exclude 0; None otherwise, and for
        metrics of which neither direction is better in itself.
    reason : str
        Why a number is missing; empty otherwise.
    """

    name: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_value: float
    method: str
    standard_error: float
    better: Literal["a", "b"] | None
    reason: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Every metric of two models on the same items. Build it with :func:`compare`; print it.

    Attributes
    ----------
    n : int
        Rows of each model.
    clusters : int or None
        Number of clusters, if labels were given.
    level : float
        Nominal coverage of the limits.
    changes : mapping of str to Change
        ``c["brier"]`` is ``c.changes["brier"]``.
    adjusted : mapping of str to float
        p-values adjusted by :func:`holm` for all the metrics compared.
    """

    n: int
    clusters: int | None
    level: float
    changes: Mapping[str, Change]
    adjusted: Mapping[str, float]

    def __getitem__(self, name: str) -> Change:
        if name not in self.changes:
            raise KeyError(f"{name!r} was not compared; there are {', '.join(self.changes)}")
        return self.changes[name]

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values for strict JSON, with None for values that are not finite."""
        changes = {}
        for name, change in self.changes.items():
            entry = {**asdict(change), "adjusted": self.adjusted[name]}
            changes[name] = {key: finite(value) for key, value in entry.items()}
        return {"n": self.n, "clusters": self.clusters, "level": self.level, "changes": changes}

    def __repr__(self) -> str:
        clusters = f" in {self.clusters} clusters" if self.clusters else ""
        head = f"{'':22}{'a':>8}{'b':>8}{'b - a':>9}  {f'{self.level:.0%} interval':18}"
        lines = [f"{self.n} rows{clusters}", f"{head}{'p':>6}{'Holm':>7}  better"]
        return "\n".join([*lines, *(self._line(change) for change in self.changes.values())])

    def _line(self, c: Change) -> str:
        apart = f"{c.difference:+9.3f}" if math.isfinite(c.difference) else " " * 9
        line = f"{METRICS[c.name].label:22}{c.a:8.3f}{c.b:8.3f}{apart}  "
        if not math.isfinite(c.low):
            return line + c.reason
        limits = f"[{c.low:+.3f}, {c.high:+.3f}]"
        adjusted = self.adjusted[c.name]
        return f"{line}{limits:18}{c.p_value:6.3f}{adjusted:7.3f}  {c.better or ''}".rstrip()


def compare(
    a: Rows,
    b: Rows,
    *,
    cluster: ArrayLike | None = None,
    item: tuple[ArrayLike, ArrayLike] | None = None,
    metrics: Iterable[str] | None = None,
    level: float = 0.95,
) -> Comparison:
    r"""Compare two models that answered the same items.

    Parameters
    ----------
    a, b : (confidence, correct)
        Rows of the two models, as for :func:`tally`: row i of both is the same question (and the
        same sample of it).
    cluster : array_like of int or str, shape (n,), optional
        For each row of a, the unit of dependence, such as the question of several samples.
    item : (ids of a, ids of b), optional
        Integers or strings, one per row and unique within a model: rows are then matched by id,
        and may be in any order.
    metrics : iterable of str, optional
        Names in :data:`METRICS`; :data:`FAMILY` by default. They are the family that :func:`holm`
        adjusts for, so list the few that matter before you look at the results.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Comparison
        Identical to the bit for any order of the rows. No random numbers are used.

    Raises
    ------
    ValueError
        If rows are invalid or not paired, ids repeat or differ between the models, or another
        argument is invalid.

    Notes
    -----
    "paired student": the influence of row i on the difference is
    :math:`D_i = \psi_b(i) - \psi_a(i)`, see
    :func:`~caopd_bench.metrics.intervals.influence.influence`, summed to :math:`S_g` over each of G
    clusters (rows, if there are no labels), and

    .. math:: T_b - T_a \pm t_{G - 1} \frac1n
       \sqrt{\frac{G}{G - 1} \Big( \sum_g S_g^2 + q \Big)}

    where q, the mean square of the S that are not 0 before centring, stands for half a unit more
    in each direction: with few discordant answers the test of accuracy is close to McNemar's with
    mid-p (Fagerland, Lydersen, Laake, BMC Medical Research Methodology 13, 2013). AUROC, SPR, tie
    rate and confidence when wrong have n - 1 in place of n in each class, and Satterthwaite's
    degrees of freedom, because a few wrong answers may determine them; they require 5 right and 5
    wrong answers of each model. "mover": ECE, by :func:`ece_difference`, and over-ECE, which is
    half of ECE plus gap. "debiased student": the L2 ECE, through the difference of the debiased
    squares; MCB and DSC, minus the noise that their isotonic curves fit. These limits need not
    contain the plug-in difference. "no difference seen": the two models are identical in every row;
    the limits are the largest difference that this number of rows could have missed.

    Simulated false alarms at 0.95 are in docs/metrics/comparison.md: 3 to 7 % on average. But ECE,
    over-ECE and MCB have too few near perfect calibration, where they detect only large changes;
    smooth ECE has too many (up to 18 %) for models with different numbers of stated values, because
    its bias is not corrected; and so does confidence when wrong if 1 % of rows are wrong.

    Examples
    --------
    >>> stated, before, after = [0.9] * 100, [1] * 60 + [0] * 40, [1] * 80 + [0] * 20
    >>> c = compare((stated, before), (stated, after), metrics=["accuracy", "brier"])
    >>> c["accuracy"].better, round(c["accuracy"].low, 2), round(c["accuracy"].high, 2)
    ('b', 0.12, 0.28)
    >>> c
    100 rows
                                 a       b    b - a  95% interval           p   Holm  better
    Accuracy                 0.600   0.800   +0.200  [+0.118, +0.282]   0.000  0.000  b
    Brier                    0.330   0.170   -0.160  [-0.226, -0.094]   0.000  0.000  b
    """
    check_level(level)
    names = check_metrics(FAMILY if metrics is None else metrics)
    rows = pair(a, b, cluster=cluster, item=item)
    changes = {name: _change(name, rows, level) for name in names}
    adjusted = holm({name: change.p_value for name, change in changes.items()})
    return Comparison(
        n=rows.n,
        clusters=None if rows.cluster is None else rows.units,
        level=level,
        changes=MappingProxyType(changes),
        adjusted=MappingProxyType(adjusted),
    )


def _change(name: str, rows: Pair, level: float) -> Change:
    of_a, of_b = (check_value(name, METRICS[name].function(t)) for t in (rows.a, rows.b))
    if not (math.isfinite(of_a) and math.isfinite(of_b)):
        why = [reason_of(name, of_a, rows.a), reason_of(name, of_b, rows.b)]
        reason = "; ".join(f"{model}: {w}" for model, w in zip("ab", why, strict=True) if w)
        return Change(name, of_a, of_b, of_b - of_a, NAN, NAN, NAN, "", NAN, None, reason)
    limits, widest = paired_limits(name, rows, level), widest_change(name)
    cut = limits._replace(low=max(limits.low, -widest), high=min(limits.high, widest))
    better: Literal["a", "b"] | None = None
    good = METRICS[name].higher_is_better
    if good is not None and (limits.low > 0.0 or limits.high < 0.0):
        better = "b" if (limits.low > 0.0) == good else "a"
    return Change(name, of_a, of_b, of_b - of_a, better=better, **cut._asdict())


def finite(value: Any) -> Any:
    """Return None for a float that is not finite, and any other value unchanged."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
