"""What responses seem to call their answer and their confidence, where neither is a known word.

A response is looked at as JSON with keys, or as lines with labels. What is found is a guess for a
note: nobody's answer is read by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from caopd_bench.tasks.read.objects import list_keys

__all__ = ["Words", "guess_words"]

LOOKED_AT = 500  # responses
LENGTH = 4_000  # characters of one; longer ones are looked at from their end
MOST_WORDS = 40  # of one response
#: A word that can stand in a command line between single quotes, and in a log.
_PLAIN = re.compile(r"[^\W\d_][\w.-]{0,24}(?: [\w.-]{1,24}){0,4}")
_LABEL = re.compile(
    r"^[^\w\n]{0,6}([^\W\d_][\w.-]{0,24}(?: [\w.-]{1,24}){0,4})[*_ ]{0,4}"
    r"[:：=][*_ ]{0,4}([^\n]{0,80})",
    re.MULTILINE,
)
_NUMBER = re.compile(
    r"[~≈]?\s{0,2}([0-9]{1,3}(?:[.,][0-9]{1,6})?|[.][0-9]{1,6})\s{0,2}"
    r"(?:[%％]|percent|/\s{0,2}[0-9]{1,3})?[.]?"
)
#: Parts of words for being sure, and for an answer, in some languages.
_SURE: tuple[str, ...] = (
    "confi",
    "sure",
    "certain",
    "certez",
    "certitude",
    "prob",
    "likel",
    "belie",
    "sicher",
)
_SURE += ("gewiss", "wahrschein", "zuvers", "confiance", "fiduc", "pewno", "säker", "увер")
_SURE += ("вероят", "信心", "置信", "確信", "确信", "概率", "자신", "확신")
_ANSWER: tuple[str, ...] = (
    "answer",
    "final",
    "result",
    "antwort",
    "ergebnis",
    "lösung",
    "répon",
    "repon",
    "respu",
)
_ANSWER += ("respos", "rispost", "solu", "odpow", "svar", "ответ", "答案", "答え", "回答", "답")
#: What comes before an answer.
_REASON: tuple[str, ...] = (
    "reason",
    "explan",
    "expli",
    "why",
    "thought",
    "think",
    "step",
    "rationale",
    "analys",
)
_REASON += ("erkl", "begründ", "grund", "razon", "raison", "理由", "分析", "思考", "解释", "解説")


class Words(NamedTuple):
    """Words that name an answer and a confidence; "" where none was found.

    Attributes
    ----------
    form : str
        "key" of JSON or "label" of lines.
    answer, confidence : str
    """

    form: str
    answer: str
    confidence: str

    def options(self, *, answer: bool = True, confidence: bool = True) -> str:
        """Return the options that say so, "" where nothing was found."""
        named = [
            f"--{what}-{self.form} {_quote(word)}"
            for what, word, wanted in (
                ("answer", self.answer, answer),
                ("confidence", self.confidence, confidence),
            )
            if word and wanted
        ]
        return " ".join(named)


def guess_words(responses: Sequence[tuple[str | None, str]]) -> Words | None:
    r"""Guess the words of the answer and of the confidence from texts that were not understood.

    A word counts if more than half of the texts have it. That of the answer stands before a right
    answer most often, or means an answer; that of the confidence before numbers up to 100.

    Parameters
    ----------
    responses : sequence of (str or None, str)
        Texts, and the right answers.

    Returns
    -------
    Words or None
        None if no word was found.

    Examples
    --------
    >>> text = "Antwort: {}\nSicherheit: 80 %"
    >>> guess_words([(text.format(i), str(i)) for i in range(3)])
    Words(form='label', answer='Antwort', confidence='Sicherheit')
    """
    step = max(1, len(responses) // LOOKED_AT)
    looked = [(text, gold) for text, gold in responses[::step] if text]
    for form, find in (("key", list_keys), ("label", _list_labels)):
        found = [(find(text[-LENGTH:]), gold) for text, gold in looked]
        words = _choose([(_keep_plain(said), gold) for said, gold in found])
        if any(words):
            return Words(form, *words)
    return None


def _list_labels(text: str) -> dict[str, str]:
    """Return the labels of a text and the text after each; the last of a repeated label counts."""
    return {match[1].strip(): match[2].strip(" *_`") for match in _LABEL.finditer(text)}


def _keep_plain(said: Mapping[str, str]) -> dict[str, str]:
    kept = {word: value for word, value in said.items() if _PLAIN.fullmatch(word)}
    return dict(list(kept.items())[-MOST_WORDS:])


def _choose(found: Sequence[tuple[Mapping[str, str], str]]) -> tuple[str, str]:
    """Choose the word of the answer and that of the confidence among those that most texts have."""
    values: dict[str, list[tuple[str, str]]] = {}
    for said, gold in found:
        for word, value in said.items():
            values.setdefault(word, []).append((value, gold))
    common = {word: pairs for word, pairs in values.items() if 2 * len(pairs) > len(found)}
    named = [word for word in common if _means(word, _SURE)]
    sure = [word for word in named if _are_numbers(common[word])]
    right = {
        word: sum(_fold(value) == _fold(gold) for value, gold in pairs)
        for word, pairs in common.items()
        if word not in named and not _means(word, _REASON)
    }
    answer = max(right, key=lambda word: (right[word], _means(word, _ANSWER)), default="")
    if answer and not right[answer] and not _means(answer, _ANSWER):
        # Nothing tells: it is asked for after what leads to it, and is no share of one.
        answer = next((word for word in reversed(right) if not _are_shares(common[word])), "")
    shares = [word for word in right if word != answer and _are_shares(common[word])]
    rest = sure or shares
    return answer, rest[-1] if rest else ""


def _are_numbers(pairs: Sequence[tuple[str, str]]) -> bool:
    """Return whether most values are numbers up to 100."""
    matches = [_NUMBER.fullmatch(value) for value, _ in pairs]
    small = [m for m in matches if m and float(m[1].replace(",", ".")) <= 100]
    return 5 * len(small) > 4 * len(pairs)


def _are_shares(pairs: Sequence[tuple[str, str]]) -> bool:
    """Return whether they look like confidences whatever they are called: 0.8, 80 %, 8/10."""
    written = sum(value.lstrip("~≈ ").startswith(("0.", "0,", ".")) for value, _ in pairs)
    written += sum(any(sign in value for sign in "%％/") for value, _ in pairs)
    return _are_numbers(pairs) and 2 * written > len(pairs)


def _means(word: str, parts: Sequence[str]) -> bool:
    return any(part in word.casefold() for part in parts)


def _fold(text: str) -> str:
    return text.strip(" .*_`$\"'()").casefold()


def _quote(word: str) -> str:
    return word if re.fullmatch(r"[\w.-]+", word) else f"'{word}'"
