"""Find the order in which options were shown, which `multiple_choice(shuffle=True)` changes.

Inspect logs `choices` and `target` in the order of the data set. If it can parse an answer, it also
rewrites the prompt and the answer as if nothing had been shuffled, and the model's own text remains
only in the events. Otherwise the answer keeps the letters that the model saw.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from string import ascii_uppercase
from typing import Any

from caopd_bench.runs.inspect.fields import REWRITTEN
from caopd_bench.runs.inspect.texts import answer_of, read_text

__all__ = ["find_order", "letter_of", "undo_rewriting"]

#: Text after an option: the end of its line, or a separator if all options share a line.
_END = re.compile(
    r"[ \t*_`]{0,8}(?:[,;|/.]?[ \t]{0,8}(?:\n|\Z)|[,;|/](?=\s)"
    r"|[ \t]{1,8}(?=(?:or |and )?[-*_`(\[]{0,6}[A-Z1-9]))"
)
_BETWEEN = re.compile(r"[\s,;|/.]{0,12}(?:(?:or|and)\s{1,3})?")
#: Maximum number of lists to try, starting from the last.
MAX_STARTS = 1000
#: With more options, no order is searched for, since the time grows quadratically.
MAX_OPTIONS = 100


def letter_of(place: int) -> str:
    """Name an option as Inspect does: letters, then numbers."""
    return ascii_uppercase[place] if place < 26 else str(place - 25)


def find_order(
    prompts: Iterable[str], options: Sequence[str], *, is_shuffled: bool = False
) -> tuple[int, ...] | None:
    r"""Find the order in which options were shown.

    Parameters
    ----------
    prompts, options : sequence of str
        The prompts to the model, and the options in the order of the data set.
    is_shuffled : bool
        Whether the options are known to have been shuffled.

    Returns
    -------
    tuple of int or None
        Indices into `options` of those shown as A, B, ...; the order of `options` if no prompt
        lists them. None if two prompts list them in different orders, or if no prompt lists them
        although they were shuffled.

    Examples
    --------
    >>> find_order(["Which?\n\nA) x\nB) z\nC) y"], ["x", "y", "z"])
    (0, 2, 1)
    """
    orders = {order for prompt in prompts if (order := _order_in(prompt, options))}
    if len(orders) > 1 or (is_shuffled and not orders):
        return None
    return orders.pop() if orders else tuple(range(len(options)))


def _order_in(prompt: str, options: Sequence[str]) -> tuple[int, ...] | None:
    """Return the order of the last list in a prompt that has all options exactly once."""
    if len(options) > MAX_OPTIONS:
        return None
    starts = deque((one.start() for one in _head_of(0).finditer(prompt)), MAX_STARTS)
    orders = (_follow(prompt, start, options) for start in reversed(starts))
    return next((order for order in orders if order), None)


@cache
def _head_of(place: int) -> re.Pattern[str]:
    """Return the pattern of an option's label: `A) `, `A. `, `(A) `, `- **A:** `."""
    return re.compile(
        rf"(?<![^\W_])(?:[-*•][ \t]{{1,3}})?[*_`]{{0,3}}(?:"
        rf"[(\[]{letter_of(place)}[)\]][:.]?|{letter_of(place)}[).:\]]"
        rf")[*_`]{{0,3}}[ \t]{{1,4}}"
    )


def _follow(text: str, at: int, options: Sequence[str]) -> tuple[int, ...] | None:
    """Parse a list of options from a position on."""
    # Try the longest first, since one option may be a prefix of another.
    left = sorted(range(len(options)), key=lambda i: (-len(options[i]), i))
    order = []
    for number in range(len(options)):
        head = _head_of(number).match(text, at)
        if head is None:
            return None
        found = next((i for i in left if _ends(text, head.end(), options[i])), None)
        if found is None:
            return None
        order.append(found)
        left.remove(found)
        after = _BETWEEN.match(text, head.end() + len(options[found]))
        at = after.end() if after else len(text)
    return tuple(order)


def _ends(text: str, at: int, option: str) -> bool:
    """Return whether a complete option is at a position."""
    end = at + len(option)
    return text.startswith(option, at) and _END.match(text, end) is not None


def undo_rewriting(
    fields: Mapping[str, Any], text: str | None, attached: Mapping[str, Any]
) -> tuple[str | None, list[str], bool]:
    """Return the model's own text, the prompts it answered, and whether Inspect changed them."""
    prompts = [read_text(one, attached) for one in fields.get("prompts") or ()]
    call = fields.get("call")
    if call is None or text is None or not REWRITTEN.fullmatch(text):
        return text, prompts, False
    asked = [
        read_text(message.get("content"), attached)
        for message in _messages_of(call, fields.get("pool") or [])
        if isinstance(message, Mapping) and message.get("role") == "user"
    ]
    return answer_of(call["output"], attached)[0], asked, True


def _messages_of(call: Mapping[str, Any], pool: Sequence[Any]) -> list[Any]:
    """Return the messages of a call: its own, and those it refers to by ranges of the pool."""
    own, ranges = call["input"], call["input_refs"]
    messages = list(own) if isinstance(own, list) else []
    for one in ranges if isinstance(ranges, list) else ():
        if isinstance(one, list) and len(one) == 2 and all(isinstance(i, int) for i in one):
            messages += pool[max(0, one[0]) : max(0, one[1])]
    return messages
