"""The styles of questions: the label before one, and the instruction after it.

Any change of a word requires a new `PROMPT_VERSION` (`ask.prompts`).
"""

from __future__ import annotations

__all__ = ["MATH_INSTRUCTION", "STYLES"]

MATH_INSTRUCTION = (
    'Think step by step, then end with two lines: "Answer:" and the exact number, "Confidence:" '
    "and the probability (0.00 to 1.00) that this answer is right."
)
#: Maps a style to (label of the question, instruction).
STYLES = {
    "math": ("Problem: ", MATH_INSTRUCTION),
    "latex": (
        "Problem: ",
        'Think step by step, then end with two lines: "Answer:" and the exact answer in LaTeX, '
        '"Confidence:" and the probability (0.00 to 1.00) that this answer is right.',
    ),
    "choice": (
        "Question: ",
        'Think step by step, then end with two lines: "Answer:" and the letter of the right '
        'option, "Confidence:" and the probability (0.00 to 1.00) that this answer is right.',
    ),
    "short": (
        "Question: ",
        'Reply with two lines: "Answer:" and the answer in a few words, "Confidence:" and the '
        "probability (0.00 to 1.00) that this answer is right.",
    ),
    "science": ("", ""),
    "tooluse": (
        "",
        'After the last Action Input write one last line: "Confidence:" and the probability (0.00 '
        "to 1.00) that all of these actions are right.",
    ),
    "arith": ("Q: ", ""),
}
