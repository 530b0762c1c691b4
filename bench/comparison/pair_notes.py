"""Notes on pairs of runs, one line for each pair.

Thousands of runs have millions of pairs, so pairs are found by shared properties, and at most
`MOST` are listed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.numbers import is_number
from caopd_bench.core.terminal import inline
from caopd_bench.runs.logged import UNNAMED
from caopd_bench.runs.run import AnyRun, CountedRun, label_items
from caopd_bench.scores.notes import has_item_names

__all__ = [
    "MOST",
    "NAME_IT",
    "cut_notes",
    "notes_on_items",
    "notes_on_thinking",
    "notes_on_weights",
    "weights_of",
]

#: The most notes of one kind; a further line reports that there are more.
MOST = 50
WIDTH = 40
#: Logs without a task name all get this one, whatever their questions.
NAME_IT = "if these are different tasks, give each a name: caopd-bench rescore FILE --task NAME"
#: A run counts as thinking if at least this share of its responses contain thinking.
THOUGHT = 0.5


def notes_on_thinking(runs: Sequence[AnyRun]) -> list[str]:
    """Warn about two runs of a task of which only one was thinking."""
    thought: list[dict[str, bool]] = []
    for run in runs if len(runs) > 1 else ():
        said = ((task, _thinks(run, task)) for task in run.tasks)
        thought.append({task: value for task, value in said if value is not None})
    values: dict[str, set[bool]] = {}
    for of_run in thought:
        for task, value in of_run.items():
            values.setdefault(task, set()).add(value)
    mixed = {task for task, found in values.items() if len(found) > 1}

    def notes() -> Iterator[str]:
        members = [i for i, of_run in enumerate(thought) if mixed & of_run.keys()]
        for i, j in combinations(members, 2):
            for task, ours in thought[i].items():
                if task not in mixed or thought[j].get(task, ours) == ours:
                    continue
                a, b = (runs[i], runs[j]) if ours else (runs[j], runs[i])
                yield (
                    f"{inline(task, WIDTH)}: {inline(a.name, WIDTH)} was thinking and "
                    f"{inline(b.name, WIDTH)} was not, so their numbers compare the modes as much "
                    "as the models"
                )

    return cut_notes(notes(), "of which only one was thinking")


def _thinks(run: AnyRun, task: str) -> bool | None:
    """Return whether a run was thinking, according to its settings or else its texts."""
    thinking = run.settings(task).get("thinking") or {}
    if isinstance(thinking.get("asked"), bool):
        return bool(thinking["asked"])
    seen = thinking.get("seen")
    return seen >= THOUGHT if is_number(seen) else None


def notes_on_items(runs: Sequence[AnyRun]) -> list[str]:
    """Warn about runs that answered different problems of one task."""
    # Number each distinct set of problems, since most runs answered the same one.
    sets: dict[bytes, int] = {}
    by_number: list[NDArray[np.uint64]] = []
    numbers: list[dict[str, int]] = []
    for run in runs if len(runs) > 1 else ():
        numbers.append({})
        for task in run.tasks:
            items = _items(run, task)
            if items is None:
                continue
            number = sets.setdefault(blake2b(items.tobytes()).digest(), len(sets))
            by_number += [items] if number == len(by_number) else []
            numbers[-1][task] = number
    of_task: dict[str, set[int]] = {}
    for of_run in numbers:
        for task, number in of_run.items():
            of_task.setdefault(task, set()).add(number)
    mixed = {task for task, found in of_task.items() if len(found) > 1}

    def notes() -> Iterator[str]:
        members = [i for i, of_run in enumerate(numbers) if mixed & of_run.keys()]
        for i, j in combinations(members, 2):
            for task, ours in numbers[i].items():
                theirs = numbers[j].get(task, ours)
                if task in mixed and theirs != ours:
                    a, b = by_number[ours], by_number[theirs]
                    shared = np.intersect1d(a, b, assume_unique=True).size
                    hint = f"; {NAME_IT}" if task == UNNAMED else ""
                    yield (
                        f"{inline(runs[i].name, WIDTH)} and {inline(runs[j].name, WIDTH)} "
                        f"answered different problems of {inline(task, WIDTH)}: {len(a)} and "
                        f"{len(b)}, {shared} of them shared, so their numbers are not "
                        f"comparable{hint}"
                    )

    return cut_notes(notes(), "that answered different problems of a task")


def _items(run: AnyRun, task: str) -> NDArray[np.uint64] | None:
    """Return the sorted labels of a task's items; None if they are unknown.

    Labels, because counted runs keep no item names.
    """
    if isinstance(run, CountedRun):
        return run.labels
    if not has_item_names(run, task):
        return None
    return np.unique(label_items([row.item_hash for row in run.task_rows(task)]))


def notes_on_weights(runs: Sequence[AnyRun]) -> list[str]:
    """Warn about two runs of the same weights under the names or paths of two models."""

    def notes() -> Iterator[str]:
        for i, j in _pairs_of_weights(runs):
            a, b = runs[i], runs[j]
            names = f"{inline(a.name, WIDTH)} and {inline(b.name, WIDTH)}"
            weights = inline(min(weights_of(a) & weights_of(b)), WIDTH)
            model = a.provenance.get("model")
            if model != b.provenance.get("model"):
                yield (
                    f"{names} claim different models but have the same weights ({weights}); was a "
                    "checkpoint path reused?"
                )
            else:
                yield (
                    f"{names} are the same evaluation of the same weights ({weights}); did you "
                    "give one folder twice?"
                )

    return cut_notes(notes(), "of the same weights")


def _pairs_of_weights(runs: Sequence[AnyRun]) -> Iterator[tuple[int, int]]:
    """Yield pairs that share weights and claim to be two models, or the same evaluation."""
    if len(runs) < 2:
        return
    weights = [weights_of(run) for run in runs]
    models = [_freeze(run.provenance.get("model")) for run in runs]
    evaluations: list[set[Hashable]] = []
    by_model: dict[str, dict[Hashable, list[int]]] = {}
    by_evaluation: dict[Hashable, list[int]] = {}
    for i, run in enumerate(runs):
        tasks = run.tasks if weights[i] else ()
        made: set[Hashable] = {(models[i], task, _setting(run, task)) for task in tasks}
        evaluations.append(made)
        for evaluation in made:
            by_evaluation.setdefault(evaluation, []).append(i)
        for weight in weights[i]:
            by_model.setdefault(weight, {}).setdefault(models[i], []).append(i)
    for i in range(len(runs)):
        found = {
            j
            for weight in weights[i]
            for model, members in by_model[weight].items()
            if model != models[i]
            for j in members
        }
        for evaluation in evaluations[i]:
            found.update(j for j in by_evaluation[evaluation] if weights[i] & weights[j])
        yield from ((i, j) for j in sorted(found) if j > i)


def weights_of(run: AnyRun) -> set[str]:
    """Return the fingerprints of the weights behind the tasks of a run."""
    found = (run.settings(task).get("weights") for task in run.tasks)
    return {weights for weights in found if weights}


def _setting(run: AnyRun, task: str) -> Hashable:
    """Return the settings that distinguish evaluations of a task."""
    settings = run.settings(task)
    ours = ("weights", "num_fewshot", "generation", "source", "version", "prompt_version")
    theirs = (
        "backend",
        "model_args",
        "gen_kwargs",
        "seeds",
        "limit",
        "chat_template_sha",
        "fewshot_as_multiturn",
        "system_instruction_sha",
    )
    return _freeze(
        [
            *(settings.get(key) for key in ours),
            *(run.provenance.get(key) for key in theirs),
            settings.get("exemplars") if settings.get("num_fewshot") else None,
        ]
    )


def _freeze(value: Any) -> Hashable:
    """Return provenance as a dictionary key that is equal if the values are equal."""
    if isinstance(value, Mapping):
        return ("mapping", frozenset((key, _freeze(one)) for key, one in value.items()))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *map(_freeze, value))
    return value  # type: ignore[no-any-return]  # a number, a text or None


def cut_notes(notes: Iterator[str], pairs: str) -> list[str]:
    """Yield the first notes, and a further one if there are more."""
    taken = [note for note, _ in zip(notes, range(MOST), strict=False)]
    if len(taken) == MOST and next(notes, None) is not None:
        taken.append(f"there are more pairs of runs {pairs}; only the first {MOST} are listed")
    return taken
