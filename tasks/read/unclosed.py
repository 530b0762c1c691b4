r"""Read the final pair of a response whose thinking was never closed.

Some models open ``<think>`` and end with answer and confidence without closing it. Such an end is
read only if it leaves no doubt: the last thing that the text states, and the last that stands in
it, is an answer and a readable confidence, each on its line, in its tags or in one object, side by
side (between two tags anything may stand). What follows may be closing tags, markup and turn
tokens. A mention inside a sentence, or a draft with more thinking after it, does not count.
"""

import re

from caopd_bench.tasks.read.characters import fold
from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.labels import CONFIDENCES, OTHER_CONFIDENCES
from caopd_bench.tasks.read.other_prompts import is_of_answer
from caopd_bench.tasks.read.parts.statement import Statement
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.statements import find_statements
from caopd_bench.tasks.read.turns import is_markup, split_turns

_TAIL = 1000  # the confidence must be named within this many characters of the end
_WINDOW = 20_000  # characters at the end that are read
_GOES_ON = re.compile(r"[.!?;]\s{1,9}\S")


def read_final_pair(text: str, *, intervals: bool, rules: Rules) -> tuple[str, str] | None:
    r"""Return the texts of the answer and the confidence that end open thinking, or None.

    Examples
    --------
    >>> end = "<answer>12</answer>\n<confidence>0.7</confidence>"
    >>> read_final_pair(f"Seven and five.\n{end}", intervals=False, rules=Rules())
    ('12', '0.7')
    >>> read_final_pair(f"Seven and five.\n{end}\nBut wait", intervals=False, rules=Rules())
    """
    end = text[-_TAIL:].lower()
    ours = (*CONFIDENCES, *rules.confidence_labels, *rules.confidence_keys)
    tried = ["" for word in ours if fold(word).lower() in end][:1]
    tried += ["ac" for word in OTHER_CONFIDENCES if word in end][:1]
    if not tried:
        return None
    if len(text) > _WINDOW:
        text = text[-_WINDOW:].partition("\n")[2]
    text = split_turns(text)
    for others in tried:
        found = find_statements(text, intervals=intervals, rules=rules, others=others, draft=True)
        pair = _find_pair(sorted(found, key=lambda s: s.start), text, rules)
        if pair is not None and read_confidence(pair[1], scale=rules.scale).value is not None:
            return pair
    return None


def _find_pair(statements: list[Statement], text: str, rules: Rules) -> tuple[str, str] | None:
    if not statements or not is_markup(text[statements[-1].end :]):
        return None
    last = statements[-1]
    before = next((s for s in reversed(statements) if s.kind != last.kind and s.strong), None)
    if before is None or not last.strong or any(_goes_on(s) for s in (before, last)):
        return None
    if not (before.label[:1] == last.label[:1] == "<" or is_markup(text[before.end : last.start])):
        return None
    answer, confidence = (before, last) if last.kind == "confidence" else (last, before)
    return (answer.text, confidence.text) if is_of_answer(answer, confidence, text, rules) else None


def _goes_on(statement: Statement) -> bool:
    """Return whether more than the value stands on the line: "0.9. But let me check"."""
    closed = statement.kind == "answer" and statement.label[:1] in ("<", "{")
    return not closed and _GOES_ON.search(statement.text) is not None
