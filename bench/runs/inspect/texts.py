"""Extract texts of Inspect's messages: join parts, resolve attachments, drop reasoning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caopd_bench.runs.inspect.fields import ATTACHED

__all__ = ["answer_of", "mapping", "read_text"]


def mapping(value: Any, key: str) -> Mapping[str, Any]:
    """Return the value of a key if it is a mapping; else an empty mapping."""
    inner = value.get(key) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def read_text(content: Any, attached: Mapping[str, Any]) -> str:
    """Return the text of a message's content, or of a list of messages.

    Parameters
    ----------
    content
        A string, a list of parts, or a list of messages.
    attached : mapping
        The attachments by name.

    Examples
    --------
    >>> parts = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Answer: 4"}]
    >>> read_text(parts, {})
    'Answer: 4'
    """
    if isinstance(content, str):
        if not content.startswith(ATTACHED):
            return content
        apart = attached.get(content.removeprefix(ATTACHED))
        return apart if isinstance(apart, str) else content
    if not isinstance(content, list):
        return ""
    pieces = []
    for part in content:
        if isinstance(part, Mapping):
            if isinstance(part.get("text"), str) and part.get("type", "text") == "text":
                pieces.append(read_text(part["text"], attached))
            elif "role" in part:
                pieces.append(read_text(part.get("content"), attached))
    return "\n".join(pieces)


def answer_of(output: Any, attached: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return the text of a model's output, and why it was cut off: "length", "filter" or ""."""
    choices = output.get("choices") if isinstance(output, Mapping) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return None, ""
    text = read_text(mapping(choices[0], "message").get("content"), attached)
    reason = choices[0].get("stop_reason")
    return text, STOPPED.get(reason, "") if isinstance(reason, str) else ""


#: Inspect's reasons for a cut-off text, and ours.
STOPPED = {"max_tokens": "length", "model_length": "length", "content_filter": "filter"}
