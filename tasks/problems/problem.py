"""One problem as a family returns it, and the few helpers every family needs."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import NamedTuple

__all__ = ["Problem", "digits", "finish", "join", "work_out"]

_MAX_STEPS = 5
_OPENINGS = {"The", "So", "In", "All", "One", "There", "Check", "Each", "Working"}


class Problem(NamedTuple):
    """A question, its exact answer and a worked solution."""

    question: str
    answer: Fraction
    solution: str


def finish(question: str, answer: Fraction | int, steps: Sequence[str]) -> Problem:
    """Close a worked solution with its answer.

    Parameters
    ----------
    question : str
        The question, without any lead-in.
    answer : Fraction or int
        The exact answer.
    steps : sequence of str
        Steps without a full stop. More than five are gathered into five sentences, so that no
        solution has more than six.

    Returns
    -------
    Problem
        A problem with a solution that ends in "The answer is ...".
    """
    value = Fraction(answer)
    size = -(-len(steps) // _MAX_STEPS)
    groups = [steps[i : i + size] for i in range(0, len(steps), size)] if steps else []
    sentences = ["; ".join([group[0], *map(_inside, group[1:])]) + "." for group in groups]
    return Problem(question, value, " ".join([*sentences, f"The answer is {value}."]))


def _inside(step: str) -> str:
    """Begin a step in lower case, as inside a sentence, unless its first word is a name."""
    first, _, rest = step.partition(" ")
    return f"{first.lower()} {rest}" if first in _OPENINGS else step


def digits(rng: Random, count: int) -> int:
    """Draw a number of `count` digits; one-digit numbers start at 2, so that 1 never appears."""
    return rng.randrange(2 if count == 1 else 10 ** (count - 1), 10**count)


def join(parts: Sequence[str], last: str = "and") -> str:
    """Join words as English does: "a, b and c"."""
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def work_out(expression: str) -> tuple[Fraction, list[str]]:
    """Evaluate an expression and note every operation as a step such as "3 * 4 = 12".

    Parameters
    ----------
    expression : str
        Integers, `+ - * /` and brackets. An integer over an integer is a fraction, not a step.

    Returns
    -------
    tuple of Fraction and list of str
        The value and the steps.

    Raises
    ------
    ZeroDivisionError
        If a divisor is zero.
    """
    steps: list[str] = []
    value = _visit(ast.parse(expression, mode="eval").body, steps)
    return value, steps


def _show(value: Fraction) -> str:
    return f"({value})" if value < 0 or value.denominator != 1 else str(value)


def _visit(node: ast.expr, steps: list[str]) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return Fraction(node.value)
    if not isinstance(node, ast.BinOp):
        raise TypeError(f"not an arithmetic expression: {ast.dump(node)}")
    is_literal = isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)
    left, right = _visit(node.left, steps), _visit(node.right, steps)
    if isinstance(node.op, ast.Div):
        if is_literal:
            return left / right
        value, sign = left / right, "/"
    elif isinstance(node.op, ast.Mult):
        value, sign = left * right, "*"
    elif isinstance(node.op, ast.Add):
        value, sign = left + right, "+"
    else:
        value, sign = left - right, "-"
    steps.append(f"{_show(left)} {sign} {_show(right)} = {value}")
    return value
