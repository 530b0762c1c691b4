r"""Find what a response states as its answer and as its confidence, line by line.

A *statement* is a label and the text after it: ``Answer: 5``. Statements are **strong** when they
follow the form the prompt asks for (the label begins its line, or follows one that does, and is
followed by a colon, equals sign, dash or tag: a final line; or it begins a sentence and a number
follows: ``Wait. Answer: 6``), and **weak** otherwise: labels in the middle of a sentence, ``the
answer is 5``, ``#### 5``. A lone ``\boxed{5}`` is a weak answer.

Only the response's own block is read. A strong statement, and then a line that begins the next turn
(``Problem:``, ``Example 2:``, ``User:``, ``<|im_start|>`` ...), end it; after a weak statement
such a line only makes the weak statements that follow it count no more. Words that may also belong
to the answer (``Input:``, ``Task:``, ``Next:``) and headings end it once strong answer and
confidence are there; before that, the words end it at the next strong answer.

All patterns have bounded quantifiers, so the time is proportional to the length of the text.
"""

import re
from typing import Literal, NamedTuple

from caopd_bench.tasks.read.characters import clean_answer, find_box
from caopd_bench.tasks.read.confidence import MAX_STATEMENT, read_confidence

Kind = Literal["answer", "confidence"]


class Statement(NamedTuple):
    """One labelled text of the block; ``start`` is its place in the text."""

    kind: Kind
    text: str
    strong: bool
    start: int


# Words that may stand before and after the word "answer" or "confidence" in a label.
_BEFORE = (
    r"(?:(?:and|with|an?|my|the|your|our|so|final|overall|correct|stated|estimated)[\s_]{1,3}){0,4}"
)
_AFTER = (
    r"(?:[\s_]{1,3}(?:level|score|rating|estimate|value|probability|choice|option))?"
    r"(?:\s{1,3}(?:in|that|for)\s{1,3}(?:(?:my|the|this|final)\s{1,3}){0,2}answer"
    r"(?:\s{1,3}is\s{1,3}(?:correct|right))?)?"
)
# "(0-1)" after the label names the scale; "(0.9)" is the value and is left alone.
_SCALE = r"(?:\s{0,3}[(\[](?![.0-9%\s]{1,10}[)\]])[^()\[\]]{0,80}[)\]])?"
# Between label and value: a sign, or "is"/"was"/"of"; nothing at all before a number or at the end
# of the line (a heading, or a label whose value is on the next line).
_SEPARATOR = (
    r"[\s*_\"'`}]{0,8}"
    r"(?P<separator>[:=|]|[-–—](?=\s)|(?:is|was|of)(?![a-z])\s{0,3}:?|(?=[\s(\[~≈]{0,4}[.]?[0-9])|$)"
)
_MARK = re.compile(
    r"<(?P<tag>/?(?:answer|confidence))>"
    rf"|(?<![a-z0-9]){_BEFORE}(?P<label>answer|confidence){_AFTER}{_SCALE}{_SEPARATOR}"
    r"|(?<=[\s.])(?P<turn>(?-i:Problem|Question|Example|Exercise|Human|User|Q)(?:\s[0-9]{1,3})?:)",
    re.IGNORECASE,
)
# What may stand before a label that begins its line: punctuation, list numbers, \text{.
_LINE_START = re.compile(r"[\W_]*(?:[0-9]{1,2}[.)][\W_]*)?(?:\\text(?:bf)?\{[\W_]*)?")
_MAX_LINE_START = 60
_SENTENCE_END = re.compile(r"[.!?][*_)\"'”’\s]{0,5}\s$")
# GSM8K's "#### 72", but not a heading such as "#### 2. Check".
_GSM8K = re.compile(r"\s{0,3}####\s{0,3}(?![0-9]{1,2}[.):]\s)(?P<text>[-+−$€£.]{0,3}[0-9].{0,60})$")
# Where a sentence such as "the answer is 5, because ..." stops being the answer.
_PROSE_END = re.compile(r"[.!?;](?=\s)|,?\s(?:because|since|so|which|where|as)\s")

# "the answer is correct" judges an answer and states none.
_JUDGEMENT = re.compile(
    r"[\s*_]{0,5}(?:not |likely |probably )?(?:correct|right|wrong|incorrect|valid|reasonable)\b",
    re.IGNORECASE,
)
# Tokens that begin or end a turn; each is put on a line of its own before the lines are read.
TURN_TOKEN = re.compile(
    r"<\|[^<>|\s]{1,40}\|>|</?s>|<(?:start|end)_of_turn>|<[be]os>|<\|turn>|<turn\|>|\[/?INST\]"
)
_TURN_NAMES = r"(?:problem|question|q|user|human|system|assistant|example|exercise)"
_MAYBE_NAMES = r"(?:instruction|input|task|query|next)"


def _turn_line(names: str) -> str:
    return (
        rf"[\W_]{{0,12}}(?:(?:next|new|another)\s{{1,3}})?{names}\s{{0,3}}"
        r"(?:#?[0-9]{1,4}[*_\s]{0,4}(?:[:.)]|$)|[*_\s]{0,4}:)"
        rf"|\s{{0,3}}#{{1,6}}\s{{0,3}}{names}(?![a-z])"
    )


TURN_LINE = re.compile(f"(?:{TURN_TOKEN.pattern})|{_turn_line(_TURN_NAMES)}", re.IGNORECASE)
_MAYBE_TURN_LINE = re.compile(_turn_line(_MAYBE_NAMES), re.IGNORECASE)
_HEADING = re.compile(r"\s{0,3}###")
# Nothing but markup: the value is on the next line, or there is none.
_ONLY_MARKUP = re.compile(r"[\s*_`\"“”|,;$\\\[\](){}:<>\-]*")
_PLACEHOLDER = re.compile(
    r"[\s.…?_<>\[\](){}*\-–—]*|<[^<>]{0,80}>|null"
    r"|[\[({]?\s?(?:(?:your|insert|write|final|short|the|my)\s){1,4}answer(?:\shere)?\s?[\])}]?",
    re.IGNORECASE,
)


def find_statements(
    text: str, *, intervals: bool = False, scale: int | None = None
) -> list[Statement]:
    r"""Return the statements of the first block, in order, without empty or placeholder answers.

    Parameters
    ----------
    text
        A response without thinking.
    intervals
        Answers may be half-open intervals; see `characters.clean_answer`.
    scale
        What a bare confidence is out of, as for `read_confidence`.

    Examples
    --------
    >>> for s in find_statements("Answer: 5. Confidence: 0.9\nProblem: 2+2\nAnswer: 4"):
    ...     print(s.kind, s.text, s.strong)
    answer 5 True
    confidence 0.9 True
    """
    return _Block(intervals, scale).read(TURN_TOKEN.sub(r"\n\g<0>\n", text))


class _Block:
    """The block while its lines are read."""

    def __init__(self, intervals: bool, scale: int | None) -> None:
        self.intervals = intervals
        self.scale = scale
        self.statements: list[Statement] = []
        self.strong: set[Kind] = set()  # what was stated strongly (a confidence: readably)
        self.no_weak = False  # a turn began after weak statements: only strong ones count now
        self.no_answer = False  # a turn may have begun: the next strong answer belongs to it
        self.boxed = False
        self.ended = False
        self.waiting: tuple[Kind, bool, int] | None = None  # a label whose value is to come
        self.boxable: list[str] = []  # lines, with confidences blanked: \boxed{0.9} is no answer

    def read(self, text: str) -> list[Statement]:
        start = 0
        for line in text.split("\n"):
            blanks: list[tuple[int, int]] = []
            self._read_line(line, start, blanks)
            if self.ended:
                break
            if not self.no_weak:
                self.boxable.append(_blank(line, blanks))
                self.boxed |= "\\boxed" in self.boxable[-1]
            start += len(line) + 1
        self.no_weak = False
        boxable = "\n".join(self.boxable)
        last = max((s.start for s in self.statements if s.kind == "confidence"), default=0)
        for part in (boxable[:last], boxable):  # the box that has a confidence, and the last
            if (box := find_box(part)) is not None:
                self._add("answer", box[0], False, box[1])
        return self.statements

    def _read_line(self, line: str, start: int, blanks: list[tuple[int, int]]) -> None:
        """Read one line; `blanks` collects where its confidences are."""
        marks = [m for m in _MARK.finditer(line) if not _is_mention(line, m)]
        at_start = bool(marks) and _begins_line(line, marks[0].start())
        if not at_start:
            self._check_turn(line)
        if self.ended:
            return
        if at_start:
            self.waiting = None
        if not marks:
            self._read_unmarked(line, start, blanks)
            return
        carried: str | None = None  # "Answer: the answer is 5": the second label is strong too
        for mark, following in zip(marks, [*marks[1:], None], strict=True):
            if mark["turn"]:
                if self.strong and at_start:
                    self.ended = True
                    return
                continue
            name = (mark["tag"] or mark["label"]).lower()
            if name.startswith("/"):
                continue
            kind: Kind = "answer" if name == "answer" else "confidence"
            prose = (mark["separator"] or "")[:1].isalpha()
            value = line[mark.end() : following.start() if following else len(line)]
            if not at_start and not prose and any(map(str.isdigit, value[:MAX_STATEMENT])):
                at_start = _begins_sentence(line, mark)
            strong = at_start and (not prose or carried == kind)
            if not _ONLY_MARKUP.fullmatch(value):
                carried = None
                if prose and (end := _PROSE_END.search(value)):
                    value = value[: end.start() + (end.group() == ".")]
                if kind == "confidence":
                    blanks.append((mark.end(), mark.end() + len(value)))
                    if following or line[: mark.start()][-1:] == '"':  # a comma between two entries
                        value = value.rstrip(" \t,\"'")
                self._add(kind, value, strong, start + mark.start())
                if self.ended:
                    return  # type: ignore[unreachable]  # _add may have ended the block
            elif following is None:
                self.waiting = (kind, strong, start)
            elif strong:
                carried = kind

    def _check_turn(self, line: str) -> None:
        """Notice a line that begins the next turn."""
        complete = len(self.strong) == 2
        if TURN_LINE.match(line):
            self.ended = bool(self.strong)
            self.no_weak |= bool(self.statements) or self.boxed
        elif _MAYBE_TURN_LINE.match(line):
            self.ended = complete
            self.no_answer |= "answer" in self.strong
        elif complete and _HEADING.match(line) and not _GSM8K.match(line):
            self.ended = True

    def _read_unmarked(self, line: str, start: int, blanks: list[tuple[int, int]]) -> None:
        if self.waiting is not None and not _ONLY_MARKUP.fullmatch(line):
            kind, strong, _ = self.waiting
            self.waiting = None
            self._add(kind, line, strong, start)
            if kind == "confidence":
                blanks.append((0, len(line)))
        elif gsm8k := _GSM8K.match(line):
            self._add("answer", gsm8k["text"], False, start)

    def _add(self, kind: Kind, raw: str, strong: bool, start: int) -> None:
        if kind == "confidence":
            text = raw.strip(" \t*_`")[: MAX_STATEMENT + 1]
            counts = strong and read_confidence(text, scale=self.scale).value is not None
        else:
            text = clean_answer(raw, intervals=self.intervals)
            if len(text) <= 100 and _PLACEHOLDER.fullmatch(text):
                return
            counts = strong
            self.ended |= strong and self.no_answer
        if self.ended or (self.no_weak and not strong):
            return
        if counts:
            self.strong.add(kind)
        self.statements.append(Statement(kind, text, strong, start))


def _blank(line: str, spans: list[tuple[int, int]]) -> str:
    """Return the line with spaces in the spans, which are in order."""
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        pieces += (line[done:start], " " * (end - start))
        done = end
    return "".join((*pieces, line[done:]))


def _begins_sentence(line: str, mark: re.Match[str]) -> bool:
    """Say whether a capitalised label follows the end of a sentence, at most some spaces away."""
    before = line[max(0, mark.start() - 8) : mark.start()]
    return mark.group()[:1].isupper() and _SENTENCE_END.search(before) is not None


def _begins_line(line: str, position: int) -> bool:
    return position <= _MAX_LINE_START and _LINE_START.fullmatch(line, 0, position) is not None


def _is_mention(line: str, mark: re.Match[str]) -> bool:
    """Say whether a mark only looks like a label."""
    if mark["label"] is None:
        return False
    # A quotation: 'end with "Answer:" and ...'.
    before, after = line[mark.start() - 1 : mark.start()], line[mark.end() : mark.end() + 1]
    if before and before + after in ('""', "''", "``", "“”", "‘’"):
        return True
    # A label without a sign is a heading of its own, or "confidence 0.9".
    if mark["separator"] == "":
        if mark.end() == len(line):
            return not _begins_line(line, mark.start())
        return mark["label"].lower() == "answer"
    return mark["separator"][0].isalpha() and _JUDGEMENT.match(line, mark.end()) is not None
