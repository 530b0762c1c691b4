"""The state of a block while its lines are read, and the adding of statements to it."""

import re
import sys
from typing import NamedTuple

from caopd_bench.tasks.read.characters import clean_answer
from caopd_bench.tasks.read.confidence import MAX_STATEMENT, read_confidence
from caopd_bench.tasks.read.labels import (
    OTHER_CONFIDENCES,
    Kind,
    find_marks,
    list_finals,
    list_words,
)
from caopd_bench.tasks.read.parts.statement import Statement
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.turns import MAYBE_TURN_LINE, TURN_LINE

_SHORT = 24  # longest whole number, in digits, that needs no cleaning
# Matches GSM8K's "#### 72", but not a heading such as "#### 2. Check".
GSM8K = re.compile(r"\s{0,3}####\s{0,3}(?![0-9]{1,2}[.):]\s)(?P<text>[-+−$€£.]{0,3}[0-9].{0,60})$")
_HEADING = re.compile(r"\s{0,3}###")
_PLACEHOLDER = re.compile(
    r"[\s.…?_<>\[\](){}*\-–—]*|<[^<>]{0,80}>|null"
    r"|[\[({]?\s?(?:(?:your|insert|write|final|short|the|my)\s){1,4}answer(?:\shere)?\s?[\])}]?",
    re.IGNORECASE,
)


class Waiting(NamedTuple):
    """A label whose value is on a line to come."""

    kind: Kind
    strong: bool
    label: str
    both: bool  # the label names both: "Answer and Confidence:"


class Block:
    """The block while its lines are read.

    Parameters
    ----------
    intervals, rules, others, draft
        As for `statements.find_statements`.
    inside
        Whether the value of an object is being read.
    """

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
        # Other prompts' words for a confidence, which may be part of an answer on the same line.
        self.asides = rules.list_other(OTHER_CONFIDENCES if "c" in others else ())
        self.draft = draft
        self.inside = inside  # whether the text is the value of an object
        self.text = ""
        self.low: str | None = None  # the text in lower case; if None, all lines are read
        self.statements: list[Statement] = []
        self.strong: set[Kind] = set()  # kinds stated strongly (a confidence also readably)
        self.no_weak = False  # a turn began after weak statements: only strong ones count now
        self.no_answer = False  # a turn may have begun: the next strong answer would be part of it
        self.words_at = self.signs_at = [sys.maxsize]  # positions of label words and of signs
        self.boxes = False
        self.boxed = False
        self.ended = False
        self.waiting: Waiting | None = None  # a label whose value is on a later line
        self.boxable: list[str] = []  # lines with confidences blanked: \boxed{0.9} is not an answer

    def add(
        self,
        kind: Kind,
        raw: str,
        strong: bool,
        start: int,
        end: int,
        label: str,
        denying: bool = False,
    ) -> None:
        """Add a statement, unless its answer is a placeholder or it counts no more."""
        if kind == "confidence":
            text = raw.strip(" \t*_`")[: MAX_STATEMENT + 1]
            counts = strong and kind not in self.strong and self._is_readable(text)
        else:
            text = raw.strip().removesuffix(".")
            if not text.isdigit() or len(text) > _SHORT:
                text = clean_answer(raw, intervals=self.intervals)
                if is_placeholder(text):
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

    def check_turn(self, line: str) -> None:
        """Notice a line that begins the next turn."""
        complete = len(self.strong) == 2
        if TURN_LINE.match(line):
            self.ended = bool(self.strong)
            self.no_weak |= bool(self.statements) or self.boxed
        elif MAYBE_TURN_LINE.match(line):
            self.ended = complete
            self.no_answer |= "answer" in self.strong
        elif complete and _HEADING.match(line) and not GSM8K.match(line):
            self.ended = True

    def _is_readable(self, confidence: str) -> bool:
        return read_confidence(confidence, scale=self.rules.scale).value is not None


def is_placeholder(answer: str) -> bool:
    """Return whether an answer only echoes the prompt.

    Examples
    --------
    >>> is_placeholder("<your answer>"), is_placeholder("..."), is_placeholder("5")
    (True, True, False)
    """
    if answer[:1].isdigit():
        return False
    return len(answer) <= 100 and _PLACEHOLDER.fullmatch(answer) is not None
