r"""Decide whether a probability only repeats the answer: ``Answer: 3/8``, ``Probability: 0.375``.

Such a probability is no confidence. The two may be written in different ways: as a decimal, a
share, a fraction of LaTeX or a percentage. `is_same` compares two answers.
"""

import re
from fractions import Fraction

from caopd_bench.tasks.read.characters import clean_answer
from caopd_bench.tasks.read.confidence import MAX_STATEMENT, read_confidence

_SAME = Fraction(1, 200)  # 0.33 repeats 1/3
_NUMBER = r"(?:[0-9]{1,9}(?:[.,][0-9]{1,9})?|[.,][0-9]{1,9})"
# Matches "b", "(b) tunnel" and "option b: tunnel"; the text is in lower case.
_LETTER = re.compile(
    r"[(\[\s]{0,3}(?:option\s|choice\s)?[(\[]?(?P<letter>[a-z])(?:[)\].:,]{1,2}|\s{1,3}[(–—-]|$)"
    r"\s{0,3}(?P<text>.{0,300})"
)
# Matches "12", "$12", "x = 12" and "12 apples".
_LONE_NUMBER = re.compile(
    r"(?:[a-z]\s?=\s?)?[\s$€£\\]{0,4}(?P<number>-?(?:[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,15})(?:\.[0-9]{1,15})?)"
    r"(?:[\s\\]{0,3}%|[\s$.]{0,3})(?:\s?[a-z][a-z\s.°²³]{0,60})?"
)
_MAX_WHOLE = 15  # longest whole number, in digits, that is compared by value
_WHOLE = re.compile(rf"[0-9]{{1,{_MAX_WHOLE}}}")
_ADDITION = re.compile(r"\s?[(,;]")  # after "Lyon" in "Lyon, France"
_VALUE = re.compile(
    r"\\[dt]?frac\s?(?:\{\s?(?P<top>[0-9]{1,9})\s?\}\s?\{\s?(?P<bottom>[0-9]{1,9})\s?\}"
    r"|(?P<one_top>[0-9])(?P<one_bottom>[0-9]))"
    rf"|(?<![0-9.,])(?P<number>{_NUMBER})(?![0-9])"
    r"(?:\s?(?:/|out\sof|in|of)\s?(?P<whole>[1-9][0-9]{0,8})(?![0-9.]))?"
    r"(?P<percent>[\s\\]{0,3}(?:%|percent))?",
    re.IGNORECASE,
)


def says_same(answer: str, confidence: str) -> bool:
    r"""Return whether a probability only repeats an answer, or a number in it.

    Parameters
    ----------
    answer, confidence
        The texts after the labels. A whole number such as 80 is no probability, and repeats none.

    Examples
    --------
    >>> says_same(r"\frac{3}{8}", "0.375"), says_same("P = 37.5%", "3/8"), says_same("0.4", "0.9")
    (True, True, False)
    >>> says_same("80", "80%"), says_same("1", "1.0"), says_same("80 people", "80%")
    (False, False, False)
    """
    if not answer.isdigit() and answer == confidence.strip(" .$*_"):
        return True
    stated = read_confidence(confidence).value
    if stated is None:
        return False
    values = (_read_value(m) for m in _VALUE.finditer(answer, 0, MAX_STATEMENT))
    return any(value is not None and abs(value - Fraction(stated)) <= _SAME for value in values)


def _read_value(match: re.Match[str]) -> Fraction | None:
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
    return None if match["number"].isdigit() else number


def is_same(first: str, second: str) -> bool:
    """Return whether two texts name one answer: by letter, by number, or the same text.

    Examples
    --------
    >>> is_same("B) tunnel", "B"), is_same("12", "12 apples"), is_same("Lyon", "**lyon**")
    (True, True, True)
    >>> is_same("12", "12/5"), is_same("A", "a bridge"), is_same("B", "C")
    (False, False, False)
    """
    digits = first + second
    if digits.isdecimal() and len(digits) <= _MAX_WHOLE and digits.isascii() and first and second:
        return int(first) == int(second)
    one, other = clean_answer(first).casefold(), clean_answer(second).casefold()
    if one == other:
        return True
    if _WHOLE.fullmatch(one) and _WHOLE.fullmatch(other):
        return int(one) == int(other)
    letters = _LETTER.match(one), _LETTER.match(other)
    if letters[0] and letters[1]:
        return letters[0]["letter"] == letters[1]["letter"]
    for letter, text in zip(letters, (other, one), strict=True):
        if letter and letter["text"] and letter["text"] == text:
            return True
    numbers = [_to_number(text) for text in (one, other)]
    if numbers[0] is not None or numbers[1] is not None:
        return numbers[0] == numbers[1]
    short, long = sorted((one, other), key=len)
    return (
        len(short) > 2
        and _ADDITION.match(long[len(short) :]) is not None
        and long.startswith(short)
    )


def _to_number(text: str) -> Fraction | None:
    match = _LONE_NUMBER.fullmatch(text)
    if match:
        return Fraction(match["number"].replace(",", ""))
    share = _VALUE.fullmatch(text.strip("$ "))
    return _read_value(share) if share else None
