"""Decide which labels of a line are statements, and which only mentions or judgements.

A mark is a match of `labels.find_marks`. ``end with "Answer:"`` only mentions a label, ``the answer
is correct`` judges an answer, ``The answer is not D. The answer is C.`` denies one first, and in
``it occurs with probability 1/4`` the word belongs to the answer.
"""

import re

# What may stand before a label that begins its line: punctuation, list numbers, \text{.
_LINE_START = re.compile(r"[\W_]*(?:[0-9]{1,2}[.)][\W_]*)?(?:\\text(?:bf)?\{[\W_]*)?")
MAX_LINE_START = 60
# Words that lead to an answer and state none: "From what is given, the best" before "answer is D".
_LEAD_IN = re.compile(
    r"[\s*_\"'“(]{0,8}(?:after|among|as|based|because|by|considering|for|from|given|hence|here|i"
    r"|in|it|looking|my|of|on|since|so|taking|the|therefore|thus|to|upon|using|we|with)(?![a-z])"
    r"(?:(?!\b(?:because|since|so|hence|therefore|not|no|never)\b|n['’]t)[^0-9.;:!?()]){0,300}",
    re.IGNORECASE,
)
# After "the answer is": "correct" judges an answer and states none.
_JUDGEMENT = re.compile(
    r"[\s*_]{0,5}(?:not |likely |probably )?(?:correct|right|wrong|incorrect|valid|reasonable)\b",
    re.IGNORECASE,
)
# After "the answer is": "not D" denies an answer.
_DENIED = re.compile(r"[\s*_]{0,5}(?:not|never|neither)\b", re.IGNORECASE)
_DENIAL = re.compile(
    r"[^.;!?,]{0,100}(?:\b(?:not|never|neither|wrong|incorrect)\b|n['’]t\b)[^.;!?]{0,100}[.;!?]"
    r"\W{0,8}(?:(?:so|but|hence|thus|therefore|instead|rather)\W{1,3})?",
    re.IGNORECASE,
)
# Before "confidence": "Lack of confidence: 0.2" states none, "Answer: No Confidence: 0.9" does.
_LACK = re.compile(
    r"(?:\b(?:lack|loss|absence)\s{1,3}of|\b(?:have|has|had|with)\s{1,3}no|\bwithout)\s{1,3}(?:any\s{1,3})?$"
    r"|^[\W_]{0,12}(?:no|not|zero)\s{1,3}$",
    re.IGNORECASE,
)
_ANSWER, _CONFIDENCE, _SEPARATOR = 3, 4, 5  # group numbers of a mark
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’"}
_LACK_ENDS = frozenset("fotyFOTY")  # last letters of the words that `_LACK` matches
# What stands before "Probability: 80%" where it is not part of the answer on its line. A full stop
# or dash must follow two characters: "B. Probability: 0.3" is an option.
_ASIDE = re.compile(r"(?:[,;|(\[]|\w\w[*_\"')]{0,3}\s{0,3}(?:[.]|[-–—]))[\s*_\"']{0,6}$")

# "Answer and" in "Answer and Confidence (0-100): C, 80%"; `_BOTH` matches the value "C, 80%".
_AND_ANSWER = re.compile(
    r"[\W_]{0,20}(?:[0-9]{1,2}[.)][\W_]{0,8})?(?:(?:my|the|your|final)\s{1,3}){0,3}"
    r"answer[\s*_]{0,4}(?:[&+/,]|and)?[\s*_]{0,4}",
    re.IGNORECASE,
)
_SHARE = r"[0-9][0-9.]{0,8}\s?(?:\\?%|percent|/\s?100?)"
_BOTH = (
    re.compile(  # a list, "A, 80; B, 10": the first entry counts
        r"(?P<answer>\W{0,4}[A-J]\b[^%;|0-9]{0,300}?)[\s,(\[]{1,8}(?P<confidence>[0-9][0-9.]{0,8})"
        r"[)\]]?\s{0,3}[;|,]\s{0,3}[A-J]\b"
    ),
    # A list of shares, "A, 80%; B, 10%": the first entry counts.
    re.compile(
        rf"(?P<answer>[^%;|]{{1,300}}?)[\s,(\[]{{1,8}}(?P<confidence>{_SHARE})[)\]]?"
        r"\s{0,3}(?:[;|]|(?:,|and|or)\s?(?=[A-J]\b))[^%;|]{1,300}[0-9]\s?(?:\\?%|percent|/\s?100)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<answer>.{1,1000}?)[\s,;|(\[]{1,8}"
        rf"(?P<confidence>{_SHARE})[\s)\].\"'*_`]{{0,8}}$",
        re.IGNORECASE,
    ),
    # A pair with a remark, "C, 80% (fairly sure)".
    re.compile(
        rf"(?P<answer>.{{1,1000}}?)[\s,;|(\[]{{1,8}}(?P<confidence>{_SHARE})[)\]]?"
        r"\s{0,3}[(,;–—-]\s{0,3}[^()0-9%]{1,80}[)\s.]{0,4}$",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<answer>.{1,1000})[,;|(](?P<confidence>[^,;|()]{1,80})[)\s]{0,8}$"),
)


def begins_line(line: str, position: int) -> bool:
    """Return whether a label there begins its line, ignoring markup and list numbers."""
    return position <= MAX_LINE_START and _LINE_START.fullmatch(line, 0, position) is not None


def is_mention(line: str, mark: re.Match[str]) -> bool:
    """Return whether a mark only looks like a label."""
    separator = mark[_SEPARATOR]
    if separator is None:
        return False
    start = mark.start()
    before = line[start - 1 : start]
    # A quotation: 'end with "Answer:" and ...'.
    if before in _QUOTES and line[mark.end() : mark.end() + 1] == _QUOTES[before]:
        return True
    if before.isspace() and mark[_CONFIDENCE]:
        word = line[start - 2 : start - 1]
        may_lack = word.isspace() or word in _LACK_ENDS
        if may_lack and _LACK.search(line, max(0, start - 40), start):
            return True
    if separator == ":":
        return False
    # A label without a separator is a heading of its own, or precedes a number ("confidence 0.9").
    if separator == "":
        if mark.end() == len(line):
            return not begins_line(line, start)
        return mark[_ANSWER] is not None
    return (
        separator[0].isalpha()
        and not line[mark.end() : mark.end() + 1].isdigit()
        and _JUDGEMENT.match(line, mark.end()) is not None
    )


def is_aside(line: str, first: re.Match[str], mark: re.Match[str], words: frozenset[str]) -> bool:
    """Return whether "probability" after an answer on its line belongs to the answer.

    ``Lyon, Probability: 80%`` states one; ``it occurs with probability 1/4`` and the option ``B)
    Probability: 0.3`` do not.
    """
    if (mark["confidence"] or "").lower() not in words or mark["tag"]:
        return False
    small = mark.group()[:1].islower() and not first.group()[:1].islower()
    before = line[max(0, mark.start() - 16) : mark.start()]
    return small or (mark["separator"] or "")[:1] != ":" or _ASIDE.search(before) is None


def join_sentences(line: str, marks: list[re.Match[str]]) -> set[int]:
    """Return the starts of the answer marks whose value is in a sentence: "the answer is D".

    A sentence that judges the value of a tag before it is not a mark, and is removed from the list.
    """
    leads: set[int] = set()
    kept = marks[:1]
    for mark in marks[1:]:
        before = kept[-1]
        separator = mark[_SEPARATOR] if mark[_ANSWER] else None
        if separator and separator[0].isalpha():
            tag, answer_tag, answer, _, separated, _ = before.groups()
            if answer or (answer_tag and tag[0] != "/"):
                value = line[before.end() : mark.start()]
                if separated and before is not kept[0] and denies(value):
                    kept.pop()  # drops the denial in "the answer is not D. The answer is C"
                    leads.add(kept[-1].start())
                elif value and not value.isspace():
                    if len(value) < 400 and _leads(value):
                        leads.add(before.start())
                    elif tag:
                        continue
        kept.append(mark)
    marks[:] = kept
    return leads


def denies(value: str) -> bool:
    """Return whether the text after "the answer is" denies an answer: "not 5"."""
    return not value[:1].isdigit() and _DENIED.match(value) is not None


def _leads(value: str) -> bool:
    """Return whether a text before "the answer is" holds no answer."""
    if not value.lstrip()[0].isdigit() and _LEAD_IN.fullmatch(value):
        return True
    may_deny = "n" in value or "N" in value  # every word that denies has an "n"
    return may_deny and _DENIAL.fullmatch(value) is not None


def names_both(line: str, mark: re.Match[str]) -> bool:
    """Return whether a label of a confidence begins with "Answer and"."""
    start = mark.start()
    return 0 < start <= MAX_LINE_START and _AND_ANSWER.fullmatch(line, 0, start) is not None


def match_both(value: str) -> re.Match[str] | None:
    """Match the groups ``answer`` and ``confidence`` in the text after a label for both."""
    return next((m for pattern in _BOTH if (m := pattern.match(value))), None)
