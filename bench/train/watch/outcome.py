"""Describe a finished run: how far its rollouts moved, and the command that evaluates it."""

from __future__ import annotations

import csv
import json
import math
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from caopd_bench.core.terminal import inline
from caopd_bench.train.watch.history import HISTORY

__all__ = ["describe_movement", "next_commands"]

#: With fewer steps a movement cannot be distinguished from the scatter of the questions.
FEWEST = 8
#: The means are taken over the first and the last of this many equal parts of a run.
PART = 4
#: A smaller change of a mean counts as no movement, however little the steps scatter.
LEAST = 0.01
SURE = 2.0  # standard errors from which a change counts as a movement
#: The quantities that are compared, by column of training.csv.
SHOWN = {"accuracy": "accuracy", "stated": "stated confidence"}


def describe_movement(file: Path) -> list[str]:
    """Describe how accuracy and stated confidence of the rollouts moved; warn if neither did.

    The means of the first and the last quarter of the steps are compared. A difference counts if it
    is larger than 0.01 and larger than two standard errors, which are computed from the scatter of
    successive steps.

    Parameters
    ----------
    file : Path
        training.csv of a run that was completed.

    Returns
    -------
    list of str
        Lines for the user.
    """
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    columns = {name: _read(rows, name) for name in (*SHOWN, "loss")}
    lines = list(_count_idle(columns["loss"], len(rows)))
    seen = {name: values for name, values in columns.items() if name in SHOWN and values}
    steps = max(map(len, seen.values()), default=0)
    if not seen:  # the method samples no answers
        return lines + list(_describe_loss(columns["loss"]))
    part = max(1, steps // PART)
    moves = {name: (_mean(of[:part]), _mean(of[-part:])) for name, of in seen.items()}
    ends = ", ".join(f"{SHOWN[name]} {a:.3f} to {b:.3f}" for name, (a, b) in moves.items())
    if steps < 2:
        return lines
    which = f"means of the first and last {part} of {steps} steps"
    lines.append(f"rollouts: {ends} ({which if part > 1 else 'first and last step'})")
    if steps < FEWEST:
        lines.append(f"{steps} steps are too few to tell whether anything was learned")
    elif not any(_has_moved(seen[name], part) for name in moves):
        lines.append(
            "warning: the rollouts show no learning: accuracy and stated confidence changed no "
            "more than by chance; train longer (--steps), raise --learning-rate, or check that "
            "the task is the model's own (--task)"
        )
    return lines


def next_commands(
    output: Path, task: str, *, chat: bool = False, levels: str | None = None
) -> list[str]:
    """Return the commands that evaluate a checkpoint in its training format and score the run.

    Parameters
    ----------
    output : Path
        Folder of the checkpoint.
    task : str
        Name of the lm-eval task.
    chat : bool
        Whether the questions were asked in the model's chat template.
    levels : str, optional
        Levels of the questions, if only some were chosen.

    Returns
    -------
    list of str
        Lines for the user.
    """
    folder = f"{output}-eval"
    evaluate = (
        *("lm_eval", "--model", "hf", "--model_args", f"pretrained={output}", "--tasks", task),
        *(("--metadata", json.dumps({"levels": levels})) if levels else ()),
        *(("--apply_chat_template",) if chat else ()),
        *("--batch_size", "64", "--output_path", folder, "--log_samples"),
    )
    commands = (evaluate, ("caopd-bench", "score", folder))
    return ["next:", *(f"  {inline(shlex.join(words))}" for words in commands)]


def _count_idle(losses: Sequence[float], steps: int) -> Iterator[str]:
    idle = steps - len(losses)  # the loss of such a step is undefined
    if idle:
        step = "step" if steps == 1 else "steps"
        yield f"{idle} of {steps} {step} updated nothing; {HISTORY} gives the reasons"


def _describe_loss(losses: Sequence[float]) -> Iterator[str]:
    if len(losses) < 2:
        return
    part = max(1, len(losses) // PART)
    first, last = _mean(losses[:part]), _mean(losses[-part:])
    yield f"loss {first:.4f} to {last:.4f} (no rollouts; evaluate the checkpoint)"
    if len(losses) >= FEWEST and last >= first:
        yield (
            "warning: nothing was learned: the loss did not fall; train longer (--steps) or change "
            "--learning-rate"
        )


def _read(rows: Sequence[dict[str, str]], name: str) -> list[float]:
    return [float(row[name]) for row in rows if row.get(name)]


def _has_moved(values: Sequence[float], part: int) -> bool:
    """Return whether the means of both ends differ by more than the scatter of the steps."""
    moved = abs(_mean(values[-part:]) - _mean(values[:part]))
    # Use the scatter of successive steps, so that a trend does not count as scatter.
    squares = [(b - a) ** 2 / 2.0 for a, b in pairwise(values)]
    error = math.sqrt(_mean(squares) * 2.0 / part)
    return moved > max(LEAST, SURE * error)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
