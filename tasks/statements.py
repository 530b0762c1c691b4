r"""Find what a response states as its answer and as its confidence, line by line.

A *statement* is a label and the text after it: ``Answer: 5``. Statements are **strong** when they
follow the form the prompt asks for (the label begins its line, or follows one that does, and is
followed by a colon, equals sign, dash or tag: a final line), and **weak** otherwise: labels in
the middle of a sentence, ``the answer is 5``, ``#### 5``. A lone ``\boxed{5}`` is a weak answer.
The strongest form that is present counts, and of these the last.

Only the response's own block is read: it ends where the model, after having stated something,
invents the next turn (``Problem:``, ``User:``, ``<|im_start|>`` ...).

All patterns have bounded quantifiers, so the time is proportional to the length of the text.
"""

import re
from typing import Literal, NamedTuple

from caopd_bench.tasks.confidence import MAX_STATEMENT, read_confidence

MAX_ANSWER = 4000  # characters of an answer that are kept
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
    r"|(?<=[\s.])(?P<turn>(?-i:Problem|Question|Human|User|Q)(?:\s[0-9]{1,3})?:)",
    re.IGNORECASE,
)
# What may stand before a label that begins its line: punctuation, list numbers, \text{.
_LINE_START = re.compile(r"[\W_]*(?:[0-9]{1,2}[.)][\W_]*)?(?:\\text(?:bf)?\{[\W_]*)?")
_MAX_LINE_START = 60
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
_TURN_TOKEN = re.compile(
    r"<\|[^<>|\s]{1,40}\|>|</?s>|<(?:start|end)_of_turn>|<[be]os>|<\|turn>|<turn\|>|\[/?INST\]"
)
_TURN_NAMES = (
    r"(?:problem|question|q|user|human|system|assistant|instruction|input|exercise|task|query)"
)
_TURN_LINE = re.compile(
    rf"(?:{_TURN_TOKEN.pattern})"
    rf"|[\W_]{{0,12}}(?:(?:next|new|another)\s{{1,3}})?{_TURN_NAMES}\s{{0,3}}"
    r"(?:#?[0-9]{1,4}[*_\s]{0,4}(?:[:.)]|$)|[*_\s]{0,4}:)"
    rf"|\s{{0,3}}#{{1,6}}\s{{0,3}}{_TURN_NAMES}(?![a-z])",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s{0,3}###")
_BOX_OR_BRACE = re.compile(r"\\boxed\s{0,3}\{|\\[{}]|[{}]")
# Nothing but markup: the value is on the next line, or there is none.
_ONLY_MARKUP = re.compile(r"[\s*_`\"“”|,;$\\\[\](){}:<>\-]*")
_NEXT_KEY = re.compile(r",\s{0,3}'$")  # the opening quote of the next key of {'answer': '5', '...
_PLACEHOLDER = re.compile(
    r"[\s.…?_<>\[\](){}*\-–—]*|<[^<>]{0,80}>|null"
    r"|[\[({]?\s?(?:(?:your|insert|write|final|short|the|my)\s){1,4}answer(?:\shere)?\s?[\])}]?",
    re.IGNORECASE,
)


def find_statements(text: str) -> list[Statement]:
    r"""Return the statements of the first block, in order, without empty or placeholder answers.

    Parameters
    ----------
    text
        A response without thinking.

    Examples
    --------
    >>> for s in find_statements("Answer: 5. Confidence: 0.9\nProblem: 2+2\nAnswer: 4"):
    ...     print(s.kind, s.text, s.strong)
    answer 5 True
    confidence 0.9 True
    """
    return _Block().read(_TURN_TOKEN.sub(r"\n\g<0>\n", text))


class _Block:
    """The block while its lines are read."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.stated = False  # something was stated, so a new turn ends the block
        self.waiting: tuple[Kind, bool, int] | None = None  # a label whose value is to come
        self.boxable: list[str] = []  # lines, with confidences blanked: \boxed{0.9} is no answer

    def read(self, text: str) -> list[Statement]:
        start = 0
        for line in text.split("\n"):
            if not self._read_line(line, start):
                break
            start += len(line) + 1
        box = find_box("\n".join(self.boxable))
        if box is not None:
            self._add("answer", box[0], False, box[1])
        return self.statements

    def _read_line(self, line: str, start: int) -> bool:
        """Read one line; False when it belongs to the next turn."""
        marks = [m for m in _MARK.finditer(line) if not _is_mention(line, m)]
        at_start = bool(marks) and _begins_line(line, marks[0].start())
        if self.stated and not at_start and (_TURN_LINE.match(line) or self._is_new_section(line)):
            return False
        self.boxable.append(line)
        if at_start:
            self.waiting = None
        if not marks:
            self._read_unmarked(line, start)
            return True
        carried: str | None = None  # "Answer: the answer is 5": the second label is strong too
        for mark, following in zip(marks, [*marks[1:], None], strict=True):
            if mark["turn"]:
                if self.stated and at_start:
                    return False
                continue
            name = (mark["tag"] or mark["label"]).lower()
            if name.startswith("/"):
                continue
            kind: Kind = "answer" if name == "answer" else "confidence"
            prose = (mark["separator"] or "")[:1].isalpha()
            strong = at_start and (not prose or carried == kind)
            value = line[mark.end() : following.start() if following else len(line)]
            if not _ONLY_MARKUP.fullmatch(value):
                carried = None
                if prose and (end := _PROSE_END.search(value)):
                    value = value[: end.start()]
                self._add(kind, value, strong, start + mark.start())
                if kind == "confidence":
                    self._blank(mark.end(), mark.end() + len(value))
            elif following is None:
                self.waiting = (kind, strong, start)
            elif strong:
                carried = kind
        return True

    def _read_unmarked(self, line: str, start: int) -> None:
        if self.waiting is not None and not _ONLY_MARKUP.fullmatch(line):
            kind, strong, _ = self.waiting
            self.waiting = None
            self._add(kind, line, strong, start)
            if kind == "confidence":
                self._blank(0, len(line))
        elif gsm8k := _GSM8K.match(line):
            self._add("answer", gsm8k["text"], False, start)
        elif "\\boxed" in line:
            self.stated = True

    def _add(self, kind: Kind, raw: str, strong: bool, start: int) -> None:
        if kind == "confidence":
            text = raw.strip(" \t*_`")[: MAX_STATEMENT + 1]
            self.stated |= strong and read_confidence(text).value is not None
        else:
            text = clean_answer(raw)
            if len(text) <= 100 and _PLACEHOLDER.fullmatch(text):
                return
            # In prose, only a number makes it sure that this was an answer.
            self.stated |= strong or any(c.isdigit() for c in text)
        self.statements.append(Statement(kind, text, strong, start))

    def _blank(self, start: int, end: int) -> None:
        line = self.boxable[-1]
        self.boxable[-1] = line[:start] + " " * (end - start) + line[end:]

    def _is_new_section(self, line: str) -> bool:
        """Say whether a heading follows a complete block."""
        return (
            _HEADING.match(line) is not None
            and not _GSM8K.match(line)
            and {s.kind for s in self.statements} == {"answer", "confidence"}
        )


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


def clean_answer(raw: str) -> str:
    """Strip box, markdown, quotes, unbalanced brackets and the full stop from an answer.

    Examples
    --------
    >>> clean_answer(' **5 apples.** ("')
    '5 apples'
    """
    text = raw.strip()[:MAX_ANSWER]
    box = find_box(text)
    if box is not None:
        text = box[0]
    before = None
    while text != before and before != "":
        before = text
        text = text.lstrip(' \t\n*_`"“”').rstrip(' \t\n*_`"“”,;:–—-')
        if text.endswith(".") and not text.endswith(".."):
            text = text[:-1]
        text = _NEXT_KEY.sub("", text)
        if len(text) > 1 and text[0] == text[-1] == "'":
            text = text[1:-1]
        if text.endswith("|") and text.count("|") % 2:
            text = text[:-1]
        text = _strip_unbalanced(text)
    return text


def _strip_unbalanced(text: str) -> str:
    for opening, closing in ("()", "[]", "{}"):
        excess = text.count(closing) - text.count(opening)
        if excess > 0:
            text = text[:-1] if text.endswith(closing) else text.removeprefix(closing)
        elif excess < 0 and text.endswith(opening):
            text = text[:-1]
    return text


def find_box(text: str) -> tuple[str, int] | None:
    r"""Return content and start of the last ``\boxed{}`` whose braces balance.

    Examples
    --------
    >>> find_box(r"\boxed{3} no, \boxed{\frac{1}{2}}")
    ('\\frac{1}{2}', 14)
    """
    last: tuple[int, int, int] | None = None
    opened: list[re.Match[str]] = []
    for match in _BOX_OR_BRACE.finditer(text):
        token = match.group()
        if token == "}":
            if opened and (box := opened.pop()).group() != "{":
                last = (box.end(), match.start(), box.start())
        elif not token.startswith("\\") or token.startswith("\\boxed"):
            opened.append(match)
    return (text[last[0] : last[1]].strip(), last[2]) if last else None
