r"""Find what a response states as its answer and as its confidence, line by line.

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
import sys
from bisect import bisect_left
from typing import NamedTuple

from caopd_bench.tasks.read.characters import clean_answer, find_box, lower
from caopd_bench.tasks.read.confidence import MAX_STATEMENT, read_confidence
from caopd_bench.tasks.read.labels import (
    OTHER_CONFIDENCES,
    find_marks,
    holds_turn,
    list_finals,
    list_marks,
    list_words,
)
from caopd_bench.tasks.read.marks import (
    MAX_LINE_START,
    begins_line,
    denies,
    is_aside,
    is_mention,
    join_sentences,
    match_both,
    names_both,
)
from caopd_bench.tasks.read.objects import Stated, find_objects
from caopd_bench.tasks.read.parts.drops import drop_denials, drop_examples, drop_quoted
from caopd_bench.tasks.read.parts.lines import find_places, find_turn, find_value
from caopd_bench.tasks.read.parts.statement import Kind, Statement
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.turns import MAYBE_TURN_LINE, TURN_LINE

_PLAIN = Rules()
_NONE: set[int] = set()
_SHORT = 24  # characters of a line in which marks are found without a look at its words


# A line that can only be GSM8K's, and no turn.
_GSM8K_LINE = re.compile(r"#### ?([0-9]{1,15})(?=\n|\Z)")
_SENTENCE_END = re.compile(r"[.!?][*_)\"'”’\s]{0,5}\s$")
# GSM8K's "#### 72", but not a heading such as "#### 2. Check".
_GSM8K = re.compile(r"\s{0,3}####\s{0,3}(?![0-9]{1,2}[.):]\s)(?P<text>[-+−$€£.]{0,3}[0-9].{0,60})$")
# The same in mathematics or after a sentence.
_GSM8K_INSIDE = re.compile(
    r"(?:(?<=[^\s#]\s)\s{0,3}|(?<=[.:;,)=*_])|(?=\\[(\[]|\$))"
    r"(?P<text>(?:\\[(\[]|\$\$?)?\s{0,3}#{4}\s{0,3}[-+−$€£.]{0,3}[0-9].{0,30})$"
)
# Where a sentence such as "the answer is 5, because ..." stops being the answer.
# The point of "the answer is E. coli" ends no sentence: it is between a letter and a small word.
_PROSE_END = re.compile(
    r"(?:[!?;]|\.(?!(?:(?<=^[A-Z]\.)|(?<=[*_\"'“][A-Z]\.))\s(?!(?:the|this|that|and|but|because|since"
    r"|with|confidence|confident|probability|certainty|not|all|none|which|where|for|you|they|thus"
    r"|hence|therefore|then|also|its|has|was)\b)[a-z]{3}))(?=\s)"
    r"|,?\s(?:because|since|so|which|where|as)\s"
)

# Where the value of a key ends in what is nearly JSON: '5", "why": ...'.
_NEXT_ENTRY = re.compile(r"[\"']?\s{0,3},\s{0,3}[\"'][\w -]{1,40}[\"']\s{0,3}:")
# Before an object on its line: markup, a few words and a sign, "```json".
_BEFORE_OBJECT = re.compile(
    r"[\W_]{0,20}(?:[a-z]{1,12}[ :=*`]{1,6}){0,3}[\W_]{0,20}", re.IGNORECASE
)
_HEADING = re.compile(r"\s{0,3}###")
# Nothing but markup: the value is on the next line, or there is none.
_ONLY_MARKUP = re.compile(r"[\s*_`\"“”|,;$\\\[\](){}:<>\-]*")
_ENDS_LINE = re.compile(rf"{_ONLY_MARKUP.pattern}(?:(?<=\n)|\Z)")
_BESIDE = 80  # characters on either side of an object that are looked at
_PLACEHOLDER = re.compile(
    r"[\s.…?_<>\[\](){}*\-–—]*|<[^<>]{0,80}>|null"
    r"|[\[({]?\s?(?:(?:your|insert|write|final|short|the|my)\s){1,4}answer(?:\shere)?\s?[\])}]?",
    re.IGNORECASE,
)


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
        The text is thinking: all of it is read, whatever looks like the next turn, and a tag may
        follow a sentence.
    low
        What `characters.lower` gives for the text, for a caller that has it.

    Examples
    --------
    >>> for s in find_statements("Answer: 5. Confidence: 0.9\nProblem: 2+2\nAnswer: 4"):
    ...     print(s.kind, s.text, s.strong)
    answer 5 True
    confidence 0.9 True
    """
    block = _Block(intervals, rules, others, draft)
    return block.read(text, lower(text) if low is None else low, objects)


class _Block:
    """The block while its lines are read."""

    def __init__(
        self, intervals: bool, rules: Rules, others: str, draft: bool, inside: bool = False
    ) -> None:
        self.intervals = intervals
        self.rules = rules
        labels = rules.answer_labels, rules.confidence_labels
        self.marks = find_marks(*labels, others)
        self.words = list_words(*labels, others)
        self.is_plain = not (others or any(labels))
        self.finals = {} if any(labels) else list_finals(others)
        # Other prompts' words, which may belong to the answer on their line.
        self.asides = rules.list_other(OTHER_CONFIDENCES if "c" in others else ())
        self.draft = draft
        self.inside = inside  # what is read is the value of an object
        self.statements: list[Statement] = []
        self.strong: set[Kind] = set()  # what was stated strongly (a confidence: readably)
        self.no_weak = False  # a turn began after weak statements: only strong ones count now
        self.no_answer = False  # a turn may have begun: the next strong answer belongs to it
        self.words_at = self.signs_at = [sys.maxsize]  # where those stand that are looked for
        self.boxes = False
        self.boxed = False
        self.ended = False
        self.waiting: _Waiting | None = None  # a label whose value is to come
        self.boxable: list[str] = []  # lines, with confidences blanked: \boxed{0.9} is no answer

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
            for part in (boxable[:last], boxable):  # the box that has a confidence, and the last
                if (box := find_box(part)) is not None:
                    self._add("answer", box[0], False, box[1], len(part), "")

    def _read_lines(self, start: int, end: int) -> None:
        """Read a part of the text: those of its lines that may change something."""
        text, low = self.text, self.low
        words, signs = self.words_at, self.signs_at
        word, sign = bisect_left(words, start), bisect_left(signs, start)
        at, turn, complete = start, -1, False
        while at <= end:
            while words[word] < at:
                word += 1
            if words[word] == at:  # most often a final line
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
                if place >= end:  # the rest states nothing
                    if self.boxes and not self.no_weak:
                        self.boxable += (text[at:end], "\n")
                    break
            first = text.rfind("\n", at, place) + 1
            if first > at:  # lines that state nothing
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
                marks = self._find_marks(line, at, words, word)
            blanks: list[tuple[int, int]] = []
            turns = may_turn and (turn <= last or (complete and "###" in line))
            self._read_line(line, at, blanks, marks, turns)
            if self.ended:
                break
            if self.boxes and not self.no_weak:
                self.boxable += (_blank(line, blanks), "\n")
                self.boxed |= "\\boxed" in self.boxable[-2]
            at = last + 1
        if self.boxable:
            self.boxable.pop()  # no line end after the last

    def _read_final_line(self, start: int, end: int) -> bool:
        """Read a line that is a label, a colon and a value; say whether it is one, and no more.

        Nothing else in it is the word of a label.
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
            self.waiting = _Waiting(kind, True, label, False)
            return True
        if not (begin.isalnum() or begin == ".") or (":" in value and holds_turn(value)):
            return False
        self.waiting = None
        self._add(kind, value, True, start, end, label)
        return True

    def _read_gsm8k(self, start: int, end: int, word: int) -> int:
        """Read a line that is the sign of GSM8K and a number; return its end, or 0."""
        if self.boxes or self.waiting is not None:
            return 0
        line = _GSM8K_LINE.match(self.text, start, end)
        if line is None or word < line.end():
            return 0
        self._add("answer", line[1], False, start, line.end(), "####")
        return line.end()

    def _read_object(self, stated: Stated, text: str) -> None:
        """Take what an object states; one with a placeholder is an example."""
        start, end, answer, confidence = stated
        if answer is not None and not answer.isdigit():
            if _is_placeholder(clean_answer(answer, intervals=self.intervals)):
                return
            if "answer" in answer.lower():
                _, _, answer, confidence = self._read_inside(stated, answer)
        strong = self.waiting is not None or _stands_apart(text, start, end)
        self.waiting = None
        if answer is not None:
            self._add("answer", answer, strong, start, end, "{}")
        if confidence is not None and not self.ended:
            self._add("confidence", confidence, strong, start + 1, end, "{}")
        if self.boxes and not self.no_weak:
            self.boxable.append(" " * (end - start))

    def _read_inside(self, stated: Stated, text: str) -> Stated:
        """Read an answer that is itself a response: ``{"response": "Answer: 5"}``."""
        if self.inside:
            return stated
        block = _Block(self.intervals, self.rules, "", False, inside=True)
        found = [s for s in block.read(text, lower(text), True) if s.strong]
        answers = [s for s in found if s.kind == "answer"]
        if not answers:
            return stated
        confidence = next((s for s in reversed(found) if s.kind == "confidence"), None)
        if confidence is None:
            return stated._replace(answer=answers[-1].text)
        before = [s for s in answers if s.start < confidence.start]
        return stated._replace(answer=(before or answers)[-1].text, confidence=confidence.text)

    def _find_marks(
        self, line: str, start: int, words: list[int], word: int
    ) -> list[re.Match[str]]:
        """Return the marks of a line that state something; words from that one on stand in it."""
        if self.low is None or not self.is_plain or len(line) < _SHORT or holds_turn(line):
            found = list(self.marks.finditer(line))
        else:
            end = start + len(line)
            places = words[word : bisect_left(words, end, word)]
            if start:
                places = [place - start for place in places]
            found = list_marks(line, self.low[start:end], self.marks, places)
        return [m for m in found if not is_mention(line, m)]

    def _read_line(
        self,
        line: str,
        start: int,
        blanks: list[tuple[int, int]],
        marks: list[re.Match[str]],
        may_turn: bool,
    ) -> None:
        """Read one line; `blanks` collects where its confidences are."""
        at_start = bool(marks) and begins_line(line, marks[0].start())
        if may_turn and not at_start:
            self._check_turn(line)
        if self.ended:
            return
        if at_start:
            self.waiting = None
        if not marks:
            self._read_unmarked(line, start, blanks)
            return
        leads: set[int] = _NONE
        if len(marks) > 1:
            if self.asides:
                marks = [
                    m
                    for n, m in enumerate(marks)
                    if not (n and is_aside(line, marks[0], m, self.asides))
                ]
            leads = join_sentences(line, marks)
        carried: str | None = None  # "Answer: the answer is 5": the second label is strong too
        ends = [mark.start() for mark in marks]
        ends.append(len(line))
        for mark, end in zip(marks, ends[1:], strict=True):
            tag, answer_tag, answer, named, separator, turn = mark.groups()
            if turn:
                if self.strong and at_start and not self.draft:
                    self.ended = True
                    return
                continue
            if tag and tag[0] == "/":
                continue
            kind: Kind = "answer" if answer or answer_tag else "confidence"
            prose = separator is not None and separator[:1].isalpha()
            begin, after = mark.span()
            value = line[after:end]
            if not at_start and not prose and (tag or _has_digit(value)):
                at_start = self._begins_sentence(line, mark)
            strong = at_start and (not prose or carried == kind)
            is_last = mark is marks[-1]
            if not value or begin in leads or _is_markup(value):
                if is_last:
                    label = f"<{tag.lower()}>" if tag else (answer or named).lower()
                    both = kind == "confidence" and not tag and names_both(line, mark)
                    self.waiting = _Waiting(kind, strong, label, both)
                elif strong:
                    carried = kind
                continue
            carried = None
            label = f"<{tag.lower()}>" if tag else (answer or named).lower()
            may_name = begin <= MAX_LINE_START and kind == "confidence" and not tag
            if may_name and names_both(line, mark) and self._split(value, start + after, label):
                blanks.append((after, end))
                continue
            quoted = line[begin - 1 : begin] if begin else ""
            if prose and (cut := _PROSE_END.search(value)):
                value = value[: cut.start() + (cut.group() == ".")]
            if kind == "confidence":
                blanks.append((after, after + len(value)))
                if not is_last or quoted == '"':  # a comma between two entries
                    value = value.rstrip(" \t,\"'")
            elif (quoted == '"' or quoted == "'") and (cut := _NEXT_ENTRY.search(value)):
                value = value[: cut.start()]
            denying = prose and kind == "answer" and denies(value)
            self._add(kind, value, strong, start + begin, start + end, label, denying)
            if self.ended:
                return  # type: ignore[unreachable]  # _add may have ended the block

    def _split(self, value: str, start: int, label: str) -> bool:
        """Add the two statements of "C, 80%", and say whether there are two."""
        match = match_both(value)
        if match is None:
            return False
        for kind in ("answer", "confidence"):
            first, last = match.span(kind)
            self._add(kind, match[kind].strip("[] "), True, start + first, start + last, label)
            if self.ended:
                break
        return True

    def _check_turn(self, line: str) -> None:
        """Notice a line that begins the next turn."""
        complete = len(self.strong) == 2
        if TURN_LINE.match(line):
            self.ended = bool(self.strong)
            self.no_weak |= bool(self.statements) or self.boxed
        elif MAYBE_TURN_LINE.match(line):
            self.ended = complete
            self.no_answer |= "answer" in self.strong
        elif complete and _HEADING.match(line) and not _GSM8K.match(line):
            self.ended = True

    def _read_unmarked(self, line: str, start: int, blanks: list[tuple[int, int]]) -> None:
        end = start + len(line)
        if self.waiting is not None and not _ONLY_MARKUP.fullmatch(line):
            kind, strong, label, both = self.waiting
            self.waiting = None
            if both and self._split(line, start, label):
                blanks.append((0, len(line)))
                return
            self._add(kind, line, strong, start, end, label)
            if kind == "confidence":
                blanks.append((0, len(line)))
        elif "####" in line and (gsm8k := _GSM8K.match(line) or _GSM8K_INSIDE.search(line)):
            self._add("answer", gsm8k["text"], False, start, end, "####")

    def _add(
        self,
        kind: Kind,
        raw: str,
        strong: bool,
        start: int,
        end: int,
        label: str,
        denying: bool = False,
    ) -> None:
        if kind == "confidence":
            text = raw.strip(" \t*_`")[: MAX_STATEMENT + 1]
            counts = strong and kind not in self.strong and self._is_readable(text)
        else:
            text = raw.strip().removesuffix(".")
            if not text.isdigit() or len(text) > _SHORT:
                text = clean_answer(raw, intervals=self.intervals)
                if _is_placeholder(text):
                    return
            counts = strong
            if strong and self.no_answer:
                self.ended = True
        if self.ended or (self.no_weak and not strong):
            return
        if counts:
            self.strong.add(kind)
        found = (kind, text, strong, start, end, label, denying)
        self.statements.append(tuple.__new__(Statement, found))

    def _is_readable(self, confidence: str) -> bool:
        return read_confidence(confidence, scale=self.rules.scale).value is not None

    def _begins_sentence(self, line: str, mark: re.Match[str]) -> bool:
        """Say whether a capitalised label follows the end of a sentence, at most some spaces away.

        A tag does so in thinking only.
        """
        before = line[max(0, mark.start() - 8) : mark.start()]
        may_begin = self.draft if mark["tag"] else mark.group()[:1].isupper()
        return may_begin and _SENTENCE_END.search(before) is not None


class _Waiting(NamedTuple):
    """A label whose value is on a line to come."""

    kind: Kind
    strong: bool
    label: str
    both: bool  # "Answer and Confidence:"


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Say whether an object begins or ends its line, but for markup and a few words."""
    if not start or text[start - 1] == "\n":
        return True
    line = text.rfind("\n", max(0, start - _BESIDE), start) + 1
    if (line or start <= _BESIDE) and _BEFORE_OBJECT.fullmatch(text, line, start):
        return True
    return _ENDS_LINE.match(text, end, end + _BESIDE) is not None


def _is_placeholder(answer: str) -> bool:
    if answer[:1].isdigit():
        return False
    return len(answer) <= 100 and _PLACEHOLDER.fullmatch(answer) is not None


def _is_markup(value: str) -> bool:
    return not value.lstrip()[:1].isalnum() and _ONLY_MARKUP.fullmatch(value) is not None


def _has_digit(value: str) -> bool:
    return any(map(str.isdigit, value[:MAX_STATEMENT]))


def _blank(line: str, spans: list[tuple[int, int]]) -> str:
    """Return the line with spaces in the spans, which are in order."""
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        pieces += (line[done:start], " " * (end - start))
        done = end
    return "".join((*pieces, line[done:]))
