"""Read one line of a block: its labels with their values, or a value that a label awaits."""

import re
from bisect import bisect_left

from caopd_bench.tasks.read.confidence import MAX_STATEMENT
from caopd_bench.tasks.read.labels import Kind, holds_turn, list_marks
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
from caopd_bench.tasks.read.parts.block import GSM8K, Block, Waiting

_SHORT = 24  # shorter lines are searched for marks directly, not by their words
_SENTENCE_END = re.compile(r"[.!?][*_)\"'”’\s]{0,5}\s$")
# GSM8K's sign "####" in mathematics or after a sentence.
_GSM8K_INSIDE = re.compile(
    r"(?:(?<=[^\s#]\s)\s{0,3}|(?<=[.:;,)=*_])|(?=\\[(\[]|\$))"
    r"(?P<text>(?:\\[(\[]|\$\$?)?\s{0,3}#{4}\s{0,3}[-+−$€£.]{0,3}[0-9].{0,30})$"
)
# Where the answer ends in a sentence such as "the answer is 5, because ...". In "the answer
# is E. coli" the full stop ends nothing: it is between a capital letter and a lower-case word.
_PROSE_END = re.compile(
    r"(?:[!?;]|\.(?!(?:(?<=^[A-Z]\.)|(?<=[*_\"'“][A-Z]\.))\s(?!(?:the|this|that|and|but|because|since"
    r"|with|confidence|confident|probability|certainty|not|all|none|which|where|for|you|they|thus"
    r"|hence|therefore|then|also|its|has|was)\b)[a-z]{3}))(?=\s)"
    r"|,?\s(?:because|since|so|which|where|as)\s"
)
# Where a value ends in text that is nearly JSON: '5", "why": ...'.
_NEXT_ENTRY = re.compile(r"[\"']?\s{0,3},\s{0,3}[\"'][\w -]{1,40}[\"']\s{0,3}:")
# Only markup after a label: its value is on the next line, or there is none.
ONLY_MARKUP = re.compile(r"[\s*_`\"“”|,;$\\\[\](){}:<>\-]*")


class LineReader(Block):
    """A block that reads given lines."""

    def find_line_marks(
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

    def read_line(
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
            self.check_turn(line)
        if self.ended:
            return
        if at_start:
            self.waiting = None
        if not marks:
            self._read_unmarked(line, start, blanks)
            return
        leads: set[int] = set()
        if len(marks) > 1:
            if self.asides:
                marks = [
                    m
                    for n, m in enumerate(marks)
                    if not (n and is_aside(line, marks[0], m, self.asides))
                ]
            leads = join_sentences(line, marks)
        carried: str | None = None  # in "Answer: the answer is 5", the second label is strong too
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
                    self.waiting = Waiting(kind, strong, label, both)
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
                if not is_last or quoted == '"':  # a comma separates two entries
                    value = value.rstrip(" \t,\"'")
            elif (quoted == '"' or quoted == "'") and (cut := _NEXT_ENTRY.search(value)):
                value = value[: cut.start()]
            denying = prose and kind == "answer" and denies(value)
            self.add(kind, value, strong, start + begin, start + end, label, denying)
            if self.ended:
                return  # type: ignore[unreachable]  # `add` may have ended the block

    def _split(self, value: str, start: int, label: str) -> bool:
        """Add the two statements of "C, 80%", and return whether there are two."""
        match = match_both(value)
        if match is None:
            return False
        for kind in ("answer", "confidence"):
            first, last = match.span(kind)
            self.add(kind, match[kind].strip("[] "), True, start + first, start + last, label)
            if self.ended:
                break
        return True

    def _read_unmarked(self, line: str, start: int, blanks: list[tuple[int, int]]) -> None:
        end = start + len(line)
        if self.waiting is not None and not ONLY_MARKUP.fullmatch(line):
            kind, strong, label, both = self.waiting
            self.waiting = None
            if both and self._split(line, start, label):
                blanks.append((0, len(line)))
                return
            self.add(kind, line, strong, start, end, label)
            if kind == "confidence":
                blanks.append((0, len(line)))
        elif "####" in line and (gsm8k := GSM8K.match(line) or _GSM8K_INSIDE.search(line)):
            self.add("answer", gsm8k["text"], False, start, end, "####")

    def _begins_sentence(self, line: str, mark: re.Match[str]) -> bool:
        """Return whether a capitalised label stands right after the end of a sentence.

        A tag counts there in thinking only.
        """
        before = line[max(0, mark.start() - 8) : mark.start()]
        may_begin = self.draft if mark["tag"] else mark.group()[:1].isupper()
        return may_begin and _SENTENCE_END.search(before) is not None


def _is_markup(value: str) -> bool:
    return not value.lstrip()[:1].isalnum() and ONLY_MARKUP.fullmatch(value) is not None


def _has_digit(value: str) -> bool:
    return any(map(str.isdigit, value[:MAX_STATEMENT]))
