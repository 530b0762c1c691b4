"""What a response states, remembered for a while: who judges and then stores it reads it once."""

from __future__ import annotations

from functools import lru_cache

from caopd_bench.tasks.read.parse import Spans, find_spans

__all__ = ["read_spans"]

#: Responses that are remembered, the samples of a question or two, and their longest in characters.
REMEMBERED, LONGEST = 64, 1 << 16


def read_spans(text: str, kind: str = "number") -> Spans:
    r"""Find what a response states, as `find_spans`; who judges and then stores it, reads it once.

    Parameters
    ----------
    text : str
    kind : str
        Of the answer.

    Examples
    --------
    >>> read_spans("Answer: 7\nConfidence: 95%")
    Spans(answer='7', confidence='95%', unfinished=False)
    """
    return find_spans(text, kind=kind) if len(text) > LONGEST else _remember_spans(text, kind)


@lru_cache(maxsize=REMEMBERED)
def _remember_spans(text: str, kind: str) -> Spans:
    return find_spans(text, kind=kind)
