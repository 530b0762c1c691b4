"""Notes on pairs of runs: those that all pairs give, without a look at all pairs."""

from itertools import combinations

import numpy as np
import pytest

from caopd_bench.comparison.pair_notes import (
    MOST,
    _thinks,
    notes_on_items,
    notes_on_thinking,
    notes_on_weights,
)
from caopd_bench.runs.run import Row, Run

TASKS = ("sums", "words", "maps")


def make_runs(seed, n=9):
    """Runs of few models, weights, settings and item sets, so that much of it coincides."""
    rng = np.random.default_rng(seed)

    def pick(*choices):
        return choices[rng.integers(len(choices))]

    runs = []
    for i in range(n):
        tasks = [task for task in TASKS if rng.random() < 0.7] or ["sums"]
        rows = [
            Row(task, f"q{k}", -1, {}, 0.5, 1, "ok")
            for task in tasks
            for k in range(int(pick(2, 2, 3)))
        ]
        settings = {
            task: {
                "weights": pick(None, "aa", "bb"),
                "num_fewshot": pick(0, 4, 4.0),
                "exemplars": pick({"set": "a"}, {"set": "b"}),
                "generation": pick({"until": ["x"]}, {"until": ("x",)}, None),
                "thinking": pick(
                    {"asked": True}, {"asked": False}, {"seen": 0.9}, {"seen": 0.1}, None
                ),
            }
            for task in tasks
        }
        model = pick("one", "two")
        runs.append(Run(f"run {i}", "", rows, {"model": model, "tasks": settings}))
    return runs


def equal_settings(a, b, task):
    ours, theirs = dict(a.settings(task)), dict(b.settings(task))
    shown = [one.pop("exemplars") if one["num_fewshot"] else None for one in (ours, theirs)]
    return {**ours, "thinking": 0, "exemplars": 0} == {
        **theirs, "thinking": 0, "exemplars": 0
    } and shown[0] == shown[1]  # fmt: skip


def weights_by_hand(runs):
    for a, b in combinations(runs, 2):
        of = [{r.settings(t)["weights"] for t in r.tasks} - {None} for r in (a, b)]
        same = any(equal_settings(a, b, t) for t in {*a.tasks} & {*b.tasks})
        if of[0] & of[1] and (a.provenance["model"] != b.provenance["model"] or same):
            yield f"{a.name} and {b.name}"


def items_by_hand(runs):
    for a, b in combinations(runs, 2):
        for task in a.tasks:
            ours, theirs = (len(r.task_rows(task)) for r in (a, b))
            if ours and theirs and ours != theirs:
                said = f"{ours} and {theirs}, {min(ours, theirs)} of them shared"
                yield f"{a.name} and {b.name} answered different problems of {task}: {said}"


def thinking_by_hand(runs):
    for a, b in combinations(runs, 2):
        for task in a.tasks:
            said = [_thinks(run, task) for run in (a, b)]
            if None not in said and said[0] != said[1]:
                first, second = (a, b) if said[0] else (b, a)
                yield f"{task}: {first.name} was thinking and {second.name} was not"


@pytest.mark.parametrize(
    ("notes", "by_hand"),
    [
        (notes_on_weights, weights_by_hand),
        (notes_on_items, items_by_hand),
        (notes_on_thinking, thinking_by_hand),
    ],
)
@pytest.mark.parametrize("seed", range(6))
def test_notes_are_those_of_all_pairs_in_their_order(notes, by_hand, seed, monkeypatch):
    monkeypatch.setattr("caopd_bench.comparison.pair_notes.MOST", 1000)
    runs = make_runs(seed)
    expected = list(by_hand(runs))
    found = notes(runs)
    assert len(found) == len(expected) > 0
    for note, begins in zip(found, expected, strict=True):
        assert note.startswith(begins)


@pytest.mark.parametrize("notes", [notes_on_weights, notes_on_items, notes_on_thinking])
def test_of_many_pairs_some_are_named_and_the_last_line_says_so(notes):
    found = notes(make_runs(0, n=60))
    assert len(found) == MOST + 1
    assert found[-1].startswith("there are more pairs of runs ")
    assert f"only the first {MOST} are listed" in found[-1]


@pytest.mark.parametrize(("task", "is_told"), [("logged", True), ("sums", False)])
def test_logs_under_the_name_that_a_log_gets_are_told_how_to_name_it(task, is_told):
    runs = [
        Run(name, "", [Row(task, f"{name} {i}", -1, {}, 0.5, 1, "ok") for i in range(3)], {})
        for name in ("a", "b")
    ]
    (said,) = notes_on_items(runs)
    assert said.startswith(f"a and b answered different problems of {task}: 3 and 3, 0 of them")
    assert said.endswith("give each a name: caopd-bench rescore FILE --task NAME") == is_told


def test_thousands_of_runs_do_not_make_millions_of_pairs(monkeypatch):
    """Every run of the same weights, each asked in a way of its own: no note, and no pair."""
    looked = 0

    def count(run, task):
        nonlocal looked
        looked += 1
        return run.provenance["tasks"].get(task, {})

    rows = [Row("sums", "q", -1, {}, 0.5, 1, "ok")]
    settings = [{"weights": "aa", "version": i, "thinking": {"asked": True}} for i in range(2000)]
    runs = [
        Run(f"run {i}", "", rows, {"model": "m", "tasks": {"sums": one}})
        for i, one in enumerate(settings)
    ]
    monkeypatch.setattr(Run, "settings", count)
    for notes in (notes_on_weights, notes_on_items, notes_on_thinking):
        assert notes(runs) == []
    assert looked < 20 * len(runs)
