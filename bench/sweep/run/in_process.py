"""Evaluate a cell in this process, with our documents, prompts and judge and not with lm-eval's.

The texts come from the model class of lm-eval's backend `hf`, in the same batches and from the same
seeds, so that they are identical to the byte, sampled ones too. The rest of lm-eval's evaluator is
skipped, which takes several times as long as a micro model: tables of documents, templates,
metrics, and a log that is written and read back.
"""

from __future__ import annotations

import functools
import platform
import random
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from caopd_bench.runs.answers.count import AnswerCount
from caopd_bench.runs.lm_eval.provenance import task_provenance, thinking_setting
from caopd_bench.runs.lm_eval.rows import make_rows
from caopd_bench.runs.note import Note
from caopd_bench.runs.provenance import clean_provenance
from caopd_bench.runs.run import Row, Run
from caopd_bench.sweep.grid.cells import IN_PROCESS, Cell
from caopd_bench.sweep.run.quiet import find_device, quiet
from caopd_bench.tasks.ask.documents import doc_to_text, list_docs, list_items
from caopd_bench.tasks.catalogue.items import load_items
from caopd_bench.tasks.catalogue.ways import STOP_SEQUENCES, WAYS
from caopd_bench.tasks.judge.judge import judge
from caopd_bench.tasks.listing import TaskEntry, list_tasks
from caopd_bench.tasks.read.thinking import holds_thinking

__all__ = [
    "CHOICES",
    "QUESTIONS",
    "answers_in_chat",
    "evaluate_in_process",
    "known_tasks",
    "why_not_in_process",
]

#: Question sets bundled with the package, and ways of asking that take one response each.
QUESTIONS, ASKED = ("arith", "math"), ("conf", "conf_t1")
#: The seeds that lm-eval sets before loading a model.
SEEDS = {"random_seed": 0, "numpy_seed": 1234, "torch_seed": 1234, "fewshot_seed": 1234}
#: Keys of `--metadata` that select bundled questions; see `list_items`.
CHOICES = ("levels", "problem_seed", "first")
Doc = dict[str, Any]


def why_not_in_process(cell: Cell) -> str:
    """Return why lm-eval alone must evaluate a cell; "" if it can be evaluated in process.

    The decision depends on the file's settings and never on the machine, so that every process
    decides alike.
    """
    wanted, known = cell.evaluate, known_tasks()
    for task in wanted.tasks:
        entry = known.get(task)
        if entry is None or entry.questions not in QUESTIONS or entry.way not in ASKED:
            return f"{task} is not asked in process"
    if wanted.backend != "hf":
        return f"backend {wanted.backend}"
    given: dict[str, Any] = {
        "model_args": wanted.model_args,
        "gen_kwargs": wanted.gen_kwargs,
        "metadata": wanted.metadata,
        "num_fewshot": wanted.num_fewshot,
        "apply_chat_template": wanted.apply_chat_template,
    }
    if answers_in_chat(cell):
        given["apply_chat_template"] = False
        given["gen_kwargs"] = {k: v for k, v in wanted.gen_kwargs.items() if k != "max_gen_toks"}
        given["metadata"] = {k: v for k, v in wanted.metadata.items() if k not in CHOICES}
    for name, value in given.items():
        if value:
            return f"evaluate: {name} is set"
    if wanted.batch_size == "auto":
        return "batch_size is auto"
    if not cell.base.size and not cell.base.model.startswith((".", "/", "~")):
        return "the model is a name on the hub"
    return ""


def answers_in_chat(cell: Cell) -> bool:
    """Return whether a cell's chat runs in process: decoding is greedy and expectations are asked.

    Expectations need the answers to be generated in process anyway, and lm-eval's answers must be
    the same.
    """
    wanted, known = cell.evaluate, known_tasks()
    if not (wanted.apply_chat_template and wanted.expectation):
        return False
    entries = [known.get(task) for task in wanted.tasks]
    return all(entry is not None and not WAYS[entry.way].sampled for entry in entries)


def evaluate_in_process(
    cell: Cell, checkpoint: Path, expected: dict[tuple[str, str], float | None] | None = None
) -> Run:
    """Ask a checkpoint the questions of a cell's tasks, and judge its answers.

    Parameters
    ----------
    cell : Cell
        A cell for which `why_not_in_process` returns "".
    checkpoint : Path
        A checkpoint folder of transformers.
    expected : dict, optional
        If `answers_in_chat`, receives the expected stated numbers, by task and item.

    Returns
    -------
    Run
        The rows that reading lm-eval's log would produce, in its order; the provenance records
        that they were made in process.
    """
    wanted = cell.evaluate
    entries = [known_tasks()[task] for task in wanted.tasks]
    choices = {name: wanted.metadata[name] for name in CHOICES if name in wanted.metadata}
    asked = [(entry, _list_docs(entry, checkpoint, wanted.limit, choices)) for entry in entries]
    generation = {entry.name: _decoding(entry) | wanted.gen_kwargs for entry in entries}
    is_chat = answers_in_chat(cell)
    with quiet():
        if is_chat:
            made, about_model = _chat(cell, checkpoint, asked, generation, expected)
        else:
            model = _load(checkpoint, int(wanted.batch_size))
            made = model.generate_until(list(_make_requests(asked, generation)))
            about_model = model.model
    texts = iter(made)
    rows: list[Row] = []
    tasks: dict[str, Any] = {}
    warnings: list[Note] = []
    for entry, docs in asked:
        name, counted, thought = entry.name, AnswerCount(), 0
        arguments = {"gen_args_0": {"arg_1": generation[name]}}
        first: Doc = {}
        for doc in docs:
            text = next(texts)
            sample = {"doc": doc, "resps": [[text]], "arguments": arguments, **judge(doc, [text])}
            rows += make_rows(name, sample, name)
            counted.add_text(text)
            thought += holds_thinking(text)
            first = first or sample
        about = {
            "config": {"model": "hf"},
            "configs": {name: {"generation_kwargs": generation[name]}},
            "versions": {name: float(entry.version)},
            "n-shot": {name: 0},
        }
        tasks[name] = {
            **task_provenance(name, first, about),
            "source": docs[0].get("source"),
            "thinking": {**thinking_setting({}, "hf"), "seen": thought / len(docs)},
        }
        warnings += [Note(name, text) for text in counted.notes("")]
    described = _describe(cell, checkpoint, about_model)
    provenance = clean_provenance({**described, "tasks": tasks})
    return Run(cell.name, str(checkpoint), rows, provenance, tuple(warnings))


@functools.cache
def known_tasks() -> dict[str, TaskEntry]:
    """Return our tasks by name, listed once per process."""
    return {entry.name: entry for entry in list_tasks()}


def _chat(
    cell: Cell,
    checkpoint: Path,
    asked: list[tuple[TaskEntry, list[Doc]]],
    generation: Mapping[str, Any],
    expected: dict[tuple[str, str], float | None] | None,
) -> tuple[list[str], Any]:
    """Answer in the chat template with the trainer's decoding; compute expectations as well."""
    from caopd_bench.train.loading import load_model, place_model
    from caopd_bench.train.text.codec import Codec, find_end_ids
    from caopd_bench.train.watch.evaluate import answer

    model, tokenizer = load_model(str(checkpoint))
    model = place_model(model).eval()
    codec = Codec(tokenizer, chat=True, end_ids=find_end_ids(model))
    texts = []
    for entry, docs in asked:
        rows = answer(
            model,
            codec,
            docs,
            max_new_tokens=int(generation[entry.name]["max_gen_toks"]),
            expectation=True,
            one_pass=True,
            batch=int(cell.evaluate.batch_size),
        )
        texts += [row["text"] for row in rows]
        if expected is not None:
            expected |= {(entry.name, row["item_hash"]): row["expected"] for row in rows}
    return texts, model


def _list_docs(
    entry: TaskEntry, checkpoint: Path, limit: int | None, choices: Mapping[str, Any]
) -> list[Doc]:
    items = list_items(entry.questions, choices) if choices else _load_items(entry.questions)
    return list_docs(items, entry.way, pretrained=str(checkpoint))["test"][:limit]


@functools.cache
def _load_items(questions: str) -> list[Doc]:
    """Load the questions once per process, because loading copies every document."""
    return load_items(questions)


def _decoding(entry: TaskEntry) -> dict[str, Any]:
    """Return the decoding settings of a task, as `tasks.write_yaml` writes them for lm-eval."""
    is_sampled = WAYS[entry.way].sampled
    return {
        "until": list(STOP_SEQUENCES),
        "do_sample": is_sampled,
        "temperature": 1.0 if is_sampled else 0.0,
        "max_gen_toks": entry.max_tokens,
    }


def _load(checkpoint: Path, batch_size: int) -> Any:
    """Load a model as lm-eval does: set seeds first, since loading advances the random state."""
    import numpy as np
    import torch

    from caopd_bench.sweep.run.texts import Texts

    random.seed(SEEDS["random_seed"])
    np.random.seed(SEEDS["numpy_seed"])  # noqa: NPY002
    torch.manual_seed(SEEDS["torch_seed"])
    return Texts.create_from_arg_obj(
        {"pretrained": str(checkpoint)},
        {"batch_size": batch_size, "max_batch_size": None, "device": find_device()},
    )


def _make_requests(
    asked: list[tuple[TaskEntry, list[Doc]]], generation: Mapping[str, Any]
) -> Iterator[Any]:
    from lm_eval.api.instance import Instance

    for entry, docs in asked:
        for number, doc in enumerate(docs):
            prompt = doc["system_message"] + doc_to_text(doc)
            arguments = (prompt, generation[entry.name])
            yield Instance("generate_until", doc, arguments, number, (entry.name, number, 1))


def _describe(cell: Cell, checkpoint: Path, model: Any) -> dict[str, Any]:
    return {
        "model": str(checkpoint),
        "evaluator": IN_PROCESS,
        "backend": "hf",
        "model_args": {"pretrained": str(checkpoint)},
        "gen_kwargs": dict(cell.evaluate.gen_kwargs) or None,
        "batch_size": cell.evaluate.batch_size,
        "dtype": str(model.dtype),
        "revision": "main",
        "parameters": model.num_parameters(),
        "seeds": SEEDS,
        "limit": cell.evaluate.limit,
        # Version of the model class that answers; nothing else of lm-eval was used.
        "lm_eval_version": metadata.version("lm_eval"),
        "transformers_version": metadata.version("transformers"),
        "torch_version": metadata.version("torch"),
        "python_version": platform.python_version(),
    }
