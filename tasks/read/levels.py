r"""Tell a confidence level of statistics from a confidence in the answer.

``Confidence level: 95%``, then ``z = 1.96`` and ``Answer: 1.96``: the 95 % were given. ``We are
95% confident that the mean lies in (1, 2)``: they belong to the interval. Neither is a confidence
in the answer.
"""

import re

from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.statements import Statement
from caopd_bench.tasks.read.turns import is_markup

#: Words of a text on statistics.
STATISTICS = re.compile(
    r"\bconfidence\s{1,3}interval|\bhypothes[ie]s\b|\bH_?0\b|\bp-?\s?values?\b|\bmargin\sof\serror"
    r"|\bsignifican(?:t|ce)\b|\bcritical\svalue|\b[zt](?:[-\s]?(?:score|value|statistic)\b|\s?[*=])"
    r"|\bstandard\s(?:error|deviation)|\b(?:population|sample|true)\s(?:mean|proportion|size)"
    r"|z_\{?\\?[a-z0-9]|\\alpha|α",
    re.IGNORECASE,
)
#: What a statement about an interval or a parameter names.
OF_A_PARAMETER = re.compile(
    r"\b(?:intervals?|mean|proportion|parameter|population|mu|sigma|contains?|lies|between)\b|[μσ]"
    r"|\\mu|\\sigma",
    re.IGNORECASE,
)
_USUAL_LEVELS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_NUMBER = r"[-+−]?\s?[$€£]?[0-9]{0,12}[.,]?[0-9]{1,12}%?"
_INTERVAL = re.compile(
    rf"[\[(]\s{{0,3}}{_NUMBER}\s{{0,3}}[,;]\s{{0,3}}{_NUMBER}\s{{0,3}}[\])]"
    rf"|(?<![0-9.,]){_NUMBER}\s{{0,3}}(?:to|[-–—±]|\\pm|and|<|≤|\\leq?)\s{{0,3}}{_NUMBER}"
    r"|±|\\pm|(?:<|≤|\\leq?).{1,40}(?:<|≤|\\leq?)"
)


def is_interval(answer: str) -> bool:
    """Say whether an answer is an interval, or holds one.

    Examples
    --------
    >>> is_interval("(1.2, 3.4)"), is_interval("12 ± 3"), is_interval("12")
    (True, True, False)
    """
    return _INTERVAL.search(answer[:200]) is not None


def drop_levels(statements: list[Statement], text: str, scale: int | None) -> list[Statement]:
    """Return the statements without the confidence levels that stand before the answer.

    A confidence is one if it is a usual level (95 %), does not stand beside the answer, and is
    called a level or has words of statistics between it and the answer.

    Parameters
    ----------
    statements
        What `find_statements` found in `text`.
    text
        The response.
    scale
        What a bare number is out of.
    """
    answers = [s for s in statements if s.kind == "answer"]
    if not answers or len(answers) == len(statements):
        return statements
    first = min(s.start for s in [s for s in answers if s.strong] or answers)
    early = [s for s in statements if s.kind == "confidence" and s.start < first]
    early = [s for s in early if read_confidence(s.text, scale=scale).value in _USUAL_LEVELS]
    if not early:
        return statements
    words = max((m.start() for m in STATISTICS.finditer(text, early[0].start, first)), default=-1)
    levels = {
        s.start
        for s in early
        if (s.start < words or "level" in text[s.start : s.start + 40].partition("\n")[0].lower())
        and not (s.strong and is_markup(text[s.end : min(first, s.end + 200)]))
    }
    return [s for s in statements if s.kind == "answer" or s.start not in levels]
