"""Judge the responses to one document; lm-eval's `process_results` calls these functions.

Every metric has a value for every document, parsed or not: otherwise lm-eval mis-weights groups.
`caopd-bench score` reads the keys `acc`, `confidence` and `status`; for a sampled question they are
lists with one entry per sample, and `majority` is the pair [share of the most common answer,
whether it is right].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from caopd_bench.tasks.judge.aggregates import SET_METRICS
from caopd_bench.tasks.judge.options import options_of
from caopd_bench.tasks.judge.spans import read_spans
from caopd_bench.tasks.judge.verify import group_answers, verify
from caopd_bench.tasks.read.parse import judge_spans

__all__ = ["judge", "judge_given", "judge_samples", "judge_truth", "vote"]

Judged = tuple[float | None, float, str, "str | None"]  # confidence, correct, status, answer
AGREEMENT_METRICS = ("ece", "brier", "auroc")


def judge(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
    """Judge one response that states an answer and a confidence."""
    confidence, correct, status, _ = _judge(doc, results[0])
    return _values(confidence, correct, status)


def judge_given(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
    """Judge the confidence stated for an answer of an earlier run."""
    text = results[0]
    if not isinstance(text, str):
        return _values(None, 0.0, "api_error")
    parsed = judge_spans(read_spans(text)._replace(answer=doc["given"]))
    is_answered = doc["given"] is not None and parsed.status != "unfinished"
    correct = float(is_answered and _is_right(doc, doc["given"]))
    return _values(parsed.confidence if parsed.status == "ok" else None, correct, parsed.status)


def judge_truth(doc: Mapping[str, Any], results: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Judge the probability of "True" against "False" for an answer of an earlier run."""
    (true, _), (false, _) = results
    if doc["given"] is None:
        return _values(None, 0.0, "no_answer")
    correct = float(_is_right(doc, doc["given"]))
    # P(True) / (P(True) + P(False)) is the logistic function of the difference; tanh does not
    # overflow.
    confidence = 0.5 * (1 + math.tanh((true - false) / 2))
    if not math.isfinite(confidence):
        return _values(None, correct, "bad_confidence")
    return _values(confidence, correct, "ok")


def judge_samples(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
    """Judge all samples of one question: each one's result, and their agreement."""
    judged = [_judge(doc, text) for text in results]
    pairs = [(confidence, correct) for confidence, correct, _, _ in judged]
    answers = [answer for _, _, _, answer in judged]
    share, chosen = vote(answers, doc["kind"], options_of(doc))
    majority = (share, 0.0 if chosen is None else judged[chosen][1])
    is_ok = [float(status == "ok") for _, _, status, _ in judged]
    values: dict[str, Any] = {
        "acc": [correct for _, correct, _, _ in judged],
        "acc_stderr": [correct for _, correct, _, _ in judged],
        "parse_rate": is_ok,
        "parse_rate_stderr": is_ok,
        "status": [status for _, _, status, _ in judged],
        "confidence": [confidence for confidence, _, _, _ in judged],
        "confidence_stderr": pairs,
        "copies": float(len({str(text) for text in results}) == 1),
        "majority": majority,
        "majority_stderr": majority,
        "auroc_within": pairs,
        "auroc_within_stderr": pairs,
        "auroc_between": pairs,
    }
    for name in SET_METRICS:
        values[name] = values[f"{name}_stderr"] = pairs
    for name in AGREEMENT_METRICS:
        values[f"agreement_{name}"] = values[f"agreement_{name}_stderr"] = majority
    return values


def vote(
    answers: Sequence[str | None], kind: str, options: Sequence[str] = ()
) -> tuple[float, int | None]:
    """Return the share of the most common answer, and the index of its first sample.

    A sample without an answer casts no vote but counts in the share: K samples, one vote each.
    Of equally common answers the earliest wins. The result is (0, None) if there is no answer.
    """
    groups = group_answers(answers, kind, options)
    counts: dict[int, int] = {}
    for group in groups:
        if group is not None:
            counts[group] = counts.get(group, 0) + 1
    if not counts:
        return 0.0, None
    chosen = max(counts, key=lambda group: (counts[group], -group))
    return counts[chosen] / len(answers), groups.index(chosen)


def _is_right(doc: Mapping[str, Any], answer: str | None) -> bool:
    return verify(answer, doc["answer"], kind=doc["kind"], options=options_of(doc))


def _judge(doc: Mapping[str, Any], text: Any) -> Judged:
    if not isinstance(text, str):  # the backend returns None for a failed API request
        return None, 0.0, "api_error", None
    parsed = judge_spans(read_spans(text, doc["kind"]))
    is_read = parsed.status != "unfinished"
    correct = float(is_read and _is_right(doc, parsed.answer))
    confidence = parsed.confidence if parsed.status == "ok" else None
    return confidence, correct, parsed.status, parsed.answer


def _values(confidence: float | None, correct: float, status: str) -> dict[str, Any]:
    pair = (confidence, correct)
    values: dict[str, Any] = {
        "acc": correct,
        "acc_stderr": correct,
        "parse_rate": float(status == "ok"),
        "parse_rate_stderr": float(status == "ok"),
        "status": status,
        "confidence": confidence,
        "confidence_stderr": pair,
    }
    for name in SET_METRICS:
        values[name] = values[f"{name}_stderr"] = pair
    return values
