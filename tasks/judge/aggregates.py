"""What lm-eval calls, by the names in `ways/_*.yml`, to turn the values of all documents into one.

lm-eval collects what `judging` returned per metric, a value for each document. Set metrics (ECE,
Brier, AUROC, ...) collect `[confidence, correct]`, or a list of such pairs where a question was
sampled several times; a pair whose confidence is None is counted by `parse_rate` and left out of
the metric.

lm-eval knows standard errors only for a few aggregations of its own. It prints `± x` for any
metric `m` that is followed by a metric named `m_stderr`, so each set metric has one, with the
samples of a question taken together. A metric that is undefined (AUROC without a wrong answer) is
None and its standard error the string "N/A": lm-eval's table cannot print a standard error of None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from caopd_bench.metrics import (
    METRICS,
    Interval,
    Tally,
    auroc_between,
    auroc_within,
    bootstrap,
    bootstrap_within,
    tally,
)

SET_METRICS = ("ece", "brier", "auroc", "spr", "overconfidence_gap")
Pair: TypeAlias = "tuple[float | None, float]"  # confidence or None, correct
Pairs: TypeAlias = "Pair | list[Pair]"  # of one document


def share_not_ok(statuses: Sequence[str | Sequence[str]]) -> float | None:
    """Aggregate `status`: the share of responses without a usable answer and confidence."""
    each = [s for value in statuses for s in ([value] if isinstance(value, str) else value)]
    return sum(status != "ok" for status in each) / len(each) if each else None


def mean_confidence(confidences: Sequence[Any]) -> float | None:
    """Aggregate `confidence`: the mean over the responses that state one."""
    each = (c for value in confidences for c in (value if isinstance(value, list) else [value]))
    stated = [c for c in each if c is not None]
    return math.fsum(stated) / len(stated) if stated else None


def accuracy(values: Sequence[Sequence[float]]) -> float | None:
    """Aggregate `acc` of sampled questions: right answers, of all samples."""
    each = [value for samples in values for value in samples]
    return math.fsum(each) / len(each) if each else None


def accuracy_stderr(values: Sequence[Sequence[float]]) -> float | str:
    """Give the standard error of `accuracy`: of the means of the questions, equally sampled."""
    means = [math.fsum(samples) / len(samples) for samples in values if len(samples)]
    return _error_of_mean(means)


def majority_accuracy(pairs: Sequence[Pair]) -> float | None:
    """Aggregate `majority`: how often the commonest answer to a question is right."""
    right = [correct for confidence, correct in pairs if confidence is not None]
    return math.fsum(right) / len(right) if right else None


def majority_accuracy_stderr(pairs: Sequence[Pair]) -> float | str:
    """Give the standard error of `majority_accuracy`."""
    return _error_of_mean([correct for confidence, correct in pairs if confidence is not None])


def auroc_within_questions(pairs: Sequence[Pairs]) -> float | None:
    """Aggregate AUROC over pairs of samples of one question."""
    return _none_if_nan(auroc_within(_by_question(pairs)) if _by_question(pairs) else math.nan)


def auroc_within_questions_stderr(pairs: Sequence[Pairs]) -> float | str:
    """Give the standard error of `auroc_within_questions`."""
    groups = _by_question(pairs)
    return _error_of(bootstrap_within(groups)) if groups else "N/A"


def auroc_between_questions(pairs: Sequence[Pairs]) -> float | None:
    """Aggregate AUROC over pairs of samples of different questions."""
    return _none_if_nan(auroc_between(_by_question(pairs)) if _by_question(pairs) else math.nan)


def _aggregate(name: str) -> Callable[[Sequence[Pairs]], float | None]:
    """Make the aggregation of one set metric: pairs in, the number or None out."""

    def aggregate(pairs: Sequence[Pairs]) -> float | None:
        counts = _tally_parsed(pairs)
        return None if counts is None else _none_if_nan(METRICS[name].function(counts))

    aggregate.__name__ = aggregate.__qualname__ = name
    return aggregate


def _aggregate_stderr(name: str) -> Callable[[Sequence[Pairs]], float | str]:
    """Make the aggregation of one standard error: pairs in, the number or "N/A" out."""

    def aggregate(pairs: Sequence[Pairs]) -> float | str:
        counts = _tally_parsed(pairs)
        if counts is None:
            return "N/A"
        return _error_of(bootstrap(counts, metrics=(name,))[name])

    aggregate.__name__ = aggregate.__qualname__ = f"{name}_stderr"
    return aggregate


ece, ece_stderr = _aggregate("ece"), _aggregate_stderr("ece")
brier, brier_stderr = _aggregate("brier"), _aggregate_stderr("brier")
auroc, auroc_stderr = _aggregate("auroc"), _aggregate_stderr("auroc")
spr, spr_stderr = _aggregate("spr"), _aggregate_stderr("spr")
overconfidence_gap = _aggregate("overconfidence_gap")
overconfidence_gap_stderr = _aggregate_stderr("overconfidence_gap")
mean_confidence_stderr = _aggregate_stderr("mean_confidence")
agreement_ece, agreement_ece_stderr = ece, ece_stderr
agreement_brier, agreement_brier_stderr = brier, brier_stderr
agreement_auroc, agreement_auroc_stderr = auroc, auroc_stderr


def _each(pairs: Sequence[Pairs]) -> Iterator[tuple[int, float, float]]:
    """Yield question, confidence and outcome of every parsed response."""
    for question, value in enumerate(pairs):
        for confidence, correct in value if isinstance(value, list) else [value]:
            if confidence is not None:
                yield question, confidence, correct


def _tally_parsed(pairs: Sequence[Pairs]) -> Tally | None:
    parsed = list(_each(pairs))
    if not parsed:
        return None
    questions, confidences, outcomes = zip(*parsed, strict=True)
    is_sampled = len(set(questions)) < len(questions)
    return tally(confidences, outcomes, cluster=questions if is_sampled else None)


def _by_question(pairs: Sequence[Pairs]) -> list[Tally]:
    found: dict[int, list[tuple[float, float]]] = {}
    for question, confidence, correct in _each(pairs):
        found.setdefault(question, []).append((confidence, correct))
    return [
        tally([c for c, _ in rows], [y for _, y in rows], cluster=[question] * len(rows))
        for question, rows in found.items()
    ]


def _error_of(interval: Interval) -> float | str:
    error = interval.standard_error
    return "N/A" if math.isnan(error) else error


def _error_of_mean(values: Sequence[float]) -> float | str:
    n = len(values)
    if n < 2:
        return "N/A"
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)


def _none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else value
