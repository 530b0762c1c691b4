"""Does `gate --plan` say what happens? The tables in docs/gate.md.

    python tests/studies/bench/simulate_plan.py --output docs/gate.md

References of 300 items (samples: 120 questions x 8) are drawn from populations and planned. Then
fresh pairs of equal runs, reference and candidate, are drawn from the same populations: with the
items of the reference, and with the number that the plan asks for in the median. A gate of several
tasks has that many pairs. Each row has a seed made of its name. About 4 minutes on one core.
"""

import runpy
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from caopd_bench.comparison.pairs import Side, TaskPair
from caopd_bench.gates.decide import judge_pairs
from caopd_bench.gates.planning.plan import plan_gate
from caopd_bench.gates.policy import Policy
from caopd_bench.runs.run import Row, Run

F = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("gate_families.py"))))
PAGE = runpy.run_path(str(Path(__file__).with_name("fill_page.py")))
BEGIN, END = "<!-- plan: begin -->", "<!-- plan: end -->"
#: Family, tasks, items of the reference.
CASES = (
    ("tied", 1, 300),
    ("saturated", 1, 300),
    ("continuous", 1, 300),
    ("low accuracy", 1, 300),
    ("parse rate drifts", 1, 300),
    ("K = 8", 1, 120),
    ("tied", 3, 300),
    ("saturated", 3, 300),
    ("tied", 5, 300),
    ("continuous", 5, 300),
    ("low accuracy", 5, 300),
)
REFERENCES, PAIRS = 20, 400
SHIPPED = Policy(version=1)


def make_reference(family, tasks, items, rng):
    """Draw a reference run with some tasks of a family."""
    rows = []
    for t in range(tasks):
        stated, right = F.draw(family, items, rng)
        for i, (c, y) in enumerate(zip(stated, right, strict=True)):
            for k in range(c.size):
                spoke = not np.isnan(c[k])
                rows.append(
                    Row(
                        task=f"t{t}",
                        item_hash=f"{i:06d}",
                        sample=-1 if c.size == 1 else k,
                        groups={},
                        confidence=float(c[k]) if spoke else None,
                        correct=int(y[k]),
                        status="ok" if spoke else "no_confidence",
                    )
                )
    return Run(family, "/nowhere", rows, {"tasks": {}})


def passes(family, tasks, items, pairs, rng):
    """Give the share of fresh pairs of equal runs that PASS."""
    # Samples are drawn anew for every question; single answers for 60 % of them.
    share = 1.0 if family == "K = 8" else 0.6
    passed = 0
    for _ in range(pairs):
        made = []
        for t in range(tasks):
            first, second = F.equal_pair(family, items, rng, share)
            item = np.repeat(np.arange(items), first[0].shape[1])
            sides = [Side(c.ravel(), y.ravel()) for c, y in (first, second)]
            made.append(TaskPair(f"t{t}", *sides, item, items, [{}] * item.size))
        passed += judge_pairs(made, SHIPPED) == "PASS"
    return passed / pairs


def run_case(family, tasks, items, references=REFERENCES, pairs=PAIRS):
    """Plan some references, and see what happens to fresh equal runs."""
    rng = np.random.default_rng(zlib.crc32(repr((family, tasks, items)).encode()))
    plans = [
        plan_gate(SHIPPED, make_reference(family, tasks, items, rng), seed=i)
        for i in range(references)
    ]
    # Of the tasks of one plan the mean: they are of one population.
    needed = [float(np.mean([task.items_needed for task in plan.tasks])) for plan in plans]
    middle = float(np.median(needed))
    return {
        "chance": float(np.mean([plan.chance for plan in plans])),
        "chance seen": passes(family, tasks, items, pairs, rng),
        "needed": middle,
        "range": (min(needed), max(needed)),
        "passed there": passes(family, tasks, int(middle), pairs, rng),
    }


def tables():
    """Yield the lines of the table."""
    yield (
        f"{REFERENCES} references and {PAIRS} fresh pairs of equal runs a row, the shipped policy:"
    )
    yield ""
    yield (
        "| population | tasks | items | plan: PASS | simulated: PASS | plan: items for 80 % "
        "(of the references) | simulated there: PASS |"
    )
    yield "|---|---|---|---|---|---|---|"
    for family, tasks, items in CASES:
        found = run_case(family, tasks, items)
        low, high = (f"{x:,.0f}" for x in found["range"])
        yield (
            f"| {family} | {tasks} | {items} | {found['chance']:.2f} | {found['chance seen']:.2f} "
            f"| {found['needed']:,.0f} ({low} to {high}) | {found['passed there']:.2f} |"
        )


if __name__ == "__main__":
    PAGE["print_tables"](tables(), BEGIN, END)
