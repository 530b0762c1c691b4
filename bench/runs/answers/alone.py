"""Parse and compare a single answer, in this process or in a worker.

A worker imports only this module and its dependencies: the parser and the judges, without metrics,
tables or the command line.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from caopd_bench.tasks.judge.choices import read_choice
from caopd_bench.tasks.judge.options import MAX_LENGTH
from caopd_bench.tasks.judge.verify import verify
from caopd_bench.tasks.read.characters import fold
from caopd_bench.tasks.read.parse import ParsedResponse, Spans, find_spans, judge_spans
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.thinking import drop_thinking

__all__ = ["Pair", "Read", "Text", "compare", "guess_seconds", "read"]

#: An answer, the right answers, and the options.
Pair: TypeAlias = "tuple[str | None, tuple[str, ...], tuple[str, ...]]"
Read: TypeAlias = "tuple[Spans, ParsedResponse]"
#: Seconds to read a response: a constant, and an amount per character.
EACH, CHARACTER = 1e-5, 2e-8
#: A single letter, possibly in markup or with the punctuation of a label.
_BARE = re.compile(r"[\s*_`\"'(\[{$]{0,8}([A-Za-z])[\s*_`\"')\]}$.:]{0,8}")


class Text(NamedTuple):
    """A response; `options` and `is_bare` are defined in `Logged`."""

    response: str
    options: tuple[str, ...]
    is_bare: bool


def guess_seconds(text: Text) -> float:
    """Estimate the seconds that reading a response takes."""
    return EACH + CHARACTER * len(text.response)


def read(text: Text, kind: str, max_tokens: int | None, rules: Rules) -> Read:
    """Parse a response's answer and confidence; the arguments are those of `judge_all`."""
    spans = find_spans(text.response, max_tokens=max_tokens, kind=kind, rules=rules)
    if kind == "choice" and text.is_bare and spans.answer is None and spans.confidence is None:
        bare = _read_bare(text)
        # If one token was requested, a one-letter response was not cut off.
        spans = spans if bare is None else spans._replace(answer=bare, unfinished=False)
    return spans, judge_spans(spans, scale=rules.scale)


def _read_bare(text: Text) -> str | None:
    """Return the choice if the response, without thinking, consists of nothing else; else None.

    A choice is a single letter or, if the options are known, the text of an option, or both.
    """
    visible, is_open, _ = drop_thinking(fold(text.response))
    line = visible.strip()
    if is_open or "\n" in line or len(line) > MAX_LENGTH:
        return None
    if text.options:
        return line if read_choice(line, text.options) is not None else None
    found = _BARE.fullmatch(line)
    return found[1].upper() if found else None


def compare(pair: Pair, kind: str) -> bool | str:
    """Return whether an answer is right, or why none of the right answers is of the given kind."""
    answer, golds, options = pair
    wrong: list[str] = []
    found = False
    for gold in golds:
        try:
            found |= verify(answer, gold, kind=kind, options=options)
        except ValueError as error:
            wrong.append(str(error))
    # Of several names for one answer ("4", "four"), only those of the given kind count.
    return wrong[0] if len(wrong) == len(golds) else found
