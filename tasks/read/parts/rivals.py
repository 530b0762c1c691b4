"""Decide whether another answer competes with the one that was found."""

import re

from caopd_bench.tasks.read.labels import OTHER_ANSWERS
from caopd_bench.tasks.read.parts.statement import Statement
from caopd_bench.tasks.read.repeats import is_same

# Another guess between an answer and a probability: its label and its text.
_ANOTHER = re.compile(
    r"(?:^|[\n,;(|])[\W_]{0,12}(?:(?:my|the|a|an|final|best|first|initial|second|third|next|other"
    r"|another|most|likely|possible)\s{1,3}){0,3}(?P<word>alternatives?|runner-up|"
    + "|".join(word for word in OTHER_ANSWERS if word not in ("solution", "response", "output"))
    + r")(?:\s?[#0-9]{1,3})?[\s*_]{0,4}[:=](?P<text>[^\n,;|]{0,300})",
    re.IGNORECASE,
)


def names_another(text: str, answer: Statement, end: int) -> bool:
    """Return whether another guess stands between the answer and `end`."""
    own = answer.start + 60  # the answer's own label begins here at the latest
    return any(
        not is_same(other["text"], answer.text)
        and (other.start("word") > own or "\n" in text[answer.start : other.start("word")])
        for other in _ANOTHER.finditer(text, max(0, answer.start - 1), end)
    )


def is_beaten(answer: Statement, ours: list[Statement]) -> bool:
    """Return whether our words state another answer in a final line, or after this one."""
    return any(
        s.kind == "answer"
        and not s.denying
        and (s.strong or s.start >= answer.end)
        and not is_same(s.text, answer.text)
        for s in ours
    )
