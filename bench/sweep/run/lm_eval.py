"""Run lm-eval in this process, with one task manager for all cells and a run directory for each.

The output equals that of `lm_eval --model hf --model_args pretrained=DIR --tasks ...`. Two things
that lm-eval recomputes for every evaluation are cached for the life of the process: the compiled
templates (one per document) and the report on the machine.
"""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.run import Run
from caopd_bench.sweep.grid.cells import Cell
from caopd_bench.sweep.run.quiet import find_device, quiet
from caopd_bench.tasks.discovery import task_folder

__all__ = ["Harness"]

OURS = "caopd_"


class Harness:
    """Evaluate cells one after the other with lm-eval."""

    def __init__(self) -> None:
        self._managers: dict[bool, Any] = {}
        _remember()

    def evaluate(self, cell: Cell, checkpoint: Path, output: Path) -> Run:
        """Evaluate a checkpoint, write lm-eval's run directory, and read it.

        Parameters
        ----------
        cell : Cell
            Provides the settings of the evaluation.
        checkpoint : Path
            The model's folder, or its name on the hub.
        output : Path
            Becomes the run directory.
        """
        import lm_eval
        from lm_eval.loggers import EvaluationTracker

        wanted = cell.evaluate
        arguments = {**wanted.model_args, "pretrained": str(checkpoint)}
        tracker = EvaluationTracker(output_path=str(output))
        with quiet():
            results = lm_eval.simple_evaluate(
                model=wanted.backend,
                model_args=arguments,
                tasks=list(wanted.tasks),
                num_fewshot=wanted.num_fewshot,
                batch_size=wanted.batch_size,
                device=find_device() if wanted.backend == "hf" else None,
                limit=wanted.limit,
                bootstrap_iters=0,
                log_samples=True,
                evaluation_tracker=tracker,
                apply_chat_template=wanted.apply_chat_template,
                gen_kwargs=dict(wanted.gen_kwargs) or None,
                task_manager=self._manager(wanted.tasks, {**arguments, **wanted.metadata}),
            )
            samples = results.pop("samples")
            tracker.save_results_aggregated(results=results, samples=samples)
            for task, rows in samples.items():
                tracker.save_results_samples(task_name=task, samples=rows)
        (run,) = read_runs([output])
        if not isinstance(run, Run):
            raise UsageError(f"{output}: too many rows to store; set evaluate: limit")
        return run

    def _manager(self, tasks: list[str], metadata: dict[str, Any]) -> Any:
        """Return a task manager with this cell's arguments; the task index is built only once."""
        from lm_eval.tasks import TaskManager

        others = not all(task.startswith(OURS) for task in tasks)
        known = self._managers.get(others)
        if known is None or not hasattr(known, "_factory"):
            known = TaskManager(
                include_path=str(task_folder()), include_defaults=others, metadata=metadata
            )
            self._managers[others] = known
            return known
        manager = copy.copy(known)
        manager.metadata = metadata
        manager._factory = type(known._factory)(meta=metadata)
        return manager


def _remember() -> None:
    """Make lm-eval compile each template, and describe the machine, only once."""
    from lm_eval import evaluator, utils

    if not hasattr(utils.env.from_string, "cache_info"):
        utils.env.from_string = functools.lru_cache(maxsize=64)(utils.env.from_string)
    if not hasattr(evaluator.add_env_info, "remembers"):
        evaluator.add_env_info = _RememberedReport(evaluator.add_env_info)


class _RememberedReport:
    """Call lm-eval's function once, and add the fields that it added to every later result."""

    remembers = True

    def __init__(self, describe: Any) -> None:
        self._describe = describe
        self._known: dict[str, Any] = {}

    def __call__(self, storage: dict[str, Any]) -> None:
        if not self._known:
            self._describe(self._known)
        storage.update(self._known)
