"""Judge the letter of an option, and short texts that have other names.

A choice is one letter in an unmistakable form: ``B``, ``(B)``, ``B.``, ``B: 12 apples``, ``option
B``. Two letters (``A or B``) are no choice, and neither is the text of an option without its letter
(two options may read alike to a comparison and not to a chemist).

A phrase is right if it equals one of the names that the gold answer lists, after case, articles,
punctuation and spaces are taken away, as in the evaluation of TriviaQA; or if it is a number that
one of them is.
"""

import json
import re
import unicodedata

from caopd_bench.tasks.judge.numbers import read_number

__all__ = ["read_choice", "same_choice", "same_phrase"]

MAX_LENGTH = 500  # characters of an answer that are looked at
_GOLD = re.compile(r"[A-Z]")
# Markup and words that may stand before the letter.
_BEFORE = re.compile(
    r"(?:[\s*_`\"'“”$(\[{<>\\]|text(?:bf)?\{|boxed\{|mathrm\{"
    r"|(?:(?:the )?(?:correct |right |best |final )?"
    r"(?:answer|option|choice|letter)s?(?: is)?(?![a-z]):?)"
    r"){0,12}",
    re.IGNORECASE,
)
_LETTER = re.compile(r"([A-Za-z])(?![A-Za-z0-9'’])")
# "A or B", "A, C", "both A and B"; after ":" or "." the text of the option begins.
_SECOND = re.compile(
    r"[\s)\]}.*_]{0,6}(?:,|/|;|&|\+|\bor\b|\band\b)[\s*_(\[]{0,6}(?:option |choice )?"
    r"[A-Z](?![A-Za-z0-9])"
)
_DELIMITER = re.compile(r"[\s\"'”*_`$]{0,4}(?:[).:\]}>\-–—,=|\"]|\n|$)")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def read_choice(text: str) -> str | None:
    """Return the letter that a text chooses, in upper case, or None.

    Examples
    --------
    >>> [read_choice(text) for text in ("B", "(b) 12 apples", "Option C.", "A or B", "A cat", "12")]
    ['B', 'B', 'C', None, None, None]
    """
    text = text[:MAX_LENGTH]
    before = _BEFORE.match(text)
    letter = _LETTER.match(text, before.end() if before else 0)
    if letter is None or _SECOND.match(text, letter.end()):
        return None
    after = text[letter.end() :]
    # "A cat" is a phrase and "B 12 apples" a choice; a small letter must stand alone.
    is_word = letter[1] in "AI" or letter[1].islower()
    if not _DELIMITER.match(after) and (is_word or not after[:1].isspace()):
        return None
    return letter[1].upper()


def same_choice(answer: str | None, gold: str) -> bool:
    """Say whether the answer chooses the gold letter; see `verify`."""
    if not _GOLD.fullmatch(gold):
        raise ValueError(f"the gold answer {gold!r:.80} is not one letter from A to Z")
    return answer is not None and read_choice(answer) == gold


def same_phrase(answer: str | None, gold: str) -> bool:
    """Say whether the answer is one of the gold answer's names; see `verify`.

    Parameters
    ----------
    answer
        A short text.
    gold
        One name, or a JSON list of names.

    Examples
    --------
    >>> same_phrase("The Beatles.", '["Beatles", "Fab Four"]'), same_phrase("12", "twelve")
    (True, False)
    """
    names = _read_names(gold)
    if answer is None:
        return False
    stated = _normalise(answer[:MAX_LENGTH])
    if stated and stated in {_normalise(name) for name in names}:
        return True
    number = read_number(answer)
    golds = (read_number(name) for name in names) if number else ()
    return any(other is not None and other == number for other in golds)


def _read_names(gold: str) -> list[str]:
    try:
        names = json.loads(gold) if gold.lstrip().startswith("[") else [gold]
    except (ValueError, RecursionError):
        names = [gold]
    names = [name for name in names if isinstance(name, str) and _normalise(name)]
    if not names:
        raise ValueError(f"the gold answer {gold!r:.80} names nothing")
    return names


def _normalise(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:MAX_LENGTH]).casefold().replace("_", " ")
    kept = "".join(c if c.isalnum() or c in ".%$€£+-" else " " for c in folded)
    # A sign or point counts only beside a digit: -5 and 1.5, but not U.S.A. or well-known.
    kept = re.sub(r"(?<![0-9])\.|\.(?![0-9])", "", kept)
    kept = re.sub(r"[-+](?![0-9.])|(?<=[0-9a-z])[-+]", " ", kept)
    return " ".join(_ARTICLE.sub(" ", kept).split())
