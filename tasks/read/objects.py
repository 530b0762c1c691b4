r"""Read a response, or the part of it, that is JSON: ``{"answer": "B", "confidence": 0.8}``.

* Every object in the text that names an answer or a confidence is read with `json`: the whole
  text, what a code fence holds, or what stands in a sentence. A list of objects is one piece.
* Keys go by name, in any order and any case (``Final Answer``, ``finalAnswer``); `Rules` adds
  more. A key that may also be data (``label``, ``result``) is an answer only beside a confidence
  or if the object is the whole text.
* A value may be text, a number, true or false, or a list of these. It may stand some levels down
  (``{"result": {"answer": 5}, "confidence": 0.8}``), but not under a key such as ``steps`` or
  ``question``. Of several answers of one object the outermost that stands beside a confidence
  counts, else the outermost; of a list of guesses the first, which is the best.
* A ``probability`` that repeats the answer (``{"answer": "3/8", "probability": 0.375}``) is none,
  but that of a ``guess`` was asked for.
* What `json` refuses is tried with the backslashes of LaTeX doubled, and in Python's form (single
  quotes, ``True``, a comma before the closing bracket). Else the text is read line by line.

A piece has at most `MAX_OBJECT` characters and `MAX_DEPTH` levels. Few scans may fail, so the time
is proportional to the length of the text.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

from caopd_bench.tasks.read.parts.flat import FlatObjects
from caopd_bench.tasks.read.python_form import from_python
from caopd_bench.tasks.read.repeats import says_same
from caopd_bench.tasks.read.rules import MAX_LABEL, Rules

MAX_OBJECT = 100_000  # characters of one piece
_SHORT = 200  # characters of a piece that is read once, however often it stands in a text
MAX_DEPTH = 20  # levels of one piece
_SEARCHED = 4  # levels in which keys are looked for
_MAX_FAILURES = 4  # brackets that never close: after so many, no more objects are looked for
_MAX_NODES = 1000  # values of one piece that are looked at

ANSWER_KEYS = ("final_answer", "answer")
CONFIDENCE_KEYS = ("confidence", "confidence_score", "confidence_level", "confidence_rating")
#: Keys that may also name something else.
OTHER_ANSWER_KEYS = (
    *("answer_choice", "answer_letter", "selected_answer", "predicted_answer", "correct_answer"),
    *("best_answer", "guess", "decision", "choice", "selected_option", "option", "selection"),
    *("prediction", "predicted_label", "label", "diagnosis", "verdict", "classification"),
    *("category", "class", "conclusion", "solution", "result", "response", "output"),
)
OTHER_CONFIDENCE_KEYS = ("probability", "certainty", "likelihood")
#: Keys of what led to the answer, or of what was asked (normalised).
_NOT_STATED = (
    *("step", "steps", "reasoning", "reasoningsteps", "thought", "thoughts", "thinking", "trace"),
    *("example", "examples", "history", "question", "questions", "input", "inputs", "context"),
    *("problem", "prompt", "messages", "draft", "drafts", "intermediate", "alternatives"),
)
_VALUE_KEYS = ("value", "text", "score", "label")  # {"answer": {"value": 5}}

_BEFORE_ALL = re.compile(r"[\s`]*(?:json\s)?\s*")
_START = re.compile(r"\{\s{0,99}[\"']")
_MAX_SPACE = 99  # characters between the bracket of a list and its first object
# A string that is not closed reaches to the end, so that no other is tried after it.
_DOUBLE = r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)'
_SINGLE = r"'(?:[^'\\]|\\.)*(?:'|\\?\Z)"
_JSON_SIGN = re.compile(rf"{_DOUBLE}|[{{}}\[\]]", re.DOTALL)
_PYTHON_SIGN = re.compile(rf"{_DOUBLE}|{_SINGLE}|[{{}}\[\]]", re.DOTALL)
_LONE_BACKSLASH = re.compile(r"\\(?![\"\\/bfnrtu'])")
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
# What "\frac", "\beta", "\times", "\right" become where their backslash was not doubled.
_MANGLED = re.compile(
    "[\b\f]|\t(?=ext|imes|heta|an\\b|au\\b|frac|riangle)|\r(?=ight|ho\\b)|\n(?=eq\\b|abla|u\\b)"
)
_ESCAPES = {"\b": r"\b", "\f": r"\f", "\t": r"\t", "\r": r"\r", "\n": r"\n"}


_new = tuple.__new__  # of a named tuple, in half the time


class Stated(NamedTuple):
    """What an object states, and where it stands."""

    start: int
    end: int
    answer: str | None
    confidence: str | None


def find_objects(text: str, rules: Rules) -> Iterator[Stated]:
    r"""Yield the objects that state an answer or a confidence, in order.

    Examples
    --------
    >>> text = 'So:\n{"answer": 5, "why": "2, 3", "confidence": "85%"}'
    >>> [(s.answer, s.confidence) for s in find_objects(text, Rules())]
    [('5', '85%')]
    """
    position = failures = 0
    first = _BEFORE_ALL.match(text).end()  # type: ignore[union-attr]
    last = len(text.rstrip("` \n"))
    keys = _list_keys(rules)
    known: dict[str, tuple[str | None, str | None] | None] = {}  # of pieces that are short
    flat = FlatObjects(partial(_place, keys))
    while failures < _MAX_FAILURES and (opening := _START.search(text, position)) is not None:
        start = _find_start(text, position, opening.start())
        if text[start] == "{" and start > first:  # not all of the text
            easy = flat.read(text, start, text[opening.end() - 1])
            if easy is not None:
                position, answer, confidence = easy
                if answer is not None or confidence is not None:
                    yield _new(Stated, (start, *easy))
                continue
        end = _find_end(text, start)
        if end is None:
            failures += 1
            position = start + 1
            continue
        position = end
        piece = text[start:end]
        whole = start == first and end == last
        if whole or piece not in known:
            value = _parse(piece)
            read = None if value is None else _read(value, keys, whole)
            if len(piece) <= _SHORT and not whole:
                known[piece] = read
        else:
            read = known[piece]
        if read is not None:
            yield Stated(start, end, *read)


def _find_start(text: str, position: int, brace: int) -> int:
    """Return where an object with a key begins, or the list that it is the first of."""
    before = text[brace - 1 : brace]
    if brace - position < 2 and before != "[" or not (before.isspace() or before == "["):
        return brace
    begin = max(position, brace - _MAX_SPACE - 1)
    before = text[begin:brace].rstrip()
    return begin + len(before) - 1 if before[-1:] == "[" else brace


def _place(keys: "_Keys", names: tuple[str, ...]) -> tuple[int, int] | None:
    """Say which of the entries of an object state answer and confidence, by their keys alone.

    -1 stands for none; None where the values decide too, as `_read` does.
    """
    known = [_normalise(name) for name in names]
    if len({*known}) < len(known):
        return None
    if keys.known.isdisjoint(known):
        return -1, -1
    confidence = next((known.index(key) for key in keys.confidences if key in known), -1)
    if confidence < 0 and not set(OTHER_CONFIDENCE_KEYS).isdisjoint(known):
        return None
    accepted = keys.answers if confidence < 0 else keys.all_answers
    return next((known.index(key) for key in accepted if key in known), -1), confidence


def list_keys(text: str) -> dict[str, str]:
    r"""Give the keys of the objects in a text as they are written, and their values as text.

    It is for who asks how a prompt called its answer. Of a key that stands twice the first counts.

    Examples
    --------
    >>> list_keys('So:\n```json\n{"final": 5, "sure": 0.8}\n```')
    {'final': '5', 'sure': '0.8'}
    """
    found: dict[str, str] = {}
    position = failures = 0
    while failures < _MAX_FAILURES and (opening := _START.search(text, position)) is not None:
        start = _find_start(text, position, opening.start())
        end = _find_end(text, start)
        failures += end is None
        position = start + 1 if end is None else end
        value = None if end is None else _parse(text[start:end])
        for node in _list_nodes(value):
            for key, inner in node.items():
                said = _to_text(inner)
                if said is not None:
                    found.setdefault(key, said)
    return found


def _find_end(text: str, start: int) -> int | None:
    """Return where the bracket of a start is closed, or None."""
    opening = _START.search(text, start)
    sign = _JSON_SIGN if opening and opening.group()[-1] == '"' else _PYTHON_SIGN
    depth = 0
    for match in sign.finditer(text, start, start + MAX_OBJECT):
        found = match.group()
        if found in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return None
        elif found in "}]":
            depth -= 1
            if depth == 0:
                return match.end()
    return None


def _parse(piece: str) -> Any:
    """Return the value of a piece, with its numbers as text, or None."""
    # The first key in single quotes: no JSON, with or without more backslashes.
    is_python = piece.lstrip("[{ \n\t\r")[:1] == "'"
    forms = (_as_it_is, _double_backslashes, from_python, _from_python_in_latex)
    for form in forms[2:] if is_python else forms:
        try:
            return _DECODER.decode(form(piece))
        except (ValueError, RecursionError):
            continue
    return None


# Numbers stay as they are written: 12.50 is not 12.5, and no digit is lost.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


def _as_it_is(text: str) -> str:
    return text


def _double_backslashes(text: str) -> str:
    return _LONE_BACKSLASH.sub(r"\\\\", text)


def _from_python_in_latex(text: str) -> str:
    return from_python(_double_backslashes(text))


class _Keys(NamedTuple):
    """The keys that are looked for, normalised; those of a caller come first."""

    answers: tuple[str, ...]
    confidences: tuple[str, ...]
    all_answers: tuple[str, ...]
    all_confidences: tuple[str, ...]
    known: frozenset[str]


@lru_cache(maxsize=64)
def _list_keys(rules: Rules) -> _Keys:
    answers = tuple(map(_normalise, (*rules.answer_keys, *ANSWER_KEYS)))
    confidences = tuple(map(_normalise, (*rules.confidence_keys, *CONFIDENCE_KEYS)))
    all_answers = (*answers, *map(_normalise, OTHER_ANSWER_KEYS))
    known = frozenset((*all_answers, *confidences))
    all_confidences = (*confidences, *OTHER_CONFIDENCE_KEYS)
    return _Keys(answers, confidences, all_answers, all_confidences, known)


def _read(value: Any, keys: _Keys, whole: bool) -> tuple[str | None, str | None] | None:
    """Return answer and confidence, or None if neither is stated."""
    if isinstance(value, list):  # a list of guesses, or of drafts: the first that has an answer
        found = [_read(part, keys, whole) for part in value[:_MAX_NODES] if isinstance(part, dict)]
        stated = [pair for pair in found if pair is not None]
        return next((pair for pair in stated if pair[0] is not None), next(iter(stated), None))
    nodes = [{_normalise(key): v for key, v in n.items()} for n in _list_nodes(value, keys)]
    if all(keys.known.isdisjoint(node) for node in nodes):
        return None
    place, answer, sure = _find_answer(nodes, keys)
    # An answer never takes the confidence of another.
    near = nodes[place : place + 1]
    if len(nodes) > 1:
        near += [n for n in nodes if _find([n], keys.all_answers)[1] in (None, answer)]
    _, confidence = _find(near, keys.confidences)
    if confidence is None and answer is not None:
        _, confidence = _find(near, OTHER_CONFIDENCE_KEYS)
        guess = any(_find([node], ("guess",))[1] == answer for node in near)
        if confidence is not None and not guess and says_same(answer, confidence):
            _, confidence = _find(near, ("certainty",))  # which is no probability of an event
            return answer, confidence
    if confidence is None and not (sure or whole):
        answer = None
    return None if answer is None and confidence is None else (answer, confidence)


def _find_answer(nodes: list[dict[str, Any]], keys: _Keys) -> tuple[int, str | None, bool]:
    """Return the node whose answer counts, the answer, and whether its key is beyond doubt.

    The outermost node with a confidence too comes first, then the outermost with an answer.
    """
    pairs = (
        (place, node)
        for place, node in enumerate(nodes)
        if any(key in node and _to_text(node[key]) is not None for key in keys.all_confidences)
    )
    for place, node in pairs:
        for names in (keys.answers, keys.all_answers):
            if (answer := _find([node], names)[1]) is not None:
                return place, answer, names is keys.answers
    place, answer = _find(nodes, keys.answers)
    if answer is not None:
        return place, answer, True
    return *_find(nodes, keys.all_answers), False


def _list_nodes(value: Any, keys: _Keys | None = None) -> list[dict[str, Any]]:
    """Return the dictionaries of a value, those of higher levels first.

    With keys, what is under one such as "steps" is left out; of a list of several, only those that
    hold answer and confidence are guesses, the others are data.
    """
    found: list[dict[str, Any]] = []
    level = [value]
    for _ in range(_SEARCHED):
        below: list[Any] = []
        for node in level[:_MAX_NODES]:
            if isinstance(node, dict):
                found.append(node)
                below += (v for k, v in node.items() if not (keys and _normalise(k) in _NOT_STATED))
            elif isinstance(node, list):
                below += (n for n in node if len(node) == 1 or not keys or _is_guess(n, keys))
        level = below
    return found[:_MAX_NODES]


def _is_guess(value: Any, keys: _Keys) -> bool:
    if not isinstance(value, dict):
        return False
    names = {_normalise(key) for key in value}
    return not (names.isdisjoint(keys.all_answers) or names.isdisjoint(keys.all_confidences))


def _find(nodes: list[dict[str, Any]], keys: tuple[str, ...]) -> tuple[int, str | None]:
    """Return the first node that has one of the keys, and its value as text."""
    for place, node in enumerate(nodes):
        for key in keys:
            if key in node and (text := _to_text(node[key])) is not None:
                return place, text
    return 0, None


def _to_text(value: Any) -> str | None:
    """Return a value as it would stand after a label, or None if it is null or empty."""
    if isinstance(value, str):
        return _MANGLED.sub(lambda match: _ESCAPES[match.group()], value).strip() or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        parts = [_to_text(part) for part in value[:_MAX_NODES] if not isinstance(part, dict | list)]
        return ", ".join(part for part in parts if part is not None) or None
    if isinstance(value, dict):
        inner = {_normalise(key): v for key, v in value.items()}
        return next((_to_text(inner[key]) for key in _VALUE_KEYS if key in inner), None)
    return None


def _normalise(key: str) -> str:
    return _join_words(key) if len(key) <= MAX_LABEL else key


@lru_cache(maxsize=1024)
def _join_words(key: str) -> str:
    """Return a key in lower case, without what stands between its words."""
    return _BETWEEN_WORDS.sub("", key.lower())
