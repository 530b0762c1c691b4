"""Decompositions of a change: the part due to confidence, and the part due to the answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from numpy.typing import ArrayLike

from caopd_bench.metrics.comparison.compare import Change, compare, finite
from caopd_bench.metrics.comparison.paired_limits import paired_sum_limits
from caopd_bench.metrics.comparison.pairs import Pair, Rows, pair
from caopd_bench.metrics.intervals.influence import influence


@dataclass(frozen=True)
class GapChange:
    """Change of the overconfidence gap = change of mean confidence - change of accuracy.

    Attributes
    ----------
    gap, confidence, accuracy : Change
        Each with its limits; ``gap.difference`` is ``confidence.difference -
        accuracy.difference``, exactly.
    """

    gap: Change
    confidence: Change
    accuracy: Change

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values for strict JSON, with None for values that are not finite."""
        return _parts(gap=self.gap, confidence=self.confidence, accuracy=self.accuracy)

    def __str__(self) -> str:
        return (
            f"gap {self.gap.difference:+.3f} = confidence {self.confidence.difference:+.3f} "
            f"- accuracy {self.accuracy.difference:+.3f}"
        )


@dataclass(frozen=True)
class BrierChange:
    """Change of the Brier score = change of MCB - change of DSC + change of UNC.

    Attributes
    ----------
    brier, miscalibration, discrimination, uncertainty : Change
        Each with its limits; ``brier.difference`` is ``miscalibration.difference -
        discrimination.difference + uncertainty.difference``, exactly.
    confidence : Change
        Change of MCB - DSC, which is Brier - UNC: how well the confidence fits the answers. It also
        changes if only the answers do: the same high confidence fits better if more are right.
    """

    brier: Change
    miscalibration: Change
    discrimination: Change
    uncertainty: Change
    confidence: Change

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values for strict JSON, with None for values that are not finite."""
        return _parts(
            brier=self.brier,
            miscalibration=self.miscalibration,
            discrimination=self.discrimination,
            uncertainty=self.uncertainty,
            confidence=self.confidence,
        )

    def __str__(self) -> str:
        return (
            f"Brier {self.brier.difference:+.3f} = MCB {self.miscalibration.difference:+.3f} "
            f"- DSC {self.discrimination.difference:+.3f} "
            f"+ UNC {self.uncertainty.difference:+.3f}"
        )


def gap_change(
    a: Rows,
    b: Rows,
    *,
    cluster: ArrayLike | None = None,
    item: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.95,
) -> GapChange:
    """Split the change of the overconfidence gap into confidence and accuracy.

    Parameters
    ----------
    a, b, cluster, item, level
        As for :func:`compare`, with the same errors.

    Returns
    -------
    GapChange

    Examples
    --------
    >>> y = [1] * 60 + [0] * 40
    >>> print(gap_change(([0.8] * 100, y), ([0.95] * 100, [1] * 65 + [0] * 35)))
    gap +0.100 = confidence +0.150 - accuracy +0.050
    """
    names = ["overconfidence_gap", "mean_confidence", "accuracy"]
    c = compare(a, b, cluster=cluster, item=item, metrics=names, level=level)
    gap, confidence, accuracy = (c[name] for name in names)
    # Not computed as the difference of two gaps, so that the parts add up exactly.
    total = confidence.difference - accuracy.difference
    return GapChange(replace(gap, difference=total), confidence, accuracy)


def brier_change(
    a: Rows,
    b: Rows,
    *,
    cluster: ArrayLike | None = None,
    item: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.95,
) -> BrierChange:
    """Split the change of the Brier score into calibration, discrimination and accuracy.

    Parameters
    ----------
    a, b, cluster, item, level
        As for :func:`compare`, with the same errors.

    Returns
    -------
    BrierChange
        If the score improves through MCB, recalibration would achieve the same; through DSC, the
        confidence is more informative about individual answers; through UNC, only the accuracy
        changed and the confidence did not become more informative.

    Notes
    -----
    The parts are those of :func:`corp`.

    Examples
    --------
    >>> c, y = [0.9] * 50 + [0.6] * 50, [1] * 70 + [0] * 30
    >>> print(brier_change((c, y), ([0.95] * 100, [1] * 80 + [0] * 20)))
    Brier +0.038 = MCB -0.003 - DSC -0.090 + UNC -0.050
    """
    names = ["brier", "miscalibration", "discrimination", "uncertainty"]
    c = compare(a, b, cluster=cluster, item=item, metrics=names, level=level)
    brier, mcb, dsc, unc = (c[name] for name in names)
    total = mcb.difference - dsc.difference + unc.difference
    net = _net_change(pair(a, b, cluster=cluster, item=item), mcb, dsc, level)
    return BrierChange(replace(brier, difference=total), mcb, dsc, unc, net)


def _net_change(rows: Pair, mcb: Change, dsc: Change, level: float) -> Change:
    """Compare MCB - DSC, whose influence is that of Brier minus that of UNC."""
    of_a, of_b = (influence("brier", t) - influence("uncertainty", t) for t in (rows.a, rows.b))
    difference = mcb.difference - dsc.difference
    limits = paired_sum_limits(difference, rows, of_a, of_b, level)
    better: Literal["a", "b"] | None = None
    if limits.low > 0.0 or limits.high < 0.0:
        better = "a" if limits.low > 0.0 else "b"
    return Change(
        name="miscalibration less discrimination",
        a=mcb.a - dsc.a,
        b=mcb.b - dsc.b,
        difference=difference,
        better=better,
        **limits._asdict(),
    )


def _parts(**changes: Change) -> dict[str, Any]:
    return {
        part: {key: finite(value) for key, value in asdict(change).items()}
        for part, change in changes.items()
    }
