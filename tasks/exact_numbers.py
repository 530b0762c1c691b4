r"""Read the one number that an answer states, exactly.

Read: signs, thousands separators (``1,234``, ``1_234``, narrow spaces, ``1{,}234``), decimals,
``3/4``, ``1 3/4``, ``\frac{3}{4}``, ``½``, ``1.2e3``, ``1.2 \times 10^3``, percent, currency
signs, units and other words after the number (``12 cm^2``, ``12 apples``, ``12 (twelve)``),
``5 million``, LaTeX wrappers, ``x = 5``, and ``12 = 12.0`` when all sides are equal.

Refused (None), since the text does not state one exact number or would have to be evaluated:
several numbers, ranges, sums and powers (also ``5 + 7 = 12``), ``5x``, ``2\pi``, roundings
(``≈ 12``, ``about 12``, ``0.333...``), bounds (``at least 12``), number words (``twelve``),
European grouping (``1.234,56``) and decimal commas (``0,5``: a pair or a number), thousands set
off by plain spaces (``1 234``), and texts longer than `MAX_LENGTH`.
"""

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

from caopd_bench.tasks.characters import fold

# Longer texts are refused unread: no exact answer needs them, and it bounds every pattern and
# every conversion below (Python refuses integers of more than 4300 digits by an error).
MAX_LENGTH = 400

_SIGNS = {
    **dict.fromkeys(map(ord, "−–—﹣‐‑‒"), "-"),
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f"), "\u202f"),  # all narrow or fixed spaces
    **{ord(c): " " + unicodedata.normalize("NFKC", c) for c in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"},
}
# LaTeX that changes nothing, and what it is replaced by; applied in this order.
_LATEX = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?s:\\boxed\s*\{(.*)\})", r"\1"),
        (
            r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname)\s*\{((?:[^{}]|\{[^{}]*\})*)\}",
            r"\1",
        ),
        (r"\\left(?![a-z])|\\right(?![a-z])|\\!|\\displaystyle", ""),
        (r"(?<=[0-9])\\,(?=[0-9]{3})", "\u202f"),
        (r"(?<=[0-9])\{,\}(?=[0-9]{3})", ","),
        (r"\\[,;: ]|~(?=[A-Za-z])", " "),
        (r"\\([%$])", r"\1"),
        (r"\^\s*\{?\s*\\circ\s*\}?|\\degree", "°"),
        (r"\\[dtc]?frac\s*([0-9])\s*([0-9])(?![0-9])", r"\\frac{\1}{\2}"),
    )
)
_WRAPPERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("{", "}"), ("(", ")"))

_DIGITS = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:_[0-9]{3})+|[0-9]{1,3}(?:\u202f[0-9]{3})+|[0-9]+)"
)
_DECIMAL = rf"(?:{_DIGITS}(?:\.[0-9]+|\.(?![.0-9]))?|\.[0-9]+)"
_NUMBER = re.compile(
    r"(?P<sign>[-+]?)\s*(?P<currency>(?:US\$|USD|EUR|GBP|Rs\.?|[$€£¥₹])?)\s*(?P<sign2>[-+]?)"
    r"(?:"
    r"(?:(?P<whole>[0-9]+)\s*)?\\[dtc]?frac\s*"
    rf"\{{\s*(?P<a>-?{_DECIMAL})\s*\}}\s*\{{\s*(?P<b>-?{_DECIMAL})\s*\}}"
    rf"|(?:(?P<whole2>[0-9]+)\s+)?(?P<c>{_DECIMAL})\s*/\s*(?P<d>{_DECIMAL})"
    rf"|(?P<n>{_DECIMAL})"
    r"(?:(?:[eE]|\s*(?:\\times|\\cdot|[x×·*])\s*10\s*(?:\^|\*\*)\s*\{?)\s*(?P<exponent>[-+]?[0-9]{1,3})\}?(?![0-9]))?"
    r")"
)
_PERCENT = re.compile(r"\s*(?:%|percent(?![a-z])|per cent(?![a-z]))", re.IGNORECASE)
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALE = re.compile(rf"\s*({'|'.join(_SCALES)})(?![a-z])", re.IGNORECASE)
_COMMENT = re.compile(r"\s*\([^()0-9]*\)$")  # 12 (twelve)
# One word of a unit: cm, km/h, m^2, cm³, °C, €.
_UNIT_WORD = re.compile(r"[^\W\d_][^\W\d_.'’]*[.'’]?[^\W\d_]*(?:\^\{?-?[23]\}?|[23²³])?|[°€£¢¥₹$]")
_UNIT_JOINT = re.compile(r"[\s/·.-]?")
# Single letters that are units; any other (x, n, i, π) is a factor.
_UNIT_LETTERS = frozenset("mgslhdtLNJWVACF")  # not K and M: thousands and millions
# Words that change the number, join it to another or take it back.
_NO_UNITS = {
    *("and", "or", "to", "plus", "minus", "times", "over", "divided", "multiplied", "half"),
    *("is", "not", "isn't", "but", "if", "maybe", "perhaps", "probably"),
    *("pi", "exp", "log", "ln", "sqrt", "root", "squared", "cubed", "factorial", "choose"),
    *("mod", "modulo", "remainder", "repeating", "recurring", "infinity", "infinite"),
    *("approximately", "approx", "about", "around", "roughly", "rounded"),
}
# The left side of "x = 5", "total = 5", "f(2) = 5".
_NAME = re.compile(
    r"\\?(?P<words>[A-Za-z]+(?: [A-Za-z]+){0,3}) ?"
    r"(?:_\{?[A-Za-z0-9]{1,9}\}?)?(?:\([A-Za-z0-9]{1,9}\))?"
)


class Number(NamedTuple):
    """An exact number, and whether a percent sign follows it (``25%`` has the value 25)."""

    value: Fraction
    percent: bool


def read_number(text: str) -> Number | None:
    r"""Return the number that the text states, or None.

    Examples
    --------
    >>> read_number("x = -1,234.5 cm")
    Number(value=Fraction(-2469, 2), percent=False)
    >>> read_number("25\\%")
    Number(value=Fraction(25, 1), percent=True)
    >>> read_number("12 or 13") is read_number("5 + 7") is None
    True
    """
    if len(text) > MAX_LENGTH:
        text = text.strip()
        if len(text) > MAX_LENGTH:
            return None
    sides = [_unwrap(side) for side in _simplify(text).split("=")]
    numbers = [_read_side(side) for side in sides]
    stated = numbers[-1]
    for side, number in zip(sides[:-1], numbers[:-1], strict=True):
        if not (number is None and _is_name(side)) and number != stated:
            return None
    return stated


def _is_name(side: str) -> bool:
    name = _NAME.fullmatch(side)
    return not side or (name is not None and _NO_UNITS.isdisjoint(name["words"].lower().split()))


def _simplify(text: str) -> str:
    """Replace look-alikes and LaTeX by plain forms, and drop wrappers and the full stop."""
    text = _unwrap(fold(text.translate(_SIGNS)))
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    return _unwrap(text)


def _unwrap(text: str) -> str:
    before = None
    while text != before:
        before = text
        text = text.strip(' \t\n\r\u202f*_`"“”')
        if text.endswith(".") and not text.endswith(".."):
            text = text[:-1]
        for opening, closing in _WRAPPERS:
            inner = text[len(opening) : len(text) - len(closing)]
            is_whole = len(text) > len(opening) + len(closing) - 1 and opening not in inner
            if is_whole and text.startswith(opening) and text.endswith(closing):
                text = inner
    return text


def _read_side(side: str) -> Number | None:
    match = _NUMBER.match(side)
    if match is None or (match["sign"] and match["sign2"]):
        return None
    value = _to_fraction(match)
    if value is None:
        return None
    end = match.end()
    percent = _PERCENT.match(side, end)
    if percent:
        end = percent.end()
    elif scale := _SCALE.match(side, end):
        value *= 10 ** _SCALES[scale[1].lower()]
        end = scale.end()
    return Number(value, percent is not None) if _is_unit(side[end:]) else None


def _to_fraction(match: re.Match[str]) -> Fraction | None:
    """Return the value of a matched number; None for a division by zero."""
    if match["n"]:
        value = _to_decimal(match["n"]) * Fraction(10) ** int(match["exponent"] or 0)
    else:
        below = _to_decimal(match["b"] or match["d"])
        if below == 0:
            return None
        value = _to_decimal(match["a"] or match["c"]) / below
        value += int(match["whole"] or match["whole2"] or 0)
    return -value if "-" in match["sign"] + match["sign2"] else value


def _to_decimal(digits: str) -> Fraction:
    return Fraction(re.sub(r"[,_\u202f]", "", digits).removesuffix("."))


def _is_unit(text: str) -> bool:
    """Say whether the text after a number leaves the number as it is."""
    text = _COMMENT.sub("", text).strip()
    position = 0
    while position < len(text):
        word = _UNIT_WORD.match(text, position)
        if word is None or not _is_unit_word(word.group()):
            return False
        joint = _UNIT_JOINT.match(text, word.end())
        position = joint.end() if joint else word.end()
    return True


def _is_unit_word(word: str) -> bool:
    name = word.rstrip("^{}-23²³.'’")
    if len(name) == 1 and name.isalpha() and (name.isascii() or "Ͱ" <= name <= "Ͽ"):
        return name in _UNIT_LETTERS
    return name.lower() not in _NO_UNITS
