"""Write the logs of this folder again: python write.py, with inspect_ai 0.3.285 (no model needed).

`order.eval`: options in shuffled order, of which the mock knows which is right. Its answer is a
sentence that Inspect does not understand (sample "prose"), or a line that Inspect writes anew
("form"). `order_chunks.eval`: the same in chunks. `sums.eval`: ways to end, reasoning, metadata;
`whole.json`: its first sample.
"""

import re
import shutil
import tempfile
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log._recorders.chunked import convert_eval_logs_to_chunked
from inspect_ai.model import (
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import choice, match
from inspect_ai.solver import generate, multiple_choice

HERE = Path(__file__).parent
OPTIONS = ["a whale", "a whale shark", "a trout", "a newt"]
STATED = "Answer: {}\nConfidence: {}"


def give(content, stop="stop"):
    message = ChatMessageAssistant(content=content, model="mockllm/model", source="generate")
    output = ModelOutput.from_message(message, stop_reason=stop)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


def choose(messages, *_):
    letter = re.search(r"^(.)\) a whale$", messages[-1].text, re.MULTILINE)[1]
    if "in prose" in messages[-1].text:
        return give(f"The answer is {letter}.\nConfidence: 0.9")
    return give(f"It gives milk.\nConfidence: 0.8\nANSWER: {letter}")


def add(messages, *_):
    asked = messages[-1].text
    if "cut" in asked:
        return give("I begin to", "max_tokens")
    if "filtered" in asked:
        return give("", "content_filter")
    if "failing" in asked:
        raise RuntimeError("the server is away")
    if "thinking" in asked:
        parts = [ContentReasoning(reasoning=STATED.format(5, 0.1))]
        return give([*parts, ContentText(text=STATED.format(4, 0.7))])
    return give("so " * 60 + STATED.format(4, 0.6))


def write(task, name, kind, **more):
    with tempfile.TemporaryDirectory() as folder:
        eval(
            task,
            log_dir=folder,
            log_format=kind,
            display="none",
            fail_on_error=False,
            score_display=False,
            **more,
        )
        log = next(Path(folder).glob(f"*.{kind}"))
        shutil.copy(log, HERE / name)
        if name == "order.eval":
            chunked = Path(folder) / "chunks"
            convert_eval_logs_to_chunked(str(HERE / name), str(chunked))
            shutil.copy(chunked / name, HERE / name.replace(".", "_chunks."))


if __name__ == "__main__":
    samples = [
        Sample(id=how, input=f"Which gives milk? Say it in {how}.", choices=OPTIONS, target="A")
        for how in ("prose", "form")
    ]
    model = get_model("mockllm/model", custom_outputs=choose)
    task = Task(
        samples,
        solver=multiple_choice(cot=True, shuffle=True),
        scorer=choice(),
        name="order",
    )
    write(task, "order.eval", "eval", model=model, epochs=3)
    samples = [
        Sample(
            id=way,
            input=f"What is 2 + 2? ({way})",
            target=["4", "four"],
            metadata={"level": 1.5, "of": {"size": i, "kind": {"name": "small"}}, "list": [1]},
        )
        for i, way in enumerate(["whole", "cut", "filtered", "failing", "thinking"])
    ]
    model = get_model("mockllm/model", custom_outputs=add)
    task = Task(samples, solver=generate(), scorer=match(), name="sums")
    write(task, "sums.eval", "eval", model=model, max_tokens=2048)
    write(task, "whole.json", "json", model=model, limit=1)
