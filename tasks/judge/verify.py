"""Decide whether an answer is right: one exact function per kind of answer, without a model.

`verify` is the only checker of the project: evaluation, training rewards and reports call it.
A new kind is a function ``(answer, gold) -> bool`` and a line in `KINDS`.

``number`` reads both sides with `numbers.read_number` and compares exact fractions: ``0.75``
equals ``3/4``, and ``0.333`` does not equal ``1/3``. A percentage equals a plain number both as
percent and as share, since questions often leave the form open: ``25%`` equals ``25`` and ``1/4``,
on either side; two percentages are compared as they are.

``latex`` compares expressions (`latex`), ``choice`` the option that is chosen (`choices`),
``phrase`` short texts with their other names (`phrases`), ``calls`` tool calls (`calls`);
``first_call`` is the official code's way of comparing those, for its published numbers.
"""

from collections.abc import Callable, Sequence

from caopd_bench.tasks.judge.choices import read_choice, same_choice
from caopd_bench.tasks.judge.numbers import read_number
from caopd_bench.tasks.judge.phrases import same_phrase
from caopd_bench.tasks.read.calls.values import same_calls, same_first_call

__all__ = ["KINDS", "group_answers", "verify"]


def verify(
    answer: str | None, gold: str, kind: str = "number", *, options: Sequence[str] = ()
) -> bool:
    r"""Return whether the answer is the gold answer.

    Parameters
    ----------
    answer
        The answer as `parse_response` returned it. None (no answer) is wrong, and so is any text
        that cannot be read; no string raises an error.
    gold
        The right answer.
    kind
        The kind of answer, a key of `KINDS`.
    options
        For a choice: the texts of its options in the order of their letters, if known. Then an
        answer may be a text instead of a letter, and so may the gold answer, which may also be the
        index of the right option, counted from 0.

    Raises
    ------
    ValueError
        For an unknown kind, and for a gold answer that is not of its kind.

    Examples
    --------
    >>> verify("$\\frac{3}{4}$", "0.75"), verify("1,200 apples", "1200"), verify("12 or 13", "12")
    (True, True, False)
    >>> verify("(B) the second", "B", kind="choice"), verify("A or B", "B", kind="choice")
    (True, False)
    >>> verify("a tunnel", "B", kind="choice", options=["a bridge", "a tunnel"])
    True
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of answer {kind!r}; known kinds: {', '.join(KINDS)}")
    if kind == "choice":
        return same_choice(answer, gold, options)
    return KINDS[kind](answer, gold)


def group_answers(
    answers: Sequence[str | None], kind: str = "number", options: Sequence[str] = ()
) -> list[int | None]:
    """Assign numbers to the answers to one question so that equal answers share a number.

    Parameters
    ----------
    answers
        Answers of the samples, in order; None is no answer and belongs to no group.
    kind, options
        As for `verify`.

    Examples
    --------
    >>> group_answers(["12", "12.0", None, "13", "twelve or so"])
    [0, 0, None, 1, 2]
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of answer {kind!r}; known kinds: {', '.join(KINDS)}")
    found: list[str] = []
    groups: list[int | None] = []
    for answer in answers:
        if answer is None:
            groups.append(None)
            continue
        known = (i for i, other in enumerate(found) if _is_same(answer, other, kind, options))
        group = next(known, len(found))
        if group == len(found):
            found.append(answer)
        groups.append(group)
    return groups


def _is_same(answer: str, other: str, kind: str, options: Sequence[str]) -> bool:
    if " ".join(answer.split()).casefold() == " ".join(other.split()).casefold():
        return True
    # Neither answer need be a bare letter, as `same_choice` requires of a gold answer.
    if kind == "choice":
        chosen = read_choice(answer, options)
        return chosen is not None and chosen == read_choice(other, options)
    try:
        return KINDS[kind](answer, other)
    except ValueError:  # `other` is not a valid answer of this kind, so it equals only itself
        return False


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


def _same_expression(answer: str | None, gold: str) -> bool:
    # Imported here, since the other kinds need neither its patterns nor the module that starts a
    # process.
    from caopd_bench.tasks.judge.latex.compare import same_expression

    return same_expression(answer, gold)


#: Maps the kind of answer to a function ``(answer, gold) -> bool`` that compares.
KINDS: dict[str, Callable[[str | None, str], bool]] = {
    "number": _same_number,
    "latex": _same_expression,
    "choice": same_choice,
    "phrase": same_phrase,
    "calls": same_calls,
    "first_call": same_first_call,
}
