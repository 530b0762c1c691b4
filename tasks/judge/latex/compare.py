r"""Decide whether two LaTeX answers are equal: structure here, algebra in a child process.

Both sides are normalised and taken apart (`text`): unions, sets and lists regardless of order;
tuples, intervals and matrices with order and brackets. Each part is then compared, by the cheap
ways first:

1. equal text;
2. two numbers, as exact fractions (`exact_numbers`): ``0.333`` is not ``\frac{1}{3}``;
3. words, without case: ``\text{Evelyn}``;
4. numbers with a base, digit by digit: ``52_8``;
5. algebra by math-verify and sympy, exactly, with decimals as fractions. That runs in a child
   process with limits of time and memory: an answer such as ``9^{9^{9^9}}`` is wrong, and hangs
   nothing.

Equations of different variables differ: ``x = 5`` is not ``y = 5``; a bare ``5`` is both.

An answer that is a sentence is compared by the value that it states (`sentence`).

Of MATH-500's 500 gold answers, compared with themselves, none needs the child.
"""

from __future__ import annotations

import re

from caopd_bench.tasks.judge.latex.child import ask_child
from caopd_bench.tasks.judge.latex.sentence import find_value, is_doubted
from caopd_bench.tasks.judge.latex.text import (
    MAX_LENGTH,
    join_thousands,
    name_of,
    normalise,
    split_parts,
)
from caopd_bench.tasks.judge.numbers import read_number

__all__ = ["same_expression"]

MAX_PARTS = 40
_BASED = re.compile(r"([0-9A-Za-z]+)_\{?([0-9]{1,2})\}?")
# A word has at least three letters, since "xy" is a product, and each part after a hyphen at least
# two, since "p-q" is a difference.
_WORD = re.compile(r"\(?(?:[A-Za-z]{3,}(?:[ '\-][A-Za-z]{2,}){0,10}|[A-Z](?=\)))\)?")


def same_expression(answer: str | None, gold: str) -> bool:
    r"""Return whether an answer equals the gold answer.

    Parameters
    ----------
    answer : str or None
        As the parser read it: with or without dollar signs, box, ``x =``, units in words.
    gold : str
        A LaTeX answer as in MATH-500.

    Raises
    ------
    ValueError
        If the gold answer is empty, or math-verify is needed and not installed.

    Examples
    --------
    >>> same_expression(r"$\left(3, \tfrac{\pi}{2}\right)$", r"(3,\frac{\pi}{2})")
    True
    >>> same_expression("(0, 1)", "(0, 1]"), same_expression("-2, 1", "1,-2")
    (False, True)
    """
    expected = normalise(gold)
    if not expected:
        raise ValueError(f"the gold answer {gold!r:.80} is empty")
    if answer is None or len(answer) > MAX_LENGTH:
        return False
    value = find_value(answer)
    return _is_equal(answer if value is None else value, gold, expected)


def _is_equal(answer: str, gold: str, expected: str) -> bool:
    stated = normalise(answer)
    if not stated or _names_differ(answer, gold):
        return False
    if "=" in stated or "=" in expected:  # equations: y = 2x + 3 equals y - 2x = 3
        stated, expected = normalise(answer, names=True), normalise(gold, names=True)
    if stated == expected:
        return True
    # Look for doubts in the answer as written: without spaces, its words can no longer be told
    # apart.
    is_number = read_number(join_thousands(answer)) is not None
    if not is_number and is_doubted(answer) and not is_doubted(gold):
        return False
    return _same(stated, expected, answer, gold)


def _names_differ(answer: str, gold: str) -> bool:
    """Return whether both name their value, by different names; y may be any function of x."""
    ours, theirs = name_of(answer).casefold(), name_of(gold).casefold()
    if not ours or not theirs or ours == theirs:
        return False
    if "y" in (ours, theirs) and "(" in ours + theirs:
        return False
    # x_1 is not x_2, but a plain x may be either, and f(x) may be written as f.
    stems = [name.partition("_")[0].partition("(")[0] for name in (ours, theirs)]
    return stems[0] != stems[1] or ("_" in ours and "_" in theirs)


def _same(stated: str, expected: str, answer: str, gold: str) -> bool:
    if _names_differ(answer, gold):
        return False
    ours, theirs = (read_number(join_thousands(text)) for text in (answer, gold))
    if ours is not None and theirs is not None:
        return ours.value == theirs.value and (ours.percent == theirs.percent or not theirs.percent)
    a, b = split_parts(stated), split_parts(expected)
    if not a.form and not b.form:
        return _same_part(a.parts[0], b.parts[0])
    # A set of solutions may be written with or without braces.
    forms = {a.form, b.form}
    if len(a.parts) != len(b.parts) or len(b.parts) > MAX_PARTS:
        return False
    if forms != {a.form} and not forms <= {"list", "set"}:
        return False
    if a.ordered:
        return all(map(_same_or_nested, a.parts, b.parts))
    return _match(list(a.parts), list(b.parts))


def _match(stated: list[str], expected: list[str]) -> bool:
    """Match parts regardless of order; equality is transitive, so the first match suffices."""
    for part in stated:
        found = next((i for i, other in enumerate(expected) if _same_or_nested(part, other)), None)
        if found is None:
            return False
        del expected[found]
    return True


def _same_or_nested(stated: str, expected: str) -> bool:
    return stated == expected or _same(stated, expected, stated, expected)


def _same_part(stated: str, expected: str) -> bool:
    """Compare two single expressions."""
    if stated == expected:
        return True
    ours, theirs = read_number(stated), read_number(expected)
    if ours is not None and theirs is not None:
        return ours.value == theirs.value
    based = [_BASED.fullmatch(side) for side in (stated, expected)]
    if any(based):
        pair = [match and (match[1].lower().lstrip("0"), int(match[2])) for match in based]
        return pair[0] == pair[1]
    if any(_is_word(side) for side in (stated, expected)):
        plain = [side.strip("() ").casefold() for side in (stated, expected)]
        return plain[0] == plain[1]
    if not (_is_balanced_enough(stated) and _is_balanced_enough(expected)):
        return False
    return ask_child(stated, expected)


def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None


def _is_balanced_enough(text: str) -> bool:
    return all(text.count(a) == text.count(b) for a, b in ("()", "[]", "{}"))
