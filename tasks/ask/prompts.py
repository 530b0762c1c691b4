"""Build a prompt from a document, its style (`catalogue.styles`) and its way of asking.

The question comes first and the instruction after it, right before the model's turn. Only the first
exemplar repeats the instruction; the others illustrate it. That is a third shorter than repeating
it everywhere, and SmolLM2-135M-Instruct kept to the format more often (docs/decisions/README.md).

The micro models' arithmetic (style `arith`) has no words at all: their tokenizer knows a few dozen
pieces.

Science and tool use are asked as in the paper: the dataset's own instruction (the system message,
or part of the question) says how to answer, and a line of ours asks for the confidence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from caopd_bench.tasks.catalogue.styles import MATH_INSTRUCTION, STYLES
from caopd_bench.tasks.catalogue.ways import WAYS
from caopd_bench.tasks.read.calls.find import load_calls

__all__ = [
    "MATH_INSTRUCTION",
    "PANEL",
    "PANEL_ITEMS",
    "PROMPT_VERSION",
    "STYLES",
    "item_hash",
    "render_answer",
    "render_note",
    "render_prompt",
    "render_system",
]

#: Raise this with every change of wording. It is part of each item's hash, so that rows from
#: different prompts are never paired by accident.
PROMPT_VERSION = "1"

# The line stands in the system message, after the dataset's own instruction: SmolLM2-135M-Instruct
# followed it more often there than after the question (docs/decisions/README.md).
SCIENCE_LINE = (
    'After the closing </answer> tag write one last line: "Confidence:" and the probability (0.00 '
    "to 1.00) that this answer is right."
)

#: The prompt panel maps paraphrase and scale to an instruction for the mathematics style.
PANEL = {
    ("1", "unit"): MATH_INSTRUCTION,
    ("1", "percent"): (
        'Think step by step, then end with two lines: "Answer:" and the exact number, '
        '"Confidence:" and the probability (0% to 100%) that this answer is right.'
    ),
    ("2", "unit"): (
        "Solve this and show your work briefly. The second-to-last line reads "
        '"Answer: <exact number>", the last line "Confidence: <c>", where c is between 0.00 '
        "(surely wrong) and 1.00 (surely right)."
    ),
    ("2", "percent"): (
        "Solve this and show your work briefly. The second-to-last line reads "
        '"Answer: <exact number>", the last line "Confidence: <c>", where c is between 0% (surely '
        "wrong) and 100% (surely right)."
    ),
    ("3", "unit"): (
        'Work it out. Then give the exact result after "Answer:" and, on a line of its own, a '
        'number from 0.00 to 1.00 after "Confidence:". Of all the answers to which you give the '
        "same number, that share should turn out right."
    ),
    ("3", "percent"): (
        'Work it out. Then give the exact result after "Answer:" and, on a line of its own, a '
        'percentage from 0% to 100% after "Confidence:". Of all the answers to which you give the '
        "same percentage, that many in a hundred should turn out right."
    ),
}


#: Number of bundled problems in the panel, 20 of each level.
PANEL_ITEMS = 200


def render_prompt(doc: Mapping[str, Any]) -> str:
    """Return the prompt for one question, in the document's way of asking.

    Parameters
    ----------
    doc
        A document with `question`, `style`, `way` and `instructed`; `given` for the ways that judge
        an answer; `context` and `privileged` for the privileged ways, and `note` for a teacher that
        is told the confidence; `paraphrase` and `scale` for the panel.
    """
    way = WAYS[doc["way"]]
    if doc["style"] == "arith" and not way.about_answer:
        return _render_arith(doc)
    label, instruction = STYLES[doc["style"]]
    instruction = way.instruction or instruction
    if doc.get("paraphrase"):
        instruction = PANEL[doc["paraphrase"], doc["scale"]]
    question = f"{label}{doc['question']}"
    if way.about_answer:
        given = doc["given"] or "(none)"
        return f"{question}\n\nProposed answer: {given}\n\n{way.about_answer}"
    parts = [question]
    if doc.get("context") == "demonstration":
        parts.append(f"An expert answered this as follows:\n\n{doc['privileged']}")
    elif doc.get("context") == "rollout":
        parts.append(f"An earlier answer of yours was checked and is right:\n\n{doc['privileged']}")
    if doc.get("note") is not None:
        parts.append(render_note(doc["note"]))
    if instruction and doc["instructed"]:
        parts.append(instruction)
    return "\n\n".join(parts)


def _render_arith(doc: Mapping[str, Any]) -> str:
    r"""Return the prompt for the micro models: `Q: 47+08=?`."""
    lines = [f"Q: {doc['question']}=?"]
    if doc.get("context") in ("demonstration", "rollout"):
        label = "Example:" if doc["context"] == "demonstration" else "Solution:"
        lines += [label, doc["privileged"].strip("\n")]
    if doc.get("note") is not None:
        lines.append(f"Note: {doc['note']}")
    return "\n".join(lines)


def render_note(confidence: str) -> str:
    """Return the note that tells a teacher to state `confidence`, which is a text."""
    return (
        f"Note: the measured probability of a right answer to this question is {confidence}. "
        f'Write exactly this number after "Confidence:".'
    )


def render_system(doc: Mapping[str, Any]) -> str:
    """Return the system message: the dataset's instruction and our line; most sets have none."""
    if WAYS[doc["way"]].about_answer or not doc.get("system"):
        return ""
    return f"{doc['system']}\n\n{SCIENCE_LINE}"


def render_answer(
    solution: str, answer: str, confidence: str | None, style: str = "math", scale: str = "unit"
) -> str:
    r"""Return an exemplar's answer, or a demonstration, in the format that the prompt asks for.

    Without a confidence (None), its line is omitted.

    Examples
    --------
    >>> print(render_answer("2 + 2 = 4.", "4", "0.90"))
    2 + 2 = 4.
    Answer: 4
    Confidence: 0.90
    """
    if confidence is not None and scale == "percent":
        confidence = f"{round(100 * float(confidence))}%"
    stated = [] if confidence is None else [f"Confidence: {confidence}"]
    if style == "arith":
        return "\n".join([f"Answer: {int(answer):03d}", *stated])
    if style == "science":
        reasoning = [f"<reasoning>\n{solution}\n</reasoning>"] if solution else []
        return "\n".join([*reasoning, f"<answer>\n{answer}\n</answer>", *stated])
    if style == "tooluse":
        thought = [f"Thought: {solution}"] if solution else []
        calls = [
            line
            for call in load_calls(answer)
            for line in (f"Action: {call.name}", f"Action Input: {call.arguments or '{}'}")
        ]
        return "\n".join([*thought, *calls, *stated])
    lines = [solution] if solution else []
    return "\n".join([*lines, f"Answer: {answer}", *stated])


def item_hash(doc: Mapping[str, Any]) -> str:
    """Hash an item's question, gold answer and prompt version (16 hexadecimal digits).

    Rows of two runs pair by this hash, whatever the way of asking. lm-eval's own hashes include the
    chat template and the limit, and its `doc_id` repeats between seeds.
    """
    key = json.dumps([doc["question"], doc["answer"], PROMPT_VERSION], ensure_ascii=True)
    return hashlib.sha256(key.encode()).hexdigest()[:16]
