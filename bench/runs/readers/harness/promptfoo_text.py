"""Drop the reasoning that promptfoo writes before the text of an output."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Output", "drop_reasoning"]

PREFIX = "Thinking: "
SIGNATURE = "\nSignature: "
BLANK = "\n\n"


class Output(NamedTuple):
    """The model's answer, and whether its start is a guess."""

    text: str
    is_guess: bool


def drop_reasoning(output: str) -> Output:
    r"""Drop the reasoning that promptfoo by default writes before an output.

    The reasoning ends with a blank line, or with a signature for Anthropic's models. If it contains
    blank lines itself, everything after the first is kept, so that no part of an answer is lost.
    Without a blank line nothing is dropped.

    Examples
    --------
    >>> drop_reasoning("Thinking: 5, or 6?\n\nAnswer: 6\nConfidence: 0.7")
    Output(text='Answer: 6\nConfidence: 0.7', is_guess=False)
    >>> drop_reasoning("Answer: 6\n\nConfidence: 0.7").is_guess
    False
    """
    if not output.startswith(PREFIX):
        return Output(output, False)
    signed = output.find(SIGNATURE)
    _, blank, text = output[max(signed, 0) :].partition(BLANK)
    if not blank:  # no separator, so the word may be the model's own
        return Output(output, False)
    return Output(text, signed < 0 and BLANK in text)
