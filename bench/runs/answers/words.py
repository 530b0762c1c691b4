"""Guess which words label the answer and the confidence if responses use no known label.

A response is read as JSON with keys, or as lines with labels. The result is a guess that only
appears in a note; no answer is parsed with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from caopd_bench.tasks.read.objects import list_keys

__all__ = ["Words", "guess_words"]

LOOKED_AT = 500  # responses examined
LENGTH = 4_000  # characters per response; of longer ones the end is used
MOST_WORDS = 40  # words per response
#: A word that is safe inside single quotes on a command line, and in a log.
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
#: Parts of words for certainty and for answers in several languages.
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
#: Words for the reasoning that precedes an answer.
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
    """Words that label an answer and a confidence; "" if none was found.

    Attributes
    ----------
    form : str
        "key" for JSON, or "label" for lines.
    answer, confidence : str
    """

    form: str
    answer: str
    confidence: str

    def options(self, *, answer: bool = True, confidence: bool = True) -> str:
        """Return the command-line options that set these words; "" if nothing was found."""
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

    A word is a candidate if more than half of the texts contain it. The answer's word most often
    precedes a right answer, or means "answer"; the confidence's word precedes numbers up to 100.

    Parameters
    ----------
    responses : sequence of (str or None, str)
        Texts and their right answers.

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
    """Return the labels of a text and the text after each; the last of a repeated label is used."""
    return {match[1].strip(): match[2].strip(" *_`") for match in _LABEL.finditer(text)}


def _keep_plain(said: Mapping[str, str]) -> dict[str, str]:
    kept = {word: value for word, value in said.items() if _PLAIN.fullmatch(word)}
    return dict(list(kept.items())[-MOST_WORDS:])


def _choose(found: Sequence[tuple[Mapping[str, str], str]]) -> tuple[str, str]:
    """Choose the words of the answer and the confidence among those that most texts contain."""
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
        # Without better evidence: the answer follows the reasoning, and is not a share of one.
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
    """Return whether values look like confidences whatever their label: 0.8, 80 %, 8/10."""
    written = sum(value.lstrip("~≈ ").startswith(("0.", "0,", ".")) for value, _ in pairs)
    written += sum(any(sign in value for sign in "%％/") for value, _ in pairs)
    return _are_numbers(pairs) and 2 * written > len(pairs)


def _means(word: str, parts: Sequence[str]) -> bool:
    return any(part in word.casefold() for part in parts)


def _fold(text: str) -> str:
    return text.strip(" .*_`$\"'()").casefold()


def _quote(word: str) -> str:
    return word if re.fullmatch(r"[\w.-]+", word) else f"'{word}'"
