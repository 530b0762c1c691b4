r"""Normalise a LaTeX answer, and take it apart: unions, intervals, tuples, sets, lists, matrices.

Only marks that cannot change the meaning are dropped: spacing, sizes of brackets, dollar signs,
units in words, degree signs. The rest is compared part by part (`compare`), so that ``(0, 1]`` is
never ``[0, 1]`` and ``(1, 2)`` never ``(2, 1)``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from caopd_bench.tasks.read.characters import find_box, fold

__all__ = ["MAX_LENGTH", "Parts", "join_thousands", "name_of", "normalise", "split_parts"]

MAX_LENGTH = 2000  # longest answer, in characters; longer ones are wrong

_WRAPPERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))
_THOUSANDS = re.compile(r",\\!(?:\\?\s){0,3}(?=[0-9]{3})")
_SPACING = re.compile(r"(?<!\\)\\(?:[!,;:>\s]|quad\b|qquad\b|displaystyle\b|limits\b)|~|\$")
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z])\s?\.?")
_FRACTION = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
# \frac43, \frac 59, \frac9{19}, \frac{270}7 and \sqrt2: without braces, one character is the
# argument.
_SHORT_FRACTION = re.compile(
    r"\\frac\s{0,3}(\{[^{}]{0,80}\}|[0-9a-z])\s{0,3}(\{[^{}]{0,80}\}|[0-9a-z])", re.IGNORECASE
)
_SHORT_ROOT = re.compile(r"\\sqrt\s{0,3}([0-9a-zA-Z])(?![a-zA-Z])")
_DEGREES = re.compile(r"\^\s{0,3}(?:\{\s{0,3}\\circ\s{0,3}\}|\\circ(?![a-zA-Z]))|\\degrees?\b|°")
_WORDS = re.compile(
    r"\\(?:text(?:bf|it|rm|normal)?|mbox|mathrm|mathbf|operatorname)\s?\{([^{}]*)\}"
)
_UNIT_POWER = re.compile(r"\^\s?(?:\{[23]\}|[23])$")
# The name of the answer: "x =", "x \in", "f(x) =".
_NAME = re.compile(r"^[a-zA-Z](?:_\{?[0-9a-z]\}?)?(?:\([a-z]\))?\s{0,3}(?:=|\\in(?![a-zA-Z]))")
_NAMED_TOO = re.compile(r"[a-zA-Z](?:_\{?[0-9a-z]\}?)?(?:\([a-z]\))?\s{0,3}(?:=|\\in(?![a-zA-Z]))")
_SPELLED = re.compile(r"\\(?:infty|infinity)\b|∞|(?<![a-zA-Z\\])infinity(?![a-zA-Z])")
# Notation of plain text, such as "2**3", "2*pi" and "sqrt(2)/2".
_PLAIN = (
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"(?<=[\w)}])\s{0,3}\*\s{0,3}(?=[\w(\\{])"), r"\\cdot "),
    (re.compile(r"(?<![a-zA-Z\\])pi(?![a-zA-Z])"), r"\\pi "),
    (re.compile(r"(?<![a-zA-Z\\])sqrt\s?\(([^()]{1,80})\)"), r"\\sqrt{\1}"),
)
# √12, √(x + 1), √{2}, 3√10: √ applies to the whole number, but \sqrt 12 only to its first digit.
_ROOT_SIGN = re.compile(
    r"(?P<cube>(?<![\w)}\]])³)?(?P<sign>[√∛∜])\s{0,3}"
    r"(?:(?P<number>[0-9]{1,40}(?:,[0-9]{3}){0,12}(?:\.[0-9]{1,40})?)|(?P<letter>[a-zA-Zπ])"
    r"|\((?P<round>(?:[^()]|\([^()]{0,80}\)){1,80})\)|\{(?P<braced>[^{}]{1,80})\})"
)
_DEGREES_OF_ROOTS = {"√": "", "∛": "[3]", "∜": "[4]"}
_SYMBOLS = {
    "−": "-", "–": "-", "·": r"\cdot ", "×": r"\times ", "÷": "/", "π": r"\pi ", "∪": r"\cup ",
    "±": r"\pm ", "≤": r"\le ", "≥": r"\ge ", "√": r"\sqrt ", "∈": r"\in ", "²": "^2", "³": "^3",
}  # fmt: skip
_SYNONYMS = (
    (re.compile(r"\\(?:leq|leqslant)(?![a-zA-Z])"), r"\\le "),
    (re.compile(r"\\(?:geq|geqslant)(?![a-zA-Z])"), r"\\ge "),
    (re.compile(r"\\(?:lbrace|{)"), r"\\{"),
    (re.compile(r"\\(?:rbrace|})"), r"\\}"),
    (re.compile(r"\\[bvV]matrix"), r"\\pmatrix"),
    (re.compile(r"\{[bvV]matrix\}"), "{pmatrix}"),
)
_MATRIX = re.compile(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", re.DOTALL)
_SEPARATOR = re.compile(r",|;|\\cup(?![a-zA-Z])|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z])")
_OPEN, _CLOSE = "([{", ")]}"


class Parts(NamedTuple):
    """An answer taken apart.

    ``form`` is "union", "set", "list", "matrix m n", a pair of brackets such as "(]" for tuples and
    intervals, or "" for a single expression, which is then the only part. ``ordered`` says whether
    the order of the parts counts.
    """

    form: str
    parts: tuple[str, ...]
    ordered: bool


def normalise(text: str, *, names: bool = False) -> str:
    r"""Drop everything that does not change the meaning of an answer.

    Parameters
    ----------
    text
        An answer as it was written.
    names
        Whether to keep the name of the answer: the ``y =`` of ``y = 2x``.

    Examples
    --------
    >>> normalise(r"$\left( 3, \dfrac{\pi}{2} \right)$."), normalise(r"x = 11\sqrt2")
    ('(3,\\frac{\\pi}{2})', '11\\sqrt{2}')
    """
    text = _ROOT_SIGN.sub(_write_root, fold(text[: MAX_LENGTH + 1]).strip())
    for symbol, name in _SYMBOLS.items():
        text = text.replace(symbol, name)
    box = find_box(text)
    if box is not None:
        text = box[0]
    text = text.strip().rstrip(".,;:") if not text.endswith("...") else text
    for opening, closing in _WRAPPERS:
        if len(text) >= 2 * len(opening) and text.startswith(opening) and text.endswith(closing):
            text = text[len(opening) : len(text) - len(closing)].strip().rstrip(".")
    text = _SIZES.sub("", join_thousands(text))
    for pattern, replacement in _PLAIN:
        text = pattern.sub(replacement, text)
    text = text.replace(r"\$", "").replace(r"\%", "%")
    text = _SPACING.sub("", text)
    text = _drop_words(text)
    text = _DEGREES.sub("", text)
    text = _SPELLED.sub(r"\\infty ", _FRACTION.sub(r"\\frac", text))
    for pattern, replacement in _SYNONYMS:
        text = pattern.sub(replacement, text)
    for _ in range(3):  # short fractions may be nested: replace them from the inside out
        text = _SHORT_FRACTION.sub(_brace_fraction, text)
    text = _SHORT_ROOT.sub(r"\\sqrt{\1}", text)
    text = text.strip() if names else _NAME.sub("", text.strip())
    return _squeeze(text)


def name_of(text: str) -> str:
    r"""Return the name in an answer: "x" for ``x = 5`` and ``x \in [0, 1]``, otherwise "".

    Examples
    --------
    >>> name_of("$x = 5$"), name_of("f(x)=2x"), name_of("5"), name_of("x + y = 5")
    ('x', 'f(x)', '', '')
    """
    if "=" not in text and "in" not in text and "∈" not in text:
        return ""
    text = normalise(text, names=True)
    found = _NAME.match(text)
    # "x = 1, y = 2" has two names, which are compared part by part.
    if found is None or _NAMED_TOO.search(text, found.end()):
        return ""
    return found.group().removesuffix("=").removesuffix(r"\in").strip()


def join_thousands(text: str) -> str:
    r"""Drop the thin commas of LaTeX numbers: ``10,\!080``."""
    return _THOUSANDS.sub("", text)


def _write_root(match: re.Match[str]) -> str:
    degree = "[3]" if match["cube"] else _DEGREES_OF_ROOTS[match["sign"]]
    kind = match.lastgroup or ""
    held = match[kind].replace(",", "") if kind == "number" else match[kind]
    return f"\\sqrt{degree}{{{held}}}"


def _brace_fraction(match: re.Match[str]) -> str:
    above, below = (part if part.startswith("{") else f"{{{part}}}" for part in match.groups())
    return f"\\frac{above}{below}"


def _drop_words(text: str) -> str:
    """Drop units in words beside a value; an answer that is all words keeps them."""
    without = _WORDS.sub(lambda match: " " if not _is_short(match[1]) else match[1], text)
    if any(character.isalnum() for character in without.replace("^2", "").replace("^3", "")):
        cut = _WORDS.search(text)
        # In "864 \mbox{ inches}^2" the power belongs to the unit.
        return _UNIT_POWER.sub("", without.strip()) if cut and cut.start() else without
    return _WORDS.sub(r"\1", text)


def _is_short(word: str) -> bool:
    """Return whether a word is part of a list ("and", "or") or a single letter such as (C)."""
    return word.strip() in ("and", "or") or len(word.strip(" ().")) <= 1


def _squeeze(text: str) -> str:
    """Drop spaces, except after a command that a letter would otherwise join."""
    return re.sub(
        r"(?<!\\)\s+", "", re.sub(r"(\\[a-zA-Z]+)\s+(?=[a-zA-Z])", "\\1\x00", text)
    ).replace("\x00", " ")


def split_parts(text: str) -> Parts:
    r"""Take a normalised answer apart.

    Examples
    --------
    >>> split_parts(r"(0,9)\cup(9,36)")
    Parts(form='union', parts=('(0,9)', '(9,36)'), ordered=False)
    >>> split_parts("(3,4]"), split_parts("1,-2").form, split_parts("x+1").form
    (Parts(form='(]', parts=('3', '4'), ordered=True), 'list', '')
    """
    matrix = _MATRIX.fullmatch(text)
    if matrix:
        rows = [row for row in matrix[1].split(r"\\") if row.strip()]
        cells = [row.split("&") for row in rows]
        shape = f"matrix {len(rows)} {max(map(len, cells), default=0)}"
        return Parts(shape, tuple(cell for row in cells for cell in row), True)
    union = _split(text, r"\cup")
    if len(union) > 1:
        return Parts("union", tuple(union), False)
    inner = _unwrap(text)
    if inner is not None:
        form, content = inner
        parts = _split(content, ",")
        if form == "{}":
            return Parts("set", tuple(part for one in parts for part in _expand(one)), False)
        if len(parts) > 1:
            return Parts(form, tuple(parts), True)
        if form == "()" and len(content) < len(text):
            return split_parts(content) if content else Parts("", (text,), True)
    parts = [part for one in _split(text, ",") for part in _expand(one)]
    return Parts("list", tuple(parts), False) if len(parts) > 1 else Parts("", (text,), True)


def _unwrap(text: str) -> tuple[str, str] | None:
    """Return the outer brackets, if one pair encloses everything, and their content."""
    for opening in (r"\{", "(", "["):
        if not text.startswith(opening):
            continue
        closings = (r"\}",) if opening == r"\{" else (")", "]")
        closing = next((c for c in closings if text.endswith(c)), None)
        if closing is None or len(text) < len(opening) + len(closing):
            return None
        content = text[len(opening) : len(text) - len(closing)]
        if _is_balanced(content):
            return opening.lstrip("\\") + closing.lstrip("\\"), content
    return None


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth < 0:
            return False
    return depth == 0


def _split(text: str, separator: str) -> list[str]:
    """Split at separators outside all brackets; "and" and "or" separate like commas."""
    pieces: list[str] = []
    depth = start = 0
    position = 0
    while position < len(text):
        character = text[position]
        depth += (character in _OPEN) - (character in _CLOSE)
        found = _SEPARATOR.match(text, position) if depth == 0 else None
        if found and (found.group() == r"\cup") == (separator == r"\cup"):
            pieces.append(text[start:position])
            start = position = found.end()
            continue
        position += 1
    pieces.append(text[start:])
    kept = [piece.strip() for piece in pieces if piece.strip()]
    return kept or [text]


def _expand(text: str) -> list[str]:
    r"""Write out one ``\pm`` as its two values."""
    if text.count(r"\pm") != 1:
        return [text]
    before, _, after = text.partition(r"\pm")
    return [f"{before}+{after.strip()}", f"{before}-{after.strip()}"]
