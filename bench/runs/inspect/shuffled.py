"""In which order a multiple choice was shown: `multiple_choice(shuffle=True)` changes it.

Inspect logs `choices` and `target` in the order of the data set. Where it understands an answer, it
also writes the prompt and the answer anew, as if nothing had been shuffled: the model's own text is
left in the events. Where it does not, the answer keeps the letters that the model saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from caopd_bench.runs.inspect.fields import REWRITTEN
from caopd_bench.runs.inspect.texts import answer_of, read_text

__all__ = ["find_order", "letter_of", "undo_rewriting"]

MARKS = (") ", ". ", ": ")
#: Of more options no order is looked for: the time grows with the square of their number.
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
        What the model was asked, and the options in the order of the data set.
    is_shuffled : bool
        Whether it is known that the orders may differ.

    Returns
    -------
    tuple of int or None
        The places, in `options`, of those that were shown as A, B, ...; the order of `options` if
        no prompt lists them. None if two prompts list them in different orders, or none does
        though they were shuffled.

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
    for mark in MARKS if len(options) <= MAX_OPTIONS else ():
        at = f"\n{prompt}".rfind(f"\nA{mark}")
        if at >= 0 and (order := _follow(f"{prompt}\n", at, mark, options)):
            return order
    return None


def _follow(text: str, at: int, mark: str, options: Sequence[str]) -> tuple[int, ...] | None:
    """Read the lines from a place on: one option after the other, each of them once."""
    # The longest first: one option may begin like another.
    left = sorted(range(len(options)), key=lambda i: (-len(options[i]), i))
    order = []
    for number in range(len(options)):
        head = f"{letter_of(number)}{mark}"
        if not text.startswith(head, at):
            return None
        at += len(head)
        found = next((i for i in left if text.startswith(f"{options[i]}\n", at)), None)
        if found is None:
            return None
        order.append(found)
        left.remove(found)
        at += len(options[found]) + 1
    return tuple(order)


def undo_rewriting(
    fields: Mapping[str, Any], text: str | None, attached: Mapping[str, Any]
) -> tuple[str | None, list[str], bool]:
    """Give the model's own text, the prompts that it answered, and whether Inspect changed them."""
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
    """Give the messages of a call: its own, and those of ranges of the pool."""
    own, ranges = call["input"], call["input_refs"]
    messages = list(own) if isinstance(own, list) else []
    for one in ranges if isinstance(ranges, list) else ():
        if isinstance(one, list) and len(one) == 2 and all(isinstance(i, int) for i in one):
            messages += pool[max(0, one[0]) : max(0, one[1])]
    return messages
