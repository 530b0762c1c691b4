"""Find test items that are near-duplicates of training texts.

Both are cut into overlapping runs of words. The score of a pair is containment: the share of the
test item's runs that occur in one training text. It is computed twice, with the numbers as they are
and with every number replaced by one sign, since "the same problem with other numbers" is the most
common leak and the hardest to see. Runs that many test items share (the stem of a multiple-choice
question, "Please reason step by step.") are uninformative and are not counted.

The index is over the test items, and training texts are read one at a time, so that a large file
needs little memory.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Overlap", "find_overlap"]

WORDS = 8  # words in a run; short items have shorter runs
MIN_WORDS = 3
MIN_RUNS = 4  # items with fewer telling runs are compared as a whole
COMMON = 0.05  # share of the test items: runs in more of them are boilerplate
MIN_COMMON = 5  # but runs in fewer items than this never are
NUMBER = "#"
MAX_WORDS = 20_000  # words of a text that are compared
MAX_TEXT = 20 * MAX_WORDS

# "1,200" and "12.5" are one number each.
_WORD = re.compile(r"[0-9]+(?:[.,][0-9]+)*|\w+")


class Overlap(NamedTuple):
    """The training text that is nearest to a test item.

    `item` and `text` are indices from 0. `score` is the containment; `same_numbers` is False
    if it is higher with every number replaced: the same template with other numbers.
    """

    item: int
    text: int
    score: float
    same_numbers: bool


class _Index:
    """An index from runs of words to the items that contain them, with or without numbers."""

    def __init__(self, items: Sequence[list[str]], *, numbers: bool) -> None:
        self.numbers = numbers
        self.sizes = [_size(words) for words in items]
        runs = [
            _runs(self._words(words), size) for words, size in zip(items, self.sizes, strict=True)
        ]
        common = Counter(run for own in runs for run in own)
        limit = max(MIN_COMMON, int(COMMON * len(items)) + 1)
        self.counts = [0] * len(items)
        self.items_of: dict[str, list[int]] = {}
        self.whole: dict[str, list[int]] = {}
        for i, own in enumerate(runs):
            telling = [run for run in own if common[run] < limit]
            if len(telling) < MIN_RUNS:
                self.whole.setdefault(" ".join(self._words(items[i])), []).append(i)
                continue
            self.counts[i] = len(telling)
            for run in telling:
                self.items_of.setdefault(run, []).append(i)

    def _words(self, words: Sequence[str]) -> list[str]:
        return list(words) if self.numbers else [NUMBER if w[0].isdigit() else w for w in words]

    def score(self, words: Sequence[str], lines: Sequence[list[str]]) -> dict[int, float]:
        """Return the items that a training text shares runs with, and their containment.

        Items that are compared whole may be the whole text or one of its lines.
        """
        mine = self._words(words)
        shared: Counter[int] = Counter()
        for size in set(self.sizes):
            for run in _runs(mine, size):
                shared.update(i for i in self.items_of.get(run, ()) if self.sizes[i] == size)
        scores = {i: n / self.counts[i] for i, n in shared.items()}
        for line in (words, *lines) if self.whole else ():
            scores |= dict.fromkeys(self.whole.get(" ".join(self._words(line)), ()), 1.0)
        return scores


def find_overlap(
    items: Sequence[str], training: Iterable[str], *, threshold: float = 0.5
) -> list[Overlap]:
    """Find the test items of which a training text contains at least a given share.

    Parameters
    ----------
    items : sequence of str
        The questions of a task.
    training : iterable of str
        Texts, read once.
    threshold : float
        The smallest containment that is reported, in (0, 1].

    Returns
    -------
    list of Overlap
        The nearest text of each item, preferring equal numbers in a tie; highest score first.

    Raises
    ------
    ValueError
        If the threshold is out of range.

    Examples
    --------
    >>> question = "Ann has 3 red pens and buys 4 blue pens. How many pens does Ann have now?"
    >>> leaked = "Ann has 5 red pens and buys 6 blue pens. How many pens does Ann have now? 11"
    >>> find_overlap([question], ["Nothing of the kind.", leaked])
    [Overlap(item=0, text=1, score=1.0, same_numbers=False)]
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be above 0 and at most 1, got {threshold!r}")
    words = [_split(item) for item in items]
    exact, template = _Index(words, numbers=True), _Index(words, numbers=False)
    best: dict[int, Overlap] = {}
    for place, text in enumerate(training):
        split, lines = _split(text), [_split(line) for line in text[:MAX_TEXT].split("\n")]
        literal, general = exact.score(split, lines), template.score(split, lines)
        for item in literal.keys() | general.keys():
            with_numbers, without = literal.get(item, 0.0), general.get(item, 0.0)
            found = Overlap(item, place, max(with_numbers, without), with_numbers >= without)
            if found.score >= threshold and _rank(found) > _rank(best.get(item)):
                best[item] = found
    return sorted(best.values(), key=lambda o: (-o.score, not o.same_numbers, o.item))


def _rank(overlap: Overlap | None) -> tuple[float, bool]:
    return (overlap.score, overlap.same_numbers) if overlap else (-1.0, False)


def _split(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT]).casefold()
    return _WORD.findall(folded)[:MAX_WORDS]


def _size(words: Sequence[str]) -> int:
    """Return the length of runs for an item: eight words, or half of a short one."""
    return max(MIN_WORDS, min(WORDS, len(words) // 2))


def _runs(words: Sequence[str], size: int) -> set[str]:
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}
