r"""Find the statements of answer and confidence in a response, line by line.

A *statement* is a label and the text after it: ``Answer: 5``. Statements are **strong** when they
follow the form the prompt asks for (the label begins its line, or follows one that does, and is
followed by a colon, equals sign, dash or tag: a final line; or it begins a sentence and a number
follows: ``Wait. Answer: 6``), and **weak** otherwise: labels in the middle of a sentence, ``the
answer is 5``, ``#### 5``. A lone ``\boxed{5}`` is a weak answer. JSON (`objects`) is strong if it
begins or ends its line, and counts only if no other answer follows it: else it was an example.

An answer may be a sentence: of ``<answer> From the text, the best answer is D. </answer>``, it is
what follows "answer is", but not "answer is not". If the value stood before (``B, because the
answer is even``), a tag is kept whole. One label may name both: ``Answer and Confidence (0-100): C,
80%``.

Only the response's own block is read. A strong statement, and then a line that begins the next turn
(``Problem:``, ``Example 2:``, ``User:``, ``<|im_start|>`` ...), end it; after a weak statement
such a line only makes the weak statements that follow it count no more. Words that may also belong
to the answer (``Input:``, ``Task:``, ``Next:``) and headings end it once strong answer and
confidence are there; before that, the words end it at the next strong answer.

All patterns have bounded quantifiers, so the time is proportional to the length of the text.
"""

import re
from bisect import bisect_left

from caopd_bench.tasks.read.characters import clean_answer, find_box, lower
from caopd_bench.tasks.read.labels import holds_turn
from caopd_bench.tasks.read.objects import Stated, find_objects
from caopd_bench.tasks.read.parts.block import Waiting, is_placeholder
from caopd_bench.tasks.read.parts.drops import drop_denials, drop_examples, drop_quoted
from caopd_bench.tasks.read.parts.line_reader import ONLY_MARKUP, LineReader
from caopd_bench.tasks.read.parts.lines import find_places, find_turn, find_value
from caopd_bench.tasks.read.parts.statement import Statement
from caopd_bench.tasks.read.rules import Rules

_PLAIN = Rules()
# A line with GSM8K's sign and a number, which cannot begin a turn.
_GSM8K_LINE = re.compile(r"#### ?([0-9]{1,15})(?=\n|\Z)")
# What may stand before an object on its line: markup and up to three words ("```json", "Result:").
_BEFORE_OBJECT = re.compile(
    r"[\W_]{0,20}(?:[a-z]{1,12}[ :=*`]{1,6}){0,3}[\W_]{0,20}", re.IGNORECASE
)
_ENDS_LINE = re.compile(rf"{ONLY_MARKUP.pattern}(?:(?<=\n)|\Z)")
_BESIDE = 80  # characters that are read on either side of an object


def find_statements(
    text: str,
    *,
    intervals: bool = False,
    rules: Rules = _PLAIN,
    others: str = "",
    objects: bool = True,
    draft: bool = False,
    low: str | None = None,
) -> list[Statement]:
    r"""Return the statements of the first block, in order, without empty or placeholder answers.

    Parameters
    ----------
    text
        A response without thinking, as `turns.split_turns` gives it.
    intervals
        Answers may be half-open intervals; see `characters.clean_answer`.
    rules
        A caller's labels, keys and scale.
    others
        Which words of other prompts are labels too, as for `labels.find_marks`.
    objects
        Whether JSON is read as such.
    draft
        Whether the text is thinking: then all of it is read, even after an apparent next turn, and
        a tag may follow a sentence.
    low
        The result of `characters.lower` for the text, if the caller has it.

    Examples
    --------
    >>> for s in find_statements("Answer: 5. Confidence: 0.9\nProblem: 2+2\nAnswer: 4"):
    ...     print(s.kind, s.text, s.strong)
    answer 5 True
    confidence 0.9 True
    """
    block = _Reader(intervals, rules, others, draft)
    return block.read(text, lower(text) if low is None else low, objects)


class _Reader(LineReader):
    """A reader of a text's block, line by line and object by object."""

    def read(self, text: str, low: str | None, objects: bool) -> list[Statement]:
        self.text = text
        self.low = low if self.words is not None else None
        self.boxes = "\\boxed" in text
        if self.low is not None:
            none = len(text) + 1
            signs = ("####", "\\boxed") if self.boxes else ("####",)
            self.words_at = [*find_places(self.low, self.words or ()), none, none]
            self.signs_at = [*find_places(self.low, signs), none]
        done = 0
        for stated in find_objects(text, self.rules) if objects and "{" in text else ():
            if self.boxes or not text[done : stated.start].isspace():
                self._read_lines(done, stated.start)
            if self.ended:
                break
            self._read_object(stated, text)
            done = stated.end
        if not self.ended:
            self._read_lines(done, len(text))
        self.no_weak = False
        self._add_boxes()
        return drop_denials(drop_examples(drop_quoted(self.statements, text)))

    def _add_boxes(self) -> None:
        if self.boxes:
            boxable = "".join(self.boxable)
            last = max((s.start for s in self.statements if s.kind == "confidence"), default=0)
            # The last box before the last confidence, and then the last box of all.
            for part in (boxable[:last], boxable):
                if (box := find_box(part)) is not None:
                    self.add("answer", box[0], False, box[1], len(part), "")

    def _read_lines(self, start: int, end: int) -> None:
        """Read a part of the text: those of its lines that may change something."""
        text, low = self.text, self.low
        words, signs = self.words_at, self.signs_at
        word, sign = bisect_left(words, start), bisect_left(signs, start)
        at, turn, complete = start, -1, False
        while at <= end:
            while words[word] < at:
                word += 1
            if words[word] == at:  # a label begins the line, usually a final one
                last = text.find("\n", at, end)
                last = end if last < 0 else last
                if words[word + 1] > last and self._read_final_line(at, last):
                    if self.ended:
                        break
                    at = last + 1
                    continue
            while signs[sign] < at:
                sign += 1
            if signs[sign] == at and (last := self._read_gsm8k(at, end, words[word])):
                at = last + 1
                continue
            place = min(words[word], signs[sign])
            may_turn = not self.draft and (bool(self.statements) or self.boxed)
            if low is None or (at == start and may_turn):
                place = turn = at
            else:
                if self.waiting is not None:
                    place = min(place, find_value(low, at, end))
                if may_turn:
                    if turn < at or complete is not (len(self.strong) == 2):
                        complete = len(self.strong) == 2
                        turn = find_turn(low, at, end, complete)
                    place = min(place, turn)
                if place >= end:  # the rest of the text states nothing
                    if self.boxes and not self.no_weak:
                        self.boxable += (text[at:end], "\n")
                    break
            first = text.rfind("\n", at, place) + 1
            if first > at:  # skip lines that state nothing
                if self.boxes and not self.no_weak:
                    self.boxable += (text[at : first - 1], "\n")
                at = first
                if words[word] == at:
                    continue
            last = text.find("\n", place, end)
            last = end if last < 0 else last
            line = text[at:last]
            marks: list[re.Match[str]] = []
            if words[word] <= last or low is None or holds_turn(line):
                marks = self.find_line_marks(line, at, words, word)
            blanks: list[tuple[int, int]] = []
            turns = may_turn and (turn <= last or (complete and "###" in line))
            self.read_line(line, at, blanks, marks, turns)
            if self.ended:
                break
            if self.boxes and not self.no_weak:
                self.boxable += (_blank(line, blanks), "\n")
                self.boxed |= "\\boxed" in self.boxable[-2]
            at = last + 1
        if self.boxable:
            self.boxable.pop()  # no line end after the last line

    def _read_final_line(self, start: int, end: int) -> bool:
        """Read a line that is just a label, a colon and a value; return whether it is one.

        The line must contain no other word of a label.
        """
        if self.low is None or self.boxes:
            return False
        colon = self.low.find(":", start, end)
        final = self.finals.get(self.low[start:colon])
        if colon < 0 or final is None:
            return False
        kind, label = final
        value = self.text[colon + 1 : end]
        begin = value.lstrip()[:1]
        if not begin:
            self.waiting = Waiting(kind, True, label, False)
            return True
        if not (begin.isalnum() or begin == ".") or (":" in value and holds_turn(value)):
            return False
        self.waiting = None
        self.add(kind, value, True, start, end, label)
        return True

    def _read_gsm8k(self, start: int, end: int, word: int) -> int:
        """Read a line that is GSM8K's "####" and a number; return its end, or 0."""
        if self.boxes or self.waiting is not None:
            return 0
        line = _GSM8K_LINE.match(self.text, start, end)
        if line is None or word < line.end():
            return 0
        self.add("answer", line[1], False, start, line.end(), "####")
        return line.end()

    def _read_object(self, stated: Stated, text: str) -> None:
        """Add an object's statements; one with a placeholder is only an example."""
        start, end, answer, confidence = stated
        if answer is not None and not answer.isdigit():
            if is_placeholder(clean_answer(answer, intervals=self.intervals)):
                return
            if "answer" in answer.lower():
                _, _, answer, confidence = self._read_inside(stated, answer)
        strong = self.waiting is not None or _stands_apart(text, start, end)
        self.waiting = None
        if answer is not None:
            self.add("answer", answer, strong, start, end, "{}")
        if confidence is not None and not self.ended:
            self.add("confidence", confidence, strong, start + 1, end, "{}")
        if self.boxes and not self.no_weak:
            self.boxable.append(" " * (end - start))

    def _read_inside(self, stated: Stated, text: str) -> Stated:
        """Read an answer that is itself a response: ``{"response": "Answer: 5"}``."""
        if self.inside:
            return stated
        block = _Reader(self.intervals, self.rules, "", False, inside=True)
        found = [s for s in block.read(text, lower(text), True) if s.strong]
        answers = [s for s in found if s.kind == "answer"]
        if not answers:
            return stated
        confidence = next((s for s in reversed(found) if s.kind == "confidence"), None)
        if confidence is None:
            return stated._replace(answer=answers[-1].text)
        before = [s for s in answers if s.start < confidence.start]
        return stated._replace(answer=(before or answers)[-1].text, confidence=confidence.text)


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Return whether an object begins or ends its line, ignoring markup and a few words."""
    if not start or text[start - 1] == "\n":
        return True
    line = text.rfind("\n", max(0, start - _BESIDE), start) + 1
    if (line or start <= _BESIDE) and _BEFORE_OBJECT.fullmatch(text, line, start):
        return True
    return _ENDS_LINE.match(text, end, end + _BESIDE) is not None


def _blank(line: str, spans: list[tuple[int, int]]) -> str:
    """Return the line with its spans, in order, replaced by spaces."""
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        pieces += (line[done:start], " " * (end - start))
        done = end
    return "".join((*pieces, line[done:]))
