"""Measure a cell beyond its run: success rates, entropies, expected stated numbers."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import read_packed_lines
from caopd_bench.runs.run import Run
from caopd_bench.runs.stored.study import read_member
from caopd_bench.sweep.grid.cells import Cell, resolved
from caopd_bench.sweep.run.in_process import CHOICES, QUESTIONS, known_tasks
from caopd_bench.tasks.ask.documents import list_items
from caopd_bench.train.loading import load_model, place_model
from caopd_bench.train.methods import METHODS
from caopd_bench.train.questions.contexts import show_demonstration
from caopd_bench.train.questions.questions import load_questions, make_doc
from caopd_bench.train.rollouts.targets import Recipe
from caopd_bench.train.text.codec import Codec, find_end_ids
from caopd_bench.train.watch.evaluate import answer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["EXPECTED", "check_questions", "observe", "read_expectations", "write_expectations"]

EXPECTED = "expected.csv.gz"
#: Seed of the generator of these samples, the same for all cells.
SAMPLE_SEED = 1234
#: Token budget of an answer if the cell is not trained and so has no budget of its own.
BASE_TOKENS = 32
#: The share of answers that must be unchanged when they are generated again for expectations.
MOSTLY = 0.99


def observe(cell: Cell, base: Path, trained: Path, work: Path) -> dict[str, float]:
    """Return the measurements of the last training step, and the requested success rates.

    Student success is the share of right answers that the trained model gives, sampled at
    temperature 1. Teacher success is the share for its starting model, shown the teacher's context.
    """
    found = _last_step(work / f"stage{len(cell.stages)}" / "training.csv") if cell.stages else {}
    if not cell.evaluate.success_questions:
        return found
    docs = _load_validation(cell)
    model, tokenizer = _load(trained)
    codec = _make_codec(cell, model, tokenizer)
    teacher = _load(base)[0]
    recipe = Recipe(codec, resolved(cell.stages[-1], str(base))) if cell.stages else None
    shown = [
        show_demonstration(doc, recipe.stated(doc) if recipe is not None else "1.00")
        for doc in docs
    ]
    asked = [("student", model, docs), ("teacher", teacher, shown)]
    # The context of a teacher with a verified rollout depends on the student's rollouts in a step.
    method = METHODS.get(cell.method)  # None for a base, which is not trained
    is_of_step = method is not None and method.shows == "rollout"
    for name, who, what in asked[:1] if is_of_step else asked:
        rows = answer(
            who,
            codec,
            what,
            max_new_tokens=_budget(cell),
            temperature=1.0,
            generator=_generator(who),
            batch=512,
        )
        stated = [row["confidence"] for row in rows if row["confidence"] is not None]
        found[f"{name}_success"] = float(np.mean([row["correct"] for row in rows]))
        found[f"{name}_stated"] = float(np.mean(stated)) if stated else math.nan
    return {k: v for k, v in found.items() if v == v}


def write_expectations(
    run: Run,
    cell: Cell,
    trained: Path,
    folder: Path,
    known: Mapping[tuple[str, str], float | None] = MappingProxyType({}),
) -> None:
    """Write the expected stated number of every greedy answer to a bundled task.

    `known` holds the expectations that the evaluation has already computed, by task and item.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["task", "item_hash", "expected"])
    if known:
        writer.writerows(_known_rows(run, known))
    else:
        _answer_again(run, cell, trained, writer)
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as stream:
        stream.write(text.getvalue().encode())
    (folder / EXPECTED).write_bytes(buffer.getvalue())


def _known_rows(
    run: Run, known: Mapping[tuple[str, str], float | None]
) -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the table; an answer without a stated number has no expectation.

    This also applies if lm-eval's answer states none: up to a hundredth of its answers may differ.
    """
    for row in run.rows:
        value = known.get((row.task, row.item_hash)) if row.confidence is not None else None
        yield row.task, row.item_hash, _show(value)


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _answer_again(run: Run, cell: Cell, trained: Path, writer: Any) -> None:
    model, tokenizer = _load(trained)
    codec = _make_codec(cell, model, tokenizer)
    choices = {key: cell.evaluate.metadata[key] for key in CHOICES if key in cell.evaluate.metadata}
    for task in _greedy_tasks(cell):
        stored = {row.item_hash: row for row in run.task_rows(task)}
        asked = map(make_doc, list_items(known_tasks()[task].questions, choices))
        docs = [doc for doc in asked if doc["item_hash"] in stored]
        if len(docs) < len(stored):
            raise UsageError(
                f"evaluate: expectation: {task} was asked other questions than its own"
            )
        generation = run.settings(task).get("generation") or {}
        budget = int(generation.get("max_gen_toks") or BASE_TOKENS)
        rows = answer(model, codec, docs, max_new_tokens=budget, expectation=True, batch=512)
        same = [row["confidence"] == stored[row["item_hash"]].confidence for row in rows]
        if sum(same) < MOSTLY * len(same):
            raise UsageError(
                f"evaluate: expectation: {len(same) - sum(same)} of {len(same)} answers to {task} "
                "are not those of the evaluation (exemplars or other decoding?); leave it out"
            )
        for row, is_same in zip(rows, same, strict=True):
            # An answer that changed when generated again (rounding) has no expectation.
            value = row["expected"] if is_same else None
            writer.writerow([task, row["item_hash"], _show(value)])


def read_expectations(folder: Path, task: str) -> dict[str, float]:
    """Read the output of `write_expectations`: the expectation by item; NaN if there is none."""
    file = folder / EXPECTED
    packed = read_member(file)
    if packed is None and not file.is_file():
        return {}
    mend = "delete the cell's folder to run it again"
    try:
        lines = read_packed_lines(file, mend=mend) if packed is None else [packed]
        text = b"".join(lines).decode()
        return {
            row["item_hash"]: float(row["expected"]) if row["expected"] else math.nan
            for row in csv.DictReader(io.StringIO(text))
            if row["task"] == task
        }
    except (KeyError, TypeError, ValueError, csv.Error):  # ValueError: not text, or not a number
        raise UsageError(f"{file}: not a table of expectations; {mend}") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None


def _load(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    model, tokenizer = load_model(str(folder))
    return place_model(model).eval(), tokenizer


def _make_codec(cell: Cell, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Codec:
    """Return a codec with lm-eval's prompt layout, whose answers end at any of the model's ends."""
    return Codec(tokenizer, chat=cell.evaluate.apply_chat_template, end_ids=find_end_ids(model))


def _last_step(history: Path) -> dict[str, float]:
    with history.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    last = rows[-1] if rows else {}
    names = ("entropy", "teacher_entropy", "excluded")
    return {name: float(last[name]) for name in names if last.get(name)}


def check_questions(cell: Cell) -> None:
    """Raise a UsageError if a cell has no questions for the success or expectations it requests."""
    if cell.evaluate.success_questions:
        _load_validation(cell)
    if cell.evaluate.expectation and not _greedy_tasks(cell):
        raise UsageError(
            "evaluate: expectation needs a greedy task of the bundled questions, for example "
            "caopd_math_conf; set it to false, or name one in tasks"
        )


def _greedy_tasks(cell: Cell) -> list[str]:
    """List a cell's tasks whose answers can be generated again: greedy, of bundled questions."""
    found = {task: known_tasks().get(task) for task in cell.evaluate.tasks}
    return [
        task
        for task, entry in found.items()
        if entry is not None and entry.way == "conf" and entry.questions in QUESTIONS
    ]


def _load_validation(cell: Cell) -> list[dict[str, Any]]:
    stage = cell.stages[-1] if cell.stages else {}
    task = stage.get("task") or cell.evaluate.tasks[0]
    try:
        docs = load_questions(task, split="validation", families=stage.get("families"))
    except UsageError as error:
        raise UsageError(
            f"evaluate: success_questions needs a bundled task ({error}); set it to 0"
        ) from None
    return docs[: cell.evaluate.success_questions]


def _budget(cell: Cell) -> int:
    return int(cell.stages[-1]["max_new_tokens"]) if cell.stages else BASE_TOKENS


def _generator(model: PreTrainedModel) -> Any:
    import torch

    generator = torch.Generator(device=model.device)
    generator.manual_seed(SAMPLE_SEED)
    return generator
