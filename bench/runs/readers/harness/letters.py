"""Probabilities of the options of a choice, from the log probabilities of the answer's token."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from caopd_bench.runs.readers.harness.found import mapping
from caopd_bench.tasks.judge.choices import read_choice
from caopd_bench.tasks.read.parse import find_spans

__all__ = ["Letters", "find_letters", "find_options", "spread"]

#: Characters that may surround a letter in a token: " B", "(B", "B.", "**B".
AROUND = " \t\r\n\u00a0\u0120\u010a\u2581()[]{}<>*_`'\"$.:,;"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: A letter that is neither an answer nor a right answer counts as an option if its probability
#: reaches the first value in one answer, or the second on average over all answers.
NOTABLE_ONCE, NOTABLE = 0.05, 0.005
#: Such a letter is at most this many places after the last option; a later one begins a word.
GAP = 3


class Letters(NamedTuple):
    """The answered letter, and the probability of each letter at its token."""

    answer: str
    probability: Mapping[str, float]


def find_letters(text: str, tokens: Any) -> Letters | None:
    """Find the token of the answer, and the probabilities of its alternatives.

    Parameters
    ----------
    text : str
        The response.
    tokens : list of mapping
        In the form of `logprobs.content` of chat completions: `token`, `logprob`, `top_logprobs`.

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
    # Use the last token that stands alone or after a label, since the reasoning may name letters.
    found = [one for one, after in _with_text(tokens) if _bare(_token(one)) == answer and after]
    for one in reversed(found):
        probability = _read_top(one)
        if answer in probability:
            return Letters(answer, probability)
    return None


def find_options(letters: Sequence[Letters], golds: Collection[str]) -> str:
    """Return the options of a log: all letters from A up to the highest option found.

    Options found are the right answers, the given answers, and letters with a notable probability
    at the answer's token. Right answers alone are not enough, since all may be A.

    Parameters
    ----------
    letters : sequence of Letters
        One for each answer.
    golds : collection of str
        The letters among the right answers.

    Examples
    --------
    >>> find_options([Letters("A", {"A": 0.8, "B": 0.1, "Z": 0.001})], "A")
    'AB'
    """
    seen = {*golds, *(one.answer for one in letters)}
    highest = max(map(ALPHABET.index, seen), default=0)
    totals: defaultdict[str, float] = defaultdict(float)
    largest: dict[str, float] = {}
    for one in letters:
        for letter, share in one.probability.items():
            totals[letter] += share
            largest[letter] = max(share, largest.get(letter, 0.0))
    for place, letter in enumerate(ALPHABET):
        is_notable = (
            largest.get(letter, 0.0) >= NOTABLE_ONCE or totals[letter] >= NOTABLE * len(letters) > 0
        )
        # "I" is also a word, so it counts as an option only if H is one.
        if letter == "I" and highest < place - 1:
            continue
        if is_notable and highest < place <= highest + GAP:
            highest = place
    return ALPHABET[: highest + 1]


def spread(letters: Letters, options: Sequence[str]) -> tuple[float, ...]:
    """Return the share of each option in their total probability; 0 for one that is not logged.

    Examples
    --------
    >>> spread(Letters("B", {"A": 0.25, "B": 0.75, "X": 0.1}), "ABCD")
    (0.25, 0.75, 0.0, 0.0)
    """
    found = [letters.probability.get(option, 0.0) for option in options]
    total = math.fsum(found)
    return tuple(value / total for value in found) if total > 0 else ()


def _with_text(tokens: Sequence[Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield each token, and whether it is where an answer would be: alone, or after a label."""
    before = ""
    for one in tokens:
        held = mapping(one)
        stem = before.rstrip(AROUND.replace(":", "") + "\\")
        yield held, not stem or stem.endswith((":", "answer", "answer is", "boxed", "text"))
        before = (before + _token(held))[-40:]


def _read_top(token: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    listed = token.get("top_logprobs")
    told: set[str] = set()
    for one in listed if isinstance(listed, list) else []:
        text, log = _token(mapping(one)), mapping(one).get("logprob")
        letter = _bare(text)
        if text in told:  # a duplicate
            continue
        told.add(text)
        if letter and isinstance(log, (int, float)) and not isinstance(log, bool) and log <= 0:
            # " B" and "B" are different tokens of one letter, as is "\u0120B" on other servers.
            found[letter] = found.get(letter, 0.0) + math.exp(log)
    return found


def _token(held: Mapping[str, Any]) -> str:
    token = held.get("token")
    return token if isinstance(token, str) else ""


def _bare(text: str) -> str:
    """Return the only letter of a text, ignoring brackets and the like; "" if there is none."""
    if len(text) > 12:
        return ""
    letter = text.strip().strip(AROUND)
    return letter if len(letter) == 1 and letter in ALPHABET else ""
