"""Judge short texts that have other names.

A phrase is right if it equals one of the names that the gold answer lists, ignoring case, articles,
punctuation and spaces, as in the evaluation of TriviaQA; or if it is the same number as one of
them. An article that is part of a name counts: "Vitamin" is not "Vitamin A".
"""

from __future__ import annotations

import json
import re
import unicodedata

from caopd_bench.tasks.judge.numbers import read_number
from caopd_bench.tasks.read.python_form import from_python

__all__ = ["same_phrase"]

MAX_LENGTH = 500  # characters of an answer that are read
_ARTICLES = ("a", "an", "the")
# A sign at the end of a word may be part of a name (C++, C#, Disney+), a grade or a blood group
# (A-, AB-).
_SIGN_OF_A_NAME = re.compile(r"(?<=[^\W\d_])[+#]{1,3}(?![\w+#])|\b[A-Za-z]{1,2}-(?![\w+-])")
# Python writes a no-break space as \xa0; JSON has no such escape.
_HEX = re.compile(r"(?<!\\)\\x([0-9a-f]{2})")
_KEPT = str.maketrans("+#-", "\ue000\ue001\ue002")
_PUT_BACK = {there: here for here, there in _KEPT.items()}
_SIGNS = ".%$€£+-" + "".join(map(chr, _KEPT.values()))


def same_phrase(answer: str | None, gold: str) -> bool:
    """Return whether the answer is one of the gold answer's names; see `verify`.

    Parameters
    ----------
    answer
        A short text.
    gold
        One name, or a list of names in JSON's form or Python's.

    Examples
    --------
    >>> same_phrase("The Beatles.", '["Beatles", "Fab Four"]'), same_phrase("12", "twelve")
    (True, False)
    >>> same_phrase("Vitamin", "Vitamin A"), same_phrase("vitamin a", "Vitamin A")
    (False, True)
    """
    names = _read_names(gold)
    if answer is None:
        return False
    stated, words = _normalise(answer), _drop_articles(answer)
    if stated and any(stated == _normalise(name) for name in names):
        return True
    if words and any(words == _drop_articles(name) for name in names):
        return True
    number = read_number(answer)
    golds = (read_number(name) for name in names) if number else ()
    return any(other is not None and other == number for other in golds)


def _read_names(gold: str) -> list[str]:
    names = _read_list(gold) if gold.lstrip().startswith("[") else [gold]
    names = [name for name in names if isinstance(name, str) and _normalise(name)]
    if not names:
        raise ValueError(f"the gold answer {gold!r:.80} names nothing")
    return names


def _read_list(gold: str) -> list[object]:
    """Read a list of names; lm-eval writes its targets as Python does: ['4', 'four']."""
    for rewrite in (str, from_python):
        try:
            names = json.loads(_HEX.sub(r"\\u00\1", rewrite(gold)))
        except (ValueError, RecursionError):
            continue
        if isinstance(names, list):
            return names
    return [gold]


def _normalise(text: str) -> str:
    """Remove case and punctuation."""
    return _squeeze(text).casefold()


def _drop_articles(text: str) -> str:
    """Remove articles too, except a capital one inside the text and a last one, which are names."""
    words = _squeeze(text).split()
    kept = [
        word
        for place, word in enumerate(words)
        if not (
            word.casefold() in _ARTICLES
            and place < len(words) - 1
            and (place == 0 or word.islower())
        )
    ]
    # "The The" is a name that consists of articles.
    is_name = all(word.casefold() in _ARTICLES for word in kept)
    return " ".join(words if is_name else kept).casefold()


def _squeeze(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:MAX_LENGTH]).replace("_", " ")
    folded = _SIGN_OF_A_NAME.sub(lambda found: found[0].translate(_KEPT), folded)
    kept = "".join(c if c.isalnum() or c in _SIGNS else " " for c in folded)
    # A sign or point counts only beside a digit: in -5 and 1.5, but not in U.S.A. or well-known.
    kept = re.sub(r"(?<![0-9])\.|\.(?![0-9])", "", kept)
    kept = re.sub(r"[-+](?![0-9.])|(?<=[0-9a-zA-Z])[-+]", " ", kept)
    return " ".join(kept.translate(_PUT_BACK).split())
