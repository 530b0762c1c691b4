"""Ranking: whether right answers have a higher confidence than wrong ones.

All metrics here count pairs of one right and one wrong answer, including ties, in time
proportional to the number of distinct values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.definition import metric
from caopd_bench.metrics.limits.influences import Influence, centred, from_here_on
from caopd_bench.metrics.limits.ordered_pairs import count_pairs, pair_influence, pair_limits, share
from caopd_bench.metrics.metric_parts import BOTH, RIGHT, SHARE, Caution, ClosedForm, Shown
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally

Positive = Literal["right", "wrong"]


def _of_pairs(lower: float, alike: float, *, auroc: bool = False) -> dict[str, Any]:
    """Give the arguments of :func:`metric` that all shares of pairs have in common.

    A right answer scores ``lower`` against a wrong one of lower confidence, and ``alike`` against
    one of equal confidence.
    """
    return {
        "needs": BOTH,
        "range": SHARE,
        "interval": ClosedForm(
            "score",
            lambda t, level: pair_limits(t, level, lower, alike, exponential=auroc),
            spread=True,
        ),
        "influence": lambda t: pair_influence(t, lower, alike),
        "average": "classes",
    }


@metric(
    "AUROC",
    better="higher",
    **_of_pairs(1.0, 0.5, auroc=True),
    shown=Shown(
        "AUROC",
        "how often a right answer outranks a wrong one; .5 is chance",
        "AUROC",
        place=6,
        extremes=((0.0, 1.0), (1.0, 0.0)),
        worst_case=True,
    ),
    place=14,
)
def auroc(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Return the area under the ROC curve: P(c+ > c-) + P(c+ = c-) / 2.

    Returns
    -------
    float
        In [0, 1]; 0.5 if confidence is uninformative, NaN without both right and wrong answers.

    Notes
    -----
    c+ and c- are the confidences of a random right and a random wrong answer.
    Hanley and McNeil, Radiology 143 (1982).

    Examples
    --------
    >>> auroc([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0])
    0.875
    >>> auroc([0.9, 0.8], [1, 1])
    nan
    """
    pairs = count_pairs(right, wrong)
    return share(pairs.concordant + pairs.tied / 2, pairs.total)


@metric(
    "SPR",
    better="higher",
    **_of_pairs(1.0, 0.0),
    shown=Shown(
        "SPR",
        "the same, with ties counted as failures",
        "SPR",
        place=7,
        extremes=((0.0, 1.0), (1.0, 0.0)),
    ),
    place=16,
)
def spr(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Return the strict pairwise ranking P(c+ > c-).

    Returns
    -------
    float
        In [0, 1], NaN without both right and wrong answers. A tie counts as a failure, so a model
        that always states the same value scores 0; AUROC = SPR + tie rate / 2.

    Notes
    -----
    CaOPD, arXiv 2604.16830. (Its code returns 0.0 where the quantity is undefined.)

    Examples
    --------
    >>> spr([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0])
    0.75
    """
    pairs = count_pairs(right, wrong)
    return share(pairs.concordant, pairs.total)


@metric(
    "Tie rate",
    better="lower",
    **_of_pairs(0.0, 1.0),
    caution=Caution(
        0.49,
        "continuous confidence in clusters",
        lambda t: t.clusters is not None and t.values.size > t.clusters.labels.size,
    ),
    shown=Shown("tie rate", "right/wrong pairs with equal confidence", place=8),
    place=17,
)
def tie_rate(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    """Return the share of (right, wrong) pairs with the same confidence, P(c+ = c-).

    Returns
    -------
    float
        In [0, 1]; NaN without both right and wrong answers.

    Examples
    --------
    >>> tie_rate([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0])
    0.25
    """
    pairs = count_pairs(right, wrong)
    return share(pairs.tied, pairs.total)


def _auprc(
    _values: FloatArray, right: NDArray[Any], wrong: NDArray[Any], positive: Positive = "right"
) -> NDArray[Any]:
    # From most to least certain that the answer is of the positive class.
    hits, others = (right[..., ::-1], wrong[..., ::-1]) if positive == "right" else (wrong, right)
    found, seen = np.cumsum(hits, axis=-1), np.cumsum(hits + others, axis=-1)
    precision = found / np.where(seen > 0, seen, 1)
    return share((hits * precision).sum(axis=-1), hits.sum(axis=-1))


def _influence_of_auprc(t: Tally) -> Influence:
    # From the most certain value on, as in the metric itself.
    hits, others = t.right[::-1].astype(np.float64), t.wrong[::-1].astype(np.float64)
    found, seen = np.cumsum(hits), np.cumsum(hits + others)
    # A row enters the precision at its value and at all later ones.
    if_hit = from_here_on(hits * (1.0 / seen - found / seen**2)) + found / seen
    if_other = -from_here_on(hits * found / seen**2)
    score = (hits * found / seen).sum() / t.n_right
    scale = t.n / t.n_right
    return centred(t, (if_hit - score)[::-1] * scale, if_other[::-1] * scale)


@metric(
    "AUPRC",
    cells=_auprc,
    better="higher",
    needs=RIGHT,
    range=SHARE,
    interval=ClosedForm("skewness-adjusted"),
    influence=_influence_of_auprc,
    scored=False,
    place=15,
)
def auprc(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    positive: Positive = "right",
) -> float:
    r"""Return the area under the precision-recall curve, as the average precision.

    Parameters
    ----------
    positive : {"right", "wrong"}, default "right"
        The class to be found: right answers by high confidence, or wrong ones by low confidence.

    Returns
    -------
    float
        In (0, 1]; NaN without an answer of the positive class. Uninformative confidence scores
        the share of the positive class, so values can be compared only at equal accuracy.

    Raises
    ------
    ValueError
        If the input is invalid or empty (see :func:`tally`), or ``positive`` is another word.

    Notes
    -----
    .. math:: \sum_v (R_v - R_{v-1}) P_v

    over the stated values v from the most certain on, with precision P and recall R of all rows
    so far: equal confidences enter together, so their order cannot matter.

    Examples
    --------
    >>> round(auprc([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0]), 4)
    0.8333
    >>> auprc([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0], positive="wrong")
    0.8333333333333333
    """
    if positive not in ("right", "wrong"):
        raise ValueError(f'positive must be "right" or "wrong", got {positive!r}')
    return float(_auprc(*as_tally(confidence, correct).cells, positive))


def auroc_within(tallies: Iterable[Tally]) -> float:
    r"""Return the AUROC over pairs that share a group.

    Parameters
    ----------
    tallies : iterable of Tally
        One tally per group, such as a level of difficulty.

    Returns
    -------
    float
        In [0, 1]; NaN if no group has both right and wrong answers. Unlike the AUROC of the pooled
        rows, it does not reward knowing which group is harder.

    Raises
    ------
    ValueError
        If there is no tally.

    Notes
    -----
    .. math:: \sum_g (C_g + T_g / 2) \Big/ \sum_g P_g

    with concordant pairs C, tied pairs T and all pairs P of group g.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> easy = tally([0.9, 0.8], [1, 0])
    >>> hard = tally([0.3, 0.3, 0.2], [1, 0, 0])
    >>> round(auroc_within([easy, hard]), 4)
    0.8333
    """
    groups = [count_pairs(group.right, group.wrong) for group in check_groups(tallies)]
    ranked = sum(pairs.concordant + pairs.tied / 2 for pairs in groups)
    return float(share(np.asarray(ranked), np.asarray(sum(pairs.total for pairs in groups))))


def check_groups(tallies: Iterable[Tally]) -> list[Tally]:
    """Return the tallies as a list, or raise ValueError if there is none."""
    if isinstance(tallies, Tally):
        raise ValueError("tallies must be several tallies, got one; pass a list, one per group")
    if isinstance(tallies, Mapping) or not isinstance(tallies, Iterable):
        kind = type(tallies).__name__
        raise ValueError(f"tallies must be a list with one Tally per group, got {kind}")
    groups = list(tallies)
    if not groups:
        raise ValueError("tallies must hold at least one Tally, one per group, got none")
    for number, group in enumerate(groups):
        if not isinstance(group, Tally):
            raise ValueError(
                f"tallies must hold at least one Tally and nothing else, one per group; got "
                f"{type(group).__name__} at {number}; tally(confidence, correct) makes one"
            )
    return groups
