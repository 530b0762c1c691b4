r"""Read the number in a confidence statement: the text after ``Confidence:``.

The rule: exactly one number, in a form that leaves no doubt which probability is meant.

* Up to 1, a number is the probability itself: ``0.85``, ``.85``, ``0,85``, ``1e-1``, ``1``, ``0``.
* A bare ``0.`` or ``0,`` with no digit after it is what is left of a longer number: not readable.
* ``85%`` and ``85 percent`` are hundredths; ``8/10`` and ``7 out of 10`` are shares. A decimal up
  to 1 over more than 1 (``0.85/100``) or as a percentage (``0.85%``) says two things, and ``1 of 3
  steps`` is no probability: a bare "of" counts for integers of 10 or 100 only.
* A bare number from 10 to 100 can only be a percentage: it is read so, and marked ``rescaled``.
* A bare number above 1 and below 10 may mean percent, tenths or a mistake: not readable.
* Hedges and words may stand before it (``about``, ``~``, ``very high,``), words after it
  (``0.9 (very sure)``). A second number makes it unreadable, unless it says the same again
  (``0.85 (85%)``, equal within half a percent), names the scale in brackets (``(0-1)``), or comes
  after the sentence ended or a reason began (``0.9, because all 3 steps check``) that takes
  nothing back (``0.3. Wait, actually 0.9``).
* With a `scale` of 5, 10 or 100, a bare number is out of that: ``4`` is read as ``4/5``. A decimal
  up to 1 is refused there as in ``0.85/100``, and so is 0 out of 5, a scale that begins at 1. With
  a scale of 1, a bare number above 1 is no percentage.
* Signs, ranges, bounds (``at least 0.9``, ``0.9 max``), placeholders and ``50/50`` are unreadable.
  Nothing is clipped: outside 0 to 1 is unreadable.
* Markup is dropped, but never joins digits: ``0.9*5`` is unreadable.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from caopd_bench.tasks.read.characters import fold

MAX_STATEMENT = 300  # characters of a statement that are read
_SHORT = 60  # longest statement, in characters, whose reading is cached
MAX_NUMBER = 40  # longest number, in characters
_LOWEST_IS_ONE = 5  # the scale of 5 runs from 1 to 5; scales of 10 and 100 often start at 0
_SAME = Fraction(1, 200)  # two numbers at most this far apart state the same confidence

# Markup that does not change the number. Unbounded quantifiers are safe here, since the text has at
# most MAX_STATEMENT characters.
_MARKUP = re.compile(
    r"(?:\\(?:boxed|textbf|text|mathrm|mathbf)\s?\{|</?[a-z_]{1,20}>|\\[()\[\],;! ]"
    r"|[*_`$\"'“”{}|])+",
    re.IGNORECASE,
)
# Markup between two of these becomes "_", so that no digits are joined.
_OF_A_NUMBER = frozenset("0123456789.,")
_IN_ANGLES = re.compile(r"^<([^<>]*)>")
_SCALE = re.compile(
    r"[(\[][^()\[\]0-9]*[01](?:\.0+)?\s*(?:-|–|—|to|and)\s*(?:1(?:\.0+)?|10|100)\s*%?[^()\[\]0-9]*[)\]]"
)
_NUMBER = re.compile(r"(?:[0-9]+(?:[.,][0-9]+)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_PLAIN_DECIMAL = re.compile(r"0?\.[0-9]{1,30}")
_THOUSANDS = re.compile(r"[1-9][0-9]*,[0-9]{3}")  # "1,000" may mean a thousand or one
_PERCENT = re.compile(r"\s*(?:\\?%|percent|per cent|pct)", re.IGNORECASE)
_OUT_OF = re.compile(r"\s*(?P<sign>/|out of|of)\s*", re.IGNORECASE)
# After "2/3" in "2/3 checks": the share counts something and is not a probability.
_COUNTED = re.compile(r"\s+(?!(?:because|since|as|given)\b)[a-z]", re.IGNORECASE)
# What may not follow a number: 0.9.5, 0.XX, 0.9x, 0.9..., and digits of any script.
_GLUED = re.compile(r"[.,]?[\d²³¹⁰-⁹¼-¾]|[.,]?[a-z%_]|\.\.", re.IGNORECASE)
_CUT_ZERO = re.compile(r"\.|,(?!\s)")  # after a bare 0: the decimals were cut off
_DASH_AFTER_WORD = re.compile(r"(?<=[a-z)]) [-–—] $")  # "High - 0.8": the dash is not a minus sign
_WORD = re.compile(r"[a-z']+|[^\sa-z']")
_RANGE = re.compile(
    r"\s*,?\s*(?:[-–—−~/^]\s*[.0-9]|\+|±|>|<|(?:or|to|plus|minus)\b)", re.IGNORECASE
)
_BOUND = re.compile(
    r"\b(?:(?:or|and) (?:above|up|upwards?|more|higher|better|greater|over|below|less|lower|under)"
    r"|at (?:least|most|best|worst|the (?:most|least|best|worst))|max|min|maximum|minimum|tops"
    r"|up to|upwards?|ceiling|floor|(?:no|not) (?:more|less|higher|lower))\b",
    re.IGNORECASE,
)
# Where a new sentence or a reason begins: the numbers after it are not confidences.
_REASON = re.compile(
    r"[.!?;]\s+(?=[A-Z])|\b(?:because|since|as|given|due to|based on|after)\b|[-–—]\s+(?=[A-Za-z])"
)
# Words that take a statement back. Those of the last group do so only before a number.
_TAKEN_BACK = re.compile(
    r"\b(?:wait|correction|nope|oops|scratch that)\b|(?:[.!?;,(]|[-–—])\s*no(?=[,.!:;]|\s+wait)"
    r"|\b(?:actually|rather|instead|sorry|hm+|i mean|make (?:it|that)|revised?|change[ds]?"
    r"|updated?|corrected)\b[^0-9]*[0-9]",
    re.IGNORECASE,
)
# Words and signs allowed before the number: hedges and degrees of certainty, but nothing that
# changes the number.
_WORDS_BEFORE = {
    *("about", "around", "approximately", "approx", "roughly", "circa", "nearly", "almost"),
    *("i", "am", "i'm", "would", "say", "is", "it", "my", "of", "a", "an", "at"),
    *("very", "quite", "fairly", "pretty", "extremely", "high", "low", "medium", "moderate"),
    *("highly", "moderately", "reasonably", "somewhat", "confident", "certain", "sure", "likely"),
    *("confidence", "level", "score", "probability", "estimate", "estimated"),
    *("~", "≈", "∼", "≃", "(", "[", ":", "=", ".", ","),
}


class Reading(NamedTuple):
    """The reading of a confidence statement: ``value`` in [0, 1], or None and the ``problem``."""

    value: float | None
    rescaled: bool
    problem: str | None


class _UnreadableError(Exception):
    """A statement that names no single probability; the message gives the reason."""


def read_confidence(raw: str, *, scale: int | None = None) -> Reading:
    """Read the text after a confidence label.

    Parameters
    ----------
    raw
        The text, of any length; only the first `MAX_STATEMENT` characters count.
    scale
        Maximum of the scale of a bare number, one of `rules.SCALES`; None reads only unmistakable
        forms.

    Returns
    -------
    Reading
        ``(value, rescaled, problem)``. ``rescaled`` is True for a bare number from 10 to 100.

    Examples
    --------
    >>> read_confidence("about 85%")
    Reading(value=0.85, rescaled=False, problem=None)
    >>> read_confidence("85")
    Reading(value=0.85, rescaled=True, problem=None)
    >>> read_confidence("0.7-0.9")
    Reading(value=None, rescaled=False, problem='a range or a bound')
    >>> read_confidence("4", scale=5)
    Reading(value=0.8, rescaled=False, problem=None)
    """
    # Responses use only a few dozen different statements, and each is read several times.
    return _read_short(raw, scale) if len(raw) <= _SHORT else _read_any(raw, scale)


def _read_any(raw: str, scale: int | None) -> Reading:
    if scale is None and _PLAIN_DECIMAL.fullmatch(raw):
        return Reading(float(raw), False, None)
    text = _strip_markup(raw)
    if not text:
        return Reading(None, False, "no number" if raw.strip() else "empty")
    try:
        value, rescaled = _read(text, scale)
    except _UnreadableError as error:
        return Reading(None, False, str(error))
    return Reading(float(value), rescaled, None)


_read_short = lru_cache(maxsize=4096)(_read_any)


def _strip_markup(raw: str) -> str:
    text = raw.lstrip()
    if len(text) > MAX_STATEMENT:  # drop the word that the cut split
        text = text[:MAX_STATEMENT].rpartition(" ")[0]
    text = fold(text)
    text = _IN_ANGLES.sub(r"\1", _MARKUP.sub(_replace_markup, text).strip())
    return _SCALE.sub("", text).strip()


def _replace_markup(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return "_" if before in _OF_A_NUMBER and after in _OF_A_NUMBER else ""


def _read(text: str, scale: int | None) -> tuple[Fraction, bool]:
    first = _NUMBER.search(text)
    if first is None:
        raise _UnreadableError("no number")
    before = text[: first.start()].lower()
    before = _DASH_AFTER_WORD.sub(" ", before)
    if before.rstrip().endswith(("-", "−", "–", "—", "+")):
        raise _UnreadableError("a sign before the number")
    if not _WORDS_BEFORE.issuperset(_WORD.findall(before)):
        raise _UnreadableError("other words before the number")
    value, rescaled, end = _read_number(text, first, scale)
    after = text[end:]
    if _RANGE.match(after):
        raise _UnreadableError("a range or a bound")
    reason = _REASON.search(after)
    said_again = after[: reason.start()] if reason else after
    if _BOUND.search(said_again):
        raise _UnreadableError("a range or a bound")
    if _TAKEN_BACK.search(after):
        raise _UnreadableError("taken back")
    position = 0
    while second := _NUMBER.search(said_again, position):
        again, _, position = _read_number(said_again, second, scale)
        if abs(again - value) > _SAME:
            raise _UnreadableError("two numbers")
    return value, rescaled


def _read_number(text: str, match: re.Match[str], scale: int | None) -> tuple[Fraction, bool, int]:
    """Return the probability that a number means, whether it was rescaled, and where it ends."""
    number = _to_fraction(match.group())
    end = match.end()
    rescaled = False
    if percent := _PERCENT.match(text, end):
        if 0 < number <= 1 and not match.group().isdigit():
            raise _UnreadableError("a probability and a percentage at once")
        value, end = number / 100, percent.end()
    elif whole := _match_whole(text, end, scale):
        value, end = _divide(match.group(), whole.group()), whole.end()
        if whole.group() not in ("1", "10", "100") and _COUNTED.match(text, end):
            raise _UnreadableError("a share of something else")
    elif number == 0 and match.group().isdigit() and _CUT_ZERO.match(text, end):
        raise _UnreadableError("cut off after the point")
    elif scale is not None:
        value = _divide_by_scale(match.group(), scale)
    elif number <= 1:
        value = number
    elif number < 10:
        raise _UnreadableError("a bare number above 1 and below 10")
    else:
        value, rescaled = number / 100, True
    if _GLUED.match(text, end):
        raise _UnreadableError("not a number")
    if value > 1:
        raise _UnreadableError("above 1")
    return value, rescaled, end


def _match_whole(text: str, end: int, scale: int | None) -> re.Match[str] | None:
    """Match the number after "/" or "out of"; after "of" if it can only be a scale."""
    out_of = _OUT_OF.match(text, end)
    whole = _NUMBER.match(text, out_of.end()) if out_of else None
    scales = ("10", "100", str(scale or 10))
    if whole and out_of and out_of["sign"].lower() == "of" and whole.group() not in scales:
        raise _UnreadableError("a share of something else")
    return whole


def _divide(written: str, written_whole: str) -> Fraction:
    part, whole = _to_fraction(written), _to_fraction(written_whole)
    if whole == 0 or whole.denominator != 1:
        raise _UnreadableError("not a share of a whole number")
    if part <= 1 < whole and not written.isdigit():
        raise _UnreadableError("a probability and a share at once")
    if part == whole == 50:
        raise _UnreadableError("50/50 says one half, not one")
    return part / whole


def _divide_by_scale(written: str, scale: int) -> Fraction:
    """Return the probability for a bare number on a scale: ``number/scale``."""
    if scale == _LOWEST_IS_ONE and _to_fraction(written) == 0:
        raise _UnreadableError("below the scale of 1 to 5")
    return _divide(written, str(scale))


def _to_fraction(number: str) -> Fraction:
    if len(number) > MAX_NUMBER:
        raise _UnreadableError("number too long")
    if _THOUSANDS.fullmatch(number):
        raise _UnreadableError("a comma that may separate thousands")
    return Fraction(number.replace(",", "."))
