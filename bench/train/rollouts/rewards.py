r"""Rewards for the methods that learn from them, and for your own run of TRL's GRPO.

With the answer's correctness :math:`r \in \{0, 1\}` and the stated confidence :math:`c`:

========== ============================================= =============================
accuracy   :math:`r`                                     GRPO
brier      :math:`r - (c - r)^2`                         RLCR (arXiv 2507.16806)
gap        :math:`-|c - (\lambda \bar r + (1-\lambda) r)|` DCPO (arXiv 2603.09117), for the
                                                         confidence's tokens; :math:`\bar r`
                                                         is the group's success rate
========== ============================================= =============================

For an answer that states no usable confidence, the confidence's part has its worst value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from caopd_bench.train.rollouts.judge import Rollout

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Reward", "accuracy_reward", "advantages", "brier_reward", "confidence_reward"]

Reward = Callable[[Rollout], float]


def accuracy_reward(rollout: Rollout) -> float:
    """Reward a right answer."""
    return float(rollout.correct)


def brier_reward(rollout: Rollout) -> float:
    """Reward a right answer, and a confidence by its Brier score (RLCR)."""
    if rollout.confidence is None:
        return rollout.correct - 1.0
    return float(rollout.correct - (rollout.confidence - rollout.correct) ** 2)


def confidence_reward(rollout: Rollout, rate: float, mix: float = 0.5) -> float:
    """Reward a confidence near the mix of the group's success rate and correctness (DCPO).

    Parameters
    ----------
    rollout : Rollout
        The answer.
    rate : float
        The group's success rate; NaN gives the worst reward.
    mix : float
        Weight of the group's rate: 1 is CaOPD's target, 0 the answer's own correctness.
    """
    if rollout.confidence is None or rate != rate:
        return -1.0
    return -abs(rollout.confidence - (mix * rate + (1 - mix) * rollout.correct))


def advantages(rewards: Sequence[float], *, scale: bool = True) -> npt.NDArray[np.float64]:
    """Centre a group's rewards, and divide them by their standard deviation (GRPO).

    Examples
    --------
    >>> advantages([1, 0, 0, 1]).round(4)
    array([ 0.9998, -0.9998, -0.9998,  0.9998])
    """
    import numpy as np  # imported here: listing the methods imports this file

    values = np.asarray(rewards, dtype=np.float64)
    centred: npt.NDArray[np.float64] = values - values.mean()
    if not scale:
        return centred
    result: npt.NDArray[np.float64] = np.round(centred / (values.std() + 1e-4), 12)
    return result
