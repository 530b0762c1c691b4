"""The cost of an evaluation, from measured token counts: requests, tokens, time, price.

`tasks/costs.json` holds the measurements and their sources: prompts counted with one tokenizer over
all items, and answers of one model. Another model's answers may be longer or shorter; the token
budget is the upper limit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.tasks.ask.prompts import PANEL_ITEMS
from caopd_bench.tasks.catalogue.ways import WAYS
from caopd_bench.tasks.listing import TaskEntry

__all__ = ["Costs", "Plan", "load_costs", "make_plan"]


@dataclass(frozen=True, slots=True)
class Costs:
    """Measured tokens of one set of questions.

    Attributes
    ----------
    items : int
        Questions.
    prompt_tokens, tokens_per_shot : float or None
        Mean tokens of a prompt without exemplars, and of one exemplar; None if not measured.
    answer_tokens : float or None
        Mean tokens of an answer; None where no answer was measured.
    measured : str
        The tokenizer, the model and the number of answers behind the measurement.
    """

    items: int
    prompt_tokens: float | None
    tokens_per_shot: float | None
    answer_tokens: float | None
    measured: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost of an evaluation before it runs; time and price are None where no rate was given.

    Attributes
    ----------
    requests : int
        Generations.
    tokens_in, tokens_out, budget_out : float
        Prompts and answers as measured (None if they were not), and answers that all use their
        budget, or `answer_tokens` where that is more.
    hours, hours_at_most : float or None
        Time to generate the output tokens at the given rate.
    price, price_at_most : float or None
        Price of the input and output tokens.
    """

    requests: int
    tokens_in: float | None
    tokens_out: float | None
    budget_out: float
    hours: float | None
    hours_at_most: float | None
    price: float | None
    price_at_most: float | None


def load_costs() -> dict[str, Costs]:
    """Read the measured token counts of every set of questions."""
    text = resources.files("caopd_bench.tasks").joinpath("costs.json").read_text(encoding="utf-8")
    raw: dict[str, dict[str, Any]] = json.loads(text)
    return {name: Costs(**numbers) for name, numbers in raw.items()}


def make_plan(
    task: TaskEntry,
    costs: Costs,
    *,
    limit: int | None = None,
    num_fewshot: int = 0,
    samples: int | None = None,
    answer_tokens: float | None = None,
    prompts: int = 1,
    rate: float | None = None,
    price_in: float | None = None,
    price_out: float | None = None,
) -> Plan:
    """Estimate the cost of an evaluation.

    Parameters
    ----------
    task : TaskEntry
        Its prompt type determines the number of requests per question.
    costs : Costs
        Measured tokens of its questions.
    limit, num_fewshot, samples : int, optional
        The options of `lm_eval`: questions, exemplars, and `k` of the sampling prompt types.
    answer_tokens : float, optional
        Tokens per answer, to override the measurement. Above the task's budget it replaces the
        budget, which the user must then raise.
    prompts : int
        Number of tasks of this kind: more than one for the prompt panel.
    rate : float, optional
        Output tokens per second of the whole backend.
    price_in, price_out : float, optional
        Price per million tokens.

    Raises
    ------
    UsageError
        If samples are given for a task that asks only once.
    """
    is_panel = task.way == "panel"
    way = WAYS["conf" if is_panel else task.way]
    items = min(costs.items, PANEL_ITEMS) if is_panel else costs.items
    if samples is not None and way.samples == 1:
        raise UsageError(
            f"--samples {samples}: {task.name} asks once; use the task that ends in _sc8"
        )
    questions = min(limit or items, items)
    each_time = (samples or way.samples) if way.generates else 2
    requests = questions * each_time * prompts
    tokens_in = None
    if costs.prompt_tokens is not None and costs.tokens_per_shot is not None:
        tokens_in = requests * (costs.prompt_tokens + num_fewshot * costs.tokens_per_shot)
    each = answer_tokens or (None if way.about_answer else costs.answer_tokens)
    tokens_out = None if each is None else requests * each
    if not way.generates:  # only the probabilities of one word, no text
        tokens_out = 0.0
    budget = requests * max(task.max_tokens or 0, answer_tokens or 0)

    def hours(tokens: float | None) -> float | None:
        return None if rate is None or tokens is None else tokens / rate / 3600

    def price(tokens: float | None) -> float | None:
        if tokens is None or (price_in is None and price_out is None):
            return None
        if price_in is None:
            return tokens * (price_out or 0.0) / 1e6
        if tokens_in is None:
            return None
        return (tokens_in * price_in + tokens * (price_out or 0.0)) / 1e6

    return Plan(
        requests,
        tokens_in,
        tokens_out,
        budget,
        hours(tokens_out),
        hours(budget),
        price(tokens_out),
        price(budget),
    )
