"""Aggregate the values of all documents for lm-eval, which finds these functions by `ways/_*.yml`.

lm-eval collects the results of `judge` per metric, one value for each document. Set metrics (ECE,
Brier, AUROC, ...) collect `[confidence, correct]`, or a list of such pairs where a question was
sampled several times; a pair whose confidence is None is counted by `parse_rate` and left out of
the metric.

lm-eval has standard errors only for a few aggregations of its own, and those are 0 where every
answer is right. It prints `± x` for any metric `m` that is followed by a metric named `m_stderr`,
so each has one. It agrees with the 95% interval that `caopd-bench score` prints for the same rows,
see `_error_of`. A metric that is undefined (AUROC without a wrong answer) is None and its standard
error the string "N/A": lm-eval's table cannot print a standard error of None.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
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
Pair: TypeAlias = "tuple[float | None, float]"  # confidence (or None) and outcome
Pairs: TypeAlias = "Pair | list[Pair]"  # of one question, sampled or not
# The outcome of one question, 0 or 1, or a list of them, one for each sample.
Share: TypeAlias = "float | Sequence[float]"

#: Explanations of unclear row names in lm-eval's table, which has no column for them.
EXPLANATION = (
    "in the table below, `confidence` is the mean of the stated confidences, `overconfidence_gap` "
    "is that mean minus the share of right answers among the same rows (best: 0), and value "
    "± 1.96 Stderr covers the 95% interval that `caopd-bench score` prints"
)
Z = 1.959964  # normal quantile for the 95% intervals that `bootstrap` gives
_log = logging.getLogger("lm_eval.caopd_bench")


def count_statuses(statuses: Sequence[str | Sequence[str]]) -> str | None:
    """Aggregate `status`: the number of responses of each, as text: "16 ok, 4 no_answer".

    lm-eval's table has a row for every value of a document. The share that is ok is already there
    as `parse_rate`; a string is printed as it is.
    """
    _explain_table()
    counts = Counter(
        s for value in statuses for s in ([value] if isinstance(value, str) else value)
    )
    ordered = sorted(counts.items(), key=lambda item: (item[0] != "ok", -item[1], item[0]))
    return ", ".join(f"{count:,} {status}" for status, count in ordered) or None


@lru_cache(maxsize=1)
def _explain_table() -> None:
    """Explain the table once, however many tasks it has."""
    _log.info(EXPLANATION)


def mean_confidence(confidences: Sequence[Any]) -> float | None:
    """Aggregate `confidence`: the mean over the responses with a confidence."""
    each = (c for value in confidences for c in (value if isinstance(value, list) else [value]))
    stated = [c for c in each if c is not None]
    return math.fsum(stated) / len(stated) if stated else None


def share(values: Sequence[Share]) -> float | None:
    """Aggregate `acc` and `parse_rate`: the share of all responses, sampled or not."""
    each = [y for _, y in _flat(values)]
    return math.fsum(each) / len(each) if each else None


def share_stderr(values: Sequence[Share]) -> float | str:
    """Return the standard error of `share`, with the samples of a question as one cluster."""
    return _error_of_share(_flat(values))


def majority_accuracy(pairs: Sequence[Pair]) -> float | None:
    """Aggregate `majority`: the share of questions whose most common answer is right."""
    right = [correct for confidence, correct in pairs if confidence is not None]
    return math.fsum(right) / len(right) if right else None


def majority_accuracy_stderr(pairs: Sequence[Pair]) -> float | str:
    """Return the standard error of `majority_accuracy`."""
    return _error_of_share((i, y) for i, (c, y) in enumerate(pairs) if c is not None)


def auroc_within_questions(pairs: Sequence[Pairs]) -> float | None:
    """Aggregate AUROC over pairs of samples of one question."""
    return _none_if_nan(auroc_within(_by_question(pairs)) if _by_question(pairs) else math.nan)


def auroc_within_questions_stderr(pairs: Sequence[Pairs]) -> float | str:
    """Return the standard error of `auroc_within_questions`."""
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
    return _tally(parsed) if parsed else None


def _tally(rows: Sequence[tuple[int, float, float]]) -> Tally:
    """Tally question, confidence and outcome; the samples of a question are one cluster."""
    questions, confidences, outcomes = zip(*rows, strict=True)
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


def _flat(values: Sequence[Share]) -> Iterator[tuple[int, float]]:
    """Yield question and outcome of every response."""
    for question, value in enumerate(values):
        for outcome in value if isinstance(value, Sequence) else [value]:
            yield question, float(outcome)


def _error_of_share(outcomes: Iterable[tuple[int, float]]) -> float | str:
    rows = list(outcomes)
    if not rows:
        return "N/A"
    # A share needs no confidences, but a tally has one for each row; 0.5 is a placeholder.
    counts = _tally([(question, 0.5, outcome) for question, outcome in rows])
    return _error_of(bootstrap(counts, metrics=("accuracy",))["accuracy"])


def _error_of(interval: Interval) -> float | str:
    """Return the distance to the farther limit of the interval, divided by 1.96.

    Readers of lm-eval's table take ± 1.96 standard errors for the interval. The usual standard
    error is far too small for this if few answers are right (AUROC 0.667 with one right answer of
    16: the error is 0.061, but the limits are 0.208 and 0.937), and 0 if all are right. With many
    rows the two are equal.
    """
    reach = max(interval.estimate - interval.low, interval.high - interval.estimate)
    return "N/A" if math.isnan(reach) else reach / Z


def _none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else value
