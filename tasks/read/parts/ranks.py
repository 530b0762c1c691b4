"""Read a list of guesses: ``G1: Lyon``, ``P1: 0.8``, ``G2: ...``."""

import re
from collections.abc import Iterator

from caopd_bench.tasks.read.characters import clean_answer
from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.parts.rivals import is_beaten
from caopd_bench.tasks.read.parts.statement import Pair, Statement
from caopd_bench.tasks.read.rules import Rules

_MAX_RANK_START = 60  # most characters before a label that begins its line
_RANK_START = re.compile(r"[\W_]*(?:[0-9]{1,2}[.)][\W_]*)?")
_RANK = re.compile(
    r"(?<![^\s,;|*_>-])(?P<what>[GP]|Guess\s?#?|Probability\s?#?)"
    r"(?P<rank>[0-9]{1,2})[*_]{0,3}\s{0,3}[:=][*_]{0,3}"
)


def read_ranks(visible: str, ours: list[Statement], rules: Rules) -> Pair | None:
    """Read a list of guesses: the first guess, and the probability after it."""
    if "1" not in visible or not ("G1" in visible or "Guess" in visible):
        return None
    if any(s.strong or s.kind == "confidence" for s in ours):
        return None
    marks = list(_find_ranks(visible))
    ends = [*(mark.start("what") for mark in marks[1:]), len(visible)]
    answer: Statement | None = None
    confidence = ""
    for mark, end in zip(marks, ends, strict=False):  # without a mark, there is one end too many
        if mark["rank"] != "1":
            continue
        value = visible[mark.end() : end].strip().partition("\n")[0].strip(" ,;|*_")
        if mark["what"][0] == "G":
            text, confidence = clean_answer(value), ""
            answer = Statement("answer", text, True, mark.start(), end, "guess")
        else:
            confidence = value
    if answer is None or not answer.text or is_beaten(answer, ours):
        return None
    if read_confidence(confidence, scale=rules.scale).value is None:
        return None
    return answer.text, confidence


def _find_ranks(visible: str) -> Iterator[re.Match[str]]:
    """Yield the labels that begin their line, or follow one that does."""
    line = -1  # start of the last line that begins with a label
    start = done = 0  # start of this line; end of the text searched for line ends
    for mark in _RANK.finditer(visible):
        start = max(start, visible.rfind("\n", done, mark.start()) + 1)
        done = mark.start()
        begins = mark.start() - start <= _MAX_RANK_START
        if start == line or (begins and _RANK_START.fullmatch(visible, start, mark.start())):
            line = start
            yield mark
