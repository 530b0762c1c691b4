"""Does `gate --self-test` say what families of items do? The table in docs/gate.md.

    python tests/studies/bench/simulate_families.py --output docs/gate.md

Equal runs of models that go better or worse on all items of a family together, in the reference and
in the candidate; all items are answered anew. Beside what the gate does with fresh pairs of runs
stands what the self-test says of six references, which assumes 1 logit. Each row has a seed of its
own. About 3 minutes on one core.
"""

import runpy
from pathlib import Path

import numpy as np
from scipy.special import expit, logit

from caopd_bench.comparison.pairs import Side, TaskPair
from caopd_bench.gates.decide import judge_pairs
from caopd_bench.gates.planning.self_test_families import try_families
from caopd_bench.gates.policy import Policy

PAGE = runpy.run_path(str(Path(__file__).with_name("fill_page.py")))
BEGIN, END = "<!-- families: begin -->", "<!-- families: end -->"
VALUES, SHARES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0), (0.05, 0.1, 0.15, 0.3, 0.25, 0.15)
#: Items, items of a family, deviation of a run's effect on a family in logits.
CASES = (
    (300, 10, 1.0),
    (500, 10, 1.0),
    (1000, 10, 1.0),
    (500, 10, 0.5),
    (500, 10, 0.0),
    (1000, 50, 1.0),
)
PAIRS, REFERENCES, DRAWS = 600, 6, 200
SHIPPED = Policy(version=1)


def draw(family, ease, effect, rng):
    """Draw answers to items that are as easy as their family, and went as it did in this run."""
    stated = rng.choice(VALUES, family.size, p=SHARES)
    chance = logit(0.66 + 0.6 * (stated - 0.87)) + (ease + effect)[family]
    return Side(stated, (rng.random(family.size) < expit(chance)).astype(float))


def draw_pair(items, per, deviation, rng):
    family = np.arange(items) % (items // per)
    ease = rng.normal(0.0, 0.5, items // per)
    sides = [draw(family, ease, rng.normal(0.0, deviation, items // per), rng) for _ in range(2)]
    groups = [{"family": k} for k in family.tolist()]
    return TaskPair("t", *sides, np.arange(items), items, groups)


def run_case(items, per, deviation, pairs=PAIRS, references=REFERENCES, draws=DRAWS):
    """Give P(FAIL | equal) with and without clusters, and what the self-test says of both."""
    rng = np.random.default_rng([items, per, round(10 * deviation)])
    failed, said = np.zeros(2), np.zeros(2)
    for i in range(pairs):
        pair = draw_pair(items, per, deviation, rng)
        failed += [judge_pairs([p], SHIPPED) == "FAIL" for p in (pair, pair.cluster_by("family"))]
        if i < references:
            itself = TaskPair("t", pair.base, pair.base, pair.item, items, pair.groups)
            test = try_families([itself], SHIPPED, "family", draws, rng)
            said += np.array([test.failed, test.failed_clustered]) / draws
    return (*failed / pairs, *said / references)


def tables():
    """Yield the lines of the table."""
    yield (
        f"{PAIRS} pairs of equal runs a row under the shipped policy, and {REFERENCES} references "
        f"x {DRAWS} in the self-test, which assumes 1 logit:"
    )
    yield ""
    yield (
        "| items | in families of | effect of a run, logits | FAIL | FAIL, `cluster: family` "
        "| self-test: FAIL | self-test, `cluster: family` |"
    )
    yield "|---|---|---|---|---|---|---|"
    for case in CASES:
        shares = " | ".join(f"{x:.3f}" for x in run_case(*case))
        items, per, deviation = case
        yield f"| {items:,} | {per} | {deviation:g} | {shares} |"


if __name__ == "__main__":
    PAGE["print_tables"](tables(), BEGIN, END)
