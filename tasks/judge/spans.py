"""Cache the spans of responses, so that judging and then storing one reads it only once."""

from __future__ import annotations

from functools import lru_cache

from caopd_bench.tasks.read.parse import Spans, find_spans

__all__ = ["read_spans"]

#: Number of cached responses (the samples of one or two questions), and characters of the longest.
REMEMBERED, LONGEST = 64, 1 << 16


def read_spans(text: str, kind: str = "number") -> Spans:
    r"""Find the spans of a response as `find_spans` does, with a cache.

    Parameters
    ----------
    text : str
    kind : str
        Kind of the answer.

    Examples
    --------
    >>> read_spans("Answer: 7\nConfidence: 95%")
    Spans(answer='7', confidence='95%', unfinished=False)
    """
    return find_spans(text, kind=kind) if len(text) > LONGEST else _remember_spans(text, kind)


@lru_cache(maxsize=REMEMBERED)
def _remember_spans(text: str, kind: str) -> Spans:
    return find_spans(text, kind=kind)
