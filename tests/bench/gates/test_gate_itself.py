"""A run against itself PASSes wherever every number can be computed, and the result says why."""

from dataclasses import replace

import numpy as np
import pytest

from caopd_bench.gates.decide import gate
from caopd_bench.gates.policy import KNOWN, Policy
from caopd_bench.gates.wording.text import render_text
from caopd_bench.metrics import METRICS

SAME = "the candidate's rows are identical to the reference's"
#: Far below what noise would leave of any number of these runs.
NARROW = 1e-6


def policy(**fields):
    return Policy.model_validate({"version": 1, **fields})


@pytest.fixture
def draw(populations):
    """A run that states neither 0 nor 1, so that every metric is a number."""

    def draw(n, seed=0, samples=1, silent=0.0, gap=0.0):
        stated, right = populations.draw(n, seed, samples=samples)
        stated = np.clip(stated, 0.05, 0.97)
        rng = np.random.default_rng([seed, 9])
        if gap is None:  # overconfidence gap near 0, where its sign is noise
            stated = 0.7 * stated
            right = (rng.random(stated.shape) < stated).astype(int)
        spoke = rng.random(stated.shape) >= silent
        run = populations.make_run(stated, right, "base", parsed=spoke)
        family = {item: f"f{i % 40}" for i, item in enumerate(dict.fromkeys(_items(run)))}
        rows = [replace(r, groups={**r.groups, "family": family[r.item_hash]}) for r in run.rows]
        return replace(run, rows=rows)

    return draw


def _items(run):
    return [row.item_hash for row in run.rows]


@pytest.mark.parametrize("metric", KNOWN)
@pytest.mark.parametrize("kind", ["plain", "samples", "silent", "clustered", "calibrated"])
def test_every_metric_that_may_have_a_margin(draw, metric, kind):
    options = {
        "samples": {"samples": 3},
        "silent": {"silent": 0.1},
        "calibrated": {"gap": None},
    }.get(kind, {})
    base = draw(200, **options)
    own = {"cluster": "family"} if kind == "clustered" else {}
    wanted = policy(metrics={metric: {"margin": NARROW}}, **own)
    result = gate(replace(base, name="again"), wanted, reference=base)
    (cell,) = result.cells
    assert (result.outcome, cell.reason) == ("PASS", "")
    assert (cell.worse_by, cell.upper, cell.p_value) == (0.0, 0.0, 1.0)
    assert cell.reference == cell.candidate


@pytest.mark.parametrize("n", [100, 120, 400])
@pytest.mark.parametrize("direction", ["over", "both"])
def test_the_shipped_numbers_with_few_items(draw, n, direction):
    base = draw(n, gap=None)
    gap = {"overconfidence_gap": {"margin": 0.05, "direction": direction}}
    wanted = policy(metrics={**policy().model_dump(exclude_none=True)["metrics"], **gap})
    result = gate(replace(base, name="again"), wanted, reference=base)
    assert result.outcome == "PASS"
    assert result.exit_code == 0


def test_groups_and_advisory_numbers(draw):
    base = draw(1500, samples=2)
    metrics = {name: {"margin": NARROW} for name in ("brier", "spr", "accuracy")}
    metrics["ece"] = {"margin": NARROW, "tier": "advisory"}
    tasks = {"caopd_math_conf": {"by": "level", "group_tier": "gate"}}
    result = gate(replace(base, name="b"), policy(metrics=metrics, tasks=tasks), reference=base)
    assert {cell.outcome for cell in result.cells} == {"PASS"}
    assert len({cell.group for cell in result.cells}) == 6


def test_what_cannot_be_computed_still_blocks(populations):
    stated, right = populations.draw(400, 1)
    base = populations.make_run(stated, np.ones_like(right))
    result = gate(replace(base, name="again"), Policy(version=1), reference=base)
    assert result.outcome == "INCONCLUSIVE"
    # A number that is infinite is none.
    certain = populations.make_run(np.ones_like(stated), right)
    wanted = policy(metrics={"log_score": {"margin": 0.5}})
    result = gate(replace(certain, name="again"), wanted, reference=certain)
    assert result.outcome == "INCONCLUSIVE"
    assert "refuted" in result.cells[0].reason


def test_the_result_says_so(draw):
    base, other = draw(300), draw(300, seed=4)
    result = gate(replace(base, name="again"), Policy(version=1), reference=base)
    assert any(note.startswith(SAME) for note in result.notes)
    assert SAME in render_text(result)
    assert not any(SAME in note for note in gate(other, Policy(version=1), reference=base).notes)
    # One answer that differs is a difference.
    rows = [*base.rows]
    rows[7] = replace(rows[7], correct=1 - rows[7].correct)
    result = gate(replace(base, rows=rows), Policy(version=1), reference=base)
    assert not any(SAME in note for note in result.notes)


def test_it_says_which_task(draw):
    runs = []
    for seed in (4, 5):
        same = [replace(row, task="same") for row in draw(300).rows]
        unlike = [replace(row, task="unlike") for row in draw(300, seed=seed).rows]
        runs.append(replace(draw(300), rows=[*same, *unlike]))
    result = gate(runs[1], Policy(version=1), reference=runs[0])
    assert [note for note in result.notes if SAME in note] == [f"same: {SAME}"]


@pytest.mark.parametrize("metric", sorted(set(KNOWN) & set(METRICS)))
def test_falling_silent_is_no_way_to_be_identical(draw, metric):
    """On the rows that both parse nothing differs: what fell silent could have been anything."""
    base = draw(400)
    rows = [
        row if row.correct else replace(row, confidence=None, status="no_confidence")
        for row in base.rows
    ]
    wanted = policy(metrics={metric: {"margin": 0.05}})
    result = gate(replace(base, rows=rows), wanted, reference=base)
    (cell,) = result.cells
    if metric == "accuracy":  # of all rows: it did not change
        assert result.outcome == "PASS"
    else:
        assert result.outcome != "PASS"
        assert cell.reason or cell.upper > 0.05


def test_an_order_that_stays_is_the_same_ranking(draw):
    """Rows differ, and no row moves a metric of their order."""
    base = draw(400)
    rows = [replace(row, confidence=row.confidence**2) for row in base.rows]
    metrics = {name: {"margin": NARROW} for name in ("auroc", "spr", "tie_rate")}
    result = gate(replace(base, rows=rows), policy(metrics=metrics), reference=base)
    assert {cell.metric: cell.outcome for cell in result.cells} == dict.fromkeys(metrics, "PASS")
    assert not any(SAME in note for note in result.notes)
