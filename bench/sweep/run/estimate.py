"""Estimate how long the cells of a sweep take, from similar finished cells if there are any."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from caopd_bench.sweep.grid.cells import BOTH, IN_PROCESS, LM_EVAL, Cell, Sweep
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.sweep.run.bases import is_model
from caopd_bench.sweep.run.evaluators import choose_evaluators
from caopd_bench.tasks.catalogue.items import count_items
from caopd_bench.tasks.listing import list_tasks

__all__ = [
    "COPYING",
    "PRETRAINING",
    "estimate_evaluation",
    "estimate_seconds",
    "find_unmade",
]

#: Seconds measured for micro models on one core: the evaluation of one answer, by evaluator
#: (docs/sweep.md), and the remaining work of an untrained cell.
EVALUATION = {IN_PROCESS: 2.5e-4, LM_EVAL: 7e-4, BOTH: 9.5e-4}
OTHERS = 2.0
#: Seconds from reference_runs/scaling-law/timings.csv: a training step, the part of a sampled,
#: judged and trained answer that does not depend on size, and the part per million parameters.
STEP, ANSWER, ANSWER_MILLION = 0.05, 5e-4, 6e-3
#: Seconds to pretrain a micro model of any size; measured: 320 to 1,000.
PRETRAINING = 450.0
#: Assumed number of questions of a task that is not bundled.
UNKNOWN_TASK = 1_500
#: Seconds to copy a cell from another sweep.
COPYING = 0.1
#: Weight of a cell whose time is unknown: a unit for the display, never shown as seconds.
UNKNOWN = 1.0


def estimate_seconds(cells: Sequence[Cell], sweep: Sweep) -> tuple[dict[str, float], bool]:
    """Estimate the seconds of each cell.

    Parameters
    ----------
    cells : sequence of Cell
    sweep : Sweep
        Times come from its timings.csv and from those of the sweeps that it copies from.

    Returns
    -------
    seconds : dict
        Seconds by cell.
    is_known : bool
        Whether every estimate comes from similar cells or is of a micro model; otherwise the
        values only serve as units of progress.
    """
    seconds: dict[str, float] = {}
    by_name = {cell.name: cell for cell in sweep.cells}
    for place in (*sweep.reuse, sweep.output):
        timings, folder = _read(place / "timings.csv"), Folder(place)
        # A cell of the same name with other settings is no guide to the time.
        for name in timings.keys() & by_name.keys():
            if folder.is_finished(by_name[name]):
                seconds[name] = timings[name]
    alike: dict[tuple[str, ...], list[float]] = {}
    for name, value in sorted(seconds.items()):
        for kind in _kinds(by_name[name]):
            alike.setdefault(kind, []).append(value)
    found, is_known = {}, True
    chosen = choose_evaluators(sweep)
    for cell in cells:
        known = next((alike[kind] for kind in _kinds(cell) if kind in alike), None)
        if known is not None:
            found[cell.name] = median(known)
        elif cell.base.size:
            evaluator = chosen[cell.name].evaluator
            found[cell.name] = _guess(cell) + estimate_evaluation(cell, evaluator)
        else:
            found[cell.name], is_known = UNKNOWN, False
    return found, is_known


def estimate_evaluation(cell: Cell, evaluator: str) -> float:
    """Estimate the seconds to evaluate a cell of a micro model, without its training."""
    known = _count_questions()
    answers = sum(known.get(task, UNKNOWN_TASK) for task in cell.evaluate.tasks)
    limit = cell.evaluate.limit
    if limit is not None:
        answers = min(answers, limit * len(cell.evaluate.tasks))
    return EVALUATION[evaluator] * answers


@functools.cache
def _count_questions() -> dict[str, int]:
    return {entry.name: count_items(entry.questions) for entry in list_tasks()}


def find_unmade(cells: Iterable[Cell], sweep: Sweep) -> dict[str, str]:
    """Return the micro models that are still to be pretrained, each with its first cell."""
    unmade: dict[str, str] = {}
    for cell in cells:
        if cell.base.size and not is_model(sweep.bases / cell.base.name):
            unmade.setdefault(cell.base.name, cell.name)
    return unmade


def _kinds(cell: Cell) -> Iterable[tuple[str, ...]]:
    """Return keys by which cells count as similar, the most specific first."""
    model = cell.base.kind
    trained = "" if not cell.stages else str(sum(stage["steps"] for stage in cell.stages))
    k = str(cell.stages[0]["k"] * cell.stages[0]["prompts_per_step"]) if cell.stages else ""
    return (model, cell.method, trained, k), (model, trained, k)


def _guess(cell: Cell) -> float:
    from caopd_bench.train.micro.sizes import SIZES

    width, layers = SIZES[cell.base.size].width, SIZES[cell.base.size].layers
    millions = 12 * layers * width * width / 1e6
    answers = float(sum(s["steps"] * s["prompts_per_step"] * s["k"] for s in cell.stages))
    steps = float(sum(s["steps"] for s in cell.stages))
    return OTHERS + STEP * steps + answers * (ANSWER + ANSWER_MILLION * millions)


def _read(timings: Path) -> dict[str, float]:
    try:
        with timings.open(newline="", encoding="utf-8") as file:
            return {
                row["cell"]: float(row["seconds"]) - float(row["pretrain_seconds"])
                for row in csv.DictReader(file)
            }
    except (OSError, ValueError, KeyError, TypeError):
        return {}
