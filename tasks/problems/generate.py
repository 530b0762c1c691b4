"""The generator of `caopd_math`: a seed in, a list of problems out.

Ten levels of difficulty for language models that work without tools. The low levels follow what
was measured with SmolLM2-135M-Instruct (four worked examples in the prompt): accuracy 0.92 on
one-digit sums and products (level 1), 0.58 on two-digit sums (level 2), 0.33 on two digits by one
digit (level 3), 0.08 on three-digit sums and on word problems with two steps (levels 3 and 4).
Levels 8-10: not validated on large models.

No problem is shared between splits. Each problem has a signature: its family and the numbers (or
capital letters) in it, in order. The SHA-256 of the signature determines the split of the problem,
and a draw that belongs to another split is repeated. So one family never has the same numbers in
two splits, whatever the seeds; at level 1 this leaves the test split with three eighths of a
family's one-digit pairs. The same arithmetic can recur in another family (3 + 4 in a chain and in a
story).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from caopd_bench.tasks.problems.exemplars import EXEMPLARS
from caopd_bench.tasks.problems.families.chains import chain
from caopd_bench.tasks.problems.families.combinations import counting
from caopd_bench.tasks.problems.families.divisors import gcd_lcm
from caopd_bench.tasks.problems.families.equations import equation
from caopd_bench.tasks.problems.families.fraction_sums import fraction
from caopd_bench.tasks.problems.families.percentages import percentage
from caopd_bench.tasks.problems.families.probability import probability
from caopd_bench.tasks.problems.families.products import division, product
from caopd_bench.tasks.problems.families.rates import rate
from caopd_bench.tasks.problems.families.remainders import remainder
from caopd_bench.tasks.problems.families.sequences import sequence
from caopd_bench.tasks.problems.families.stories import story
from caopd_bench.tasks.problems.families.systems import system
from caopd_bench.tasks.problems.frozen import read_frozen
from caopd_bench.tasks.problems.problem import Problem
from caopd_bench.tasks.problems.wording import lead_in

__all__ = ["FAMILIES", "SPLITS", "families_at", "generate"]

_Family = Callable[[Random, int], Problem]

# Each family, with the first level that uses it.
FAMILIES: dict[str, tuple[_Family, int]] = {
    "chain": (chain, 1),
    "product": (product, 1),
    "story": (story, 1),
    "sequence": (sequence, 2),
    "division": (division, 3),
    "equation": (equation, 3),
    "fraction": (fraction, 3),
    "gcd_lcm": (gcd_lcm, 3),
    "percentage": (percentage, 3),
    "rate": (rate, 3),
    "remainder": (remainder, 3),
    "counting": (counting, 4),
    "probability": (probability, 4),
    "system": (system, 5),
}
# The lowest levels are mostly chains and tiny stories.
_LOW = {
    1: ("chain", "story", "product", "chain", "story"),
    2: ("chain", "story", "sequence", "chain", "story", "product"),
}
# Each split owns these sixteenths of all signatures.
SPLITS = {
    "test": range(0, 6),
    "train": range(6, 12),
    "validation": range(12, 14),
    "fewshot": range(14, 16),
}
_MAX_DRAWS = 20_000
# For this many draws, a problem must differ from the others of its level in more than wording. Easy
# problems run out: the 1,000 of a test set all differ, but thousands of problems for training
# repeat some in other words.
_NEW_DRAWS = 500
# The prompt's worked examples are excluded from every split.
_SHOWN = {shown["question"] for examples in EXEMPLARS["math"].values() for shown in examples}
# Numbers, and words in capitals whose letters are to be arranged.
_SIGNATURE = re.compile(r"[0-9.]*[0-9]|[A-Z]{4,}")
# Target lengths in characters; 0 means no lead-in.
_LENGTHS = (0, 0, 0, 0, 110, 140, 180, 220)
# Harder questions are long enough by themselves.
_LAST_DRESSED_LEVEL = 6
# Before an easy story, a lead-in reads as a second story: with it, SmolLM2-135M-Instruct got 1 of
# 19 answers right at level 1, and without it 8 of 13. That measures distraction, not arithmetic.
_LAST_BARE_STORY_LEVEL = 3


def families_at(level: int) -> tuple[str, ...]:
    """Return the families of a level; at levels 1 and 2 some of them occur twice."""
    return _LOW.get(level) or tuple(n for n, (_, first) in FAMILIES.items() if first <= level)


def generate(
    n: int = 1000,
    *,
    split: str = "test",
    seed: int = 0,
    levels: Iterable[int] = range(1, 11),
) -> list[dict[str, Any]]:
    """Generate problems, interleaved by level so that any first part is balanced.

    Parameters
    ----------
    n : int
        Number of problems; item i has the level `levels[i % len(levels)]`.
    split : str
        "test", "train", "validation" or "fewshot". No two splits share a problem.
    seed : int
        The same seed gives the same items on every supported Python. A fresh test seed draws fresh
        items, none of which is in the frozen set.
    levels : iterable of int
        Levels to use, each from 1 to 10.

    Returns
    -------
    list of dict
        Keys: id, level, family, question, answer, kind, solution.

    Raises
    ------
    ValueError
        For a split or a level that does not exist, or a negative `n`.
    """
    levels = list(dict.fromkeys(levels))
    if n < 0:
        raise ValueError(f"n: got {n!r}; give 0 or a larger whole number")
    if split not in SPLITS:
        raise ValueError(f"split: got {split!r}; give one of {', '.join(SPLITS)}")
    if not levels or any(level not in range(1, 11) for level in levels):
        raise ValueError(f"levels: got {levels!r}; give whole numbers from 1 to 10")
    seen: set[object] = set()
    if split == "test" and seed != 0:
        seen.update(str(item["question"]) for item in read_frozen())
    return [_item(split, seed, levels[i % len(levels)], i // len(levels), seen) for i in range(n)]


def _item(split: str, seed: int, level: int, index: int, seen: set[object]) -> dict[str, Any]:
    name = _family(split, seed, level, index)
    family = FAMILIES[name][0]
    # The level and the index within it name the item, so a choice of levels changes no item.
    key = f"caopd_math/1/{split}/{seed}/{level}/{index}"
    for draw in range(_MAX_DRAWS):
        rng = Random(f"{key}/{draw}")
        problem = family(rng, level)
        if _owner(name, problem.question) not in SPLITS[split] or problem.question in _SHOWN:
            continue
        question = _dress(rng, name, level, problem.question)
        # What identifies the problem, whatever its wording and lead-in.
        asked = (level, name, _signature(problem.question), problem.answer)
        if question in seen or (asked in seen and draw < _NEW_DRAWS):
            continue
        seen |= {question, asked}
        return {
            "id": f"caopd_math-v1-{split}-{seed}-{level:02d}-{index:03d}",
            "level": level,
            "family": name,
            "question": question,
            "answer": str(problem.answer),
            "kind": "number",
            "solution": problem.solution,
        }
    raise RuntimeError(f"no new {name} problem of level {level} after {_MAX_DRAWS} draws")


def _family(split: str, seed: int, level: int, index: int) -> str:
    """Draw families like cards: each occurs once, in a new order, before any recurs."""
    names = list(families_at(level))
    round_, place = divmod(index, len(names))
    Random(f"caopd_math/1/families/{split}/{seed}/{level}/{round_}").shuffle(names)
    return names[place]


def _owner(name: str, question: str) -> int:
    signature = f"{name}:{_signature(question)}"
    return hashlib.sha256(signature.encode()).digest()[0] % 16


def _signature(question: str) -> str:
    return ",".join(re.findall(_SIGNATURE, question))


def _dress(rng: Random, name: str, level: int, question: str) -> str:
    """Add a lead-in to some questions, so that all levels are about equally long."""
    is_bare = level > _LAST_DRESSED_LEVEL or (name == "story" and level <= _LAST_BARE_STORY_LEVEL)
    if is_bare:
        return question
    # A long question gets no lead-in: otherwise long forms, more common at high levels, would grow
    # longer.
    room = rng.choice(_LENGTHS) - len(question)
    return lead_in(rng, room) + question
