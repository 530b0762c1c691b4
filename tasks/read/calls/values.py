r"""Store tool calls as one answer, and compare two lists of calls.

The stored form is a JSON list like the gold answers, ``[{"Action": name, "Action_Input": text}]``,
with every input as it was written, so that it can be judged again.

`same_calls` compares all calls, in any order, each as often as it is stated: names exactly, inputs
as `inputs` reads them. An unreadable input equals only the same text.

`same_first_call` compares as the paper's official code does: the first call only, types strictly
(``3`` is not ``"3"``). An input that is missing, holds no object or whose braces do not balance is
``{}``, and braces in strings count as braces. `find` finds the calls in a response, and is more
tolerant than the official code, which fails on backticks and reads a name up to the end of its
line.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from caopd_bench.tasks.read.calls.inputs import MAX_INPUT, read_input
from caopd_bench.tasks.read.characters import fold

__all__ = ["Call", "load_calls", "render_calls", "same_calls", "same_first_call"]

_BRACE = re.compile(r"[{}]")


class Call(NamedTuple):
    """One call: tool, input as it was written, and position in the text."""

    name: str
    arguments: str
    start: int = 0
    end: int = 0


def render_calls(calls: Iterable[Call]) -> str:
    """Return calls as the text that is stored and judged.

    Examples
    --------
    >>> render_calls([Call("add", "page 1"), Call("list", "")])
    '[{"Action": "add", "Action_Input": "page 1"}, {"Action": "list", "Action_Input": ""}]'
    """
    return json.dumps([{"Action": call.name, "Action_Input": call.arguments} for call in calls])


def load_calls(text: str) -> list[Call]:
    """Read calls from the output of `render_calls`, or from a gold answer.

    Parameters
    ----------
    text
        A JSON list of objects with ``Action`` and, as text or object, ``Action_Input`` (also
        ``Action Input``; absent is no input).

    Returns
    -------
    list of Call
        ``start`` and ``end`` are 0: the places are not stored.

    Raises
    ------
    ValueError
        For any other text.

    Examples
    --------
    >>> load_calls('[{"Action": "add", "Action_Input": {"a": 1}}]')
    [Call(name='add', arguments='{"a": 1}', start=0, end=0)]
    """
    try:
        entries = json.loads(text)
        if isinstance(entries, list) and all(map(_is_entry, entries)):
            return [Call(entry["Action"], _load_input(entry)) for entry in entries]
    except (ValueError, RecursionError):
        pass
    form = '[{"Action": name, "Action_Input": text}, ...]'
    raise ValueError(f"the calls {text!r:.80} are not a JSON list of the form {form}")


def same_calls(answer: str | None, gold: str) -> bool:
    r"""Return whether two lists of calls are the same, in any order; see the module for the rules.

    Parameters
    ----------
    answer
        Calls as `render_calls` writes them. None and any unreadable text are wrong; no string
        raises an error.
    gold
        The right calls, in the same form; at least one.

    Raises
    ------
    ValueError
        For a gold answer that is not of this form.

    Examples
    --------
    >>> gold = '[{"Action": "add", "Action_Input": "{\\"a\\": 3, \\"to\\": \\"x\\"}"}]'
    >>> same_calls(render_calls([Call("add", "{'to': 'x', 'a': '3'}")]), gold)
    True
    >>> same_calls(render_calls([Call("add", "{'to': 'X', 'a': '3'}")]), gold)
    False
    """
    expected, stated = _load_gold(gold), _load_answer(answer)
    if len(stated) != len(expected):
        return False
    return Counter(map(_to_key, stated)) == Counter(map(_to_key, expected))


def same_first_call(answer: str | None, gold: str) -> bool:
    """Return whether the first calls are the same, as the paper's official code does.

    Parameters, errors and wrong answers are those of `same_calls`.

    Examples
    --------
    >>> gold = '[{"Action": "get", "Action_Input": "{}"}, {"Action": "end", "Action_Input": "{}"}]'
    >>> same_first_call(render_calls([Call("get", "")]), gold)
    True
    """
    expected, stated = _load_gold(gold)[0], _load_answer(answer)[:1]
    return bool(stated) and (
        (stated[0].name.strip(), _dump(_cut_object(stated[0].arguments)))
        == (expected.name.strip(), _dump(expected.arguments))
    )


def clean_name(raw: str) -> str:
    """Strip markup, quotes, brackets around it and empty parentheses from the name of a tool.

    Examples
    --------
    >>> clean_name(" **`getCat()`**,"), clean_name("[getCat]"), clean_name("[Optional]getCat")
    ('getCat', 'getCat', '[Optional]getCat')
    """
    name, before = raw, None
    while name != before and len(name) <= MAX_INPUT:
        before = name
        name = name.strip(" \t*`\"'“”‘’,;:.").removesuffix("()").removesuffix("(")
        if name[:1] + name[-1:] in ("[]", "()", "<>"):
            name = name[1:-1]
    return name


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("Action"), str)


def _load_input(entry: dict[str, object]) -> str:
    value = entry.get("Action_Input", entry.get("Action Input", ""))
    return value if isinstance(value, str) else json.dumps(value)


def _load_gold(gold: str) -> list[Call]:
    try:
        if calls := load_calls(gold):
            return calls
    except ValueError as error:
        raise ValueError(f"the gold answer is unreadable: {error}") from None
    raise ValueError(f"the gold answer {gold!r:.80} has no calls; it needs at least one")


def _load_answer(answer: str | None) -> list[Call]:
    try:
        return load_calls(answer or "[]")
    except ValueError:
        return []


def _to_key(call: Call) -> tuple[str, object]:
    """Return a key that is equal for equal calls."""
    value = read_input(call.arguments)
    text = fold(call.arguments).strip() if value is None else None
    return clean_name(fold(call.name)), (value, text)


def _cut_object(text: str) -> str:
    """Return the first object, by counting braces only; ``{}`` if there is none."""
    depth, start = 0, text.find("{")
    for brace in _BRACE.finditer(text, max(start, 0)):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0 and start >= 0:
            return text[start : brace.end()]
    return "{}"


def _dump(text: str) -> str:
    """Return JSON with sorted keys; text that is not JSON stays as it is."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (ValueError, RecursionError):
        return text.strip() or "{}"
