"""The questions in this package, and the set that pools them with others."""

from __future__ import annotations

from typing import Any

from caopd_bench.tasks import problems
from caopd_bench.tasks.catalogue import arithmetic
from caopd_bench.tasks.catalogue.dataset import ENTRIES, Dataset, Item


def _load_math(
    levels: Any = None, problem_seed: int | None = None, first: int | None = None
) -> list[Item]:
    items = problems.load(seed=problem_seed, levels=levels, n=first)
    return [{**item, "style": "math"} for item in items]


def _load_arith(
    levels: Any = None, problem_seed: int | None = None, first: int | None = None
) -> list[Item]:
    if problem_seed is not None:
        raise ValueError("--metadata: problem_seed is for caopd_math; caopd_arith has one set")
    return arithmetic.load(levels=levels, n=first)


ENTRIES["math"] = Dataset(
    "math",
    "{:,} bundled maths problems, ten levels",
    1024,
    load=_load_math,
    items=1000,
    tags=("caopd",),
)
ENTRIES["arith"] = Dataset(
    "arith",
    "two-digit arithmetic, {:,} questions, for micro models",
    32,
    load=_load_arith,
    items=len(arithmetic.LEVELS) * arithmetic.PER_LEVEL,
)
