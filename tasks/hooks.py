"""What the YAML of every task calls: documents in, prompt and metrics out.

lm-eval hands `process_results` one document and the model's text, and collects what it returns
per metric over all documents; the aggregations below turn each list into one number. Set metrics
(ECE, Brier, AUROC, ...) collect `[confidence, correct]` pairs; a pair whose confidence is None is
counted by `parse_rate` and left out of the metric.

lm-eval knows standard errors only for a few aggregations of its own. It prints `± x` for any
metric `m` that is followed by a metric named `m_stderr`, so each set metric has one: the
bootstrap's, with a fixed seed. A metric that is undefined (AUROC without a wrong answer) is None
and its standard error the string "N/A": lm-eval's table cannot print a standard error of None.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from caopd_bench.metrics import METRICS, Tally, bootstrap, tally
from caopd_bench.tasks import problems
from caopd_bench.tasks.parsing import PARSER_VERSION, parse_response
from caopd_bench.tasks.prompts import (
    MATH_INSTRUCTION,
    PROMPT_VERSION,
    item_hash,
    render_answer,
    render_question,
)
from caopd_bench.tasks.verifiers import verify
from caopd_bench.tasks.weights import fingerprint_weights

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = [
    "auroc",
    "auroc_stderr",
    "brier",
    "brier_stderr",
    "doc_to_target",
    "doc_to_text",
    "ece",
    "ece_stderr",
    "load_math",
    "make_splits",
    "mean_confidence",
    "mean_confidence_stderr",
    "overconfidence_gap",
    "overconfidence_gap_stderr",
    "process_results",
    "share_not_ok",
    "spr",
    "spr_stderr",
]

SET_METRICS = ("ece", "brier", "auroc", "spr", "overconfidence_gap")
MATH_OPTIONS = ("exemplars", "levels", "problem_seed")
Pair = tuple[float | None, float]  # confidence or None, correct

# A child of lm-eval's logger: its handler prints, whatever the root logger does.
_log = logging.getLogger("lm_eval.caopd_bench")


def load_math(**options: Any) -> DatasetDict:
    """Build the splits `test` and `fewshot` of the bundled problem set.

    lm-eval passes `--metadata`, the model's arguments and the YAML's metadata in one dictionary.
    Read here: `levels` ("6-10"), `problem_seed` (fresh problems) and `exemplars` ("a" or "b").
    """
    _refuse_misspelt(options, MATH_OPTIONS)
    if "seed" in options:
        _log.warning(
            "caopd_math: `seed` does not choose the problems, since --model_args of vllm and API "
            "models carry one too; for fresh problems use --metadata '{\"problem_seed\": 7}'"
        )
    seed = options.get("problem_seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 1):
        raise ValueError(
            f"--metadata: problem_seed must be a whole number from 1 on, got {seed!r}; leave it "
            "out for the frozen problems"
        )
    items = problems.load(seed=seed, levels=options.get("levels"))
    name = str(options.get("exemplars", "a"))
    return make_splits(items, _choose_exemplars(name), name, options.get("pretrained"))


def make_splits(
    items: list[dict[str, Any]], exemplars: list[dict[str, Any]], name: str, checkpoint: object
) -> DatasetDict:
    """Make the splits of any task from its items, with what every document carries.

    Parameters
    ----------
    items : list of dict
        With `question`, `answer` (the gold) and `kind` (of answer, for `verify`); `level` and the
        like, where present, become groups.
    exemplars : list of dict
        With `question`, `solution`, `answer` and `confidence`.
    name : str
        Of the exemplar set.
    checkpoint : object
        The model argument `pretrained`, if there is one: a local folder's weights are
        fingerprinted.
    """
    stated = {"set": name, "confidences": [exemplar["confidence"] for exemplar in exemplars]}
    weights = fingerprint_weights(checkpoint) if isinstance(checkpoint, str) else None
    for item in items:
        item["exemplars"] = stated
        item["weights"] = weights
        item["item_hash"] = item_hash(item)
        item["prompt_version"] = PROMPT_VERSION
        item["parser_version"] = PARSER_VERSION
        item["instructed"] = True
    for place, exemplar in enumerate(exemplars):
        exemplar["instructed"] = place == 0
    return _to_dataset_dict({"test": items, "fewshot": exemplars})


def doc_to_text(doc: Mapping[str, Any]) -> str:
    """Word the question: the evaluated item and the first exemplar with the instruction."""
    return render_question(doc["question"], MATH_INSTRUCTION if doc["instructed"] else "")


def doc_to_target(doc: Mapping[str, Any]) -> str:
    """Give an exemplar's whole answer, or the gold answer of an evaluated item."""
    if "confidence" in doc:
        return render_answer(doc["solution"], doc["answer"], doc["confidence"])
    return str(doc["answer"])


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """Judge one response: every metric for every document, parsed or not."""
    parsed = parse_response(results[0])
    is_ok = parsed.status == "ok"
    correct = float(
        parsed.status != "unfinished" and verify(parsed.answer, doc["answer"], kind=doc["kind"])
    )
    confidence = parsed.confidence if is_ok else None
    pair = (confidence, correct)
    values: dict[str, Any] = {
        "acc": correct,
        "parse_rate": float(is_ok),
        "status": parsed.status,
        "confidence": confidence,
        "confidence_stderr": pair,
    }
    for name in SET_METRICS:
        values[name] = pair
        values[f"{name}_stderr"] = pair
    return values


def share_not_ok(statuses: Sequence[str]) -> float:
    """Aggregate `status`: the share of responses without a usable answer and confidence."""
    return sum(status != "ok" for status in statuses) / len(statuses)


def mean_confidence(confidences: Sequence[float | None]) -> float | None:
    """Aggregate `confidence`: the mean over the responses that state one."""
    stated = [c for c in confidences if c is not None]
    return math.fsum(stated) / len(stated) if stated else None


def _aggregate(name: str) -> Callable[[Sequence[Pair]], float | None]:
    """Make the aggregation of one set metric: pairs in, the number or None out."""

    def aggregate(pairs: Sequence[Pair]) -> float | None:
        counts = _tally_parsed(pairs)
        value = float("nan") if counts is None else METRICS[name].function(counts)
        return None if value != value else value

    aggregate.__name__ = aggregate.__qualname__ = name
    return aggregate


def _aggregate_stderr(name: str) -> Callable[[Sequence[Pair]], float | str]:
    """Make the aggregation of one standard error: pairs in, the number or "N/A" out."""

    def aggregate(pairs: Sequence[Pair]) -> float | str:
        counts = _tally_parsed(pairs)
        if counts is None:
            return "N/A"
        error = bootstrap(counts, metrics=(name,))[name].standard_error
        return "N/A" if error != error else error

    aggregate.__name__ = aggregate.__qualname__ = f"{name}_stderr"
    return aggregate


ece, ece_stderr = _aggregate("ece"), _aggregate_stderr("ece")
brier, brier_stderr = _aggregate("brier"), _aggregate_stderr("brier")
auroc, auroc_stderr = _aggregate("auroc"), _aggregate_stderr("auroc")
spr, spr_stderr = _aggregate("spr"), _aggregate_stderr("spr")
overconfidence_gap = _aggregate("overconfidence_gap")
overconfidence_gap_stderr = _aggregate_stderr("overconfidence_gap")
mean_confidence_stderr = _aggregate_stderr("mean_confidence")


def _tally_parsed(pairs: Sequence[Pair]) -> Tally | None:
    parsed = [(confidence, correct) for confidence, correct in pairs if confidence is not None]
    return tally(*zip(*parsed, strict=True)) if parsed else None


def _choose_exemplars(name: str) -> list[dict[str, Any]]:
    if name not in problems.EXEMPLARS:
        known = ", ".join(sorted(problems.EXEMPLARS))
        raise ValueError(f"--metadata: exemplars must be one of {known}, got {name!r}")
    return [dict(exemplar) for exemplar in problems.EXEMPLARS[name]]


def _refuse_misspelt(options: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse a name that is nearly one of ours; others are arguments of the model."""
    for name in options:
        close = get_close_matches(name, known, n=1, cutoff=0.8)
        if close and name not in known:
            raise ValueError(f"--metadata: unknown option {name!r}; did you mean {close[0]!r}?")


def _to_dataset_dict(splits: Mapping[str, list[dict[str, Any]]]) -> DatasetDict:
    """Wrap rows for lm-eval without `Dataset.from_list`, which pickles the table to hash it."""
    import hashlib
    import json

    import pyarrow
    from datasets import Dataset, DatasetDict

    wrapped = {}
    for split, rows in splits.items():
        fingerprint = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
        wrapped[split] = Dataset(pyarrow.Table.from_pylist(rows), fingerprint=fingerprint)
    return DatasetDict(wrapped)
