"""What a change is made of: which part of it is confidence, and which is the answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import ArrayLike

from caopd_bench.metrics.comparison import Change, Comparison, _finite, compare
from caopd_bench.metrics.pairing import Rows


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
        """Return plain Python values for strict JSON: what is not finite is None."""
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
    """

    brier: Change
    miscalibration: Change
    discrimination: Change
    uncertainty: Change

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values for strict JSON: what is not finite is None."""
        return _parts(
            brier=self.brier,
            miscalibration=self.miscalibration,
            discrimination=self.discrimination,
            uncertainty=self.uncertainty,
        )

    def __str__(self) -> str:
        return (
            f"Brier {self.brier.difference:+.3f} = MCB {self.miscalibration.difference:+.3f} "
            f"- DSC {self.discrimination.difference:+.3f} "
            f"+ UNC {self.uncertainty.difference:+.3f}"
        )
