r"""Find the value that a sentence states: ``The maximum of $f$ is $\sqrt{2}$``.

Only the whole text after "is", "are" or "equals" is a value, and only if nothing before or after it
changes, doubts or denies it. A number among words is read elsewhere (`numbers`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from caopd_bench.tasks.judge.latex.text import MAX_LENGTH
from caopd_bench.tasks.judge.number_words import DOUBTS, QUANTITIES, alters
from caopd_bench.tasks.judge.numbers import is_unit

__all__ = ["find_value", "is_doubted"]

_MATHS = re.compile(
    r"\$\$?(?P<a>[^$]{1,300})\$\$?|\\\((?P<b>(?:[^\\]|\\(?![()])){1,300})\\\)"
    r"|\\\[(?P<c>(?:[^\\]|\\(?![\[\]])){1,300})\\\]"
)
_COPULA = re.compile(r"(?<![A-Za-z])(?:is|are|was|were|equals|is equal to)(?![A-Za-z])\s{0,3}:?")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_BETWEEN = re.compile(r"[\s,]*(?:and)?[\s,]*")
#: Replaces mathematics, so that its letters are not taken for words.
_MASK = "\0"
_VALUE_AFTER = re.compile(
    r"\s{0,3}(?:(?:exactly|precisely|just|both|equal to|then|thus|therefore)\s{1,3})?"
    r"[\0\-−–+±√∛π(\[{]"
)
_LABELLED = re.compile(r"[:=]\s{0,3}(?=\0)")


def find_value(answer: str) -> str | None:
    r"""Return the value that a sentence states, without its dollar signs, or None.

    Examples
    --------
    >>> find_value(r"The roots of $f$ are $1$ and $\sqrt{2}$.")
    '1, \\sqrt{2}'
    >>> find_value(r"The root is not $\sqrt{2}$") is find_value(r"\sqrt{2}") is None
    True
    """
    if len(answer) > MAX_LENGTH:
        return None
    masked = _MATHS.sub(lambda match: _MASK * len(match.group()), answer)
    copulas = list(_COPULA.finditer(masked))
    if not copulas or _states_earlier(answer, masked, copulas):
        return None
    cut = copulas[-1]
    before = masked[: cut.start()]
    words = _LETTERS.findall(before)
    if not words or re.search(r"[0-9\\^_=<>]", before) or any(map(_changes, words)):
        return None
    return _read_rest(answer[cut.end() :].strip())


def _states_earlier(answer: str, masked: str, copulas: Sequence[re.Match[str]]) -> bool:
    """Return whether a value is stated before the last verb: "one is $4$ and the other is $5$"."""
    for one in copulas[:-1]:
        if _VALUE_AFTER.match(masked, one.end()):
            return True
    # "one root: $4$, the other is $5$" and "$4$ is one root, and the other is $5$"
    starts = [one.end() for one in _LABELLED.finditer(masked, 0, copulas[-1].start())]
    starts += _starts_of_maths(masked, copulas[:-1])
    return any(_is_constant(answer, start) for start in starts)


def _is_constant(answer: str, start: int) -> bool:
    """Return whether mathematics without a variable begins here."""
    found = _MATHS.match(answer, start)
    return found is not None and not _LETTERS.search(_COMMAND.sub(" ", found.group()))


def _starts_of_maths(masked: str, copulas: Sequence[re.Match[str]]) -> list[int]:
    """Return the start of the mathematics directly before each verb."""
    ends = [len(masked[: one.start()].rstrip()) for one in copulas]
    return [len(masked[:end].rstrip(_MASK)) for end in ends]


def is_doubted(answer: str) -> bool:
    r"""Return whether an answer denies, bounds or doubts its value: "8 would be too few".

    Examples
    --------
    >>> is_doubted("8 or less"), is_doubted(r"8 or \max(1, 2)")
    (True, False)
    """
    words = _LETTERS.findall(_COMMAND.sub(" ", answer[:MAX_LENGTH]).lower())
    return any(word in DOUBTS and word != "or" for word in words)


def _changes(word: str) -> bool:
    word = word.lower()
    return alters(word) and word not in (*QUANTITIES, "is", "should", "and", "between", "to", "log")


def _read_rest(rest: str) -> str | None:
    """Read what follows the verb: a value, values, or a value and its unit."""
    rest = rest.removesuffix(".").strip()
    found = list(_MATHS.finditer(rest))
    if not found:
        words = _LETTERS.findall(_COMMAND.sub(" ", rest))
        return rest if rest and not any(len(word) > 1 for word in words) else None
    ends = [(match.start(), match.end()) for match in found]
    gaps = [rest[end:start] for (_, end), (start, _) in pairwise(ends)]
    after = rest[ends[-1][1] :]
    if ends[0][0] or not all(map(_BETWEEN.fullmatch, gaps)):
        return None
    if after and not (len(found) == 1 and is_unit(after)):
        return None
    values = [match["a"] or match["b"] or match["c"] for match in found]
    return ", ".join(value.strip() for value in values)
