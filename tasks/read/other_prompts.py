r"""Read responses to published prompts that use words other than Answer and Confidence.

Words such as "Probability" and "Result" also occur in ordinary reasoning. They are considered only
if a response states no answer or no confidence in our words, and count only as a pair:

* ``Answer: Lyon`` and then ``Probability: 80%`` (or Certainty, Likelihood): on the next line, or as
  the last line of the response, with no other guess between. A Probability or Likelihood
  that repeats the answer (``Answer: 3/8``, ``Probability: 0.375``), a fraction such as 3/8 and
  ``Probability (heads):`` are steps, as one before the answer is.
* ``Guess: Lyon`` with a probability after it; any other word for a decision (``Diagnosis:``,
  ``Verdict:``, `labels.OTHER_ANSWERS`) only on the line beside the confidence.
* ``G1: Lyon``, ``P1: 0.8``, ``G2: ...``: the list of the best guesses, each at the start of its
  line or after another. The first guess counts.
* ``The answer is C. I am 80% confident.``: a sentence with a percentage or a decimal, at or after
  the answer, that speaks of it and not of a parameter (`parts.levels`).

Where both words are another prompt's (Guess and Probability), they beat an answer in prose before
them; one after them, or in a final line, beats them, and has no confidence then.
"""

import re

from caopd_bench.tasks.read.characters import lower
from caopd_bench.tasks.read.labels import OTHER_ANSWERS, OTHER_CONFIDENCES
from caopd_bench.tasks.read.parts.ranks import read_ranks
from caopd_bench.tasks.read.parts.rivals import is_beaten, names_another
from caopd_bench.tasks.read.parts.sentences import SURE, read_sentence
from caopd_bench.tasks.read.parts.statement import Pair, Statement
from caopd_bench.tasks.read.repeats import says_same
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.statements import find_statements
from caopd_bench.tasks.read.turns import is_markup

_GUESS = OTHER_ANSWERS[0]
_CERTAINTY = OTHER_CONFIDENCES[1]  # the only one that cannot mean the probability of an event
_MAX_VALUE = 300  # longest answer, in characters: anything longer is an explanation

# "Probability (heads): 0.5", but not "Probability (0-1)" or "Probability (of being correct)".
_OF_SOMETHING = re.compile(
    r"[a-z_\s*]{3,80}[(\[](?![^()\[\]]{0,80}(?:[0-9%]|percent|correct|right|answer|guess))[^()\[\]]{0,80}"
    r"[)\]]",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"[\s*_$~≈]{0,6}[0-9]{1,9}\s?/\s?(?P<whole>[0-9]{1,9})(?![0-9.])")


def read_other_prompt(
    visible: str,
    statements: list[Statement],
    *,
    intervals: bool,
    rules: Rules,
    low: str | None = None,
) -> Pair | None:
    r"""Return the texts of answer and confidence in another prompt's words, or None.

    Parameters
    ----------
    visible
        A response without thinking.
    statements
        Its statements in our words, which lack an answer, a confidence, or both.
    intervals, rules
        As for `find_statements`.
    low
        The result of `characters.lower` for `visible`, if the caller has it.

    Examples
    --------
    >>> read_other_prompt("Guess: Lyon\nProbability: 0.8", [], intervals=False, rules=Rules())
    ('Lyon', '0.8')
    """
    if ranked := read_ranks(visible, statements, rules):
        return ranked
    low = lower(visible) if low is None else low
    words = visible.lower() if low is None else low
    others = _choose_words(statements, words)
    if others and (pair := _read_labels(visible, low, statements, others, intervals, rules)):
        return pair
    answers = [s for s in statements if s.kind == "answer"]
    if len(answers) == len(statements) > 0 and any(word in words for word in SURE):
        return read_sentence(visible, low, answers, rules)
    return None


def is_of_answer(answer: Statement, confidence: Statement, text: str, rules: Rules) -> bool:
    """Return whether a confidence in another prompt's words refers to this answer.

    Parameters
    ----------
    answer, confidence
        The statements found in `text`; a confidence in our words always refers to the answer.
    text
        The response.
    rules
        A caller's labels and scale.
    """
    if confidence.label.strip("<>") not in rules.list_other(OTHER_CONFIDENCES):
        return True
    if confidence.start < answer.start or _is_repeated(answer, confidence, rules):
        return False
    fraction = _FRACTION.match(confidence.text)
    if fraction and fraction["whole"] not in ("10", "100", str(rules.scale or 10)):
        return False
    if _OF_SOMETHING.match(text, confidence.start, confidence.start + 200):
        return False
    return not names_another(text, answer, confidence.start)


def _is_repeated(answer: Statement, confidence: Statement, rules: Rules) -> bool:
    """Return whether a probability only repeats the answer; after a guess, it was asked for."""
    if confidence.label.strip("<>") not in rules.list_other(OTHER_CONFIDENCES):
        return False
    if confidence.label.strip("<>") == _CERTAINTY or answer.label.strip("<>") == _GUESS:
        return False
    return says_same(answer.text, confidence.text)


def find_last_pair(statements: list[Statement], text: str) -> tuple[Statement, Statement] | None:
    """Return the last strong answer and confidence that stand side by side."""
    strong = [s for s in statements if s.strong]
    for first, second in zip(reversed(strong[:-1]), reversed(strong[1:]), strict=True):
        if first.kind != second.kind and is_markup(text[first.end : second.start]):
            return (first, second) if first.kind == "answer" else (second, first)
    return None


def _choose_words(ours: list[Statement], low: str) -> str:
    """Return the kinds of other words that may help: in the text, and not stated in our words."""
    stated = {s.kind for s in ours}
    if "confidence" in stated:
        return "a" if any(word in low for word in OTHER_ANSWERS) else ""
    if not any(word in low for word in OTHER_CONFIDENCES):
        return ""
    return "c" if any(s.strong for s in ours) else "ac"


def _read_labels(
    visible: str,
    low: str | None,
    ours: list[Statement],
    others: str,
    intervals: bool,
    rules: Rules,
) -> Pair | None:
    """Read a pair with at least one label from another prompt."""
    found = find_statements(visible, intervals=intervals, rules=rules, others=others, low=low)
    strong = [s for s in found if s.strong]
    pairs = [find_last_pair(strong, visible), _find_apart(strong, visible)]
    found_pairs = [pair for pair in pairs if pair is not None]
    if not found_pairs:
        return None
    answer, confidence = max(found_pairs, key=lambda pair: pair[1].start)
    if len(answer.text) > _MAX_VALUE and answer.label in OTHER_ANSWERS:
        return None
    if not is_of_answer(answer, confidence, visible, rules):
        follows = answer.start < confidence.start
        alone = follows and not ours and _is_repeated(answer, confidence, rules)
        return (answer.text, None) if alone else None
    if answer.label.strip("<>") in OTHER_ANSWERS and any(s.kind == "answer" for s in ours):
        # An answer in our words gives way to another prompt's pair only if it is in prose and
        # before the pair.
        if confidence.label.strip("<>") not in OTHER_CONFIDENCES:
            return None
        if is_beaten(answer, ours):
            return None
    return answer.text, confidence.text


def _find_apart(strong: list[Statement], visible: str) -> tuple[Statement, Statement] | None:
    """Return the last answer and a confidence after it, on the last line or after a guess."""
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
