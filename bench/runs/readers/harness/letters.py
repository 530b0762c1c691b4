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

#: What stands around a letter in a token: " B", "(B", "B.", "**B".
AROUND = " \t\r\n\u00a0\u0120\u010a\u2581()[]{}<>*_`'\"$.:,;"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: A letter that no answer and no right answer has is an option if it gets so much, in one answer or
#: on the average of all.
NOTABLE_ONCE, NOTABLE = 0.05, 0.005
#: So many letters without such a share may lie before it; what is farther begins another word.
GAP = 3


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


def find_options(letters: Sequence[Letters], golds: Collection[str]) -> str:
    """Return the options of a log: from A up to the highest letter that stands for one.

    Such are the right answers, the answers, and what has a notable share of the probability at the
    answer's token. Right answers alone do not tell: all may be A.

    Parameters
    ----------
    letters : sequence of Letters
        Of all answers.
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
        # "I" begins a sentence; it is an option where H is one.
        if letter == "I" and highest < place - 1:
            continue
        if is_notable and highest < place <= highest + GAP:
            highest = place
    return ALPHABET[: highest + 1]


def spread(letters: Letters, options: Sequence[str]) -> tuple[float, ...]:
    """Return the share of each option in the probability of all options; of one not logged 0.

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
    told: set[str] = set()
    for one in listed if isinstance(listed, list) else []:
        text, log = _token(mapping(one)), mapping(one).get("logprob")
        letter = _bare(text)
        if text in told:  # the same token a second time
            continue
        told.add(text)
        if letter and isinstance(log, (int, float)) and not isinstance(log, bool) and log <= 0:
            # " B" and "B" are two tokens of one letter, and so is "\u0120B" of other servers.
            found[letter] = found.get(letter, 0.0) + math.exp(log)
    return found


def _token(held: Mapping[str, Any]) -> str:
    token = held.get("token")
    return token if isinstance(token, str) else ""


def _bare(text: str) -> str:
    """Return the letter that a text is, but for brackets and the like; else nothing."""
    if len(text) > 12:
        return ""
    letter = text.strip().strip(AROUND)
    return letter if len(letter) == 1 and letter in ALPHABET else ""
