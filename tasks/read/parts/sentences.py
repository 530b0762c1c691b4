"""Read a sentence such as "I am 80% confident" that speaks of the answer."""

import re
from collections.abc import Iterator

from caopd_bench.tasks.read.characters import clean_answer
from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.parts.levels import (
    OF_A_PARAMETER,
    PARAMETER_WORDS,
    STATISTICS,
    is_interval,
)
from caopd_bench.tasks.read.parts.lines import find_places
from caopd_bench.tasks.read.parts.rivals import names_another
from caopd_bench.tasks.read.parts.statement import Pair, Statement
from caopd_bench.tasks.read.repeats import is_same
from caopd_bench.tasks.read.rules import Rules

# What may follow "I am 80% confident" if the confidence is in the answer.
_OF_THE_ANSWER = re.compile(
    r"[\s*_]{0,5}(?:[,;)\]:–—-]|(?:because|since|as|given|due|but|and|so|overall|here|based)\b"
    r"|(?:(?:that|in|about|of|on)\s{1,3})?(?:it|this|that|these|my)\b|$)",
    re.IGNORECASE,
)
_NAMES_ANSWER = re.compile(r"\b(?:answer|correct|right)\b", re.IGNORECASE)
_DENIES = re.compile(r"\b(?:not|never|wrong|incorrect)\b|n['’]t\b", re.IGNORECASE)
_DENIALS = ("not", "never", "wrong", "incorrect", "n't")
_REST = re.compile(r"[^.!?\n]{0,200}")

SURE = ("confident", "confidence", "certain", "sure")
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
# In lower case, each match of `_SENTENCE` has one of these words, and begins at most
# `_MAX_SENTENCE` characters before it.
_OF_SENTENCES = ("confiden", "certain", "sure")
_BEGINS_SENTENCE = re.compile(r"[(,;]|\b(?:i|we|with|at|certainty)")
_MAX_SENTENCE = 100


def read_sentence(
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
        return None  # the sentence is about that later answer
    if names_another(visible, answer[0], last.start()):
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
    """Return whether a sentence is about the answer: not about a parameter, and no denial."""
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
    """Return whether a lower-case text may contain one of the words; None always may."""
    return low is None or any(word in low for word in words)
