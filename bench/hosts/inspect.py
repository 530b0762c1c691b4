"""An Inspect (inspect_ai) scorer and metrics for correctness and stated confidence.

Inspect finds them through this package's entry point `inspect_ai`, as `caopd_bench/NAME`. Answers
are parsed and judged as `caopd-bench rescore` does on the log, so both return the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    Metric,
    SampleScore,
    Score,
    Scorer,
    Target,
    accuracy,
    metric,
    scorer,
    stderr,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver

from caopd_bench import metrics
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.answers.judge import ASK_KIND, judge_logged
from caopd_bench.runs.answers.scale import find_unclear
from caopd_bench.runs.inspect.answers import Asked, read_answer, word_question
from caopd_bench.runs.inspect.fields import add_call
from caopd_bench.tasks.ask.prompts import render_prompt
from caopd_bench.tasks.judge.verify import KINDS

__all__ = ["ask_confidence", "auroc", "brier", "ece", "parse_rate", "stated_confidence"]

#: Prompt style for each kind of answer.
STYLES = {"number": "math", "latex": "latex", "choice": "choice", "phrase": "short"}
#: Replaces `ASK_KIND`, which asks about a command-line option that Inspect does not have.
ASK_SCORER = (
    "is the kind of the scorer right? It is stated_confidence({kind!r}); name another by "
    "stated_confidence(kind)"
)


# Defined before the scorer, since its decorator calls these metrics at import.
def _confidences(scores: Sequence[SampleScore]) -> list[float | None]:
    """Return the confidences; None if absent, or if the other answers make the scale ambiguous."""
    told = [one.score.metadata or {} for one in scores]
    unclear = find_unclear([one.get("stated") for one in told], None)
    return [
        None if unclear is not None and unclear.has(one.get("stated")) else one.get("confidence")
        for one in told
    ]


def _over_confidences(compute: Callable[[Sequence[float], Sequence[bool]], float]) -> Metric:
    """Return a metric over the answers that state a confidence; its value is NaN if none does."""

    def compute_all(scores: list[SampleScore]) -> float:
        pairs = [
            (stated, one.score.value == CORRECT)
            for stated, one in zip(_confidences(scores), scores, strict=True)
            if stated is not None
        ]
        return float(compute(*zip(*pairs, strict=True))) if pairs else math.nan

    return compute_all


@metric(scores="unreduced")
def ece() -> Metric:
    """Compute the expected calibration error of the stated confidences, with ten bins."""
    return _over_confidences(metrics.ece)


@metric(scores="unreduced")
def brier() -> Metric:
    """Compute the Brier score of the stated confidences."""
    return _over_confidences(metrics.brier)


@metric(scores="unreduced")
def auroc() -> Metric:
    """Compute the AUROC: how well stated confidence separates right answers from wrong ones."""
    return _over_confidences(metrics.auroc)


@metric(scores="unreduced")
def parse_rate() -> Metric:
    """Compute the share of answers with a usable confidence."""

    def share(scores: list[SampleScore]) -> float:
        stated = [one is not None for one in _confidences(scores)]
        return sum(stated) / len(stated) if stated else math.nan

    return share


@scorer(metrics=[accuracy(), stderr(), ece(), brier(), auroc(), parse_rate()])
def stated_confidence(kind: str = "number") -> Scorer:
    """Judge the answer and parse the confidence stated in it.

    Parameters
    ----------
    kind : str
        Kind of the answers, as for `caopd-bench rescore --kind`: number, latex, choice, phrase,
        calls, first_call. A choice is looked up among the choices of the sample.
    """
    if kind not in KINDS:
        raise ValueError(f"stated_confidence: kind {kind!r} must be one of {', '.join(KINDS)}")
    limiter: list[CapacityLimiter] = []

    async def score(state: TaskState, target: Target) -> Score:
        fields = _read_fields(state, target)
        # Judging LaTeX waits for a child process. In a thread, one answer at a time, it does not
        # block the model calls.
        limiter[:] = limiter or [CapacityLimiter(1)]
        return await to_thread.run_sync(partial(_score, fields, kind), limiter=limiter[0])

    return score


@solver
def ask_confidence(kind: str = "number") -> Solver:
    """Ask for an answer and a confidence, with the prompts of caopd-bench's tasks.

    The solver only changes the prompt, so it must be followed by one that calls the model:
    `[ask_confidence(), generate()]`. Choices of the sample are listed with their letters.

    Parameters
    ----------
    kind : str
        Kind of the answers: number, latex, choice or phrase.
    """
    if kind not in STYLES:
        raise ValueError(f"ask_confidence: kind {kind!r} must be one of {', '.join(STYLES)}")

    async def solve(state: TaskState, _generate: Generate) -> TaskState:
        prompt = state.user_prompt
        options = [choice.value for choice in state.choices]
        doc = {"question": word_question(prompt.text, options), "style": STYLES[kind]}
        prompt.text = render_prompt({**doc, "way": "conf", "instructed": True})
        return state

    return solve


def _read_fields(state: TaskState, target: Target) -> dict[str, Any]:
    """Return the fields of a sample as its log will record them."""
    # Use the order of the data set, like the log, even if Inspect has shuffled the choices.
    choices = sorted(state.choices, key=lambda choice: choice.original_position)
    fields = {
        "id": state.sample_id,
        "epoch": state.epoch,
        "input": "",
        "choices": [choice.value for choice in choices],
        "target": list(target) if len(target) > 1 else target.text,
        "output": state.output.model_dump(mode="json"),
        "prompts": [one.text for one in state.messages if isinstance(one, ChatMessageUser)],
    }
    # A generator, since events are only searched if the answer was changed.
    events = (one for one in transcript().events if one.event == "model")
    add_call(fields, (one.model_dump(mode="json") for one in events))
    return fields


def _score(fields: dict[str, Any], kind: str) -> Score:
    try:
        logged = read_answer(fields, f"sample {fields['id']}", Asked(kind, ()))
        if logged is None:
            return Score.unscored(
                reason="scoring_failed",
                explanation="the options were shuffled, and their order is not known",
            )
        verdict = judge_logged(logged, kind, None)
    except UsageError as error:
        theirs = ASK_KIND.format(kind=kind)
        raise ValueError(str(error).replace(theirs, ASK_SCORER.format(kind=kind))) from None
    return Score(
        value=CORRECT if verdict.correct else INCORRECT,
        answer=verdict.answer,
        explanation=logged.response,
        metadata={
            "confidence": verdict.confidence,
            "status": verdict.status,
            # Keep the model's text: its scale can only be checked once all answers are known.
            "stated": verdict.stated,
        },
    )
