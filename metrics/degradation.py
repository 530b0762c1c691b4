"""By how much is a candidate worse than a reference on the same items, with a one-sided limit.

Six numbers that together leave no room for a model whose confidence no longer means anything.
Standard errors in closed form; nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.closed_form import normal_quantile
from caopd_bench.metrics.counting import (
    as_confidence,
    check_cluster,
    check_confidence,
    check_correct,
)
from caopd_bench.metrics.degradation_cells import (
    LEAST,
    NAN,
    PSEUDO_ITEMS,
    Answers,
    Direction,
    Groups,
    Items,
    Value,
    Worse,
    auroc,
    mean,
    unchanged,
    worse,
    worse_size,
)
from caopd_bench.metrics.seeds import check_level

#: The six numbers, in the order in which they are shown.
CELLS = (
    "brier",
    "overconfidence_gap",
    "auroc",
    "confidence_when_wrong",
    "parse_rate",
    "accuracy",
)


@dataclass(frozen=True)
class Degradation:
    """By how much a candidate is worse in one number; positive is worse.

    Attributes
    ----------
    name : str
    reference, candidate : float
        Values of the two. AUROC: on the rows whose correctness did not change.
    worse_by : float
        For the gap with ``direction="both"`` the change of its size, |candidate| - |reference|.
    upper : float
        One-sided upper limit of it in the population.
    p_value : float
        One-sided, of "not worse".
    standard_error : float
        Of `worse_by`.
    items : int
        Items that the standard error is of.
    reason : str
        Why there are no numbers; empty if there are.
    """

    name: str
    reference: float
    candidate: float
    worse_by: float
    upper: float
    p_value: float
    standard_error: float
    items: int
    reason: str = ""


def degradation(
    reference: tuple[ArrayLike, ArrayLike],
    candidate: tuple[ArrayLike, ArrayLike],
    *,
    question: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    direction: Direction = "both",
    level: float = 0.95,
) -> dict[str, Degradation]:
    r"""Say by how much a candidate is worse than a reference, in six numbers.

    Parameters
    ----------
    reference, candidate : (confidence, correct)
        Rows of the two models, shape (n,): row i of both is the same question and sample. A
        confidence of NaN was not stated, or cannot be read; correct is 0/1 or bool.
    question : array_like of int or str, shape (n,), optional
        The question of each row, where one was answered several times; by default every row is a
        question of its own.
    cluster : array_like of int or str, shape (n,), optional
        What rows that are not independent have in common, such as the template of generated
        questions: the unit of the standard errors. By default the question.
    direction : {"both", "over"}
        Whether a gap that becomes too low counts as worse: a model that gains accuracy and states
        what it did becomes under-confident.
    level : float, default 0.95
        Nominal coverage of each one-sided limit.

    Returns
    -------
    dict of str to Degradation
        "brier", "overconfidence_gap", "auroc", "confidence_when_wrong" of the rows that state a
        confidence, each model's own; "parse_rate" and "accuracy" of all rows. Numbers are NaN, with
        a reason, where there are too few rows.

    Raises
    ------
    ValueError
        If rows are invalid or not paired, there are fewer than two clusters, a question is in
        several clusters, or another argument is invalid.

    Notes
    -----
    With the influence :math:`\psi(i)` of row i on a number, for one model,

    .. math:: \widehat{se}^2 = \frac{n}{n - 1} \sum_{items} \Big( \sum_{i \in item}
       \psi_{cand}(i) - \psi_{ref}(i) \Big)^2

    The parse rate has :math:`2 / n^2` added, as of two more items that differ. AUROC is that of the
    rows whose correctness is the same in both models (of samples: each row counts by the share of
    the other model's samples of the question that are as right), with the variance of DeLong,
    DeLong and Clarke-Pearson, Biometrics 44 (1988): where only accuracy rises, newly right answers
    still carry the low confidence of wrong ones, and the plain AUROC of a better model falls. The
    size of the gap has a kink at 0: p-value and limit are the worst over the signs that matter.

    A candidate that falls silent chooses what it is scored on. So a drop d of the parse rate
    (where there is one) is added to the limits of Brier and gap, and d times (1 - confidence when
    wrong) to that of confidence when wrong: what the answers that are missing now could have done.

    Error rates of tests made of these are in docs/gate.md.

    Examples
    --------
    >>> stated, y = [0.9, 0.6] * 100, [1, 1, 1, 0] * 50
    >>> cells = degradation((stated, y), ([1.0] * 200, y))
    >>> for name in ("brier", "auroc", "confidence_when_wrong", "accuracy"):
    ...     d = cells[name]
    ...     print(f"{name:22}{d.reference:.2f} {d.candidate:.2f}  worse by {d.worse_by:+.2f}, "
    ...           f"at most {d.upper:+.2f}")
    brier                 0.14 0.25  worse by +0.11, at most +0.15
    auroc                 0.83 0.50  worse by +0.33, at most +0.37
    confidence_when_wrong 0.60 1.00  worse by +0.40, at most +0.40
    accuracy              0.75 0.75  worse by +0.00, at most +0.00
    """
    check_level(level)
    if direction not in ("both", "over"):
        raise ValueError(f"direction must be 'both' or 'over', got {direction!r}")
    a, b = _check("reference", reference), _check("candidate", candidate)
    n = a.correct.size
    if b.correct.size != n:
        raise ValueError(
            f"candidate must have one row per row of reference ({n}), got {b.correct.size}; row i "
            "of both must be the same question and sample"
        )
    items = _group(question, cluster, n)
    return _guard(_cells(a, b, items, direction, normal_quantile(2.0 * level - 1.0)))


def _group(question: ArrayLike | None, cluster: ArrayLike | None, n: int) -> Items:
    """Number the questions, and the clusters of the rows."""
    questions = _number("question", question, n)
    if cluster is None:
        name, clusters = "question", questions
    else:
        name, clusters = "cluster", _number("cluster", cluster, n)
        _check_whole(questions, clusters, n)
    if clusters.n < 2:
        raise ValueError(
            f"{name} must have at least 2 distinct labels, got {clusters.n}; a limit needs several"
        )
    return Items(questions, clusters)


def _check_whole(questions: Groups, clusters: Groups, n: int) -> None:
    pairs = np.unique(np.stack([questions.label(n), clusters.label(n)]), axis=1)
    split = int((np.bincount(pairs[0]) > 1).sum())
    if split:
        raise ValueError(
            f"cluster must be the same for all rows of a question, and {split} questions have "
            "several; give them one label each"
        )


def _number(name: str, ids: ArrayLike | None, n: int) -> Groups:
    if ids is None:
        return Groups(None, n)
    try:
        labels, of_row = np.unique(check_cluster(ids, n), return_inverse=True)
    except ValueError as error:
        raise ValueError(str(error).replace("cluster", name, 1)) from None
    return Groups(of_row, int(labels.size))


def _cells(
    a: Answers, b: Answers, items: Items, direction: Direction, z: float
) -> dict[str, Degradation]:
    weight_a, weight_b = unchanged(a, b, items), unchanged(b, a, items)
    wrong_a, wrong_b = (x.parsed * (1.0 - x.correct) for x in (a, b))
    of_class = min(
        float(weight[x.correct == right].sum())
        for x, weight in ((a, weight_a), (b, weight_b))
        for right in (0.0, 1.0)
    )
    of_wrong = min(float(wrong_a.sum()), float(wrong_b.sum()))

    def brier() -> Worse:
        values = (_mean_square(a), _mean_square(b))
        return worse(values, items, z)

    def gap() -> Worse:
        values = (_mean_gap(a), _mean_gap(b))
        return worse(values, items, z) if direction == "over" else worse_size(values, items, z)

    def ranking() -> Worse:
        of_a = auroc(a.confidence, a.correct, weight_a)
        of_b = auroc(b.confidence, b.correct, weight_b)
        return worse((of_a, of_b), items, z, sign=-1.0)

    def when_wrong() -> Worse:
        values = (mean(a.confidence, wrong_a), mean(b.confidence, wrong_b))
        return worse(values, items, z)

    def parse_rate() -> Worse:
        extra = PSEUDO_ITEMS / items.clusters.n**2
        return worse((mean(a.parsed), mean(b.parsed)), items, z, sign=-1.0, extra=extra)

    def accuracy() -> Worse:
        return worse((mean(a.correct), mean(b.correct)), items, z, sign=-1.0)

    silent = "" if a.parsed.any() and b.parsed.any() else "no row states a usable confidence"
    one_class = f"{of_class:.4g} right or wrong rows of unchanged correctness, fewer than {LEAST}"
    few_wrong = f"{of_wrong:.0f} wrong rows, fewer than {LEAST}"
    made: dict[str, tuple[Callable[[], Worse], str]] = {
        "brier": (brier, silent),
        "overconfidence_gap": (gap, silent),
        "auroc": (ranking, silent or (one_class if of_class < LEAST else "")),
        "confidence_when_wrong": (when_wrong, silent or (few_wrong if of_wrong < LEAST else "")),
        "parse_rate": (parse_rate, ""),
        "accuracy": (accuracy, ""),
    }
    return {
        name: _undefined(name, items.questions.n, reason)
        if reason
        else _cell(name, items.questions.n, compute())
        for name, (compute, reason) in made.items()
    }


def _mean_square(x: Answers) -> Value:
    return mean((x.confidence - x.correct) ** 2, x.parsed)


def _mean_gap(x: Answers) -> Value:
    return mean(x.confidence - x.correct, x.parsed)


def _guard(cells: dict[str, Degradation]) -> dict[str, Degradation]:
    """Add to the limits what the answers that are missing now could have done."""
    drop = max(cells["parse_rate"].worse_by, 0.0)
    room = 1.0 - cells["confidence_when_wrong"].candidate
    for name, excess in (
        ("brier", drop),
        ("overconfidence_gap", drop),
        ("confidence_when_wrong", drop * room),
    ):
        cells[name] = replace(cells[name], upper=cells[name].upper + excess)
    return cells


def _cell(name: str, items: int, w: Worse) -> Degradation:
    return Degradation(name, w.reference, w.candidate, w.by, w.upper, w.p_value, w.error, items)


def _undefined(name: str, items: int, reason: str) -> Degradation:
    return Degradation(name, NAN, NAN, NAN, NAN, NAN, NAN, items, reason)


def _check(name: str, rows: tuple[ArrayLike, ArrayLike]) -> Answers:
    if not isinstance(rows, (tuple, list)) or len(rows) != 2:
        raise ValueError(f"{name} must be a pair (confidence, correct), got {type(rows).__name__}")
    try:
        stated = np.asarray(as_confidence(rows[0]), dtype=np.float64)
        missing = np.isnan(stated)
        confidence = np.asarray(check_confidence(np.where(missing, 0.0, stated)), np.float64)
        correct = check_correct(rows[1], stated.size)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return Answers(confidence, correct.astype(np.float64), (~missing).astype(np.float64))
