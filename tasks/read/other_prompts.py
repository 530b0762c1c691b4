r"""Read responses to published prompts that ask for other words than Answer and Confidence.

Words such as "Probability" and "Result" also occur in ordinary reasoning. They are looked at only
where a response states no answer or no confidence in our words, and count only as a pair:

* ``Answer: Lyon`` and then ``Probability: 80%`` (or Certainty, Likelihood): on the next line, or as
  the last line of the response, with no other guess between. A Probability or Likelihood
  that repeats the answer (``Answer: 3/8``, ``Probability: 0.375``), a fraction such as 3/8 and
  ``Probability (heads):`` are steps, as one before the answer is.
* ``Guess: Lyon`` with a probability after it; any other word for a decision (``Diagnosis:``,
  ``Verdict:``, `labels.OTHER_ANSWERS`) only on the line beside the confidence.
* ``G1: Lyon``, ``P1: 0.8``, ``G2: ...``: the list of the best guesses, each at the start of its
  line or after another. The first guess counts.
* ``The answer is C. I am 80% confident.``: a sentence with a percentage or a decimal, at or after
  the answer, that speaks of it and not of a parameter (`levels`).

Where both words are another prompt's (Guess and Probability), they beat an answer in prose before
them; one after them, or in a final line, beats them, and has no confidence then.
"""

import re
from collections.abc import Iterator

from caopd_bench.tasks.read.characters import clean_answer, lower
from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.labels import OTHER_ANSWERS, OTHER_CONFIDENCES
from caopd_bench.tasks.read.levels import OF_A_PARAMETER, PARAMETER_WORDS, STATISTICS, is_interval
from caopd_bench.tasks.read.parts.lines import find_places
from caopd_bench.tasks.read.parts.statement import Statement
from caopd_bench.tasks.read.repeats import is_same, says_same
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.statements import find_statements
from caopd_bench.tasks.read.turns import is_markup

Pair = tuple[str | None, str | None]
_GUESS = OTHER_ANSWERS[0]
_CERTAINTY = OTHER_CONFIDENCES[1]  # the only one that is no probability of an event
_MAX_RANK_START = 60  # characters before a label that begins its line
_MAX_VALUE = 300  # characters of an answer beside a confidence: longer ones are explanations

# The label of another guess, between an answer and a probability, and what it names.
_ANOTHER = re.compile(
    r"(?:^|[\n,;(|])[\W_]{0,12}(?:(?:my|the|a|an|final|best|first|initial|second|third|next|other"
    r"|another|most|likely|possible)\s{1,3}){0,3}(?P<word>alternatives?|runner-up|"
    + "|".join(word for word in OTHER_ANSWERS if word not in ("solution", "response", "output"))
    + r")(?:\s?[#0-9]{1,3})?[\s*_]{0,4}[:=](?P<text>[^\n,;|]{0,300})",
    re.IGNORECASE,
)
# "Probability (heads): 0.5", but not "(0-1)" or "(of being correct)".
_OF_SOMETHING = re.compile(
    r"[a-z_\s*]{3,80}[(\[](?![^()\[\]]{0,80}(?:[0-9%]|percent|correct|right|answer|guess))[^()\[\]]{0,80}"
    r"[)\]]",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"[\s*_$~≈]{0,6}[0-9]{1,9}\s?/\s?(?P<whole>[0-9]{1,9})(?![0-9.])")
_RANK_START = re.compile(r"[\W_]*(?:[0-9]{1,2}[.)][\W_]*)?")
# What may follow "I am 80% confident" if it is the answer that one is confident of.
_OF_THE_ANSWER = re.compile(
    r"[\s*_]{0,5}(?:[,;)\]:–—-]|(?:because|since|as|given|due|but|and|so|overall|here|based)\b"
    r"|(?:(?:that|in|about|of|on)\s{1,3})?(?:it|this|that|these|my)\b|$)",
    re.IGNORECASE,
)
_NAMES_ANSWER = re.compile(r"\b(?:answer|correct|right)\b", re.IGNORECASE)
_DENIES = re.compile(r"\b(?:not|never|wrong|incorrect)\b|n['’]t\b", re.IGNORECASE)
_DENIALS = ("not", "never", "wrong", "incorrect", "n't")
_REST = re.compile(r"[^.!?\n]{0,200}")

_SURE = ("confident", "confidence", "certain", "sure")
_SHARE = r"(?:[0-9]{1,3}(?:[.,][0-9]{1,4})?\s{0,2}(?:\\?%|percent)|0?[.,][0-9]{1,4})"
_HEDGE = r"(?:(?:about|around|approximately|roughly|nearly|almost|~|≈)\s{0,2})?[*_]{0,3}"
_SENTENCE = re.compile(
    r"\b(?:I|we)(?:\s|['’]){1,2}(?:am|m|are|re|feel)\s{1,3}"
    rf"{_HEDGE}(?P<said>{_SHARE})[*_]{{0,3}}\s{{1,3}}(?:confident|certain|sure)\b"
    r"|(?:(?:[(,;]\s{0,2})?\b(?:with|at)\s{1,3}(?:an?\s{1,3})?(?:(?:level|degree)\s{1,3}of\s{1,3})?"
    r"certainty(?:\s{1,3}level)?(?:\s{1,3}of|\s{0,3}:)?"
    r"|[(]certainty(?:\s{1,3}of|\s{0,3}[:=])?"
    r"|\bcertainty(?:\s{1,3}level)?\s{1,3}(?:is|of))"
    rf"\s{{1,3}}{_HEDGE}(?P<named>{_SHARE})"
    r"|(?:[(,;]\s{0,2}(?:with\s{1,3})?|\bwith\s{1,3})(?:an?\s{1,3})?"
    rf"{_HEDGE}(?P<added>{_SHARE})[*_]{{0,3}}\s{{1,3}}"
    r"(?:confident|certain|sure|confidence|certainty)(?=[*_\"').]{0,5}\s{0,3}$)",
    re.IGNORECASE | re.MULTILINE,
)
# Of which each has one, and how it may begin, at most so far before; the text is in lower case.
_OF_SENTENCES = ("confiden", "certain", "sure")
_BEGINS_SENTENCE = re.compile(r"[(,;]|\b(?:i|we|with|at|certainty)")
_MAX_SENTENCE = 100
_RANK = re.compile(
    r"(?<![^\s,;|*_>-])(?P<what>[GP]|Guess\s?#?|Probability\s?#?)"
    r"(?P<rank>[0-9]{1,2})[*_]{0,3}\s{0,3}[:=][*_]{0,3}"
)


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
        What it states in our words: no answer, no confidence, or neither.
    intervals, rules
        As for `find_statements`.
    low
        What `characters.lower` gives for `visible`, for a caller that has it.

    Examples
    --------
    >>> read_other_prompt("Guess: Lyon\nProbability: 0.8", [], intervals=False, rules=Rules())
    ('Lyon', '0.8')
    """
    if ranked := _read_ranks(visible, statements, rules):
        return ranked
    low = lower(visible) if low is None else low
    words = visible.lower() if low is None else low
    others = _choose_words(statements, words)
    if others and (pair := _read_labels(visible, low, statements, others, intervals, rules)):
        return pair
    answers = [s for s in statements if s.kind == "answer"]
    if len(answers) == len(statements) > 0 and any(word in words for word in _SURE):
        return _read_sentence(visible, low, answers, rules)
    return None


def is_of_answer(answer: Statement, confidence: Statement, text: str, rules: Rules) -> bool:
    """Say whether a confidence in another prompt's word is one in this answer.

    Parameters
    ----------
    answer, confidence
        What was found in `text`; a confidence in our words always is.
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
    return not _names_another(text, answer, confidence.start)


def _is_repeated(answer: Statement, confidence: Statement, rules: Rules) -> bool:
    """Say whether a probability is the answer; after a guess it was asked for, so it counts."""
    if confidence.label.strip("<>") not in rules.list_other(OTHER_CONFIDENCES):
        return False
    if confidence.label.strip("<>") == _CERTAINTY or answer.label.strip("<>") == _GUESS:
        return False
    return says_same(answer.text, confidence.text)


def _names_another(text: str, answer: Statement, end: int) -> bool:
    """Say whether another guess stands between the answer and that place."""
    own = answer.start + 60  # where at most the answer's own label begins
    return any(
        not is_same(other["text"], answer.text)
        and (other.start("word") > own or "\n" in text[answer.start : other.start("word")])
        for other in _ANOTHER.finditer(text, max(0, answer.start - 1), end)
    )


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
    visible: str,
    low: str | None,
    ours: list[Statement],
    others: str,
    intervals: bool,
    rules: Rules,
) -> Pair | None:
    """Read a pair of which one label at least is another prompt's."""
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
        # An answer in our words, if in prose and before it, gives way to another prompt's pair.
        if confidence.label.strip("<>") not in OTHER_CONFIDENCES:
            return None
        if _is_beaten(answer, ours):
            return None
    return answer.text, confidence.text


def _is_beaten(answer: Statement, ours: list[Statement]) -> bool:
    """Say whether our words state another answer in a final line, or after this one."""
    return any(
        s.kind == "answer"
        and not s.denying
        and (s.strong or s.start >= answer.end)
        and not is_same(s.text, answer.text)
        for s in ours
    )


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


def _read_sentence(
    visible: str, low: str | None, answers: list[Statement], rules: Rules
) -> Pair | None:
    """Read the last sentence like "I am 80% confident" at or after the answer."""
    answers = sorted(answers, key=lambda s: s.start)
    answer = [s for s in answers if s.strong][-1:] or answers[-1:]
    last: re.Match[str] | None = None
    start = visible.rfind("\n", 0, answer[0].start) + 1
    sentences = list(_find_sentences(visible, low, start))
    if not sentences:
        return None
    statistics = is_interval(answer[0].text) or STATISTICS.search(visible) is not None
    for found in reversed(sentences):
        if _is_about(found, answer[0].text, statistics):
            last = found
            break
    if last is None:
        return None
    said = last["said"] or last["named"] or last["added"]
    if read_confidence(said, scale=rules.scale).value is None:
        return None
    if any(
        answer[0].end <= s.start < last.start() and not is_same(s.text, answer[0].text)
        for s in answers
    ):
        return None  # it speaks of that one
    if _names_another(visible, answer[0], last.start()):
        return None
    text = answer[0].text.partition(last.group().strip())[0]
    return clean_answer(text) or answer[0].text, said


def _find_sentences(visible: str, low: str | None, start: int) -> Iterator[re.Match[str]]:
    """Yield the matches of `_SENTENCE`; with a text in lower case only around their words."""
    if low is None:
        yield from _SENTENCE.finditer(visible, start)
        return
    done = start
    for place in find_places(low, _OF_SENTENCES, start):
        end = place + len("certainty")
        for begin in _BEGINS_SENTENCE.finditer(low, max(done, place - _MAX_SENTENCE), end):
            if begin.start() >= done and (found := _SENTENCE.match(visible, begin.start())):
                yield found
                done = found.end()
        done = max(done, place + 1)


def _is_about(sentence: re.Match[str], answer: str, statistics: bool) -> bool:
    """Say whether a sentence speaks of the answer: not of an interval, or of what is wrong."""
    if sentence["named"]:
        return True
    rest = _REST.match(sentence.string, sentence.end())
    said = rest.group() if rest else ""
    low = said.lower() if said.isascii() else None
    denies = _holds_any(low, _DENIALS) and _DENIES.search(said) is not None
    if _holds_any(low, ("answer", "correct", "right")) and _NAMES_ANSWER.search(said):
        return not denies
    if statistics:
        return False
    if sentence["added"]:
        return True
    if denies or (_holds_any(low, PARAMETER_WORDS) and OF_A_PARAMETER.search(said)):
        return False
    named = answer.casefold() in said.casefold() and any(map(str.isalpha, answer))
    return named or _OF_THE_ANSWER.match(said) is not None


def _holds_any(low: str | None, words: tuple[str, ...]) -> bool:
    """Say whether a text in lower case may hold one of the words: None is not looked at."""
    return low is None or any(word in low for word in words)


def _read_ranks(visible: str, ours: list[Statement], rules: Rules) -> Pair | None:
    """Read a list of guesses: the first guess, and the probability after it."""
    if "1" not in visible or not ("G1" in visible or "Guess" in visible):
        return None
    if any(s.strong or s.kind == "confidence" for s in ours):
        return None
    marks = list(_find_ranks(visible))
    ends = [*(mark.start("what") for mark in marks[1:]), len(visible)]
    answer: Statement | None = None
    confidence = ""
    for mark, end in zip(marks, ends, strict=False):  # no mark: one end too many
        if mark["rank"] != "1":
            continue
        value = visible[mark.end() : end].strip().partition("\n")[0].strip(" ,;|*_")
        if mark["what"][0] == "G":
            text, confidence = clean_answer(value), ""
            answer = Statement("answer", text, True, mark.start(), end, "guess")
        else:
            confidence = value
    if answer is None or not answer.text or _is_beaten(answer, ours):
        return None
    if read_confidence(confidence, scale=rules.scale).value is None:
        return None
    return answer.text, confidence


def _find_ranks(visible: str) -> Iterator[re.Match[str]]:
    """Yield the labels that begin their line, or follow one that does."""
    line = -1  # where the last line with such a label begins
    start = done = 0  # where this line begins, and what was searched for line ends
    for mark in _RANK.finditer(visible):
        start = max(start, visible.rfind("\n", done, mark.start()) + 1)
        done = mark.start()
        begins = mark.start() - start <= _MAX_RANK_START
        if start == line or (begins and _RANK_START.fullmatch(visible, start, mark.start())):
            line = start
            yield mark
