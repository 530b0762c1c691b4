r"""Match an answer with the texts of a question's options, if they are known.

An answer with the text of an option chooses it: ``a tunnel``, where B is "A tunnel." Two texts are
compared exactly; then without markup, LaTeX wrappers, quotes, articles and the punctuation of
sentences; then, if they are words, without case as well: in ``CCO`` or ``H2O`` case has a meaning.
Signs of mathematics and chemistry always count. A text that equals two options chooses neither.

If all options begin with their own letters (``A. red``, ``B. green``), a text without the letter
matches the option too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from caopd_bench.tasks.read.characters import clean_answer, fold

__all__ = [
    "LETTERS",
    "MAX_LENGTH",
    "bare_letter",
    "find_option",
    "first_place",
    "gold_letter",
    "options_of",
]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAX_LENGTH = 500  # characters of an answer that are read
Key: TypeAlias = "tuple[str, ...]"

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑‒﹣", "-"),
        **dict.fromkeys("“”„«»\"`", " "),
        **dict.fromkeys("’‘ʼ", "'"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
        "×": r"\times ", "·": r"\cdot ", "²": "^2", "³": "^3", "≤": r"\le ", "≥": r"\ge ",
        "π": r"\pi ", "µ": "μ", "º": "°",
    }
)  # fmt: skip
_WRAPPERS = (
    (re.compile(r"</?(?:b|i|em|strong|sub|sup|u|p|br) ?/?>", re.IGNORECASE), ""),
    (
        re.compile(r"\\(?:text(?:bf|it|rm|normal)?|mathrm|mathbf|mathit|mbox|boxed|operatorname)"
                   r"\s{0,3}\{([^{}]{0,400})\}"),
        r"\1",
    ),
    (re.compile(r"\\(?:left|right|[bB]igg?[lr]?|displaystyle)(?![a-zA-Z])"), ""),
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\leq(?:slant)?(?![a-zA-Z])"), r"\\le"),
    (re.compile(r"\\geq(?:slant)?(?![a-zA-Z])"), r"\\ge"),
    (re.compile(r"\\[()\[\],;:! ]|(?<!\\)\$|~"), " "),
    (re.compile(r"\\([%$&#_])"), r"\1"),
    (re.compile(r"\*\*|__|^\s{0,9}[*_]|[*_]\s{0,9}$"), " "),
    (re.compile(r"(?<=[\^_])\{([0-9A-Za-z])\}"), r"\1"),
)  # fmt: skip
# The A in "A. tunnel", "A, tunnel" and "**A** tunnel" is a letter; an article stands directly
# before a word.
_LETTER_A = re.compile(r"(?<![\w^'])(?<!\^\{)[aA](?![\w'])(?![ \t~]{1,9}[^\s,.;:?!'\-)])")
_MARK = "\ue000"
_OWN_LETTER = re.compile(
    r"[\s*_]{0,4}(?:(?:option|choice)\s)?[(\[]?\s?(?P<letter>[A-Za-z])"
    r"(?:\s?[*_]{0,2}[).:\]][*_]{0,2}|\s{1,3}[-–—=]\s|\s)\s{0,9}(?P<text>\S.*)",
    re.DOTALL | re.IGNORECASE,
)
_TOKEN = re.compile(r"\\[a-zA-Z]+|[^\W_]+(?:'[^\W_]+)?|\S")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ARTICLES = ("a", "an", "the")
# B, (B), [B], "B", B., B), or a list with one of these: ['B'].
_BARE_LETTER = re.compile(
    r"\s{0,9}(?:\(([A-Z])\)|\[['\"]?\(?([A-Z])\)?['\"]?\]|'([A-Z])'|\"([A-Z])\"|([A-Z])[.):]?)\s{0,9}"
)


def find_option(text: str, options: Sequence[str]) -> int | None:
    r"""Return the index of the only option with this text, or None.

    Examples
    --------
    >>> find_option("**the Tunnel**", ["a bridge", "a tunnel."])
    1
    >>> find_option("tunnel", ["a tunnel", "the tunnel"]) is find_option("ferry", ["a tunnel"])
    True
    """
    text = text[:MAX_LENGTH]
    return _find(text, tuple(options)) if text.strip() else None


def bare_letter(gold: str) -> str | None:
    """Return the letter that a gold answer is, in one of the forms that nothing else has.

    Examples
    --------
    >>> [bare_letter(gold) for gold in ("B", " (B)", "B.", "['B']", "AB", "['A', 'B']", "b")]
    ['B', 'B', 'B', 'B', None, None, None]
    """
    found = _BARE_LETTER.fullmatch(gold)
    return next(filter(None, found.groups())) if found else None


def gold_letter(gold: str, options: Sequence[str]) -> str:
    """Return the letter that a gold answer means: it may be the text of an option, or its place.

    Parameters
    ----------
    gold
        A letter, the text of an option, or its place counted from 0.
    options
        The texts, in the order of their letters.

    Raises
    ------
    ValueError
        If it names no option, or more than one.

    Examples
    --------
    >>> [gold_letter(gold, ["red", "green"]) for gold in ("B", "green", "1")]
    ['B', 'B', 'B']
    """
    word = gold.strip()
    letters = LETTERS[: len(options)]
    if len(word) == 1 and word in letters:
        return word
    found = find_option(word, options)
    place = int(word) if word.isascii() and word.isdigit() and len(word) < 3 else len(options)
    if found is not None and place < len(options) and place != found:
        raise ValueError(
            f"the gold answer {gold!r:.80} is the text of option {letters[found]} and the "
            f"position of option {letters[place]}; give letters"
        )
    if found is None and place < len(options):
        found = place
    letter = bare_letter(word.upper()) if len(word) == 1 else bare_letter(word)
    if found is None and letter is not None and letter in letters:
        found = letters.index(letter)
    if found is None:
        raise ValueError(
            f"the gold answer {gold!r:.80} is neither one of the letters A to {letters[-1:]} nor "
            f"the text of one of {len(options)} options"
        )
    return letters[found]


def first_place(places: Iterable[tuple[int, int]]) -> int | None:
    """Return whether the places of right answers count from 0 or 1; None if both are possible.

    Parameters
    ----------
    places
        For each right answer of a log, its place and the number of options.

    Examples
    --------
    >>> first_place([(0, 3), (2, 3)]), first_place([(1, 3), (3, 3)]), first_place([(1, 3), (2, 3)])
    (0, 1, None)
    """
    known = list(places)
    if any(place == 0 for place, _ in known):
        return 0
    return 1 if any(place == number for place, number in known) else None


def options_of(doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options of a document, or none if it lists none, as in earlier runs.

    Examples
    --------
    >>> options_of({"options": ["red", "green"]}), options_of({"options": None})
    (('red', 'green'), ())
    """
    listed = doc.get("options")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    return tuple(listed) if all(isinstance(option, str) for option in listed) else ()


@lru_cache(maxsize=4096)
def _find(text: str, options: tuple[str, ...]) -> int | None:
    same = text.strip()
    for key in _STAGES:
        wanted = key(same)
        if not wanted:
            return None
        found = [
            place
            for place, wordings in enumerate(_word(options))
            if any(key(wording) == wanted for wording in wordings)
        ]
        if found:
            return found[0] if len(found) == 1 else None
    return None


@lru_cache(maxsize=1024)
def _word(options: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the wordings of each option: as it is, and without its own letter."""
    options = options[: len(LETTERS)]
    own = [_OWN_LETTER.fullmatch(option[:MAX_LENGTH]) for option in options]
    found = [(match["letter"].upper(), match["text"].strip()) for match in own if match]
    letters, texts = [one[0] for one in found], [one[1] for one in found]
    has_own = len(found) == len(options) > 1 and "".join(letters) == LETTERS[: len(options)]
    wordings = zip(options, texts, strict=True) if has_own else ((option,) for option in options)
    return tuple(
        # The parser strips brackets and marks around an answer, so an option matches without them.
        tuple(
            dict.fromkeys(
                form for text in texts for form in (text.strip(), clean_answer(text[:MAX_LENGTH]))
            )
        )
        for texts in wordings
    )


@lru_cache(maxsize=4096)
def _plain_key(text: str) -> Key:
    """Split the text into its parts, without articles, markup and punctuation."""
    text = _LETTER_A.sub(rf"\g<0>{_MARK}", fold(text[:MAX_LENGTH])).translate(_SIGNS)
    for pattern, replacement in _WRAPPERS:
        text = pattern.sub(replacement, text)
    tokens = [
        match.group()
        for match in _TOKEN.finditer(text)
        if match.group() not in ",.;:?!'-" or _has_meaning(text, match)
    ]
    while len(tokens) > 2 and (tokens[0], tokens[-1]) in (("(", ")"), ("[", "]"), ("{", "}")):
        tokens = tokens[1:-1]
    return tuple(token for token in _drop_articles(tokens) if token != _MARK)


def _has_meaning(text: str, match: re.Match[str]) -> bool:
    """Return whether a mark belongs to a number, a formula or a sign, and not to a sentence."""
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    mark = match.group()
    if mark == "-":  # well-known equals well known, but x-1, -5, Cl- and D-glucose keep the sign
        words = [text[max(0, match.start() - 2) : match.start()], text[match.end() :][:2]]
        return not all(word.isalpha() and len(word) == 2 for word in words)
    if mark in ".,:":
        return after.isdigit() and (before.isdigit() or mark == ".")
    return mark == "!" and (before.isdigit() or before == ")")


def _drop_articles(tokens: list[str]) -> list[str]:
    """Drop articles before a word, except the A of "vitamin A" and in a text of articles only."""
    kept = [
        token
        for place, token in enumerate(tokens)
        if not (
            token.lower() in _ARTICLES
            and (place == 0 or token.islower())
            and any(_WORD.fullmatch(other) for other in tokens[place + 1 : place + 2])
        )
    ]
    return kept if any(token.lower() not in _ARTICLES for token in kept) else tokens


@lru_cache(maxsize=4096)
def _folded_key(text: str) -> Key:
    tokens = _plain_key(text)
    if not any(_WORD.fullmatch(token) and len(token) > 2 for token in tokens):
        return tokens
    return tuple(token.casefold() if _WORD.fullmatch(token) else token for token in tokens)


def _exact_key(text: str) -> Key:
    return tuple(text.split())


_STAGES: tuple[Callable[[str], Key], ...] = (_exact_key, _plain_key, _folded_key)
