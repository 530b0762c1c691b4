"""Choose the evaluator of each cell: this process, lm-eval, or both, whose rows must be the same.

In-process evaluation is many times faster, and lm-eval is the reference. So lm-eval checks every
headline cell and a sample of the others, row by row. The sample depends on the cell names in the
file alone, so that a resumed sweep, another machine and `--only` choose the same cells.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.run import Row, Run
from caopd_bench.sweep.grid.cells import BOTH, IN_PROCESS, LM_EVAL, Cell, Sweep, group_of
from caopd_bench.sweep.run.in_process import (
    answers_in_chat,
    evaluate_in_process,
    why_not_in_process,
)

if TYPE_CHECKING:
    from caopd_bench.sweep.run.lm_eval import Harness

__all__ = ["SHARE", "Choice", "Evaluators", "choose_evaluators", "refuse_differences"]

#: The smallest share of cells that lm-eval checks.
SHARE = 0.05
#: The share of a chat's rows that may differ: in-process batches are composed differently, and if
#: two tokens are equally probable up to rounding, greedy decoding may choose either.
CHAT_SHARE = 0.01
#: Seed of the order in which cells are drawn.
SEED = "caopd-bench checked cells 1"


class Choice(NamedTuple):
    """A cell's evaluator (`IN_PROCESS`, `LM_EVAL` or `BOTH`), and why not in process alone."""

    evaluator: str
    why: str = ""


def choose_evaluators(sweep: Sweep) -> dict[str, Choice]:
    """Choose the evaluator of each cell of a sweep; the keys are cell names.

    lm-eval alone evaluates a cell if the sweep requests it, keeps lm-eval's logs, or uses settings
    that are not supported in process. Of the remaining cells, both evaluate those that match
    `check`, the groups in the analysis' `headline`, one cell of every size or model that has none
    of these, and further cells until they make up `SHARE` of all, in the order of the SHA-256 of
    their names.
    """
    chosen: dict[str, Choice] = {}
    open_cells: list[Cell] = []
    for cell in sweep.cells:
        why = _why_lm_eval(cell, sweep)
        if why:
            chosen[cell.name] = Choice(LM_EVAL, why)
        elif any(re.search(pattern, cell.name) for pattern in sweep.check):
            chosen[cell.name] = Choice(BOTH, "named by check")
        elif group_of(cell) in sweep.headline:
            chosen[cell.name] = Choice(BOTH, "headline")
        else:
            open_cells.append(cell)
    checked = {_shape(c) for c in sweep.cells if c.name in chosen and chosen[c.name][0] == BOTH}
    count = sum(choice.evaluator == BOTH for choice in chosen.values())
    order = sorted(open_cells, key=_draw)
    sample = []
    for cell in order:
        if _shape(cell) not in checked:
            checked.add(_shape(cell))
            sample.append(cell)
    wanted = math.ceil(SHARE * (count + len(open_cells)))
    rest = [cell for cell in order if cell not in sample]
    sample += rest[: max(0, wanted - count - len(sample))]
    names = {cell.name for cell in sample}
    for cell in open_cells:
        is_drawn = cell.name in names
        chosen[cell.name] = Choice(BOTH, "sample") if is_drawn else Choice(IN_PROCESS)
    return chosen


def _why_lm_eval(cell: Cell, sweep: Sweep) -> str:
    if sweep.evaluator == LM_EVAL:
        return "evaluator is lm_eval"
    if "lm_eval" in sweep.keep:
        return "its log is kept"
    return why_not_in_process(cell)


def _shape(cell: Cell) -> str:
    return cell.base.kind


def _draw(cell: Cell) -> str:
    return hashlib.sha256(f"{SEED} {cell.name}".encode()).hexdigest()


class Evaluators:
    """Evaluate cells one after the other with the evaluators from `choose_evaluators`."""

    def __init__(self, sweep: Sweep) -> None:
        self._chosen = choose_evaluators(sweep)
        #: Expected stated numbers of the cell evaluated last, by task and item; filled only for a
        #: chat that is held in process, where they are computed with the answers.
        self.expected: dict[tuple[str, str], float | None] = {}

    def evaluate(self, cell: Cell, checkpoint: Path, output: Path) -> Run:
        """Evaluate a checkpoint.

        Parameters
        ----------
        cell : Cell
            A cell of the sweep.
        checkpoint : Path
            The model's folder, or its name on the hub.
        output : Path
            Becomes lm-eval's run directory if lm-eval evaluates the cell.

        Returns
        -------
        Run
            lm-eval's run if it evaluates the cell; `evaluator` in the provenance is the choice.

        Raises
        ------
        UsageError
            If both evaluate and rows differ; the message names the first.
        """
        evaluator = self._chosen[cell.name].evaluator
        self.expected = {}
        # Evaluate in process first; each evaluator sets its own seeds before it samples.
        ours = None if evaluator == LM_EVAL else self._evaluate_in_process(cell, checkpoint)
        if ours is not None and evaluator == IN_PROCESS:
            return ours
        run = _make_harness().evaluate(cell, checkpoint, output)
        if ours is not None:
            refuse_differences(ours, run, share=CHAT_SHARE if answers_in_chat(cell) else 0.0)
        return replace(run, provenance={**run.provenance, "evaluator": evaluator})

    def _evaluate_in_process(self, cell: Cell, checkpoint: Path) -> Run:
        if not answers_in_chat(cell):
            return evaluate_in_process(cell, checkpoint)
        return evaluate_in_process(cell, checkpoint, self.expected)


@functools.cache
def _make_harness() -> Harness:
    """Create lm-eval's harness once per process, and only when needed, since it takes seconds."""
    from caopd_bench.sweep.run.lm_eval import Harness

    return Harness()


def refuse_differences(ours: Run, theirs: Run, *, share: float = 0.0) -> None:
    """Raise a UsageError that names the first differing row if two runs differ.

    Up to `share` of the rows may differ.
    """
    pairs = list(itertools.zip_longest(ours.rows, theirs.rows))
    differ = [(mine, other) for mine, other in pairs if _fields(mine) != _fields(other)]
    if len(differ) <= share * len(pairs):
        return
    mine, other = differ[0]
    row = other or mine
    what = f"{row.task} item {row.item_hash}: " if row else ""
    raise UsageError(
        f"{what}{_say(mine)} in process, {_say(other)} by lm-eval; {len(differ):,} of "
        f"{len(pairs):,} rows differ: run the sweep with --evaluator lm_eval"
    )


def _fields(row: Row | None) -> tuple[object, ...]:
    if row is None:
        return ()
    what = (row.task, row.item_hash, row.sample, dict(row.groups))
    return (*what, row.answer, row.stated, row.confidence, row.correct, row.status, row.text)


def _say(row: Row | None) -> str:
    if row is None:
        return "no row"
    answer, stated = quote(row.answer), quote(row.stated)
    return f"answer {answer}, confidence {stated}, correct {row.correct}, status {row.status}"
