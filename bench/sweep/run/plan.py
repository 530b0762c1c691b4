"""Print the plan of `sweep --dry-run`: missing cells, their evaluators, and the time."""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.core.terminal import inline
from caopd_bench.runs.stored.study import ROWS_FILE
from caopd_bench.sweep.grid.cells import BOTH, IN_PROCESS, LM_EVAL, Cell, Sweep
from caopd_bench.sweep.grid.display import show_seconds
from caopd_bench.sweep.grid.folder import CELL, Folder, read_json
from caopd_bench.sweep.run.estimate import PRETRAINING, estimate_evaluation, find_unmade
from caopd_bench.sweep.run.evaluators import choose_evaluators
from caopd_bench.sweep.run.reuse import find_elsewhere

__all__ = ["print_plan"]

#: Number of cells listed by name.
SHOWN = 20
#: Number of cells named for each reason why lm-eval evaluates.
NAMED = 5


def print_plan(
    sweep: Sweep,
    cells: Sequence[Cell],
    folder: Folder,
    seconds: dict[str, float],
    workers: int,
) -> None:
    """Print the plan of a sweep.

    Parameters
    ----------
    sweep, cells
        The sweep, and its selected cells.
    folder : Folder
        The sweep's folder.
    seconds : dict
        Estimated seconds by cell; empty if there is no estimate.
    workers : int
        Number of processes.
    """
    todo = [cell for cell in cells if not folder.is_finished(cell)]
    copied = [cell for cell in todo if find_elsewhere(cell, sweep) is not None]
    done, failed = len(cells) - len(todo), sum(folder.failure(cell) is not None for cell in todo)
    print(f"{inline(sweep.output)}: {len(cells)} cells, {done} finished, {failed} failed earlier")
    packed = sum(folder.is_packed(cell) for cell in cells)
    if packed:
        print(f"  {packed} are packed in {ROWS_FILE} and count like folders of cells")
    there = [cell for cell in todo if folder.cell(cell).exists() or folder.is_packed(cell)]
    damaged = [cell.name for cell in there if read_json(folder.cell(cell) / CELL) is None]
    if damaged:
        first = inline(damaged[0])
        print(f"  {len(damaged)} are damaged (no readable cell.json): {first}, ...")
    older = len(there) - len(damaged)
    if older:
        print(f"  {older} finished cells have other settings and will be replaced")
    if copied:
        print(f"  {len(copied)} are copied from other sweeps")
        todo = [cell for cell in todo if cell not in copied]
    for cell in todo[:SHOWN]:
        guess = f"  about {show_seconds(seconds[cell.name])}" if cell.name in seconds else ""
        print(f"  {inline(cell.name)}{guess}")
    if len(todo) > SHOWN:
        print(f"  and {len(todo) - SHOWN} more")
    _print_evaluators(todo, sweep)
    unmade = find_unmade(todo, sweep)
    if unmade:
        where = "" if sweep.bases.exists() else f" ({inline(sweep.bases)} does not exist)"
        print(f"to be pretrained first, 5 to 15 minutes each{where}: {', '.join(sorted(unmade))}")
    if todo and seconds:
        total = sum(seconds[cell.name] for cell in todo) + PRETRAINING * len(unmade)
        left = show_seconds(total / workers)
        with_it = " (with pretraining)" if unmade else ""
        print(f"about {show_seconds(total)} of work{with_it}, {left} with {workers} workers")
    elif todo:
        print("no estimate: no cell of these models is finished yet")


def _print_evaluators(todo: Sequence[Cell], sweep: Sweep) -> None:
    """Print the evaluators, the cells that lm-eval checks, and the seconds of each."""
    chosen = choose_evaluators(sweep)
    told = {
        IN_PROCESS: "evaluated in process",
        BOTH: "evaluated in process and by lm-eval, whose rows must be the same",
        LM_EVAL: "evaluated by lm-eval",
    }
    for evaluator, how in told.items():
        of_it = [cell for cell in todo if chosen[cell.name].evaluator == evaluator]
        if not of_it:
            continue
        cells = "1 cell" if len(of_it) == 1 else f"{len(of_it)} cells"
        print(f"{how}: {cells}{_guess(of_it, evaluator)}")
        for why in dict.fromkeys(chosen[cell.name].why for cell in of_it):
            if why:
                names = [cell.name for cell in of_it if chosen[cell.name].why == why]
                more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
                print(f"  {inline(why)}: {inline(', '.join(names[:NAMED]))}{more}")


def _guess(cells: Sequence[Cell], evaluator: str) -> str:
    """Describe the seconds to evaluate the cells, and those that lm-eval would take."""
    if not all(cell.base.size for cell in cells):
        return ""
    expected = sum(estimate_evaluation(cell, evaluator) for cell in cells)
    other = sum(estimate_evaluation(cell, LM_EVAL) for cell in cells)
    beside = f" (lm-eval alone: {show_seconds(other)})" if evaluator != LM_EVAL else ""
    return f", about {show_seconds(expected)}{beside}"
