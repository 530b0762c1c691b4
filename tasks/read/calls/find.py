r"""Find the tool calls in a response.

The prompt asks for ``Thought: ...``, ``Action: toolName``, ``Action Input: {json}``, the last two
once for every call. How a response is read:

* A label begins its line (``**Action 1:**``, ``- Action Input:``, ``"Action": "name",`` also
  do), follows the input before it, or, for ``Action:`` and one word, begins a sentence.
  ``Action Input:`` may follow the name on its line. A name alone is a call without input, whose
  arguments are ``""``.
* The input is the object after its label, on the same line or after blank lines and code fences,
  up to the brace that closes it: braces in strings do not count. An object that is never closed
  ends at the next label, and whatever else is on the line is kept as it is; both are unreadable
  to `call_inputs`. ``Input:``, ``Arguments:`` and ``Parameters:`` are labels only between a name
  and an object. An object right after the name is the input if no label follows.
* A second input after one name is a second call of that tool, and a call that is stated twice is
  two calls: a response cannot state alternatives and have one of them picked.
* Calls on both sides of an invented ``Observation:`` and of a ``Confidence:`` belong to the
  response. After a call, ``Question:``, ``Begin!``, ``Final Answer:`` and anything else that begins
  a turn (`turns`) end it; so does a question after a final answer.
* Echoes of the prompt (``Action: toolName``) and ``Action: None`` are not calls.

All patterns have bounded quantifiers and no part of the text is read twice, so the time is
proportional to its length.
"""

import re

from caopd_bench.tasks.read.calls.inputs import MAX_INPUT
from caopd_bench.tasks.read.calls.values import (
    Call,
    clean_name,
    load_calls,
    render_calls,
    same_calls,
    same_first_call,
)
from caopd_bench.tasks.read.turns import TURN_LINE, TURN_TOKEN

__all__ = ["Call", "find_calls", "load_calls", "render_calls", "same_calls", "same_first_call"]

MAX_CALLS = 100  # most calls that are kept: no plan has more, but a model in a loop never stops
_MAX_NAME = 200  # longest name, in characters: anything longer is prose

_COUNT = r"(?:[\s_]{0,2}[#(\[]?[0-9]{1,3}[)\]]?)?"  # as in "Action 1", "Action #1", "Action (1)"
_COLON = r"[\s*_`\"']{0,6}:(?!:)"
_INPUT = rf"action{_COUNT}[\s_]{{0,2}}input{_COUNT}"
_LABEL = re.compile(
    r"[\W_]{0,16}(?:(?:step\s{1,3})?[0-9]{1,3}[.):][\W_]{0,8})?"
    r"(?:(?:next|first|second|third|fourth|fifth|final|last)\s{1,3})?"
    rf"(?:(?P<input>{_INPUT})|(?P<action>action{_COUNT})|(?P<observation>observation{_COUNT})"
    rf"|(?P<other>input|arguments|args|parameters)){_COLON}",
    re.IGNORECASE,
)
# Labels that may follow a tool's name on the same line.
_INLINE = re.compile(
    rf"(?<![^\W_])(?:(?P<input>{_INPUT})|confidence|thought|observation){_COLON}", re.IGNORECASE
)
# Where a label may occur inside a line, and the one word that must then follow it.
_MIDDLE = re.compile(r"(?P<sentence>[.!?][*_)\"'”’]{0,3})?\s(?=[*_`\"']{0,3}Action)")
_ONE_WORD = re.compile(r"[\s*`\"']{0,8}[\w.\[\]-]{1,100}(?:\(\))?[\s*`\"',.;]{0,8}")
_BLOCK_END = re.compile(
    rf"(?:{TURN_LINE.pattern})|[\W_]{{0,12}}(?:begin!|(?P<answer>final\s{{1,3}}answer){_COLON})",
    re.IGNORECASE,
)
# Between a label and its object: markup, line ends and the first line of a code fence.
_BEFORE_OBJECT = re.compile(r"[\s*_`\"'“”(]{0,40}(?:(?:json5?|python|js)[\s`*]{1,20})?(?=\{)")
_NEXT_OBJECT = re.compile(r"[ \t`]{0,3}(?:,|;|and|or)?[ \t`]{0,3}(?=\{)")
# Signs that decide where an object ends. It is never closed if a line begins with a label before
# its last brace; labels in quotes are its keys.
_SIGN = re.compile(
    r"\\.|[\"'{}]|\n(?=[ \t*_#>-]{0,12}"
    r"(?:action|observation|thought|confidence|question|final answer)[ 0-9a-z_*]{0,12}:)",
    re.IGNORECASE | re.DOTALL,
)
_NO_CALL = re.compile(
    r"(?:the\s)?(?:name of the )?(?:tool|action|function)(?:[\s_]?name)?"
    r"|the action to take\b.*|[.…]{1,9}|none|null|n/a",
    re.IGNORECASE | re.DOTALL,
)


def find_calls(text: str) -> list[Call]:
    r"""Return the calls of a response, in the order in which they are stated.

    Parameters
    ----------
    text
        The visible response: folded, without thinking. Never raises for a string.

    Returns
    -------
    list of Call
        At most `MAX_CALLS`; empty if there is none.

    Examples
    --------
    >>> text = "Thought: two\nAction: `add`\nAction Input: {\"a\": \"}\"}\nAction: list()"
    >>> [(call.name, call.arguments) for call in find_calls(text)]
    [('add', '{"a": "}"}'), ('list', '')]
    """
    block = _Block(text)
    start = 0
    for token in TURN_TOKEN.finditer(text):
        block.read(start, token.start())
        if block.spoken:
            return block.calls
        start = token.end()
    block.read(start, len(text))
    return block.calls


class _Block:
    """The calls found so far while the lines are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.calls: list[Call] = []
        self.answered = False  # whether a final answer was stated
        self.ended = False
        self.named = False  # whether an input would belong to the last call
        self.waiting = False  # whether the last call has no labelled input yet
        self.naming: int | None = None  # start of a label whose name is on the next line

    @property
    def spoken(self) -> bool:
        """Return whether a turn mark would now begin the next turn."""
        return bool(self.calls) or self.answered

    def read(self, start: int, end: int) -> None:
        """Read a piece of the text line by line; the text after an object counts as a new line."""
        line_end = -1
        while start < end and not self.ended and len(self.calls) < MAX_CALLS:
            if line_end < start:
                line_end = self.text.find("\n", start, end)
                line_end = end if line_end < 0 else line_end
            start = self._read_line(start, line_end, end)

    def _read_line(self, start: int, line_end: int, end: int) -> int:
        """Read a line, or its beginning, and return where the rest begins."""
        text = self.text
        if start == line_end:
            return line_end + 1
        label = self._find_label(start, line_end)
        if label is None:
            if turn := _BLOCK_END.match(text, start, line_end):
                self.ended = self.spoken
                self.answered |= turn["answer"] is not None
            elif self.naming is not None and _ONE_WORD.fullmatch(text, start, line_end):
                return self._read_action(self.naming, start, line_end, end)
            elif any(map(str.isalnum, text[start : min(line_end, start + _MAX_NAME)])):
                self.naming = None
            return line_end + 1
        if label["action"]:
            return self._read_action(label.start("action"), label.end(), line_end, end)
        self.naming = None
        opening = _BEFORE_OBJECT.match(text, label.end(), end)
        if label["input"] or (label["other"] and opening and self.waiting):
            return self._read_input(label.end(), line_end, end)
        if label["observation"] and opening:  # its keys are not labels
            return _find_object_end(text, opening.end(), end)
        return line_end + 1

    def _find_label(self, start: int, line_end: int) -> re.Match[str] | None:
        """Return the label that begins the line, or one inside it that surely begins a call."""
        if label := _LABEL.match(self.text, start, line_end):
            return label
        for middle in _MIDDLE.finditer(self.text, start, line_end):
            label = _LABEL.match(self.text, middle.end(), line_end)
            if label and label["action"]:
                stop, following = self._find_stop(label.end(), line_end)
                complete = middle["sentence"] or (following and following["input"])
                if complete and _ONE_WORD.fullmatch(self.text, label.end(), stop):
                    return label
        return None

    def _find_stop(self, start: int, line_end: int) -> tuple[int, re.Match[str] | None]:
        """Return where a name that begins at `start` ends at the latest, and the label there."""
        limit = min(line_end, start + _MAX_NAME)
        following = _INLINE.search(self.text, start, limit)
        return (following.start() if following else limit), following

    def _read_action(self, place: int, start: int, line_end: int, end: int) -> int:
        """Read a name, and the object right after it, as in ``add({"a": 1})``."""
        stop, following = self._find_stop(start, line_end)
        brace = self.text.find("{", start, stop)
        name = clean_name(self.text[start : stop if brace < 0 else brace])
        self.naming = None if name else place
        self.named = self.waiting = bool(name) and not _NO_CALL.fullmatch(name)
        if self.named:
            self.calls.append(Call(name, "", place, stop))
        if brace < 0:
            return stop if following else line_end + 1
        close = _find_object_end(self.text, brace, end)
        self._give(self.text[brace:close], place, close)
        self.waiting = self.named
        return close

    def _read_input(self, start: int, line_end: int, end: int) -> int:
        """Read the text after the label of an input."""
        opening = _BEFORE_OBJECT.match(self.text, start, end)
        brace = opening.end() if opening else self.text.find("{", start, line_end)
        if brace < 0 or (not opening and "[" in self.text[start:brace]):
            stop, following = self._find_stop(start, line_end)
            stop = stop if following else line_end
            self._give(self.text[start:stop].strip(" \t*_`\"'"), start, stop)
            return stop if following else line_end + 1
        while True:
            close = _find_object_end(self.text, brace, end)
            self._give(self.text[brace:close], brace, close)
            another = _NEXT_OBJECT.match(self.text, close, end)
            if another is None:
                return close
            brace = another.end()

    def _give(self, arguments: str, start: int, end: int) -> None:
        """Assign an input to the last call, or to another call of the same tool."""
        if not self.named or (not arguments and not self.waiting):
            return
        last = self.calls[-1]
        arguments = arguments[: MAX_INPUT + 1]  # a longer input stays too long to be read
        if self.waiting:
            self.calls[-1] = Call(last.name, arguments or last.arguments, last.start, end)
        elif len(self.calls) < MAX_CALLS:
            self.calls.append(Call(last.name, arguments, start, end))
        self.waiting = False


def _find_object_end(text: str, start: int, end: int) -> int:
    """Return the end of the object whose brace is at `start`, or where the next label is."""
    depth, quote = 0, ""
    for sign in _SIGN.finditer(text, start, end):
        mark = sign.group()
        if mark == "\n":
            return sign.start()
        if quote:
            quote = "" if mark == quote else quote
        elif mark in ('"', "'"):
            quote = mark
        elif mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
            if depth == 0:
                return sign.end()
    return end
