"""`cluster: family`: standard errors over families of items that share a template."""

from dataclasses import replace

import numpy as np
import pytest

from caopd_bench.comparison.pairs import match_task
from caopd_bench.core.errors import UsageError
from caopd_bench.gates.decide import gate
from caopd_bench.gates.inputs import match_itself
from caopd_bench.gates.policy import Policy, load_policy
from caopd_bench.gates.wording.text import render_text
from caopd_bench.metrics import degradation

TASK = "caopd_math_conf"


def policy(**fields):
    return Policy.model_validate({"version": 1, **fields})


def with_families(run, family):
    """Give items a group key "family"; None leaves it out."""
    items = dict.fromkeys(row.item_hash for row in run.rows)
    of = dict(zip(items, family, strict=True))
    rows = []
    for row in run.rows:
        own = {} if of[row.item_hash] is None else {"family": of[row.item_hash]}
        rows.append(replace(row, groups={**row.groups, **own}))
    return replace(run, rows=rows)


@pytest.fixture
def pair(populations):
    """A reference and a candidate whose families of ten items went better or worse together."""

    def pair(n, seed=0, samples=1, per=10):
        rng = np.random.default_rng([seed, 5])
        stated, right = populations.draw(n, seed, samples=samples)
        other, again = populations.draw(n, seed + 500, samples=samples)
        family = np.arange(n) % (n // per)
        effect = rng.normal(0, 0.35, n // per)[family][:, None]
        moved = np.where(rng.random(right.shape) < np.abs(effect), effect > 0, again).astype(int)
        runs = [populations.make_run(stated, right, "base"), populations.make_run(other, moved)]
        return [with_families(run, [f"f{k}" for k in family.tolist()]) for run in runs]

    return pair


def cells(result):
    return {cell.metric: cell for cell in result.cells}


@pytest.mark.parametrize("samples", [1, 3])
def test_errors_are_over_the_families(pair, samples):
    base, cand = pair(600, samples=samples)
    plain, clustered = (
        cells(gate(cand, wanted, reference=base)) for wanted in (policy(), policy(cluster="family"))
    )
    rows = [sorted(run.rows, key=lambda r: (r.item_hash, r.sample)) for run in (base, cand)]
    sides = [([r.confidence for r in one], [r.correct for r in one]) for one in rows]
    question = [r.item_hash for r in rows[0]] if samples > 1 else None
    families = [r.groups["family"] for r in rows[0]]
    expected = degradation(*sides, question=question, cluster=families, direction="over")
    for name, cell in clustered.items():
        assert (cell.items, cell.clusters) == (600, 60)
        assert cell.worse_by == plain[name].worse_by
        assert cell.upper == pytest.approx(expected[name].upper, abs=1e-12)
        assert plain[name].clusters == 600
    assert clustered["accuracy"].standard_error > 1.2 * plain["accuracy"].standard_error
    assert clustered["accuracy"].upper > plain["accuracy"].upper


def test_other_metrics_and_bars_too(pair):
    base, cand = pair(600)
    metrics = {
        "spr": {"margin": 0.2},
        "ece": {"margin": 0.2, "tier": "advisory"},
        "accuracy": {"min": 0.2},
        "brier": {"max": 0.9},
    }
    plain, clustered = (
        cells(gate(cand, policy(metrics=metrics, **own), reference=base))
        for own in ({}, {"cluster": "family"})
    )
    for name in ("brier", "accuracy", "ece"):
        assert clustered[name].worse_by == pytest.approx(plain[name].worse_by, abs=1e-12)
        assert clustered[name].upper > plain[name].upper, name
    assert clustered["spr"].standard_error != plain["spr"].standard_error


def test_a_task_of_its_own(pair):
    base, cand = pair(400)
    runs = []
    for run in (base, cand):
        loose = [replace(r, task="loose", groups={"level": 1}) for r in run.rows]
        runs.append(replace(run, rows=[*run.rows, *loose]))
    everywhere = policy(cluster="family")
    with pytest.raises(
        UsageError,
        match="cluster: loose: no item has the group 'family'; the groups are level; to leave",
    ):
        gate(runs[1], everywhere, reference=runs[0])
    for own in (
        policy(cluster="family", tasks={TASK: {}, "loose": {"cluster": None}}),
        policy(tasks={TASK: {"cluster": "family"}, "loose": {}}),
    ):
        found = {(c.task, c.clusters) for c in gate(runs[1], own, reference=runs[0]).cells}
        assert found == {(TASK, 40), ("loose", 400)}


def test_null_in_yaml_is_no_cluster(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("version: 1\ncluster: family\ntasks: {a: {cluster: null}, b: {}}\n")
    read = load_policy(file)
    assert (read.cluster_of("a"), read.cluster_of("b")) == (None, "family")
    file.write_text("version: 1\ncluster: ''\n")
    with pytest.raises(UsageError, match="cluster: "):
        load_policy(file)


def test_too_few_families_are_refused(pair):
    base, cand = pair(400)
    with pytest.raises(UsageError, match=r"has 5 values, worth 5 clusters of equal size, and"):
        gate(cand, policy(cluster="level"), reference=base)
    # Many values, most of them with hardly an item.
    family = [0 if i < 250 else i for i in range(400)]
    skewed = [with_families(run, family) for run in (base, cand)]
    with pytest.raises(UsageError, match=r"'family' has 151 values, worth 2.55 clusters"):
        gate(skewed[1], policy(cluster="family"), reference=skewed[0])


def test_groups_with_few_families_are_not_computed(pair):
    base, cand = pair(400, per=20)
    tasks = {TASK: {"by": "level"}}
    result = gate(cand, policy(cluster="family", tasks=tasks), reference=base)
    of_groups = [cell for cell in result.cells if cell.group]
    assert of_groups
    assert all(
        "clusters of equal size; at least 10 are needed" in cell.reason for cell in of_groups
    )
    assert not any(cell.reason for cell in result.cells if not cell.group)


def test_items_without_the_key_stand_alone(pair):
    base, cand = pair(400)
    family = [None if i % 4 == 0 else i % 40 for i in range(400)]
    runs = []
    for run in (base, cand):
        bare = replace(run, rows=[replace(r, groups={"level": 1}) for r in run.rows])
        runs.append(with_families(bare, family))
    result = gate(runs[1], policy(cluster="family"), reference=runs[0])
    assert {cell.clusters for cell in result.cells} == {30 + 100}
    note = "100 of 400 items have no 'family'; each counts as a cluster of its own"
    assert any(note in line for line in result.notes)
    assert "400 items in 130 clusters by family" in render_text(result)


def test_rows_of_an_item_are_of_one_family(pair):
    base, cand = pair(200, samples=2)
    torn = [replace(row, groups={"family": f"f{i % 20}"}) for i, row in enumerate(base.rows)]
    with pytest.raises(UsageError, match="the rows of one item have several values"):
        gate(cand, policy(cluster="family"), reference=replace(base, rows=torn))


def test_a_group_of_one_item_is_no_error(pair):
    base, cand = pair(200)
    lone = [
        replace(row, groups={"part": "one" if row.item_hash == base.rows[0].item_hash else "rest"})
        for row in base.rows
    ]
    result = gate(cand, policy(tasks={TASK: {"by": "part"}}), reference=replace(base, rows=lone))
    assert {c.reason for c in result.cells if c.group == "part=one"} == {"fewer than 2 items"}


def test_equal_runs_that_move_by_family_fail_less_with_clusters(pair):
    """Twenty pairs: run effects of families make false alarms, and clusters take them away."""
    only = {"metrics": {"accuracy": {"margin": 0.0001}}}
    fails = [0, 0]
    for seed in range(20):
        base, cand = pair(300, seed=seed)
        for i, own in enumerate(({}, {"cluster": "family"})):
            fails[i] += gate(cand, policy(**only, **own), reference=base).outcome == "FAIL"
    assert fails[1] < fails[0]


def test_a_pair_keeps_its_families_in_parts(pair):
    base, _ = pair(200)
    (whole,) = match_itself(policy(cluster="family"), base)
    part = whole.select(whole.base.correct > 0)
    assert part.family is not None
    kept = {(g["family"], label) for g, label in zip(part.groups, part.family, strict=True)}
    assert len(kept) == len({name for name, _ in kept})
    unclustered = match_task(TASK, base.rows, base.rows)
    assert unclustered.family is None
    assert unclustered.clusters == 200
