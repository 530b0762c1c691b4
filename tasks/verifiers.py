"""Decide whether an answer is right: one function per kind of answer, exact, without judgement.

`verify` is the only checker of the project: evaluation, training rewards and reports call it.
A new kind is a function ``(answer, gold) -> bool`` and a line in `KINDS`.

``number`` reads both sides with `exact_numbers.read_number` and compares exact fractions: ``0.75``
equals ``3/4``, and ``0.333`` does not equal ``1/3``. A percentage equals a plain number as
percent and as share, since questions leave open which is wanted: ``25%`` equals ``25`` and
``1/4``, on either side; two percentages are compared as they are.
"""

from collections.abc import Callable

from caopd_bench.tasks.exact_numbers import read_number

__all__ = ["KINDS", "verify"]


def verify(answer: str | None, gold: str, kind: str = "number") -> bool:
    r"""Say whether the answer is the gold answer.

    Parameters
    ----------
    answer
        The answer as `parse_response` returned it. None (no answer) is wrong, and so is whatever
        cannot be read; no string raises.
    gold
        The right answer.
    kind
        The kind of answer, a key of `KINDS`.

    Raises
    ------
    ValueError
        For an unknown kind, and for a gold answer that is not of its kind.

    Examples
    --------
    >>> verify("$\\frac{3}{4}$", "0.75"), verify("1,200 apples", "1200"), verify("12 or 13", "12")
    (True, True, False)
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of answer {kind!r}; known kinds: {', '.join(KINDS)}")
    return KINDS[kind](answer, gold)


def _same_number(answer: str | None, gold: str) -> bool:
    expected = read_number(gold)
    if expected is None:
        raise ValueError(f"the gold answer {gold!r:.80} is not a number")
    stated = None if answer is None else read_number(answer)
    if stated is None:
        return False
    if stated.percent == expected.percent:
        return stated.value == expected.value
    percentage, plain = (stated, expected) if stated.percent else (expected, stated)
    return plain.value in (percentage.value, percentage.value / 100)


#: From the kind of answer to the function ``(answer, gold) -> bool`` that compares.
KINDS: dict[str, Callable[[str | None, str], bool]] = {
    "number": _same_number,
}
