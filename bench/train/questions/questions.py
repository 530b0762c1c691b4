"""Load the questions to train on: the train split of a task, in the task's own wording.

The bundled sets (`caopd_math`, `caopd_arith`) have train splits of their own that share no question
with their test sets. For the other sets the user names the file of the train split (`train_file`),
in the dataset's published format. The order is one permutation per epoch, drawn from the seed, so
that step n sees the same questions whether or not the run was resumed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.core.errors import UsageError
from caopd_bench.tasks import problems
from caopd_bench.tasks.ask.prompts import item_hash, render_system
from caopd_bench.tasks.catalogue import arithmetic
from caopd_bench.tasks.catalogue.datasets import DATASETS
from caopd_bench.tasks.catalogue.rows import DataError, read_rows

if TYPE_CHECKING:
    from caopd_bench.train.settings import TrainSettings

__all__ = ["choose_questions", "load_questions", "load_run_questions", "make_doc"]

Doc = dict[str, Any]
BUNDLED = ("math", "arith")


def load_questions(
    task: str,
    *,
    split: str = "train",
    levels: Any = None,
    families: str | None = None,
    limit: int | None = None,
    train_file: str | Path | None = None,
    seed: int = 0,
) -> list[Doc]:
    """Load the documents of a task's train (or validation) split.

    Parameters
    ----------
    task : str
        For example "caopd_math_conf".
    split : str
        "train" or "validation"; "test" is the frozen set, for evaluation.
    levels, families
        Selections from the bundled sets; `families` is for `caopd_arith` only.
    limit : int, optional
        Maximum number of questions.
    train_file : str or Path, optional
        Rows of the dataset's train split, for tasks that are not bundled.
    seed : int
        Seed of the generator of `caopd_math`.

    Raises
    ------
    UsageError
        For an unknown task, or a file that is missing or does not belong to the dataset.
    """
    match = re.fullmatch(r"caopd_(.+)_conf", task)
    name = match[1] if match else ""
    if name not in DATASETS or DATASETS[name].parts:
        known = [f"caopd_{key}_conf" for key, value in DATASETS.items() if not value.parts]
        raise UsageError(f"task: {task!r} cannot be trained on; known:", known)
    if name in BUNDLED and train_file is not None:
        raise UsageError(f"train_file: {task} has a train split of its own; leave it out")
    try:
        if name == "arith":
            items = arithmetic.load(split=split, levels=levels, n=limit, families=families)
        elif families is not None:
            raise UsageError("families: only caopd_arith_conf has them")
        elif name == "math":
            # Without a seed, `problems.load` returns the frozen test set.
            drawn = None if split == "test" else seed
            items = problems.load(seed=drawn, split=split, levels=levels, n=limit)
            items = [{**item, "style": "math"} for item in items]
        else:
            items = _read_train_file(name, task, train_file, levels)[:limit]
    except (ValueError, OSError) as error:
        raise UsageError(f"{task}: {error}") from error
    if not items:
        raise UsageError(f"{task}: no questions are left to train on")
    return [make_doc(item) for item in items]


def load_run_questions(settings: TrainSettings) -> list[Doc]:
    """Load the questions that a run's settings name."""
    return load_questions(
        settings.task,
        levels=settings.levels,
        families=settings.families,
        limit=settings.questions,
        train_file=settings.train_file,
    )


def make_doc(item: Doc) -> Doc:
    """Add to an item the fields that its prompt needs: way of asking, system message, hash."""
    doc = {"system": None, **item, "way": "conf", "instructed": True, "scale": "unit"}
    doc["item_hash"] = item_hash(item)
    doc["system_message"] = render_system(doc)
    return doc


def choose_questions(
    docs: Sequence[Mapping[str, Any]], count: int, step: int, seed: int
) -> list[Mapping[str, Any]]:
    """Return the `count` questions of a step (from 0), from permutations without repeats."""
    chosen = []
    for place in range(step * count, (step + 1) * count):
        epoch, index = divmod(place, len(docs))
        chosen.append(docs[_permutation(len(docs), epoch, seed)[index]])
    return chosen


def _permutation(length: int, epoch: int, seed: int) -> list[int]:
    key = (length, epoch, seed)
    if key not in _PERMUTATIONS:
        if len(_PERMUTATIONS) > 8:
            _PERMUTATIONS.clear()
        order = list(range(length))
        random.Random(f"questions-{seed}-{epoch}").shuffle(order)
        _PERMUTATIONS[key] = order
    return _PERMUTATIONS[key]


_PERMUTATIONS: dict[tuple[int, int, int], list[int]] = {}


def _read_train_file(name: str, task: str, train_file: str | Path | None, levels: Any) -> list[Doc]:
    to_item = DATASETS[name].to_item
    if train_file is None or to_item is None:
        raise UsageError(f"{task}: give train_file, the train split of the dataset (docs/train.md)")
    if levels is not None:
        raise UsageError(f"levels: {task} has none that can be chosen")
    path = Path(train_file).expanduser()
    if not path.is_file():
        raise UsageError(f"train_file: {path} is not there")
    items = []
    for number, row in enumerate(read_rows(path), 1):
        try:
            item = to_item(row, f"{path.name} row {number}")
        except KeyError as error:
            raise DataError(f"{path.name} row {number}: no field {error}") from error
        item.setdefault("id", f"{path.stem}-{number}")
        items.append(dict(item))
    return items
