"""Sums in Inspect, with a stated confidence for each answer.

    inspect eval inspect_arithmetic.py@sums --model openai/gpt-5
    inspect eval inspect_arithmetic.py@sums_mock

The second needs no model: a mock answers, and is wrong on every fourth sum.
"""

import re

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate

from caopd_bench.hosts.inspect import ask_confidence, stated_confidence

SAMPLES = [
    Sample(
        id=f"sum-{a}",
        input=f"What is {a} + {7 * a}?",
        target=str(8 * a),
        metadata={"size": "small" if a <= 20 else "large"},
    )
    for a in range(1, 41)
]


@task
def sums() -> Task:
    """Ask for an answer and a confidence, and score both."""
    return Task(
        dataset=SAMPLES,
        solver=[ask_confidence("number"), generate()],
        scorer=stated_confidence("number"),
    )


@task
def sums_mock() -> Task:
    """Make the same task, answered by a mock."""
    made = sums()
    made.model = get_model("mockllm/model", custom_outputs=answer)
    return made


def answer(messages: list[ChatMessage], *_: object) -> ModelOutput:
    """Answer as a mock: wrong on every fourth sum, and less sure of large ones."""
    first, second = map(int, re.findall(r"\d+", messages[-1].text)[:2])
    total = first + second + (first % 4 == 0)
    text = f"I add the two.\nAnswer: {total}\nConfidence: {1 - first / 100:.2f}"
    output = ModelOutput.from_content("mockllm/model", text)
    output.usage = ModelUsage(input_tokens=20, output_tokens=15, total_tokens=35)
    return output
