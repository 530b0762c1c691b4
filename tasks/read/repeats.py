r"""Say whether a probability is the answer once more: ``Answer: 3/8``, ``Probability: 0.375``.

Such a probability was asked for, and is no confidence. The two may be written in different ways: as
a decimal, a share, a fraction of LaTeX or a percentage.
"""

import re
from fractions import Fraction

from caopd_bench.tasks.read.confidence import MAX_STATEMENT, read_confidence

_SAME = Fraction(1, 200)  # 0.33 repeats 1/3
_NUMBER = r"(?:[0-9]{1,9}(?:[.,][0-9]{1,9})?|[.,][0-9]{1,9})"
_VALUE = re.compile(
    r"\\[dt]?frac\s?(?:\{\s?(?P<top>[0-9]{1,9})\s?\}\s?\{\s?(?P<bottom>[0-9]{1,9})\s?\}"
    r"|(?P<one_top>[0-9])(?P<one_bottom>[0-9]))"
    rf"|(?<![0-9.,])(?P<number>{_NUMBER})(?![0-9])"
    r"(?:\s?(?:/|out\sof|in|of)\s?(?P<whole>[1-9][0-9]{0,8})(?![0-9.]))?"
    r"(?P<percent>[\s\\]{0,3}(?:%|percent))?",
    re.IGNORECASE,
)


def says_same(answer: str, confidence: str) -> bool:
    r"""Say whether a probability only repeats an answer, or a number in it.

    Parameters
    ----------
    answer, confidence
        The texts after the labels. A lone 0 or 1 is a common answer, and repeats nothing.

    Examples
    --------
    >>> says_same(r"\frac{3}{8}", "0.375"), says_same("P = 37.5%", "3/8"), says_same("0.4", "0.9")
    (True, True, False)
    >>> says_same("80", "80%"), says_same("1", "1.0"), says_same("80 people", "80%")
    (True, False, False)
    """
    if not answer.isdigit() and answer == confidence.strip(" .$*_"):
        return True
    stated = read_confidence(confidence).value
    if stated is None:
        return False
    values = (_read_value(m, answer) for m in _VALUE.finditer(answer, 0, MAX_STATEMENT))
    return any(value is not None and abs(value - Fraction(stated)) <= _SAME for value in values)


def _read_value(match: re.Match[str], answer: str) -> Fraction | None:
    """Return the probability that a number may be, or None for one that is just a number."""
    top = match["top"] or match["one_top"]
    if top:
        bottom = int(match["bottom"] or match["one_bottom"])
        return Fraction(int(top), bottom) if bottom else None
    number = Fraction(match["number"].replace(",", "."))
    if match["percent"]:
        return number / 100
    if match["whole"]:
        return number / int(match["whole"])
    if not match["number"].isdigit():
        return number
    alone = answer.strip(" $.*_") == match["number"]
    return number / 100 if alone and number > 1 else None
