"""Clean text: replace look-alikes of ASCII characters, and remove wrappers around an answer."""

import re
from functools import lru_cache

MAX_ANSWER = 4000  # characters of an answer that are kept
_SHORT = 60  # longest text, in characters, whose cleaning is cached
_NEXT_KEY = re.compile(r",\s{0,3}'$")  # the opening quote of the next key of {'answer': '5', '...
_CLOSED_MATHS = re.compile(r"\s{0,9}(?:\\[)\]]|\$\$?)[\s.]{0,9}$")
# An answer with nothing to strip: a letter or digit at both ends, and no bracket, backslash, "#" or
# "|" in between.
_BARE = re.compile(r"[^\W_](?:[^()\[\]{}\\#|]*[^\W_])?")
_BOX_OR_BRACE = re.compile(r"\\boxed\s{0,3}\{|\\[{}]|[{}]")

# Look-alikes are replaced one by one, so that each pattern is written once, in ASCII. NFKC would
# turn 5² into 52, and takes quadratic time for long runs of accents.
_LOOK_ALIKES = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width ASCII
    **{code: chr(ord("0") + (code - 0x1D7CE) % 10) for code in range(0x1D7CE, 0x1D800)},  # bold 0-9
    0x3000: " ",
    **dict.fromkeys((0xFE55, 0x2236, 0xA789), ":"),  # small, ratio and modifier colons
    0x2044: "/",  # fraction slash
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD)),  # invisible: removed
    **dict.fromkeys((0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029), "\n"),
}


_LOOK_ALIKE = re.compile(f"[{''.join(map(chr, _LOOK_ALIKES))}]")
# Letters that case-insensitive patterns match with an ASCII s, i or k, although `str.lower` does
# not turn all of them into these. The last one becomes two characters in lower case.
_ODD_CASES = ("\u017f", "\u0131", "\u212a", "\u0130")


def fold(text: str) -> str:
    """Return the text with full-width and similar characters as ASCII, and every line end as LF.

    Examples
    --------
    >>> fold("Ｃｏｎｆｉｄｅｎｃｅ：０．９")
    'Confidence:0.9'
    """
    # Most texts have no look-alikes, and looking for them is much faster than replacing them.
    if text.isascii():
        is_clean = "\r" not in text and "\x0b" not in text and "\x0c" not in text
    else:
        is_clean = _LOOK_ALIKE.search(text) is None
    return text if is_clean else text.translate(_LOOK_ALIKES)


def lower(text: str) -> str | None:
    """Return the text in lower case, or None if that is not what patterns take it for.

    A lower-case pattern matches the result exactly where the same pattern, ignoring case, matches
    the text. A few letters ("K" of kelvin, the long and the dotless letters) stand for ASCII ones
    only in patterns; for a text with one of them the result is None.

    Examples
    --------
    >>> lower("Answer: É"), lower("an\u017fwer")
    ('answer: é', None)
    """
    if not text.isascii() and any(odd in text for odd in _ODD_CASES):
        return None
    return text.lower()


def clean_answer(raw: str, *, intervals: bool = False) -> str:
    """Strip box, markdown, quotes, unbalanced brackets and the full stop from an answer.

    Parameters
    ----------
    raw
        The text after the label.
    intervals
        Brackets of two kinds may belong together: ``[0, 1)`` is a half-open interval.

    Examples
    --------
    >>> clean_answer(' **5 apples.** ("')
    '5 apples'
    >>> clean_answer("[0, 1)"), clean_answer("[0, 1)", intervals=True)
    ('[0, 1', '[0, 1)')
    """
    # A response that repeats itself repeats its answer, so short ones are cached.
    if len(raw) <= _SHORT:
        return _clean_short(raw, intervals)
    return _clean(raw, intervals)


def _clean(raw: str, intervals: bool) -> str:
    text = raw.strip()[:MAX_ANSWER]
    if _BARE.fullmatch(text):
        return text
    box = find_box(text)
    if box is not None:
        text = box[0]
    if "####" in text:
        text = _drop_gsm8k(text)
    before = None
    while text != before and before != "":
        before = text
        text = text.lstrip(' \t\n*_`"“”').rstrip(' \t\n*_`"“”,;:–—-')
        if text.endswith(".") and not text.endswith(".."):
            text = text[:-1]
        text = _NEXT_KEY.sub("", text)
        if len(text) > 1 and text[0] == text[-1] == "'":
            # Strip a long run of quotes at once: a pair per round would take quadratic time.
            more = min(_count_ends(text, "'"), len(text) // 2) - 1
            text = text[more:-more] if more > 1 else text[1:-1]
        if text.endswith("|") and text.count("|") % 2:
            text = text[:-1]
        if not (intervals and _is_interval(text)):
            text = _strip_unbalanced(text)
    return text


_clean_short = lru_cache(maxsize=4096)(_clean)


def _drop_gsm8k(text: str) -> str:
    r"""Return the text after GSM8K's "####": "12" in ``\( #### 12 \)`` and in ``12. #### 12``."""
    before, sign, after = text.rpartition("####")
    before, after = before.rstrip("# "), after.strip()
    in_maths = before.endswith((r"\(", r"\[", "$"))
    lone = not before.strip(r" *_`\([$")
    if not sign or not after or not (lone or any(map(str.isdigit, after))):
        return text
    return _CLOSED_MATHS.sub("", after) if in_maths else after


def _count_ends(text: str, sign: str) -> int:
    """Return how many copies of a sign stand in a row at both ends."""
    return len(text) - max(len(text.lstrip(sign)), len(text.rstrip(sign)))


def _is_interval(text: str) -> bool:
    return text.count("(") + text.count("[") == text.count(")") + text.count("]")


def _strip_unbalanced(text: str) -> str:
    for opening, closing in ("()", "[]", "{}"):
        excess = text.count(closing) - text.count(opening)
        if excess > 0:
            text = text[:-1] if text.endswith(closing) else text.removeprefix(closing)
        elif excess < 0 and text.endswith(opening):
            text = text[:-1]
    return text


def find_box(text: str) -> tuple[str, int] | None:
    r"""Return content and start of the last ``\boxed{}`` whose braces balance.

    Examples
    --------
    >>> find_box(r"\boxed{3} no, \boxed{\frac{1}{2}}")
    ('\\frac{1}{2}', 14)
    """
    if "\\boxed" not in text or "}" not in text:
        return None
    last: tuple[int, int] | None = None
    opened: list[int] = []  # for each open brace, where the content of its box begins, or 0
    for match in _BOX_OR_BRACE.finditer(text):
        token = match.group()
        if token == "}":
            if opened and (begin := opened.pop()):
                last = begin, match.start()
        elif token == "{":
            opened.append(0)
        elif token.startswith("\\boxed"):
            opened.append(match.end())
    if last is None:
        return None
    return text[last[0] : last[1]].strip(), text.rindex("\\boxed", 0, last[0])
