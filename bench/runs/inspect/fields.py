"""Extract a few fields of a sample, without building an agent's megabytes of events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from caopd_bench.core.files.json_stream import JsonStream
from caopd_bench.core.files.plain_json import parse_json

__all__ = ["ATTACHED", "REWRITTEN", "add_call", "add_prompts", "find_attached", "take_sample"]

#: Prefix of a reference to a long text that is stored separately.
ATTACHED = "attachment://"
#: Fields that are kept unchanged.
KEPT = ("id", "epoch", "input", "choices", "target", "output", "scores", "metadata", "error")
#: A sample of at most this many bytes is parsed completely, which is faster.
SHORT = 1 << 16
#: Text that `multiple_choice(shuffle=True)` writes in place of the model's own.
REWRITTEN = re.compile(r"ANSWER: [A-Z1-9][0-9]?(?:, [A-Z1-9][0-9]?){0,50}")


def take_sample(stream: JsonStream) -> dict[str, Any]:
    """Read a sample, and return its needed fields.

    Returns
    -------
    dict
        `KEPT`; `attachments`, those that these fields name; for a sample with `choices` also
        `prompts`, the user's messages; and where Inspect has changed the text of the answer,
        `call`, the last call of the model, and `pool`, the messages that it may refer to.

    Raises
    ------
    ValueError
        If the sample is damaged, or is not an object.
    """
    fields: dict[str, Any] = {}
    short = stream.short(SHORT)
    if short is not None:
        whole = parse_json(short, "")
        if not isinstance(whole, dict):
            raise ValueError("not a sample of Inspect")
        fields = {key: whole[key] for key in KEPT if key in whole}
        add_prompts(fields, _entries_of(whole, "messages"))
        add_call(fields, _entries_of(whole, "events"))
        if "call" in fields and isinstance(whole.get("events_data"), dict):
            fields["pool"] = _entries_of(whole["events_data"], "messages")
        fields["attachments"] = whole.get("attachments")
        return fields
    for key in stream.names():
        is_list = stream.peek() == "["
        if key in KEPT:
            fields[key] = stream.value()
        elif key == "messages" and is_list and fields.get("choices"):
            add_prompts(fields, _each(stream))
        elif key == "events" and is_list and _may_be_rewritten(fields):
            add_call(fields, _each(stream))
        elif key == "attachments" and stream.peek() == "{":
            # Attachments come last, after all fields that refer to them.
            is_known = "output" in fields and "call" not in fields
            names = find_attached(fields) if is_known else None
            fields["attachments"] = {
                name: stream.value() for name in stream.names() if names is None or name in names
            }
        elif key == "events_data" and stream.peek() == "{" and "call" in fields:
            for inner in stream.names():
                if inner == "messages" and stream.peek() == "[":
                    fields["pool"] = list(_each(stream))
    return fields


def find_attached(value: Any) -> set[str]:
    """Find the names of the attachments that a value refers to.

    Examples
    --------
    >>> find_attached({"content": [{"text": "attachment://5f3a"}]})
    {'5f3a'}
    """
    found, left = set(), [value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if value.startswith(ATTACHED):
                found.add(value.removeprefix(ATTACHED))
        elif isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, Sequence):
            left += value
    return found


def _each(stream: JsonStream) -> Iterator[Any]:
    for _ in stream.entries():
        yield stream.value()


def _entries_of(whole: Mapping[str, Any], key: str) -> list[Any]:
    value = whole.get(key)
    return value if isinstance(value, list) else []


def add_prompts(fields: dict[str, Any], messages: Iterable[Any]) -> None:
    """Add the user's messages to the fields of a sample with choices."""
    if fields.get("choices"):
        fields.setdefault("prompts", []).extend(
            message.get("content")
            for message in messages
            if isinstance(message, Mapping) and message.get("role") == "user"
        )


def _completion(output: Any) -> Any:
    return output.get("completion") if isinstance(output, Mapping) else None


def _may_be_rewritten(fields: Mapping[str, Any]) -> bool:
    text = _completion(fields.get("output"))
    return bool(fields.get("choices") and isinstance(text, str) and REWRITTEN.fullmatch(text))


def add_call(fields: dict[str, Any], events: Iterable[Any]) -> None:
    """Add the last call of the model to fields whose answer Inspect has changed."""
    if not _may_be_rewritten(fields):
        return
    for event in events:
        if isinstance(event, Mapping) and event.get("event") == "model":
            fields["call"] = {key: event.get(key) for key in ("input", "input_refs", "output")}
    if _completion(fields.get("call", {}).get("output")) == fields["output"]["completion"]:
        del fields["call"]
