"""The degradation of a candidate from a reference on the same items, with one-sided limits.

If a model's confidence has become meaningless, at least one of the seven numbers shows it. Standard
errors have a closed form; no random numbers are used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from numpy.typing import ArrayLike

from caopd_bench.metrics.comparison.degradation_cells import (
    LEAST,
    LEAST_CLUSTERS,
    PSEUDO_ITEMS,
    Degradation,
    Direction,
    Value,
    Worse,
    auroc,
    defined,
    mean,
    sure_from,
    unchanged,
    undefined,
    worse,
    worse_size,
)
from caopd_bench.metrics.comparison.degradation_rows import Answers, Items, read_answers, read_items
from caopd_bench.metrics.rows.seeds import check_level

#: The numbers, in the order in which they are shown.
CELLS = (
    "brier",
    "overconfidence_gap",
    "auroc",
    "confidence_when_wrong",
    "parse_rate",
    "accuracy",
    "strict_auroc",
)
#: The numbers that need rows with a confidence.
OF_STATED = [name for name in CELLS if name not in ("parse_rate", "accuracy")]


def degradation(
    reference: tuple[ArrayLike, ArrayLike],
    candidate: tuple[ArrayLike, ArrayLike],
    *,
    question: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    direction: Direction = "both",
    level: float = 0.95,
) -> dict[str, Degradation]:
    r"""Return the degradation of a candidate from a reference, in seven numbers.

    Parameters
    ----------
    reference, candidate : (confidence, correct)
        Rows of the two models, shape (n,): row i of both is the same question and sample. A
        confidence is NaN if none was stated or could be parsed; correct is 0/1 or bool.
    question : array_like of int or str, shape (n,), optional
        The question of each row, if questions were answered several times; by default every row is
        a separate question.
    cluster : array_like of int or str, shape (n,), optional
        Larger groups of dependent rows, such as the template of generated questions, as the unit
        of the standard errors. By default the question.
    direction : {"both", "over"}
        Whether a gap below 0 counts as worse too. A model that gains accuracy and states the same
        confidence as before becomes underconfident.
    level : float, default 0.95
        Nominal coverage of each one-sided limit.

    Returns
    -------
    dict of str to Degradation
        "brier", "overconfidence_gap", "auroc", "confidence_when_wrong" and "strict_auroc" over the
        rows in which the respective model states a confidence; "parse_rate" and "accuracy" over all
        rows. Numbers are NaN, with a reason, if there are too few rows, or if `cluster` is given
        with fewer than 10 labels or so uneven that it carries no more information than that.

    Raises
    ------
    ValueError
        If rows are invalid or not paired, there are fewer than two clusters, a question is in
        several clusters, or another argument is invalid.

    Notes
    -----
    With the influence :math:`\psi(i)` of row i on a number, for one model, and clusters g that have
    a part :math:`h_g` of the rows

    .. math:: \widehat{se}^2 = \sum_g \frac{1}{1 - h_g} \Big( \sum_{i \in g}
       \psi_{cand}(i) - \psi_{ref}(i) \Big)^2

    with limits of Student's t with :math:`1 / \sum_g h_g^2 - 1` degrees of freedom, G - 1 for G
    clusters of equal size. For n questions :math:`2 / n^2` is added to the variance of the parse
    rate, as if two more questions differed, unless all rows are the same. AUROC is that of the rows
    whose correctness is the same in both models (with several samples, each row has as its weight
    the share of the other model's samples of the question with the same correctness), with the
    variance of DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988): where only accuracy rises,
    newly right answers still carry the low confidence of wrong ones, and the plain AUROC of a
    better model falls.

    Strict AUROC is the AUROC of the same rows with one change: a wrong answer that counts as sure
    loses all its pairs. "Sure" means at least as confident as the most confident quarter of the
    reference's answers, in whole percents. Strict AUROC falls if right and wrong answers both move
    to the top, even if the reference already states nearly 1 on average. Higher confidence in a
    right answer or lower confidence in a wrong one never lowers it.

    The size of the gap has a kink at 0. Its p-value is the worst over the relevant signs. So is its
    limit, if the reference's gap is more than 2.5 standard errors from 0. Otherwise the sign of
    that gap may be due to chance, and the limit is :math:`|d| + t \, \widehat{se}(d)` with the
    change d of the gap, since :math:`|b| - |a| \le |b - a|`.

    A candidate that omits confidences selects the rows on which it is scored. So a drop d of the
    parse rate (if any) is added to the limits of Brier and gap, and d times (1 - confidence when
    wrong) to the limit of confidence when wrong: the possible effect of the answers that are now
    missing.

    docs/gate.md reports the error rates of tests based on these numbers.

    Examples
    --------
    >>> stated, y = [0.9, 0.6] * 100, [1, 1, 1, 0] * 50
    >>> cells = degradation((stated, y), ([1.0] * 200, y))
    >>> for name in ("brier", "auroc", "confidence_when_wrong", "accuracy", "strict_auroc"):
    ...     d = cells[name]
    ...     print(f"{name:22}{d.reference:.2f} {d.candidate:.2f}  worse by {d.worse_by:+.2f}, "
    ...           f"at most {d.upper:+.2f}")
    brier                 0.14 0.25  worse by +0.11, at most +0.15
    auroc                 0.83 0.50  worse by +0.33, at most +0.37
    confidence_when_wrong 0.60 1.00  worse by +0.40, at most +0.40
    accuracy              0.75 0.75  worse by +0.00, at most +0.00
    strict_auroc          0.83 0.00  worse by +0.83, at most +0.87
    """
    check_level(level)
    if direction not in ("both", "over"):
        raise ValueError(f"direction must be 'both' or 'over', got {direction!r}")
    a, b = read_answers("reference", reference), read_answers("candidate", candidate)
    n = a.correct.size
    if b.correct.size != n:
        raise ValueError(
            f"candidate must have one row per row of reference ({n}), got {b.correct.size}; row i "
            "of both must be the same question and sample"
        )
    items = read_items(question, cluster, n)
    worth = items.effective
    if cluster is not None and worth < LEAST_CLUSTERS - 1e-9:
        reason = f"rows worth {worth:.3g} clusters of equal size, fewer than {LEAST_CLUSTERS}"
        return {name: undefined(name, items, reason, LEAST_CLUSTERS / worth) for name in CELLS}
    return _guard(_cells(a, b, items, direction, level))


def _cells(
    a: Answers, b: Answers, items: Items, direction: Direction, level: float
) -> dict[str, Degradation]:
    weight_a, weight_b = unchanged(a, b, items), unchanged(b, a, items)
    wrong_a, wrong_b = (x.parsed * (1.0 - x.correct) for x in (a, b))
    of_class = min(
        (float(weight[x.correct == right].sum()), word)
        for x, weight in ((a, weight_a), (b, weight_b))
        for right, word in ((0.0, "wrong"), (1.0, "right"))
    )
    of_wrong = min((float(wrong_a.sum()), "reference"), (float(wrong_b.sum()), "candidate"))

    def brier() -> Worse:
        return worse((_mean_square(a), _mean_square(b)), items, level)

    def gap() -> Worse:
        compute = worse if direction == "over" else worse_size
        return compute((_mean_gap(a), _mean_gap(b)), items, level)

    def ranking(sure: float = math.inf) -> Worse:
        of_a = auroc(a.confidence, a.correct, weight_a, sure)
        of_b = auroc(b.confidence, b.correct, weight_b, sure)
        return worse((of_a, of_b), items, level, sign=-1.0)

    def when_wrong() -> Worse:
        return worse((mean(a.confidence, wrong_a), mean(b.confidence, wrong_b)), items, level)

    def parse_rate() -> Worse:
        # Runs that are identical in every row count as the same run, without noise.
        extra = 0.0 if a.is_same(b) else PSEUDO_ITEMS / items.questions.n**2
        return worse((mean(a.parsed), mean(b.parsed)), items, level, sign=-1.0, extra=extra)

    def accuracy() -> Worse:
        return worse((mean(a.correct), mean(b.correct)), items, level, sign=-1.0)

    computed: dict[str, Callable[[], Worse]] = {
        "brier": brier,
        "overconfidence_gap": gap,
        "auroc": ranking,
        "confidence_when_wrong": when_wrong,
        "parse_rate": parse_rate,
        "accuracy": accuracy,
        "strict_auroc": lambda: ranking(sure_from(a)),
    }
    too_few = {
        "auroc": (of_class[0], f"rows with a confidence are {of_class[1]} in both runs"),
        "confidence_when_wrong": (
            of_wrong[0],
            f"rows of the {of_wrong[1]} are wrong and have a confidence",
        ),
    }
    too_few["strict_auroc"] = too_few["auroc"]
    silent = not (a.parsed.any() and b.parsed.any())
    found = {}
    for name in CELLS:
        rows, kind = too_few.get(name, (math.inf, ""))
        if silent and name in OF_STATED:
            found[name] = undefined(name, items, "no row states a usable confidence", math.inf)
        elif rows < LEAST:
            # Rows of several samples have fractional weights; do not round up to the minimum.
            number = math.floor(100.0 * rows) / 100.0
            if number == 1.0:
                kind = kind.replace("rows", "row").replace(" are ", " is ")
            reason = f"only {number:g} {kind}, and {LEAST} are needed"
            # Two standard deviations more, so that there are rarely fewer by chance.
            times = (LEAST + 2.0 * LEAST**0.5) / rows if rows > 0.0 else math.inf
            found[name] = undefined(name, items, reason, times)
        else:
            found[name] = defined(name, items, computed[name]())
    return found


def _mean_square(x: Answers) -> Value:
    return mean((x.confidence - x.correct) ** 2, x.parsed)


def _mean_gap(x: Answers) -> Value:
    return mean(x.confidence - x.correct, x.parsed)


def _guard(cells: dict[str, Degradation]) -> dict[str, Degradation]:
    """Add to the limits the possible effect of the answers that are now missing."""
    drop = max(cells["parse_rate"].worse_by, 0.0)
    room = 1.0 - cells["confidence_when_wrong"].candidate
    for name, excess in (
        ("brier", drop),
        ("overconfidence_gap", drop),
        ("confidence_when_wrong", drop * room),
    ):
        cell = cells[name]
        if not cell.reason:
            cells[name] = replace(cell, upper=cell.upper + excess, excess=excess)
    return cells
