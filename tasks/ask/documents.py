"""Make the documents of a task: a set of questions, asked in one way.

The YAML of every task names both (`dataset_kwargs: {questions: gsm8k, way: conf}`); lm-eval calls
`load` with them and with the user's `--metadata`, and passes each document to `doc_to_text`. The
ways are in `catalogue.ways`.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from caopd_bench.tasks.ask.decoding import read_generation_settings
from caopd_bench.tasks.ask.earlier_answers import Given, read_answers
from caopd_bench.tasks.ask.options import one_line, read_whole, refuse_misspelt
from caopd_bench.tasks.ask.prompts import (
    PROMPT_VERSION,
    item_hash,
    render_answer,
    render_prompt,
    render_system,
)
from caopd_bench.tasks.catalogue.items import load_items
from caopd_bench.tasks.catalogue.ways import WAYS
from caopd_bench.tasks.catalogue.weights import fingerprint_weights
from caopd_bench.tasks.problems.exemplars import EXEMPLARS
from caopd_bench.tasks.read import PARSER_VERSION

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = [
    "EXPERT_CONFIDENCE",
    "demonstrate",
    "doc_to_choice",
    "doc_to_target",
    "doc_to_text",
    "list_docs",
    "list_items",
    "load",
    "make_docs",
]

#: Confidence shown with the gold answer: on-policy distillation shows an expert who is sure.
EXPERT_CONFIDENCE = "1.00"

# A child of lm-eval's logger, whose handler prints whatever the settings of the root logger.
_log = logging.getLogger("lm_eval.caopd_bench")

Doc = dict[str, Any]


def load(*, questions: str = "math", way: str = "conf", **options: Any) -> DatasetDict:
    """Build the splits `test` and `fewshot` of a task.

    lm-eval passes `--metadata`, the model's arguments and the YAML's own settings in one
    dictionary; names that are nearly one of `OPTIONS` are refused, all others are the model's.

    Parameters
    ----------
    questions : str
        A key of `DATASETS`.
    way : str
        A key of `WAYS`.
    **options
        `exemplars` ("a" or "b"), `levels` and `problem_seed` (bundled problems), `data_dir`,
        `answers` and `rollouts` (a run), `k` (samples), `allow_copies`, `first` (the number of
        items: at most so many, and of fresh problems exactly so many), `paraphrase` and `scale`
        (prompt panel).

    Raises
    ------
    ValueError
        In one line: the value given, and how to correct it.
    """
    with one_line():
        return _load(questions, way, options)


def _load(questions: str, way: str, options: Mapping[str, Any]) -> DatasetDict:
    refuse_misspelt(options)
    if "seed" in options and questions in ("math", "math_all"):
        _log.warning(
            "caopd_math: `seed` does not choose the problems, since --model_args of vllm and API "
            "models carry one too; for fresh problems use --metadata '{\"problem_seed\": 7}'"
        )
    return make_docs(list_items(questions, options), way, **options)


def list_items(questions: str, options: Mapping[str, Any]) -> list[Doc]:
    """List the items that options of `load` choose: `levels`, `problem_seed`, `first`, `data_dir`.

    Raises
    ------
    ValueError
        In one line: the value given, and how to correct it.
    """
    seed = read_whole(options, "problem_seed", 1, hint="; leave it out for the frozen problems")
    first = read_whole(options, "first", 1)
    chosen: dict[str, Any] = {"levels": options.get("levels"), "problem_seed": seed}
    if seed is not None:  # exactly this many fresh problems are generated
        chosen["first"] = first
    return load_items(questions, data_dir=options.get("data_dir"), **chosen)[:first]


def make_docs(items: Sequence[Doc], way: str = "conf", **options: Any) -> DatasetDict:
    """Make the splits of a task from items (see `catalogue.dataset`) and options of `load`."""
    return _to_dataset_dict(list_docs(items, way, **options))


def list_docs(
    items: Sequence[Doc], way: str = "conf", **options: Any
) -> dict[Literal["test", "fewshot"], list[Doc]]:
    """Make the splits as in `make_docs`, but as plain lists, for use without lm-eval."""
    if way not in WAYS:
        raise ValueError(f"way must be one of {', '.join(WAYS)}, got {way!r}")
    chosen = WAYS[way]
    style = items[0]["style"]
    name, exemplars = _choose_exemplars(style, str(options.get("exemplars", "a")))
    stated = {"set": name, "confidences": [e["confidence"] for e in exemplars]}
    checkpoint = options.get("pretrained")
    weights = fingerprint_weights(checkpoint) if isinstance(checkpoint, str) else None
    decoding = None
    if not options.get("gguf_file"):  # transformers reads no settings for a GGUF file
        places = {key: options.get(key) for key in ("revision", "subfolder")}
        decoding = read_generation_settings(checkpoint, **places)
    # Stored as text, since a table has no column type for mappings whose keys vary by checkpoint.
    settings = None if decoding is None else json.dumps(decoding, sort_keys=True)
    own = {"weights": weights, "generation_config": settings}
    asked = {
        "way": way,
        "k": (read_whole(options, "k", 2, 1024) or chosen.samples) if chosen.samples > 1 else 1,
        "paraphrase": options.get("paraphrase"),
        "scale": options.get("scale", "unit"),
        "instructed": True,
    }
    docs = []
    for item in items:
        doc = {"system": None, **item, **asked, "exemplars": stated, **own}
        doc["item_hash"] = item_hash(item)
        doc["prompt_version"] = PROMPT_VERSION
        doc["parser_version"] = PARSER_VERSION
        doc["system_message"] = render_system(doc)
        docs.append(doc)
    if chosen.about_answer:
        _add_given(docs, options.get("answers"))
    if chosen.privileged:
        _add_context(docs, options.get("rollouts"))
    shown = [
        {
            **exemplar,
            **asked,
            "instructed": place == 0,
            "style": style,
            "given": exemplar["answer"],
            "system_message": docs[0]["system_message"],
        }
        for place, exemplar in enumerate(exemplars)
    ]
    return {"test": docs, "fewshot": shown}


def doc_to_text(doc: Mapping[str, Any]) -> str:
    """Word the question: the evaluated item and the first exemplar with the instruction."""
    return render_prompt(doc)


def doc_to_target(doc: Mapping[str, Any]) -> str:
    """Return an exemplar's whole answer, or the gold answer of an evaluated item."""
    if "confidence" not in doc:
        return str(doc["answer"])
    way = WAYS[doc["way"]]
    if not way.generates:
        return "True" if doc["correct"] else "False"
    if way.about_answer:
        return f"Confidence: {doc['confidence']}"
    return render_answer(
        doc["solution"], doc["answer"], doc["confidence"], doc["style"], doc["scale"]
    )


def doc_to_choice(doc: Mapping[str, Any]) -> list[str]:  # noqa: ARG001
    """Return the two answers whose probabilities are compared."""
    return ["True", "False"]


def _add_given(docs: list[Doc], run: object) -> None:
    """Put the answers of an earlier run into the documents that it answered; drop the others."""
    if not isinstance(run, str) or not run:
        raise ValueError(
            "this task judges the answers of an earlier run: give its folder, "
            '--metadata \'{"answers": "RUN"}\' (a run of the same questions, with --log_samples)'
        )
    answers = _keep_answered(docs, run)
    for doc in docs:
        first = answers[doc["item_hash"]][0]
        doc["given"], doc["given_correct"] = _shorten(first), first.correct
        doc["answers_of"] = run


def _keep_answered(docs: list[Doc], run: str) -> dict[str, list[Given]]:
    """Read the answers of an earlier run, and drop the documents that it did not answer."""
    answers = read_answers(run, [doc["item_hash"] for doc in docs])
    kept = [doc for doc in docs if doc["item_hash"] in answers]
    if len(kept) < len(docs):
        _log.warning(
            "%s answered %d of %d problems; only these are asked", run, len(kept), len(docs)
        )
    docs[:] = kept
    return answers


def _shorten(given: Given) -> str | None:
    return None if given.answer is None else given.answer[:1000]


def _add_context(docs: list[Doc], run: object) -> None:
    """Add privileged context to each document: a demonstration, or the model's verified answer."""
    answers: dict[str, list[Given]] = {}
    if run is not None:
        if not isinstance(run, str) or not run:
            raise ValueError(f"--metadata: rollouts must name a run, got {run!r}")
        answers = _keep_answered(docs, run)
    for doc in docs:
        if run is None:
            doc["context"] = "demonstration"
            doc["privileged"] = demonstrate(doc)
            continue
        right = [g.text for g in answers[doc["item_hash"]] if g.correct and g.text]
        # Without a right answer of the model there is nothing to show: the teacher then sees the
        # same prompt as the student, and the group `context` keeps these documents apart.
        doc["context"], doc["privileged"] = ("rollout", right[0]) if right else ("none", None)
    if run is not None and not any(doc["privileged"] for doc in docs):
        raise ValueError(
            f"--metadata: rollouts: {run} contains no right answer with its text to any problem "
            "of this task; give an lm_eval run with --log_samples"
        )


def demonstrate(doc: Mapping[str, Any], confidence: str | None = EXPERT_CONFIDENCE) -> str:
    """Return the gold answer as an expert would give it, with or without a stated confidence."""
    gold = json.loads(doc["answer"])[0] if doc["kind"] == "phrase" else doc["answer"]
    return render_answer(doc.get("solution") or "", gold, confidence, doc["style"])


def _choose_exemplars(style: str, name: str) -> tuple[str, list[Doc]]:
    sets = EXEMPLARS[style]
    if name not in sets:
        known = ", ".join(sorted(sets))
        raise ValueError(f"--metadata: exemplars must be one of {known}, got {name!r}")
    return name, [dict(exemplar) for exemplar in sets[name]]


def _to_dataset_dict(splits: Mapping[Literal["test", "fewshot"], list[Doc]]) -> DatasetDict:
    """Wrap rows for lm-eval without `Dataset.from_list`, which pickles the table to hash it."""
    import pyarrow
    from datasets import Dataset, DatasetDict

    wrapped = {}
    for split, rows in splits.items():
        fingerprint = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
        wrapped[split] = Dataset(pyarrow.Table.from_pylist(rows), fingerprint=fingerprint)
    return DatasetDict(wrapped)
