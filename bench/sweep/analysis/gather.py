"""Turn stored runs into arrays: every metric of every cell, observed and in each replicate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.metrics.intervals.over_seeds import draw_items, replicate_metrics
from caopd_bench.runs.stored.check import read_stored
from caopd_bench.sweep.analysis.spec import (
    ANALYSIS,
    SEEN,
    SUCCESS,
    TIMES,
    Analysis,
    read_analysis,
    split_series,
)
from caopd_bench.sweep.analysis.views import Shares, arrange, find_number, look
from caopd_bench.sweep.grid.cell_files import read_cell, read_times
from caopd_bench.sweep.grid.cells import Cell, Sweep, group_of
from caopd_bench.sweep.grid.folder import Folder

__all__ = ["Gathered", "find_analysis", "gather", "group_of", "headline_groups", "sort_cells"]

Array = NDArray[np.float64]
Series = tuple[str, str, str]  # place (a size or model), group, view


@dataclass
class Gathered:
    """Metrics of a sweep's cells, with the items and cells that they come from.

    Attributes
    ----------
    values : dict
        Arrays by (place, group, view) and metric, of shape (bases, seeds, 1 + replicates). Index
        0 of the last axis is the observed value.
    parameters : dict
        Number of model parameters, by place.
    missing : int
        Number of unfinished cells in the groups of the analysis.
    folders, bases : dict
        Folders of the cells, and base seeds in order, by (place, group).
    order, weights
        The items, and how often each is drawn in a replicate.
    items : dict
        Number of items that each view uses.
    """

    values: dict[Series, dict[str, Array]] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    folders: dict[tuple[str, str], list[Path]] = field(default_factory=dict)
    bases: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    weights: Array | None = None
    items: dict[str, int] = field(default_factory=dict)
    missing: int = 0


def sort_cells(sweep: Sweep, analysis: Analysis) -> dict[tuple[str, str], list[list[Cell]]]:
    """Sort a sweep's cells by place and group: a list for each base seed, by training seed.

    Raises
    ------
    UsageError
        If two cells would be the same run of a group, or if the bases of a group differ in their
        training seeds.
    """
    found: dict[tuple[str, str], dict[int, dict[int, Cell]]] = {}
    for cell in sweep.cells:
        bases = found.setdefault((_where(cell, analysis), group_of(cell)), {})
        seeds = bases.setdefault(cell.base.seed, {})
        if cell.seed in seeds:
            hint = "" if analysis.across else "; 'across: size' (or model) keeps them apart"
            raise UsageError(
                f"{ANALYSIS}: {seeds[cell.seed].name} and {cell.name} are the same group, base "
                f"seed and seed{hint}"
            )
        seeds[cell.seed] = cell
    for (_, group), bases in found.items():
        if len({tuple(sorted(seeds)) for seeds in bases.values()}) > 1:
            raise UsageError(f"{ANALYSIS}: {group}: not the same training seeds for every base")
    return {
        key: [[seeds[s] for s in sorted(seeds)] for _, seeds in sorted(bases.items())]
        for key, bases in found.items()
    }


def find_analysis(sweep: Sweep) -> Analysis | None:
    """Read the analysis file next to a sweep's file, if any, and check it against the cells."""
    file = sweep.file.parent / ANALYSIS
    if not file.exists():
        return None
    read = read_analysis(file)
    for task in [read.task, *(view.task for view in read.views.values() if view.task)]:
        if not all(task in cell.evaluate.tasks for cell in sweep.cells):
            raise UsageError(f"{file}: task: {task!r} is not among evaluate.tasks of {sweep.file}")
    known = sort_cells(sweep, read)
    groups, places = {group for _, group in known}, {place for place, _ in known}
    for claim in read.claims:
        if wrong := [place for place in claim.at or () if place not in places]:
            raise UsageError(
                f"{file}: claim {claim.id}: at: no cell is at {wrong[0]!r}; there are",
                sorted(places - {""}),
            )
    expected = any(view.column == "expected" for view in read.views.values())
    if expected and not all(cell.evaluate.expectation for cell in sweep.cells):
        raise UsageError(f"{file}: views: 'expected' needs evaluate.expectation of {sweep.file}")
    if missing := [group for group in read.groups if group not in groups]:
        raise UsageError(
            f"{file}: no cell of {sweep.file} is in {missing[0]!r}; there are", [*groups]
        )
    return read


def headline_groups(analysis: Analysis | None) -> frozenset[str]:
    """Return the groups that the headline of an analysis compares, in any view."""
    pairs = analysis.headline if analysis is not None else []
    return frozenset(split_series(name, "")[0] for pair in pairs for name in pair)


def gather(sweep: Sweep, folder: Folder, analysis: Analysis) -> Gathered:
    """Read the stored answers of a sweep's finished cells and compute the analysis' metrics.

    Groups with unfinished cells are left out; `missing` counts those cells.
    """
    found = Gathered()
    for (where, group), bases in sort_cells(sweep, analysis).items():
        if group not in analysis.groups:
            continue
        cells = [cell for seeds in bases for cell in seeds]
        unfinished = sum(not folder.is_finished(cell) for cell in cells)
        if unfinished:
            found.missing += unfinished
            continue
        found.folders[where, group] = [folder.cell(cell) for cell in cells]
        found.bases[where, group] = tuple(seeds[0].base.seed for seeds in bases)
        shape = (len(bases), len(bases[0]))
        _add(found, (where, group), shape, cells, folder, analysis)
    return found


def _add(
    found: Gathered,
    at: tuple[str, str],
    shape: tuple[int, int],
    cells: Sequence[Cell],
    folder: Folder,
    analysis: Analysis,
) -> None:
    """Compute the metrics of a group's cells in all views and replicates.

    All cells are read first, because a predictor of one cell may use the answers of the others.
    """
    views = {name: view for name, view in analysis.views.items() if analysis.shows(at[1], name)}
    tasks = {analysis.task, *(view.task for view in views.values() if view.task)}
    runs = [read_stored(folder.cell(cell) / "run") for cell in cells]
    if found.weights is None:
        found.order = sorted({row.item_hash for row in runs[0].task_rows(analysis.task)})
        rng = np.random.default_rng(analysis.seed)
        found.weights = draw_items(len(found.order), analysis.replicates, rng)
    rows = {
        task: [
            arrange(run.task_rows(task), found.order, cell.name)
            for run, cell in zip(runs, cells, strict=True)
        ]
        for task in tasks
    }
    shares = {task: Shares.of(listed, shape) for task, listed in rows.items()}
    for i, (place, cell) in enumerate(zip(np.ndindex(shape), cells, strict=True)):
        files = folder.cell(cell)
        known = read_cell(files)
        found.parameters[at[0]] = float(known.get("parameters") or math.nan)
        observed = _observed(files, known, analysis, [*map(ord, cell.name)])
        for name, view in views.items():
            task = view.task or analysis.task
            number = find_number(rows[task][i], view, files, shares[task], place, task)
            answers, kept = look(rows[task][i], view, number)
            found.items[name] = len(kept)
            numbers = replicate_metrics(answers, found.weights[:, kept]) | observed
            target = found.values.setdefault((*at, name), {})
            size = (*shape, analysis.replicates + 1)
            for metric, made in numbers.items():
                target.setdefault(metric, np.full(size, math.nan))[place] = made


def _where(cell: Cell, analysis: Analysis) -> str:
    if analysis.across is None:
        return ""
    return cell.base.size if analysis.across == "size" else cell.base.name


def _observed(
    place: Path, known: Mapping[str, Any], analysis: Analysis, entropy: list[int]
) -> dict[str, Array]:
    """Return the metrics of a cell that do not come from its answers.

    A success rate varies between replicates by the sampling of its questions, drawn from a
    binomial distribution. All others are constant over replicates and vary with the seeds alone.
    """
    observed = known["observed"].items()
    seen = {name: float(value) for name, value in observed if value is not None}
    times = read_times(place)
    seen |= {name: float(times[name]) for name in TIMES}
    size = analysis.replicates + 1
    made = {name: np.full(size, seen.get(name, math.nan)) for name in SEEN}
    questions = known["evaluate"]["success_questions"] or 0
    rng = np.random.default_rng([analysis.seed, *entropy])
    for name in SUCCESS:
        if questions and name in seen:
            made[name][1:] = rng.binomial(questions, seen[name], size - 1) / questions
    made["optimism_bias"] = made["teacher_success"] - made["student_success"]
    return made
