"""Judge rollouts, the answers that a student sampled, by the verifiers of the tasks.

Every method, and so `train --help`, imports this file: verifiers and numpy are imported only when
a rollout is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from caopd_bench.train.text.replace import read_response

__all__ = ["Group", "Rollout", "judge_rollout", "make_groups"]

Doc = Mapping[str, Any]


class Rollout(NamedTuple):
    """One sampled answer."""

    ids: list[int]  # as sampled, including the end token if it was sampled
    text: str  # without the end token
    status: str  # from the parser; "unfinished" also if the token budget ran out
    answer: str | None
    confidence: float | None
    correct: int

    @property
    def usable(self) -> bool:
        """Return whether it counts for the success rate and gets a confidence target."""
        return self.status == "ok"


class Group(NamedTuple):
    """One question, its rollouts, and the target success rate of each."""

    doc: Doc
    rollouts: list[Rollout]
    rates: list[float]  # NaN for a rollout without a target

    @property
    def rate(self) -> float:
        """Return the question's success rate: the mean of its rollouts' rates, NaN without any."""
        known = [rate for rate in self.rates if rate == rate]
        return sum(known) / len(known) if known else float("nan")


def judge_rollout(doc: Doc, ids: Sequence[int], text: str, *, finished: bool) -> Rollout:
    """Judge one sampled answer as the task judges a response.

    An answer that the token budget cut off is unfinished whatever it states: ``0.9`` may be the
    beginning of ``0.95``. It counts as wrong, like an answer that was never given.
    """
    if not finished:
        return Rollout(list(ids), text, "unfinished", None, None, 0)
    from caopd_bench.tasks.judge.options import options_of

    options = options_of(doc)
    return Rollout(list(ids), text, *_judge(text, doc["kind"], doc["answer"], options))


@lru_cache(maxsize=65536)
def _judge(
    text: str, kind: str, gold: str, options: tuple[str, ...]
) -> tuple[str, str | None, float | None, int]:
    """Return status, answer, confidence and correctness; cached, since rollouts repeat."""
    from caopd_bench.tasks.judge.verify import verify

    read = read_response(text, kind)
    confidence = read.confidence if read.status == "ok" else None
    correct = read.status != "unfinished" and verify(read.answer, gold, kind=kind, options=options)
    return read.status, read.answer, confidence, int(correct)


def make_groups(
    docs: Sequence[Doc],
    rollouts: Sequence[Rollout],
    k: int,
    *,
    estimate: str = "plain",
    source: str = "verifier",
    toward: Sequence[float] | None = None,
    shrink: float = 4.0,
) -> list[Group]:
    """Group rollouts by question and estimate the target success rate of each.

    Parameters
    ----------
    docs : sequence
        The questions.
    rollouts : sequence
        K rollouts of each question, one question after the other.
    k : int
        Number of rollouts per question.
    estimate : str
        Estimator of the success rate from the verifier's results; see `success.success_rates`.
    source : str
        ``"verifier"``, or ``"agreement"``: the share of the commonest answer, without the gold one.
    toward, shrink
        For the estimate ``"level"``: for each question the rate toward which its own is shrunk, and
        the strength of the shrinkage.
    """
    import numpy as np

    from caopd_bench.tasks.judge.options import options_of
    from caopd_bench.tasks.judge.verify import group_answers
    from caopd_bench.train.rollouts.success import agreement_rates, success_rates

    if len(rollouts) != len(docs) * k:
        raise ValueError(f"{len(docs)} questions with {k} rollouts each, got {len(rollouts)}")
    parts = [list(rollouts[i * k : (i + 1) * k]) for i in range(len(docs))]
    usable = np.array([[r.usable for r in part] for part in parts], dtype=float).reshape(-1, k)
    if source == "agreement":
        voted = [
            group_answers(
                [r.answer if r.usable else None for r in part], doc["kind"], options_of(doc)
            )
            for doc, part in zip(docs, parts, strict=True)
        ]
        rates = agreement_rates(voted, usable)
    elif source == "verifier":
        correct = np.array([[r.correct for r in part] for part in parts]).reshape(-1, k)
        rates = success_rates(correct, usable, estimate=estimate, toward=toward, shrink=shrink)
    else:
        raise ValueError(f"source must be verifier or agreement, got {source!r}")
    return [
        Group(doc, part, list(map(float, row)))
        for doc, part, row in zip(docs, parts, rates, strict=True)
    ]
