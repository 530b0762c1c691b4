r"""Which tokens a piece of text is made of, and how to change it without touching the others.

Tokenizers merge: ``Confidence:`` and the number after it may share a token (``" 0"``), a number may
be one token or five. So a span is found by decoding prefixes of the tokens themselves, not by
encoding the text a second time, and every token before the changed one stays as it was sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["Replaced", "find_tokens", "replace_tokens"]

Decode = Callable[[Sequence[int]], str]
Encode = Callable[[str], list[int]]


class Replaced(NamedTuple):
    """Tokens after a replacement, and where the new number stands in them."""

    ids: list[int]
    first: int
    last: int  # one past the last token of the number


def find_tokens(ids: Sequence[int], start: int, end: int, decode: Decode) -> tuple[int, int]:
    """Find the tokens that hold the characters from `start` to `end` of ``decode(ids)``.

    Returns
    -------
    (int, int)
        The first token that holds any of them, and one past the last.
    """
    first = _count_before(ids, start, decode)
    last = first
    while last < len(ids) and len(decode(ids[:last])) < end:
        last += 1
    return first, last


def replace_tokens(
    ids: Sequence[int],
    text: str,
    span: tuple[int, int],
    number: str,
    *,
    decode: Decode,
    encode: Encode,
) -> Replaced:
    """Replace the characters `span` of ``text == decode(ids)`` by a number, in tokens.

    The tokens before the one in which the span begins are kept as they are; the rest is encoded
    anew. Where that does not give the text back (tokenizers that add a space at the beginning of
    what they encode), tokens further to the left are encoded too, in the last resort all.
    """
    start, end = span
    wanted = text[:start] + number + text[end:]
    kept = _count_before(ids, start, decode)
    for keep in (kept, max(0, kept - 1), max(0, kept - 4), 0):
        head = list(ids[:keep])
        before = decode(head)
        if not wanted.startswith(before):
            continue
        changed = head + encode(wanted[len(before) :])
        if decode(changed) == wanted:
            return Replaced(changed, *find_tokens(changed, start, start + len(number), decode))
    # A tokenizer that does not give back what it encodes (lower case, WordPiece's spaces).
    changed = encode(wanted)
    place = decode(changed).rfind(number)
    if place < 0:
        raise ValueError(f"the tokenizer cannot write the confidence {number!r}")
    return Replaced(changed, *find_tokens(changed, place, place + len(number), decode))


def _count_before(ids: Sequence[int], start: int, decode: Decode) -> int:
    """Count the leading tokens whose text ends at or before `start`, by bisection."""
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high + 1) // 2
        if len(decode(ids[:middle])) <= start:
            low = middle
        else:
            high = middle - 1
    return low
