r"""Replace the number in the final stated confidence of a text, and change nothing else.

The parser of `tasks` determines that number: a place is the right one if the parser, with a probe
written there, reads the probe and the same answer. So the replaced number is the scored one, in
every form that the parser reads (``0.85``, ``85%``, ``8/10``, tags, markup), after any number of
calls, labels and earlier confidences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caopd_bench.tasks.read.parse import ParsedResponse

__all__ = ["find_confidence", "read_response", "state_confidence", "write_confidence"]

_NUMBER = re.compile(
    r"(?:[0-9]+(?:[.,][0-9]+)?|\.[0-9]+)(?:\s?(?:/|out of)\s?[0-9]+)?(?:\s?(?:\\?%|percent))?"
)
_LABEL = re.compile(r"confidence", re.IGNORECASE)
_MAX_CANDIDATES = 20  # limit on the numbers tried, from the last label backwards
#: Two probes, so that at least one differs from the number in the text.
_PROBES = ("0.37", "0.63")


@lru_cache(maxsize=65536)
def read_response(text: str, kind: str) -> ParsedResponse:
    """Read a response as the tasks do; cached, since rollouts repeat."""
    from caopd_bench.tasks.read.parse import parse_response

    return parse_response(text, kind=kind)


def write_confidence(value: float) -> str:
    """Return a target in the format that the prompt asks for: two decimals.

    Examples
    --------
    >>> write_confidence(0.625), write_confidence(1)
    ('0.62', '1.00')
    """
    if not 0 <= value <= 1:
        raise ValueError(f"value must be in [0, 1], got {value}")
    return f"{value:.2f}"


@lru_cache(maxsize=65536)
def find_confidence(text: str, kind: str = "number") -> tuple[int, int] | None:
    r"""Find the characters of the stated confidence that the parser scores.

    Returns
    -------
    (int, int) or None
        Start and end in `text`. None if the response has no usable confidence (its status is not
        "ok"), or if no part of it can be replaced so that the parser reads the new number.

    Examples
    --------
    >>> text = "My confidence: high.\nAnswer: 7\n**Confidence:** 95% sure"
    >>> text[slice(*find_confidence(text))]
    '95%'
    """
    read = read_response(text, kind)
    if read.status != "ok":
        return None
    probe = next(p for p in _PROBES if float(p) != read.confidence)
    for start, end in _candidates(text):
        # Answers that differ only in their number become the same text with the probe.
        after = read_response(text[:start] + probe + text[end:], kind)
        if after.confidence == float(probe) and after.answer == read.answer:
            return start, end
    return None


def state_confidence(text: str, number: str, kind: str = "number") -> str | None:
    r"""Write `number` in place of the stated confidence; return None where `find_confidence` does.

    Examples
    --------
    >>> state_confidence("Answer: 7\nConfidence: 0.95", "0.38")
    'Answer: 7\nConfidence: 0.38'
    """
    span = find_confidence(text, kind)
    return None if span is None else text[: span[0]] + number + text[span[1] :]


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    """List places to try: the number after the last label first, then the rest of its line."""
    labels = [match.end() for match in _LABEL.finditer(text)][-3:]
    tried = 0
    for label in reversed(labels):
        for match in _NUMBER.finditer(text, label):
            yield match.span()
            line_end = text.find("\n", match.start())
            yield match.start(), len(text) if line_end < 0 else line_end
            tried += 1
            if tried == _MAX_CANDIDATES:
                return
