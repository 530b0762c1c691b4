"""The text of a promptfoo output: reasoning that promptfoo wrote in front of it is dropped."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Output", "drop_reasoning"]

PREFIX = "Thinking: "
SIGNATURE = "\nSignature: "
BLANK = "\n\n"


class Output(NamedTuple):
    """What the model answered, and whether where it begins is a guess."""

    text: str
    is_guess: bool


def drop_reasoning(output: str) -> Output:
    r"""Drop reasoning that promptfoo put in front of an output, as it does by default.

    It ends with a blank line; after reasoning that has blank lines itself, all that follows the
    first is kept, so that no part of an answer is lost. Without a blank line nothing is dropped. Of
    Anthropic's models a signature ends it.

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
    if not blank:  # nothing stands apart: the word may be the model's own
        return Output(output, False)
    return Output(text, signed < 0 and BLANK in text)
