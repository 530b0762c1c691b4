r"""The words that name an answer and a confidence, and the pattern that finds them in a line.

A label is one of these words with others around it (``My final answer``, ``Confidence level``), a
scale in brackets (``(0-100)``), and a sign before its value; or a tag of that name. Three lists:

* `ANSWERS` and `CONFIDENCES` are what our prompts ask for, and count everywhere.
* `OTHER_ANSWERS` and `OTHER_CONFIDENCES` are words of published prompts that also occur in
  ordinary reasoning ("Probability: 3/8"). `other_prompts` says where they count.
* `Rules` adds a caller's own words, which count as the first list does.

All patterns have bounded quantifiers.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from caopd_bench.tasks.read.characters import fold

#: The kinds of statement that a label introduces.
Kind = Literal["answer", "confidence"]

ANSWERS = ("answer",)
CONFIDENCES = ("confidence",)
#: Words that other prompts use for an answer.
OTHER_ANSWERS = (
    *("guess", "diagnosis", "prediction", "decision", "choice", "verdict", "classification"),
    *("label", "selection", "option", "result", "conclusion", "solution", "output", "response"),
)
OTHER_CONFIDENCES = ("probability", "certainty", "likelihood")

# Words that may precede the name in a label ("my final answer"). `_AFTER_NAME` has those that may
# follow it ("confidence level").
_BEFORE_NAME = (
    *("and", "with", "a", "an", "my", "the", "your", "our", "so", "final", "overall", "correct"),
    *("stated", "estimated", "corrected", "revised", "updated", "new"),
)
_BEFORE = rf"(?:(?:{'|'.join(_BEFORE_NAME)})[\s_]{{1,3}}){{0,4}}"
_BEFORE_OTHERS = (
    r"(?:(?:and|with|my|the|final|overall|correct|stated|estimated|best|most|likely|predicted"
    r"|selected|chosen|primary|main|corrected|revised|updated|new)[\s_]{1,3}){0,4}"
)
_AFTER_NAME = ("level", "score", "rating", "estimate", "value", "probability", "choice", "option")
_AFTER = (
    rf"(?:[\s_]{{1,3}}(?:{'|'.join(_AFTER_NAME)}))?"
    r"(?:\s{1,3}(?:in|that|for)\s{1,3}(?:(?:my|the|this|final)\s{1,3}){0,2}answer"
    r"(?:\s{1,3}is\s{1,3}(?:correct|right))?)?"
)
# After "Probability" in "Probability of being correct" or "Probability that this guess is right".
_OF_BEING_RIGHT = (
    r"(?:\s{1,3}(?:of|that)(?:\s{1,3}(?:it|this|my|the|your|guess|answer|is|being)){0,4}"
    r"\s{1,3}(?:correct(?:ness)?|right))?"
)
# "(0-1)" after the label names the scale; "(0.9)" is the value and is left alone.
_SCALE = r"(?:\s{0,3}[(\[](?![.0-9%\s]{1,10}[)\]])[^()\[\]]{0,80}[)\]])?"
# Between label and value: a sign, or "is", "was" or "of". The separator may be empty before a
# number and at the end of the line (of a heading, or of a label whose value is on the next line).
_SEPARATOR = (
    r"[\s*_\"'`}]{0,8}"
    r"(?P<separator>[:=|]|[-–—](?=\s)|(?:is|was|of)(?![a-z])\s{0,3}:?|(?=[\s(\[~≈]{0,4}[.]?[0-9])|$)"
)
_TURN = (
    r"(?<=[\s.])(?P<turn>(?-i:Problem|Question|Example|Exercise|Human|User|Q)(?:\s[0-9]{1,3})?:)"
)
_TAG_OF_ANSWER = r"(?:final[_-]?)?answer"
_TAG_OF_CONFIDENCE = r"confidence(?:[_-]?(?:score|level|rating))?"


@lru_cache(maxsize=64)
def find_marks(
    answers: tuple[str, ...] = (), confidences: tuple[str, ...] = (), others: str = ""
) -> "re.Pattern[str]":
    """Return the pattern of labels and tags.

    Parameters
    ----------
    answers, confidences
        A caller's own words, in addition to `ANSWERS` and `CONFIDENCES`.
    others
        The other prompts' words to find too: "a" those of answers, "c" those of confidences, "ac"
        both.

    Returns
    -------
    re.Pattern
        A match has the groups ``tag`` (with its slash), ``answer`` or ``confidence`` (the name),
        ``separator`` and ``turn``.

    Examples
    --------
    >>> find_marks().search("My final answer: 5")["answer"]
    'answer'
    >>> find_marks(answers=("How many?",)).search("How many? 5")["answer"]
    'How many?'
    """
    more_answers = (*answers, *(OTHER_ANSWERS if "a" in others else ()))
    more_confidences = (*confidences, *(OTHER_CONFIDENCES if "c" in others else ()))
    before, after = _BEFORE, _AFTER
    if others:
        before, after = _BEFORE_OTHERS, _AFTER + _OF_BEING_RIGHT
    return re.compile(
        f"<(?P<tag>/?(?:(?P<answer_tag>{_alternatives(more_answers, _TAG_OF_ANSWER)})"
        f"|{_alternatives(more_confidences, _TAG_OF_CONFIDENCE)}))>"
        rf"|(?<![a-z0-9]){before}(?:(?P<answer>{_alternatives((*more_answers, *ANSWERS))})"
        rf"|(?P<confidence>{_alternatives((*more_confidences, *CONFIDENCES))}))"
        rf"{after}{_SCALE}{_SEPARATOR}"
        rf"|{_TURN}",
        re.IGNORECASE,
    )


# The rest of a label after its name, in a text in lower case.
_LOW_REST = re.compile(f"{_AFTER}{_SCALE}{_SEPARATOR}|(?:[_-]?(?:score|level|rating))?>")
# The mark of a turn, as in `_TURN`, whatever stands before it.
_TURN_END = re.compile(r"(?:Problem|Question|Example|Exercise|Human|User|Q)(?:\s[0-9]{1,3})?:")
_SURE = (":", " is ")  # with one of these after a name, `_LOW_REST` need not be tried
_MAX_BEFORE = 64  # most characters of a label before its name


def holds_turn(line: str) -> bool:
    """Return whether a line may hold the mark of a turn."""
    return ":" in line and _TURN_END.search(line) is not None


def list_marks(
    line: str, low: str, pattern: "re.Pattern[str]", places: Iterable[int]
) -> "list[re.Match[str]]":
    """List the matches of the plain `find_marks()` in a line, from one name to the next.

    Parameters
    ----------
    line
        A line without the mark of a turn (`holds_turn`).
    low
        The line in lower case, as `characters.lower` returns it.
    pattern
        The result of ``find_marks()``.
    places
        Positions of "answer" and "confidence" in the line, in order.

    Examples
    --------
    >>> line = "The answer is 5, so my final answer: 5"
    >>> [m.start() for m in list_marks(line, line.lower(), find_marks(), [4, 29])]
    [0, 17]
    """
    marks: list[re.Match[str]] = []
    last = 0  # where the last mark ends
    for place in places:
        if place < last:
            continue
        end = place + (6 if low[place] == "a" else 10)
        if not low.startswith(_SURE, end) and _LOW_REST.match(low, end) is None:
            continue
        back = _BACK[low[place - 2 : place] if place > 1 else low[:place]]
        if back > 2:
            mark = pattern.search(line, max(last, place - back))
        else:
            mark = pattern.match(line, place - back) if last <= place - back < place else None
            mark = mark or pattern.match(line, place)
        if mark is not None:
            marks.append(mark)
            last = mark.end()
    return marks


class _Back(dict[str, int]):
    """How far before its name a label may begin, by the two characters before the name."""

    def __missing__(self, two: str) -> int:
        before, between = two[:-1], two[-1:]
        if between == "<":
            back = 1
        elif two == "</":
            back = 2
        elif (between and between in "_-/l") or (
            between.isspace() and (before in _ENDS or before.isspace() or before == "_")
        ):  # as in "my final answer" and "final_answer"
            back = _MAX_BEFORE
        else:
            back = 0
        if len(self) < _MANY_PAIRS:
            self[two] = back
        return back


_ENDS = frozenset(word[-1] for word in _BEFORE_NAME)
_MANY_PAIRS = 4096
_BACK = _Back()


@lru_cache(maxsize=8)
def list_finals(others: str = "") -> dict[str, tuple[Kind, str]]:
    """Return the labels that a line may begin with, before a colon: their kind and name.

    `others` is that of `find_marks`; there are no words of a caller.

    Examples
    --------
    >>> list_finals()["answer"], list_finals()["confidence level"]
    (('answer', 'answer'), ('confidence', 'confidence'))
    """
    answers = (*ANSWERS, *(OTHER_ANSWERS if "a" in others else ()))
    confidences = (*CONFIDENCES, *(OTHER_CONFIDENCES if "c" in others else ()))
    kinds: dict[str, Kind] = {
        **dict.fromkeys(answers, "answer"),
        **dict.fromkeys(confidences, "confidence"),
    }
    return {
        f"{name}{after}": (kind, name)
        for name, kind in kinds.items()
        for after in ("", *(f" {word}" for word in _AFTER_NAME))
    }


@lru_cache(maxsize=64)
def list_words(
    answers: tuple[str, ...] = (), confidences: tuple[str, ...] = (), others: str = ""
) -> tuple[str, ...] | None:
    """List lower-case words such that every match of `find_marks`, except turns, contains one.

    Parameters are those of `find_marks`. The result is None if a caller's word has non-ASCII
    letters with two cases.

    Examples
    --------
    >>> list_words(answers=("My pick",)), list_words(answers=("Ответ",))
    (('answer', 'confidence', 'my'), None)
    """
    known = [*ANSWERS, *CONFIDENCES]
    known += (OTHER_ANSWERS if "a" in others else ()) + (OTHER_CONFIDENCES if "c" in others else ())
    firsts = [word for label in (*answers, *confidences) for word in fold(label).split()[:1]]
    if any(not c.isascii() and not c.lower() == c == c.upper() for c in "".join(firsts)):
        return None
    return tuple(dict.fromkeys((*known, *(word.lower() for word in firsts))))


def _alternatives(words: tuple[str, ...], *patterns: str) -> str:
    """Return a pattern that matches one of the words, the longest first."""
    escaped = sorted((_escape(word) for word in words), key=len, reverse=True)
    return "|".join((*escaped, *patterns))


def _escape(word: str) -> str:
    return r"[\s_-]{1,3}".join(re.escape(part) for part in fold(word).split())
