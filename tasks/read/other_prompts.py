r"""Read responses to published prompts that ask for other words than Answer and Confidence.

Words such as "Probability" and "Result" also occur in ordinary reasoning. They are looked at only
where a response states no answer or no confidence in our words, and count only as a pair:

* ``Answer: Lyon`` and then ``Probability: 80%`` (or Certainty, Likelihood): on the next line, or as
  the last line of the response. A probability that repeats the answer (``Answer: 3/8``) is none.
* ``Guess: Lyon`` with a probability after it; any other word for a decision (``Diagnosis:``,
  ``Verdict:``, `labels.OTHER_ANSWERS`) only on the line beside the confidence.
* ``G1: Lyon``, ``P1: 0.8``, ``G2: ...``: the list of the best guesses. The first guess counts.
* ``The answer is C. I am 80% confident.``: a sentence with a percentage or a decimal, at or after
  the answer.

Where both words are another prompt's (Guess and Probability), they beat an answer in prose.
"""

import re

from caopd_bench.tasks.read.characters import clean_answer
from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.labels import OTHER_ANSWERS, OTHER_CONFIDENCES
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.statements import Statement, find_statements
from caopd_bench.tasks.read.turns import is_markup

Pair = tuple[str | None, str | None]
_GUESS = OTHER_ANSWERS[0]
_MAX_VALUE = 300  # characters of an answer beside a confidence: longer ones are explanations

_SURE = ("confident", "confidence", "certain", "sure")
_SHARE = r"(?:[0-9]{1,3}(?:[.,][0-9]{1,4})?\s{0,2}(?:\\?%|percent)|0?[.,][0-9]{1,4})"
_HEDGE = r"(?:(?:about|around|approximately|roughly|nearly|almost|~|≈)\s{0,2})?[*_]{0,3}"
_SENTENCE = re.compile(
    r"\b(?:I|we)(?:\s|['’]){1,2}(?:am|m|are|re|feel)\s{1,3}"
    rf"{_HEDGE}(?P<said>{_SHARE})[*_]{{0,3}}\s{{1,3}}(?:confident|certain|sure)\b"
    rf"|\bcertainty\s{{1,3}}(?:is|of)\s{{1,3}}{_HEDGE}(?P<named>{_SHARE})"
    r"|(?:[(,;]\s{0,2}(?:with\s{1,3})?|\bwith\s{1,3})(?:an?\s{1,3})?"
    rf"{_HEDGE}(?P<added>{_SHARE})[*_]{{0,3}}\s{{1,3}}"
    r"(?:confident|certain|sure|confidence|certainty)(?=[*_\"').]{0,5}\s{0,3}$)",
    re.IGNORECASE | re.MULTILINE,
)
_RANK = re.compile(
    r"(?:(?<=\n)|^|(?<=[\s,;|]))[*_>\s-]{0,6}(?P<what>[GP]|Guess\s?#?|Probability\s?#?)"
    r"(?P<rank>[0-9]{1,2})[*_]{0,3}\s{0,3}[:=][*_]{0,3}"
)


def read_other_prompt(
    visible: str, statements: list[Statement], *, intervals: bool, rules: Rules
) -> Pair | None:
    r"""Return the texts of answer and confidence in another prompt's words, or None.

    Parameters
    ----------
    visible
        A response without thinking.
    statements
        What it states in our words: no answer, no confidence, or neither.
    intervals, rules
        As for `find_statements`.

    Examples
    --------
    >>> read_other_prompt("Guess: Lyon\nProbability: 0.8", [], intervals=False, rules=Rules())
    ('Lyon', '0.8')
    """
    if ranked := _read_ranks(visible):
        return ranked
    low = visible.lower()
    others = _choose_words(statements, low)
    if others and (pair := _read_labels(visible, statements, others, intervals, rules)):
        return pair
    answers = [s for s in statements if s.kind == "answer"]
    if len(answers) == len(statements) > 0 and any(word in low for word in _SURE):
        return _read_sentence(visible, answers[-1], rules)
    return None


def find_last_pair(statements: list[Statement], text: str) -> tuple[Statement, Statement] | None:
    """Return the last strong answer and confidence that stand side by side."""
    strong = [s for s in statements if s.strong]
    for first, second in zip(reversed(strong[:-1]), reversed(strong[1:]), strict=True):
        if first.kind != second.kind and is_markup(text[first.end : second.start]):
            return (first, second) if first.kind == "answer" else (second, first)
    return None


def _choose_words(ours: list[Statement], low: str) -> str:
    """Return which of the other words may help: those that occur, for what is not stated."""
    stated = {s.kind for s in ours}
    if "confidence" in stated:
        return "a" if any(word in low for word in OTHER_ANSWERS) else ""
    if not any(word in low for word in OTHER_CONFIDENCES):
        return ""
    return "c" if any(s.strong for s in ours) else "ac"


def _read_labels(
    visible: str, ours: list[Statement], others: str, intervals: bool, rules: Rules
) -> Pair | None:
    """Read a pair of which one label at least is another prompt's."""
    found = find_statements(visible, intervals=intervals, rules=rules, others=others)
    strong = [s for s in found if s.strong]
    pair = find_last_pair(strong, visible) or _find_apart(strong, visible)
    if pair is None:
        return None
    answer, confidence = pair
    if len(answer.text) > _MAX_VALUE and answer.label in OTHER_ANSWERS:
        return None
    if confidence.label in OTHER_CONFIDENCES and _says_same(answer.text, confidence.text):
        return None
    if any(s.kind == "answer" for s in ours) and answer.label in OTHER_ANSWERS:
        # An answer in our words, if in prose, gives way to the pair of another prompt alone.
        return (answer.text, confidence.text) if confidence.label in OTHER_CONFIDENCES else None
    return answer.text, confidence.text


def _find_apart(strong: list[Statement], visible: str) -> tuple[Statement, Statement] | None:
    """Return the last answer, and a confidence after it that is the last line or of a guess."""
    answers = [s for s in strong if s.kind == "answer" and s.label not in OTHER_ANSWERS[1:]]
    if not answers or strong[-1].kind != "confidence":
        return None
    answer, confidence = answers[-1], strong[-1]
    if answer.label == _GUESS and confidence.label not in OTHER_CONFIDENCES:
        return None
    if answer.start > confidence.start or not (
        answer.label == _GUESS or is_markup(visible[confidence.end :])
    ):
        return None
    return answer, confidence


def _says_same(answer: str, confidence: str) -> bool:
    """Say whether a probability only repeats an answer that is one."""
    return not answer.isdigit() and answer == confidence.strip(" .$*_")


def _read_sentence(visible: str, answer: Statement, rules: Rules) -> Pair | None:
    """Read the last sentence like "I am 80% confident" at or after the answer."""
    last: re.Match[str] | None = None
    for found in _SENTENCE.finditer(visible, visible.rfind("\n", 0, answer.start) + 1):
        last = found
    if last is None:
        return None
    said = last["said"] or last["named"] or last["added"]
    if read_confidence(said, scale=rules.scale).value is None:
        return None
    text = answer.text.partition(last.group().strip())[0]
    return clean_answer(text) or answer.text, said


def _read_ranks(visible: str) -> Pair | None:
    """Read a list of guesses: the first guess, and its probability."""
    if "1" not in visible or not ("G1" in visible or "Guess" in visible):
        return None
    found: dict[str, str] = {}
    marks = list(_RANK.finditer(visible))
    ends = [*(mark.start() for mark in marks[1:]), len(visible)]
    for mark, end in zip(marks, ends, strict=False):  # no mark: one end too many
        if mark["rank"] == "1":
            value = visible[mark.end() : end].strip().partition("\n")[0].strip(" ,;|*_")
            found[mark["what"][0]] = value
    if not found.get("G") or not found.get("P"):
        return None
    return clean_answer(found["G"]) or None, found["P"]
