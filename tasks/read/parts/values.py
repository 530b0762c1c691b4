"""Read answer and confidence from the value of an object: by its keys, at any of its levels."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from caopd_bench.tasks.read.repeats import says_same
from caopd_bench.tasks.read.rules import MAX_LABEL, Rules

_SEARCHED = 4  # levels that are searched for keys
_MAX_NODES = 1000  # most values of one piece that are read

ANSWER_KEYS = ("final_answer", "answer")
CONFIDENCE_KEYS = ("confidence", "confidence_score", "confidence_level", "confidence_rating")
#: Keys that may also name something other than an answer.
OTHER_ANSWER_KEYS = (
    *("answer_choice", "answer_letter", "selected_answer", "predicted_answer", "correct_answer"),
    *("best_answer", "guess", "decision", "choice", "selected_option", "option", "selection"),
    *("prediction", "predicted_label", "label", "diagnosis", "verdict", "classification"),
    *("category", "class", "conclusion", "solution", "result", "response", "output"),
)
OTHER_CONFIDENCE_KEYS = ("probability", "certainty", "likelihood")
#: Normalised keys for the reasoning or the question, whose values hold no answer.
_NOT_STATED = (
    *("step", "steps", "reasoning", "reasoningsteps", "thought", "thoughts", "thinking", "trace"),
    *("example", "examples", "history", "question", "questions", "input", "inputs", "context"),
    *("problem", "prompt", "messages", "draft", "drafts", "intermediate", "alternatives"),
)
_VALUE_KEYS = ("value", "text", "score", "label")  # as in {"answer": {"value": 5}}

_BETWEEN_WORDS = re.compile(r"[\s_-]+")
# The control characters that replace the start of "\frac", "\beta", "\times" and "\right" if a
# backslash was not doubled.
_MANGLED = re.compile(
    "[\b\f]|\t(?=ext|imes|heta|an\\b|au\\b|frac|riangle)|\r(?=ight|ho\\b)|\n(?=eq\\b|abla|u\\b)"
)
_ESCAPES = {"\b": r"\b", "\f": r"\f", "\t": r"\t", "\r": r"\r", "\n": r"\n"}


class Keys(NamedTuple):
    """The normalised keys to look for; a caller's keys come first."""

    answers: tuple[str, ...]
    confidences: tuple[str, ...]
    all_answers: tuple[str, ...]
    all_confidences: tuple[str, ...]
    known: frozenset[str]


@lru_cache(maxsize=64)
def look_up_keys(rules: Rules) -> Keys:
    """Return the keys to look for under a caller's rules."""
    answers = tuple(map(_normalise, (*rules.answer_keys, *ANSWER_KEYS)))
    confidences = tuple(map(_normalise, (*rules.confidence_keys, *CONFIDENCE_KEYS)))
    all_answers = (*answers, *map(_normalise, OTHER_ANSWER_KEYS))
    known = frozenset((*all_answers, *confidences))
    all_confidences = (*confidences, *OTHER_CONFIDENCE_KEYS)
    return Keys(answers, confidences, all_answers, all_confidences, known)


def read_value(value: Any, keys: Keys, whole: bool) -> tuple[str | None, str | None] | None:
    """Return answer and confidence, or None if neither is stated."""
    if isinstance(value, list):  # guesses or drafts: the first with an answer counts
        found = [
            read_value(part, keys, whole) for part in value[:_MAX_NODES] if isinstance(part, dict)
        ]
        stated = [pair for pair in found if pair is not None]
        return next((pair for pair in stated if pair[0] is not None), next(iter(stated), None))
    nodes = [{_normalise(key): v for key, v in n.items()} for n in list_nodes(value, keys)]
    if all(keys.known.isdisjoint(node) for node in nodes):
        return None
    place, answer, sure = _find_answer(nodes, keys)
    # An answer never takes the confidence of another answer.
    near = nodes[place : place + 1]
    if len(nodes) > 1:
        near += [n for n in nodes if _find([n], keys.all_answers)[1] in (None, answer)]
    _, confidence = _find(near, keys.confidences)
    if confidence is None and answer is not None:
        _, confidence = _find(near, OTHER_CONFIDENCE_KEYS)
        guess = any(_find([node], ("guess",))[1] == answer for node in near)
        if confidence is not None and not guess and says_same(answer, confidence):
            _, confidence = _find(near, ("certainty",))  # which cannot mean an event's probability
            return answer, confidence
    if confidence is None and not (sure or whole):
        answer = None
    return None if answer is None and confidence is None else (answer, confidence)


def _find_answer(nodes: list[dict[str, Any]], keys: Keys) -> tuple[int, str | None, bool]:
    """Return the node whose answer counts, the answer, and whether its key is beyond doubt.

    The outermost node that also has a confidence comes first, then the outermost with an answer.
    """
    pairs = (
        (place, node)
        for place, node in enumerate(nodes)
        if any(key in node and to_text(node[key]) is not None for key in keys.all_confidences)
    )
    for place, node in pairs:
        for names in (keys.answers, keys.all_answers):
            if (answer := _find([node], names)[1]) is not None:
                return place, answer, names is keys.answers
    place, answer = _find(nodes, keys.answers)
    if answer is not None:
        return place, answer, True
    return *_find(nodes, keys.all_answers), False


def list_nodes(value: Any, keys: Keys | None = None) -> list[dict[str, Any]]:
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


def _is_guess(value: Any, keys: Keys) -> bool:
    if not isinstance(value, dict):
        return False
    names = {_normalise(key) for key in value}
    return not (names.isdisjoint(keys.all_answers) or names.isdisjoint(keys.all_confidences))


def _find(nodes: list[dict[str, Any]], keys: tuple[str, ...]) -> tuple[int, str | None]:
    """Return the index of the first node with one of the keys, and the value as text."""
    for place, node in enumerate(nodes):
        for key in keys:
            if key in node and (text := to_text(node[key])) is not None:
                return place, text
    return 0, None


def to_text(value: Any) -> str | None:
    """Return a value as it would stand after a label, or None if it is null or empty."""
    if isinstance(value, str):
        return _MANGLED.sub(lambda match: _ESCAPES[match.group()], value).strip() or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        parts = [to_text(part) for part in value[:_MAX_NODES] if not isinstance(part, dict | list)]
        return ", ".join(part for part in parts if part is not None) or None
    if isinstance(value, dict):
        inner = {_normalise(key): v for key, v in value.items()}
        return next((to_text(inner[key]) for key in _VALUE_KEYS if key in inner), None)
    return None


def _normalise(key: str) -> str:
    return _join_words(key) if len(key) <= MAX_LABEL else key


@lru_cache(maxsize=1024)
def _join_words(key: str) -> str:
    """Return a key in lower case, without the separators between its words."""
    return _BETWEEN_WORDS.sub("", key.lower())


def place_keys(keys: Keys, names: tuple[str, ...]) -> tuple[int, int] | None:
    """Return which entries of an object state answer and confidence, by their keys alone.

    -1 stands for none; None where the values decide too, as `read_value` does.
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
