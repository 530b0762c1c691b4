r"""Read the one number that an answer states, exactly.

Read: signs, thousands separators (``1,234``, ``1_234``, narrow spaces, ``1{,}234``), decimals,
``3/4``, ``1 3/4``, ``\frac{3}{4}``, ``½``, ``1.2e3``, ``1.2 \times 10^3``, percent, currency
signs, units and other words after the number (``12 cm^2``, ``12 apples``, ``12 (twelve)``),
``5 million``, LaTeX wrappers, ``x = 5``, and ``3/4 = 75%`` when all sides are equal. After a sum
of plain numbers (``5 + 7 = 12``) the last side is the result that is stated; nothing is evaluated.
A sentence with exactly one number and nothing that changes it (``Rosa has 72 lemons``, ``12 is the
answer``, ``the value of $x$ is 4``) states that number.

Refused (None), since the text does not state one exact number or would have to be evaluated:
several numbers, ranges, sums and powers (``5 + 7``), ``5x``, ``2\pi``, ``5 dozen``, ``3 quarters``,
``3rd``, ``5 less``, ``12 wrong``, ``0,123``, roundings
(``≈ 12``, ``about 12``, ``0.333...``), bounds (``at least 12``), number words (``twelve``),
European grouping (``1.234,56``) and decimal commas (``0,5``: a pair or a number), thousands set
off by plain spaces (``1 234``), and texts longer than `MAX_LENGTH`.
"""

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from caopd_bench.tasks.judge.number_words import COPULAS, DOUBTS, QUANTITIES, SCALE_WORD, alters
from caopd_bench.tasks.read.characters import fold

# Longer texts are refused unread, since no exact answer needs them. That bounds the time of every
# pattern and conversion below, and Python raises an error for integers of more than 4300 digits.
MAX_LENGTH = 400

_SIGNS = {
    **dict.fromkeys(map(ord, "−–—﹣‐‑‒"), "-"),
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f"), "\u202f"),  # all narrow or fixed spaces
    **{ord(c): " " + unicodedata.normalize("NFKC", c) for c in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"},
}
# LaTeX that does not change the number, and its replacement, in order of application.
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

_DIGITS = r"(?:[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?:_[0-9]{3})+|(?:\u202f[0-9]{3})+)|[0-9]+)"
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
_COMMENT = re.compile(r"\s*\((?P<words>[^()0-9]*)\)$")  # as in "12 (twelve)"
# One word of a unit, such as cm, km/h, m^2, cm³, °C or €.
_UNIT_WORD = re.compile(r"[^\W\d_][^\W\d_.'’]*[.'’]?[^\W\d_]*(?:\^\{?-?[23]\}?|[23²³])?|[°€£¢¥₹$]")
_UNIT_JOINT = re.compile(r"[\s/·.-]?")
# Single letters that are units. Any other letter (x, n, i, π) is a factor.
_UNIT_LETTERS = frozenset("mgslhdtLNJWVACF")  # not K and M, which may mean thousands and millions
# The end of "12 is the answer".
_IS_ANSWER = re.compile(
    r"\s+is\s+(?:the|my|our)(?:\s+(?:final|correct|right|exact|total|only)){0,2}"
    r"\s+(?:answer|result|total|sum|solution|value|number|amount)$",
    re.IGNORECASE,
)
# "Rosa has" before a number. The last word has at least two letters, since "x 12" is a product.
_WORDS_BEFORE = re.compile(
    r"(?:[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_])){0,30}[,:]?\s+){0,40}[^\W\d_](?:[^\W\d_]|['’])+:?\s+"
)
_IN_BOLD = re.compile(r"(?<![0-9*])\*\*([^*\s]{1,40})(?:\*\*(?![0-9*])|$)")
# Mathematics in a sentence, as in "the value of $a$ is $-256$".
_INLINE = re.compile(r"\$(?P<a>[^$]{1,60})\$|\\\((?P<b>(?:[^\\]|\\(?![()])){1,60})\\\)")
# After these words a sign belongs to the number; elsewhere it may be a dash.
_SIGN_AFTER = {"is", "was", "are", "equals", "be"}
# The left side of "5 + 7 = 12", "15% of 60 = 9" or "9 crates * 8 notebooks = 72".
_TERM = r"[$€£(\s-]*[0-9][0-9.,_\u202f]*[%)\s]*(?:[^\W\d_]{3,}(?![^\W\d_])\s*){0,3}[)\s]*"
_OPERATION = r"(?:[-+*/×÷·^]|\\(?:times|cdot|div)(?![a-z])|\*\*|(?:of|times|plus|minus)\s)"
_SUM = re.compile(rf"(?:{_TERM}{_OPERATION})+{_TERM}")
# The left side of "x = 5", "total = 5" or "f(2) = 5".
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
    return _read(text)


# Right answers recur in runs of many models, samples and rewards, and so do the answers to one
# question.
@lru_cache(maxsize=4096)
def _read(text: str) -> Number | None:
    sides = [_unwrap(side) for side in _simplify(text).split("=")]
    if len(sides) == 1:
        return _read_side(sides[0]) or _read_sentence(sides[0])
    numbers = [_read_side(side) for side in sides]
    stated = numbers[-1]
    if stated is None:
        return None
    for side, number in zip(sides[:-1], numbers[:-1], strict=True):
        agrees = _is_name(side) or _is_sum(side) if number is None else _agree(number, stated)
        if not agrees:
            return None
    return stated


def _agree(one: Number, other: Number) -> bool:
    """Return whether the two sides of an equation are equal: 3/4 = 75%."""
    return one.value / (100 if one.percent else 1) == other.value / (100 if other.percent else 1)


def _is_name(side: str) -> bool:
    name = _NAME.fullmatch(side)
    return not side or (
        name is not None
        and not any(alters(word) for word in name["words"].split() if word != "remainder")
    )


def _is_sum(side: str) -> bool:
    """Return whether a side is an operation on plain numbers; which one does not matter."""
    words = set(re.findall(r"[^\W\d_]+", side)) - {"times", "plus", "minus"}
    return _SUM.fullmatch(side) is not None and not any(map(alters, words))


def _read_sentence(text: str) -> Number | None:
    """Read the only number of a sentence: Rosa has 72 lemons."""
    text = _INLINE.sub(_show_inline, _IN_BOLD.sub(r"\1", text))
    before = _WORDS_BEFORE.match(text)
    number = _NUMBER.match(text, before.end()) if before else None
    if before is None or number is None:
        return None
    words = [word.strip(",:").lower() for word in before.group().split()]
    signed = number["sign"] or number["sign2"]
    if signed and (words[-1] not in _SIGN_AFTER or re.match(r"[-+]\s", number.group())):
        return None
    if words[-1] == "of" and words[-2:-1] != ["total"]:
        return None
    if any(alters(word) for word in words[:-1] if not _is_harmless(word, words[-1])):
        return None
    if alters(words[-1]) and words[-1] not in ("is", "remainder"):
        return None
    return _read_side(text[before.end() :])


def _is_harmless(word: str, last: str) -> bool:
    """Return whether a word before a number leaves it unchanged: "the number of meals is"."""
    return word in ("is", "should", "remainder") or (word in QUANTITIES and last in COPULAS)


def _show_inline(match: re.Match[str]) -> str:
    """Remove the marks around mathematics that is a name or a number; keep the rest as it is."""
    inner = (match["a"] or match["b"]).strip()
    is_plain = _NAME.fullmatch(inner) or _NUMBER.fullmatch(inner)
    return inner if is_plain else match.group()


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
    return Number(value, percent is not None) if is_unit(side[end:]) else None


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


def is_unit(text: str) -> bool:
    """Return whether the text after a number leaves the number as it is."""
    if comment := _COMMENT.search(text):
        words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", comment["words"].lower())
        doubted = any(w in DOUBTS or w.endswith(("n't", "n’t")) for w in words)
        if doubted or (words and SCALE_WORD.fullmatch(words[0])):
            return False
        text = text[: comment.start()]
    text = _IS_ANSWER.sub("", text).strip()
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
    return not alters(name)
