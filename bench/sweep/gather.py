"""From stored runs to arrays: every metric of every cell, as observed and in every replicate."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.errors import UsageError
from caopd_bench.metrics import recalibrate
from caopd_bench.rows import Row
from caopd_bench.stored import read_stored
from caopd_bench.sweep.analysis import Analysis, View
from caopd_bench.sweep.folder import CELL, TIMING, Folder
from caopd_bench.sweep.grid import Cell, Sweep
from caopd_bench.sweep.hierarchy import Answers, draw_items, replicate_metrics
from caopd_bench.sweep.observing import read_expectations

__all__ = ["SEEN", "Gathered", "gather", "group_of"]

Array = NDArray[np.float64]
Series = tuple[str, str, str]  # where (a size), group, view
#: Of a cell's records, not of its answers: the items do not scatter them.
OBSERVED = ("student_success", "teacher_success", "student_stated", "teacher_stated")
ENTROPIES = ("entropy", "teacher_entropy")
TIMES = ("train_seconds", "evaluate_seconds")
SEEN = (*OBSERVED, *ENTROPIES, "optimism_bias", *TIMES)
#: Folds of the items for a recalibration that is fitted where it is applied.
FOLDS = 5


@dataclass
class Gathered:
    """What the answers of a sweep amount to.

    Attributes
    ----------
    values : dict
        By (where, group, view) and metric: shape (bases, seeds, 1 + replicates), the first as
        observed.
    parameters : dict
        By where.
    items, missing : int
        Items of a cell; cells of the file that are not finished.
    folders : dict
        Of the cells, by (where, group).
    """

    values: dict[Series, dict[str, Array]] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    folders: dict[tuple[str, str], list[Path]] = field(default_factory=dict)
    items: int = 0
    missing: int = 0


def group_of(cell: Cell) -> str:
    """Name the group of a cell: all that differ from it in seeds alone are in it.

    Its label, if it has one; else the method with what was changed, after the corpus if that is not
    the usual one.
    """
    if "label" in cell.changes:
        return str(cell.changes["label"])
    corpus = "" if cell.base.corpus in ("", "sure") else f"{cell.base.corpus} "
    changes = "".join(f" {key}={value}" for key, value in sorted(cell.changes.items()))
    return f"{corpus}{cell.method}{changes}"


def gather(sweep: Sweep, folder: Folder, analysis: Analysis) -> Gathered:
    """Read the stored answers of a sweep's finished cells and compute all that is asked for.

    Cells of a group must have the same training seeds for every base seed; of a sweep that is not
    finished, groups that are not complete are left out.
    """
    found = Gathered()
    wanted: dict[tuple[str, str], dict[int, dict[int, Cell]]] = {}
    for cell in sweep.cells:
        group = group_of(cell)
        if group in analysis.groups:
            seeds = wanted.setdefault((_where(cell, analysis), group), {})
            seeds.setdefault(cell.base.seed, {})[cell.seed] = cell
    weights: Array | None = None
    order: list[str] = []
    for (where, group), bases in wanted.items():
        cells = [cell for seeds in bases.values() for cell in seeds.values()]
        unfinished = sum(not folder.is_finished(cell) for cell in cells)
        if unfinished:
            found.missing += unfinished
            continue
        found.folders[where, group] = [folder.cell(cell) for cell in cells]
        shape = (len(bases), len(next(iter(bases.values()))))
        if any(len(seeds) != shape[1] for seeds in bases.values()):
            raise UsageError(f"{group}: not the same number of seeds for every base")
        for place, cell in zip(np.ndindex(shape), cells, strict=True):
            rows = _read_rows(folder.cell(cell), analysis)
            if weights is None:
                order = sorted({row.item_hash for row in rows[analysis.view]})
                found.items = len(order)
                weights = draw_items(
                    len(order), analysis.replicates, np.random.default_rng(analysis.seed)
                )
            known = json.loads((folder.cell(cell) / CELL).read_text(encoding="utf-8"))
            found.parameters[where] = float(known["parameters"])
            for view, given in analysis.views.items():
                expected = _expectations(folder.cell(cell), given, analysis)
                answers, kept = _look(rows[view], given, order, expected, cell)
                numbers = replicate_metrics(answers, weights[:, kept])
                numbers |= _observed(folder.cell(cell), known, analysis)
                target = found.values.setdefault((where, group, view), {})
                size = (*shape, analysis.replicates + 1)
                for metric, made in numbers.items():
                    target.setdefault(metric, np.full(size, math.nan))[place] = made
    return found


def _where(cell: Cell, analysis: Analysis) -> str:
    if analysis.across is None:
        return ""
    return cell.base.size if analysis.across == "size" else cell.base.name


def _read_rows(place: Path, analysis: Analysis) -> dict[str, list[Row]]:
    run = read_stored(place / "run")
    return {
        name: run.task_rows(view.task or analysis.task) for name, view in analysis.views.items()
    }


def _expectations(place: Path, view: View, analysis: Analysis) -> Mapping[str, float]:
    if view.column != "expected":
        return {}
    return read_expectations(place, view.task or analysis.task)


def _look(
    rows: Iterable[Row],
    view: View,
    order: list[str],
    expected: Mapping[str, float],
    cell: Cell,
) -> tuple[Answers, NDArray[np.int64]]:
    """Give the answers of a view, and the places of its items among all."""
    by_item = {row.item_hash: row for row in rows}
    if missing := [item for item in order if item not in by_item]:
        raise UsageError(f"{cell.name}: {len(missing)} of {len(order)} items have no answer")
    listed = [by_item[item] for item in order]
    if view.column == "expected":
        stated = np.array([expected.get(row.item_hash, math.nan) for row in listed])
    else:
        stated = np.array([math.nan if r.confidence is None else r.confidence for r in listed])
    correct = np.array([float(row.correct) for row in listed])
    inside = np.array([_is_in(row, view.where) for row in listed])
    if not inside.any():
        raise UsageError(f"views: no row has {view.where}")
    if view.recalibrate is not None:
        fit = np.array([_is_in(row, view.fit) for row in listed])
        stated = _recalibrate(stated, correct, fit, inside, view.recalibrate)
    kept = np.flatnonzero(inside)
    return Answers(stated[kept], correct[kept]), kept


def _is_in(row: Row, where: Mapping[str, Any]) -> bool:
    return all(row.groups.get(key) == value for key, value in where.items())


def _recalibrate(
    stated: Array, correct: Array, fit: NDArray[np.bool_], inside: NDArray[np.bool_], method: str
) -> Array:
    """Map stated values by what is fitted on other items than those that it is applied to."""
    result = np.full_like(stated, math.nan)
    parsed = ~np.isnan(stated)
    fold = np.arange(len(stated)) % FOLDS  # the order is that of hashes: as good as drawn
    for k in range(FOLDS):
        chosen = parsed & fit & (fold != k)
        target = parsed & inside & (fold == k)
        if chosen.any() and target.any():
            made = recalibrate(stated[chosen], correct[chosen], method=method)  # type: ignore[arg-type]
            result[target] = made.apply(stated[target])
    return result


def _observed(place: Path, known: Mapping[str, Any], analysis: Analysis) -> dict[str, Array]:
    """Give what the items do not scatter: constant over the replicates."""
    seen = dict(known.get("observed", {}))
    if "teacher_success" in seen and "student_success" in seen:
        seen["optimism_bias"] = seen["teacher_success"] - seen["student_success"]
    times = json.loads((place / TIMING).read_text(encoding="utf-8"))
    seen |= {name: times[name] for name in TIMES}
    size = analysis.replicates + 1
    return {name: np.full(size, float(seen.get(name, math.nan))) for name in SEEN}
