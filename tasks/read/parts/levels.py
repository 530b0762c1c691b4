r"""Distinguish a confidence level of statistics from a confidence in the answer.

``Confidence level: 95%``, then ``z = 1.96`` and ``Answer: 1.96``: the 95 % were given. ``We are
95% confident that the mean lies in (1, 2)``: they belong to the interval. Neither is a confidence
in the answer.
"""

import re
from bisect import bisect_left
from functools import lru_cache

from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.parts.lines import find_places
from caopd_bench.tasks.read.parts.statement import Statement
from caopd_bench.tasks.read.turns import is_markup

#: Words that occur in texts on statistics.
_PATTERN = (
    r"\b(?:confidence\s{1,3}interval|hypothes[ie]s\b|h_?0\b|p-?\s?values?\b|margin\sof\serror"
    r"|significan(?:t|ce)\b|critical\svalue|[zt](?:[-\s]?(?:score|value|statistic)\b|\s?[*=])"
    r"|standard\s(?:error|deviation)|(?:population|sample|true)\s(?:mean|proportion|size))"
    r"|z_\{?\\?[a-z0-9]|\\alpha|α"
)
STATISTICS = re.compile(_PATTERN, re.IGNORECASE)
_LOW_STATISTICS = re.compile(_PATTERN)  # for a text in lower case
# Where `STATISTICS` matches, a text in lower case has one of these words (or `_EQUATION`), at most
# `_MAX_BEFORE_WORD` characters after the start of the match.
_STATISTICS_WORDS = (
    *("interval", "hypothes", "h_0", "h0", "value", "margin", "significan", "critical", "score"),
    *("statistic", "standard", "mean", "proportion", "size", "z_", "\\alpha", "α"),
)
_EQUATION = r"[zt]\s?[*=]"
_ANY_STATISTICS = re.compile("|".join((*map(re.escape, _STATISTICS_WORDS), _EQUATION)))
_ANY_EQUATION = re.compile(_EQUATION)
_MAX_BEFORE_WORD = 24
# With more confidences than this, the whole text is searched for the words once.
_MANY = 8
#: Words that occur in statements about an interval or a parameter.
OF_A_PARAMETER = re.compile(
    r"\b(?:intervals?|mean|proportion|parameter|population|mu|sigma|contains?|lies|between)\b|[μσ]"
    r"|\\mu|\\sigma",
    re.IGNORECASE,
)
#: If `OF_A_PARAMETER` matches an ASCII text, that text in lower case has one of these words.
PARAMETER_WORDS = (
    *("interval", "mean", "proportion", "parameter", "population", "mu", "sigma", "contain"),
    *("lies", "between"),
)
_USUAL_LEVELS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_BEGINS = re.compile(r"[01]?[.][0-9]{1,4}|[0-9]{2}(?:[.][0-9])?\s?\\?%")
_NUMBER = r"[-+−]?\s?[$€£]?[0-9]{0,12}[.,]?[0-9]{1,12}%?"
_INTERVAL = re.compile(
    rf"[\[(]\s{{0,3}}{_NUMBER}\s{{0,3}}[,;]\s{{0,3}}{_NUMBER}\s{{0,3}}[\])]"
    rf"|(?<![0-9.,]){_NUMBER}\s{{0,3}}(?:to|[-–—±]|\\pm|and|<|≤|\\leq?)\s{{0,3}}{_NUMBER}"
    r"|±|\\pm|(?:<|≤|\\leq?).{1,40}(?:<|≤|\\leq?)"
)


def is_interval(answer: str) -> bool:
    """Return whether an answer is an interval, or holds one.

    Examples
    --------
    >>> is_interval("(1.2, 3.4)"), is_interval("12 ± 3"), is_interval("12")
    (True, True, False)
    """
    return _INTERVAL.search(answer[:200]) is not None


def drop_levels(
    statements: list[Statement], text: str, scale: int | None, low: str | None = None
) -> list[Statement]:
    """Return the statements without the confidence levels of statistics.

    A confidence before the answer is one if it is a usual level (95 %), does not stand beside the
    answer, and is called a level or has words of statistics between it and the answer. After the
    answer, such words beside it make it one, if it is not the next or the last line.

    Parameters
    ----------
    statements
        The result of `find_statements` for `text`.
    text
        The response.
    scale
        Maximum of the scale of a bare number.
    low
        The result of `characters.lower` for the text, if known.
    """
    if not any(s.kind == "confidence" for s in statements):
        return statements
    answers = [s for s in statements if s.kind == "answer"]
    if not answers or len(answers) == len(statements):
        return statements
    first = min(s.start for s in [s for s in answers if s.strong] or answers)
    early = [s for s in statements if s.kind == "confidence" and s.start < first]
    early = [s for s in early if _is_usual(s.text, scale)]
    late = [s for s in statements if s.kind == "confidence" and s.start >= first]
    late = [s for s in late if _is_usual(s.text, scale)]
    if late:
        words = _Words(text, low, len(late))
        may_be = words.places is None or bool(words.places)
        late = [s for s in late if may_be and _is_late_level(s, answers, text, words)]
    if late:
        dropped = {s.start for s in late}
        statements = [s for s in statements if s.kind == "answer" or s.start not in dropped]
    if not early:
        return statements
    last = max((m.start() for m in STATISTICS.finditer(text, early[0].start, first)), default=-1)
    levels = {
        s.start
        for s in early
        if (s.start < last or "level" in text[s.start : s.start + 40].partition("\n")[0].lower())
        and (
            STATISTICS.search(s.text)
            or not (s.strong and is_markup(text[s.end : min(first, s.end + 200)]))
        )
    }
    return [s for s in statements if s.kind == "answer" or s.start not in levels]


class _Words:
    """The positions of possible words of statistics in a text."""

    def __init__(self, text: str, low: str | None, looks: int) -> None:
        self.text, self.low = text, low
        self.places: list[int] | None = None
        if low is not None and looks > _MANY:  # fewer search only their own surroundings
            self.places = find_places(low, _STATISTICS_WORDS)
            if "=" in low or "*" in low:
                self.places += [match.start() for match in _ANY_EQUATION.finditer(low)]
                self.places.sort()

    def stand_between(self, start: int, end: int) -> bool:
        """Return whether `STATISTICS` matches in a part of the text."""
        if self.places is not None:
            nth = bisect_left(self.places, start)
            place = self.places[nth] if nth < len(self.places) else end
        elif self.low is not None:
            word = _ANY_STATISTICS.search(self.low, start, end)
            place = word.start() if word else end
        else:
            place = start
        if place >= end:
            return False
        start = max(start, place - _MAX_BEFORE_WORD)
        if self.low is not None:
            return _LOW_STATISTICS.search(self.low, start, end) is not None
        return STATISTICS.search(self.text, start, end) is not None


@lru_cache(maxsize=1024)
def _is_usual(stated: str, scale: int | None) -> bool:
    """Return whether a number is a usual level, or begins with one before words of statistics."""
    number = _BEGINS.match(stated)
    if number and number.end() < len(stated) and STATISTICS.search(stated):
        stated = number.group()
    return read_confidence(stated, scale=scale).value in _USUAL_LEVELS


def _is_late_level(level: Statement, answers: list[Statement], text: str, words: _Words) -> bool:
    """Return whether a usual level after the answer is one of statistics.

    The position decides: beside the answer or on the last line, it is a confidence in the answer.
    """
    start = text.rfind("\n", max(0, level.start - 300), level.start) + 1 or level.start
    if not words.stand_between(start, level.start + 200):
        return False
    if not level.strong:
        return True
    if "level" not in text[level.start : level.start + 40].partition("\n")[0].lower():
        return False
    beside = any(
        s.end <= level.start and is_markup(text[s.end : min(level.start, s.end + 200)])
        for s in answers[-20:]
    )
    return not beside and not is_markup(text[level.end : level.end + 200])
