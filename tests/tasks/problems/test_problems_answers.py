"""Every answer against a second solver, and every equation a solution states."""

import ast
import math
import re
import runpy
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from caopd_bench.tasks.problems import generate
from caopd_bench.tasks.problems.exemplars import EXEMPLARS as ALL_EXEMPLARS
from caopd_bench.tasks.problems.frozen import read_frozen

Items = list[dict[str, Any]]
EXEMPLARS = ALL_EXEMPLARS["math"]
solve: Callable[[str], Fraction] = runpy.run_path(
    str(Path(__file__).parents[2] / "studies" / "solvers" / "solve.py")
)["solve"]


def disagreements(items: Items) -> list[str]:
    found = []
    for item in items:
        answer = solve(item["question"])
        if answer != Fraction(item["answer"]):
            found.append(f"{item['id']}: {answer}, not {item['answer']}: {item['question']}")
    return found


def test_every_frozen_answer_is_found_by_a_second_solver() -> None:
    assert disagreements(read_frozen()) == []


@pytest.mark.parametrize(
    ("split", "seed", "count"), [("test", 7, 400), ("train", 0, 600), ("validation", 5, 100)]
)
def test_fresh_answers_are_found_by_a_second_solver(split: str, seed: int, count: int) -> None:
    assert disagreements(generate(count, split=split, seed=seed)) == []


def test_the_solvers_do_not_know_the_answers() -> None:
    items = read_frozen()[:50]
    changed = [{**item, "answer": str(Fraction(item["answer"]) + 1)} for item in items]
    assert len(disagreements(changed)) == 50
    with pytest.raises(AssertionError, match="no solver recognises"):
        solve("What is love?")
    # A digit in the lead-in could be part of the problem.
    with pytest.raises(AssertionError, match="no solver recognises"):
        solve("There are 3 of them. What is 1 + 2?")


def value(text: str) -> Fraction:
    """Evaluate what a solution may state: numbers, `+ - * / ^`, brackets and `mod`."""
    tree = ast.parse(text.strip().replace("^", "**").replace(" mod ", " % "), mode="eval")
    return _visit(tree.body)


def _visit(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp):
        return -_visit(node.operand)
    assert isinstance(node, ast.BinOp)
    if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.BinOp):
        left, right = node.left, int(_visit(node.right))
        if isinstance(left.op, ast.Pow):
            return Fraction(pow(int(_visit(left.left)), int(_visit(left.right)), right))
    a, b = _visit(node.left), _visit(node.right)
    match node.op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div():
            return a / b
        case ast.Mod():
            return a % b
        case ast.Pow():
            return a ** int(b)
    raise AssertionError(ast.dump(node))


NUMERIC = r"(?:[-+*/^().\d ]|\bmod\b)*"


def equations(solution: str) -> list[list[str]]:
    """Chains "a + b = c = d" with nothing but numbers in them; "3x = 5" is none."""
    chains = []
    for clause in re.split(r"\.(?!\d)|[;:]|, ", solution):
        for found in re.findall(rf"{NUMERIC}(?:={NUMERIC})+", clause):
            sides = [side.strip() for side in found.split("=")]
            before = clause[: clause.index(found)].rstrip()
            touches = bool(before) and (before[-1] == "_" or found[0] not in " (-")
            if not touches and len(sides) > 1 and all(re.search(r"\d", s) for s in sides):
                chains.append(sides)
    return chains


def false_equations(solution: str) -> list[str]:
    return [
        " = ".join(sides)
        for sides in equations(solution)
        if len({value(side) for side in sides}) > 1
    ]


@pytest.fixture(scope="module")
def items() -> Items:
    return [*read_frozen(), *generate(500, split="train")]


def test_every_equation_in_a_solution_is_true(items: Items) -> None:
    checked = 0
    for item in items:
        assert false_equations(item["solution"]) == [], item["id"]
        checked += len(equations(item["solution"]))
    # Most solutions state several; a pattern that matched nothing would prove nothing.
    assert checked > 1.5 * len(items)


def test_divisors_and_totients_in_solutions_are_right(items: Items) -> None:
    text = " ".join(item["solution"] for item in items)
    found = re.findall(r"(gcd|lcm)\((\d+), (\d+)\) is (\d+)", text)
    assert len(found) > 20
    for name, a, b, result in found:
        assert {"gcd": math.gcd, "lcm": math.lcm}[name](int(a), int(b)) == int(result)
    totients = {(int(n), int(phi)) for n, phi in re.findall(r"phi\((\d+)\) is (\d+)", text)}
    assert len(totients) > 10
    for n, phi in totients:
        if n < 1000:
            assert sum(math.gcd(n, k) == 1 for k in range(1, n + 1)) == phi


def test_every_solution_ends_with_the_answer_in_one_to_six_sentences(items: Items) -> None:
    for item in items:
        solution = item["solution"]
        assert solution.endswith(f" The answer is {item['answer']}."), item["id"]
        assert 2 <= len(re.findall(r"\.(?:\s|$)", solution)) <= 6, solution
        # The step before the last sentence arrives at the answer.
        assert item["answer"] in solution.rpartition(" The answer is")[0], item["id"]


def test_equations_of_the_exemplars_are_true_except_in_the_wrong_one() -> None:
    for group in EXEMPLARS.values():
        for exemplar in group:
            assert bool(false_equations(exemplar["solution"])) is not exemplar["correct"]


def test_no_split_holds_an_exemplar(items: Items) -> None:
    asked = {item["question"] for item in items}
    for split in ("test", "train", "validation", "fewshot"):
        for seed in (0, 7):
            asked |= {item["question"] for item in generate(400, split=split, seed=seed)}
    for group in EXEMPLARS.values():
        for exemplar in group:
            assert not any(question.endswith(exemplar["question"]) for question in asked)
