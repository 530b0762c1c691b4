"""A second solver for every problem of `caopd_math`: it reads nothing but the question's text.

Each file beside this one holds pairs of a pattern, which must match the end of the text
from the start of a sentence on, and a function that works the answer out by another way than the
generator's. What stands before the match is a lead-in and must not hold a digit.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

Solver = Callable[["re.Match[str]"], "Fraction | int"]


def _collect() -> list[tuple[re.Pattern[str], Solver]]:
    found = []
    for path in sorted(set(Path(__file__).parent.glob("*.py")) - {Path(__file__)}):
        spec = importlib.util.spec_from_file_location(f"caopd_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for pattern, function in module.SOLVERS:
            found.append((re.compile(rf"(?:^|(?<=[.:?!] ))(?:{pattern})$"), function))
    return found


_SOLVERS = _collect()


def solve(question: str) -> Fraction:
    """Work out the answer; AssertionError when no pattern, or more than one answer, fits."""
    answers = set()
    for pattern, function in _SOLVERS:
        match = pattern.search(question)
        if match and not re.search(r"\d", question[: match.start()]):
            answers.add(Fraction(function(match)))
    assert answers, f"no solver recognises: {question}"
    assert len(answers) == 1, f"solvers disagree on: {question}"
    return answers.pop()
