"""Read answer and confidence out of a model's response.

The prompt asks for reasoning, then a line ``Answer: ...`` and a line ``Confidence: ...``. This is
how a response is read, in order:

1. **Thinking is dropped** (`thinking`). Thinking that never ends makes the response `unfinished`:
   nothing in it is read.
2. **The block** (`statements`): the response ends where the model, having stated something in a
   final line, goes on to invent the next question or turn.
3. **Statements**: in the block, a final line (``Answer: 5`` at the start of a line) beats a
   mention in prose (``the answer is 5``, ``my confidence: high, so ...``, a lone boxed number).
   Of the strongest form present the *last* statement counts: models correct themselves. That
   holds for bad confidences too: ``Confidence: 0.9`` and then ``Confidence: high`` is bad. Labels
   with nothing after them and answers that echo the prompt (``<your answer>``, ``...``) are no
   statements.
4. **Pairs**: an answer never takes the confidence of another. Once an answer and a readable
   confidence were stated, a later answer counts only together with its own later confidence (when
   the confidence comes first: with one between the two answers).
5. **The number** (`confidence`): one number in an unmistakable form, or it is bad.

The statuses, the first that applies:

========================  ====================================================================
``unfinished``            thinking was not closed, or neither answer nor confidence was found
                          in a text that is near the token budget
``abstained``             the answer (or the whole short response) says "I don't know"
``no_answer``             no answer was found
``no_confidence``         no confidence statement, or only labels with nothing after them
``bad_confidence``        a confidence statement that is not readable
``ok``                    both; no other status has both
========================  ====================================================================

An answer is kept for ``ok``, ``no_confidence`` and ``bad_confidence`` only; a confidence that was
read is kept for every status but ``unfinished``.

Not detectable from the text: thinking cut off when the prompt, not the response, holds its opening
tag (only `max_tokens` helps), a number cut off after a digit (``0.9`` of ``0.95``), and an invented
next question that nothing announces and that gets answer and confidence of its own.
"""

import re
from typing import NamedTuple

from caopd_bench.tasks.read import PARSER_VERSION
from caopd_bench.tasks.read.characters import fold, lower
from caopd_bench.tasks.read.confidence import Reading, read_confidence
from caopd_bench.tasks.read.other_prompts import read_other_prompt
from caopd_bench.tasks.read.parts.abstention import find_abstention, is_abstention
from caopd_bench.tasks.read.parts.levels import drop_levels
from caopd_bench.tasks.read.parts.pick import is_complete, is_usable, pick_calls, pick_pair
from caopd_bench.tasks.read.parts.statement import Statement
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.statements import find_statements
from caopd_bench.tasks.read.thinking import drop_thinking, holds_thinking
from caopd_bench.tasks.read.turns import split_turns
from caopd_bench.tasks.read.unclosed import read_final_pair

__all__ = [
    "PARSER_VERSION",
    "STATUSES",
    "ParsedResponse",
    "Reading",
    "Response",
    "Spans",
    "find_spans",
    "judge_spans",
    "parse_response",
    "read_confidence",
    "read_response",
]

STATUSES = ("ok", "no_confidence", "bad_confidence", "no_answer", "abstained", "unfinished")

# The budget counts tokens, which the text does not show, so words, digits, punctuation marks and
# East Asian characters are counted instead. Such a unit is about one token (tokenizers split some
# words, and join some digits and marks), so a text with this many units per token of the budget may
# have used it up.
NEAR_BUDGET = 0.7
#: Kinds of answer that a response states as tool calls, not after a label "Answer:".
CALL_KINDS = ("calls", "first_call")
_UNIT = re.compile(r"[぀-ヿ㐀-鿿가-힣]|[A-Za-z]+|[^\W\d_A-Za-z]|[0-9]|[^\w\s]|_")

_PLAIN = Rules()


class ParsedResponse(NamedTuple):
    """What was read from a response; see the module for the statuses."""

    answer: str | None
    confidence: float | None
    status: str
    rescaled: bool


class Spans(NamedTuple):
    """The pieces of text that decide, enough to judge again without the response."""

    answer: str | None
    confidence: str | None
    unfinished: bool


class Response(NamedTuple):
    """All results of reading a response: spans, verdict, and whether it shows thinking."""

    spans: Spans
    parsed: ParsedResponse
    thinks: bool


def parse_response(
    text: str, *, max_tokens: int | None = None, kind: str = "number", rules: Rules = _PLAIN
) -> ParsedResponse:
    r"""Read answer, confidence and status from a response.

    Parameters
    ----------
    text
        The response as the model wrote it, thinking included. Never raises for a string.
    max_tokens
        The token budget of the generation, if known: a text near it without answer and
        confidence is `unfinished` instead of `no_answer`.
    kind
        The kind of answer, as for `verify`: calls are found by their own labels, and a LaTeX answer
        may be a half-open interval. All other kinds are read alike.
    rules
        Labels, keys and the scale of a prompt that is not one of ours.

    Returns
    -------
    ParsedResponse
        ``(answer, confidence, status, rescaled)``; ``rescaled`` marks a bare number from 10 to
        100 that was taken for a percentage.

    Examples
    --------
    >>> parse_response("3 + 4 is 7.\nAnswer: 7\nConfidence: 0.95")
    ParsedResponse(answer='7', confidence=0.95, status='ok', rescaled=False)
    >>> parse_response("Answer: 7\nConfidence: high").status
    'bad_confidence'
    """
    spans = find_spans(text, max_tokens=max_tokens, kind=kind, rules=rules)
    return judge_spans(spans, scale=rules.scale)


def read_response(
    text: str, *, max_tokens: int | None = None, kind: str = "number", rules: Rules = _PLAIN
) -> Response:
    r"""Read everything from a response at once: spans, verdict, and whether it shows thinking.

    Parameters are those of `parse_response`. The spans differ with `max_tokens` in ``unfinished``
    alone, so who stores them need not read the text again.

    Examples
    --------
    >>> read_response("<think>3 + 4</think>Answer: 7\nConfidence: 95%").spans
    Spans(answer='7', confidence='95%', unfinished=False)
    >>> read_response("<think>3 + 4</think>Answer: 7\nConfidence: 95%").thinks
    True
    """
    spans = find_spans(text, max_tokens=max_tokens, kind=kind, rules=rules)
    return Response(spans, judge_spans(spans, scale=rules.scale), holds_thinking(text))


def find_spans(
    text: str, *, max_tokens: int | None = None, kind: str = "number", rules: Rules = _PLAIN
) -> Spans:
    r"""Find the text of the answer and of the confidence that count.

    Parameters are those of `parse_response`, which is ``judge_spans(find_spans(text))``.

    Examples
    --------
    >>> find_spans("**Answer:** 7 apples.\n**Confidence:** about 95%")
    Spans(answer='7 apples', confidence='about 95%', unfinished=False)
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: {text!r:.80}")
    if max_tokens is not None and max_tokens < 1:
        raise ValueError(f"max_tokens must be at least 1, got {max_tokens}")
    folded = fold(text)
    low = lower(folded)
    visible, open_thinking, hidden = drop_thinking(folded, low)
    intervals, calls = kind == "latex", kind in CALL_KINDS
    if open_thinking and not calls:
        final = read_final_pair(hidden, intervals=intervals, rules=rules)
        if final is not None:
            return Spans(*final, False)
    lines = split_turns(visible)
    low = low if lines is folded else lower(lines)
    statements = find_statements(
        lines, intervals=intervals, rules=rules, objects=not calls, low=low
    )
    if not calls:
        statements = drop_levels(statements, lines, rules.scale, low)
    if calls:
        answer, confidence = pick_calls(visible, statements)
    else:
        answer, confidence = pick_pair(statements, rules.scale)
    if open_thinking:
        complete = is_complete(statements, answer, confidence, calls, rules.scale)
        return Spans(answer, confidence, False) if complete else Spans(None, None, True)
    if not calls:
        ours = [s for s in statements if s.kind == "answer" or is_usable(s, rules.scale)]
        if len({s.kind for s in ours}) < 2:
            other = read_other_prompt(lines, ours, intervals=intervals, rules=rules, low=low)
        else:
            other = _read_after_object(lines, ours, intervals, rules)
        answer, confidence = other or (answer, confidence)
    if answer is None:
        answer = find_abstention(visible)
    unfinished = False
    if answer is None and confidence is None and max_tokens is not None:
        # A budget from a log may be too large for a float.
        unfinished = _count_units(text) >= NEAR_BUDGET * min(max_tokens, 1 << 53)
    return Spans(answer, confidence, unfinished)


def judge_spans(spans: Spans, *, scale: int | None = None) -> ParsedResponse:
    """Turn spans into answer, confidence and status.

    Parameters
    ----------
    spans
        The result of `find_spans`.
    scale
        Maximum of the scale of a bare number, as for `read_confidence`.

    Examples
    --------
    >>> judge_spans(Spans("7", "95", False))
    ParsedResponse(answer='7', confidence=0.95, status='ok', rescaled=True)
    """
    if spans.unfinished:
        return ParsedResponse(None, None, "unfinished", False)
    reading = read_confidence(spans.confidence or "", scale=scale)
    answer, status = spans.answer, "ok"
    if answer is not None and is_abstention(answer):
        answer, status = None, "abstained"
    elif answer is None:
        status = "no_answer"
    elif reading.problem is not None:
        status = "no_confidence" if spans.confidence is None else "bad_confidence"
    return ParsedResponse(answer, reading.value, status, reading.rescaled)


def _read_after_object(
    lines: str, ours: list[Statement], intervals: bool, rules: Rules
) -> tuple[str | None, str | None] | None:
    """Read a pair in another prompt's words after an object, which was then only an example."""
    objects = [s for s in ours if s.label == "{}"]
    if not objects or any(s.kind == "answer" and s.label != "{}" for s in ours):
        return None
    after = lines[max(s.end for s in objects) :]
    if ":" not in after:
        return None
    found = find_statements(after, intervals=intervals, rules=rules)
    found = [s for s in found if is_usable(s, rules.scale)]
    return read_other_prompt(after, found, intervals=intervals, rules=rules)


def _count_units(text: str) -> int:
    return sum(1 for _ in _UNIT.finditer(text))
