"""Probabilities of the options of a choice, from the log probabilities of the answer's token."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from caopd_bench.runs.readers.harness.found import mapping
from caopd_bench.tasks.judge.choices import read_choice
from caopd_bench.tasks.read.parse import find_spans

__all__ = ["Letters", "find_letters", "spread"]

#: What stands around a letter in a token: " B", "(B", "B.", "**B".
AROUND = " \t\r\n()[]{}<>*_`'\"$.:,;"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Letters(NamedTuple):
    """The letter that was answered, and the probability of each letter that its token could be."""

    answer: str
    probability: Mapping[str, float]


def find_letters(text: str, tokens: Any) -> Letters | None:
    """Find the token that is the answer, and what else it could have been.

    Parameters
    ----------
    text : str
        The response.
    tokens : list of mapping
        As `logprobs.content` of chat completions: `token`, `logprob`, `top_logprobs`.

    Returns
    -------
    Letters or None
        None if no token is the letter of the answer, or its alternatives are not logged.
    """
    if not isinstance(tokens, list):
        return None
    answer = _bare(text) or read_choice(find_spans(text, kind="choice").answer or "")
    if not answer:
        return None
    # The last token that is this letter as a label has it: a mention of it may come before.
    found = [one for one, after in _with_text(tokens) if _bare(_token(one)) == answer and after]
    for one in reversed(found):
        probability = _read_top(one)
        if answer in probability:
            return Letters(answer, probability)
    return None


def spread(letters: Letters, options: Sequence[str]) -> tuple[float, ...]:
    """Give the share of each option in the probability of all options; of one not logged 0.

    Examples
    --------
    >>> spread(Letters("B", {"A": 0.25, "B": 0.75, "X": 0.1}), "ABCD")
    (0.25, 0.75, 0.0, 0.0)
    """
    found = [letters.probability.get(option, 0.0) for option in options]
    total = math.fsum(found)
    return tuple(value / total for value in found) if total > 0 else ()


def _with_text(tokens: Sequence[Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield tokens, each with whether it stands where an answer does: alone, or after a label."""
    before = ""
    for one in tokens:
        held = mapping(one)
        stem = before.rstrip(AROUND.replace(":", "") + "\\")
        yield held, not stem or stem.endswith((":", "answer", "answer is", "boxed", "text"))
        before = (before + _token(held))[-40:]


def _read_top(token: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    listed = token.get("top_logprobs")
    for one in listed if isinstance(listed, list) else []:
        letter = _bare(_token(mapping(one)))
        log = mapping(one).get("logprob")
        if letter and isinstance(log, (int, float)) and not isinstance(log, bool) and log <= 0:
            # " B" and "B" are two tokens of one letter.
            found[letter] = found.get(letter, 0.0) + math.exp(log)
    return found


def _token(held: Mapping[str, Any]) -> str:
    token = held.get("token")
    return token if isinstance(token, str) else ""


def _bare(text: str) -> str:
    """Give the letter that a text is, but for brackets and the like; else nothing."""
    if len(text) > 12:
        return ""
    letter = text.strip(AROUND)
    return letter if len(letter) == 1 and letter in ALPHABET else ""
