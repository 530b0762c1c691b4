"""Classify a task of lm-eval by the first line of its samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caopd_bench.runs.lm_eval.option_scores import READINGS
from caopd_bench.runs.lm_eval.options import holds_options
from caopd_bench.runs.lm_eval.provenance import section

__all__ = ["WHY_NOT", "kind_of"]

#: The remedy is a single command: all others read the run that it stores.
NOT_JUDGED = (
    "made with --predict_only, so nothing was judged; judge it with caopd-bench score RUN "
    "--reparse --store DIR, and use DIR as the run"
)
#: Why the rows of a task have no confidence, by its kind.
WHY_NOT = {
    "ours, not judged": NOT_JUDGED,
    "options, no outcome": (
        "its samples have none of " + ", ".join(reading.metric for reading in READINGS) + ", so "
        "it is unknown which option was chosen and whether it was right"
    ),
    "options, not judged": NOT_JUDGED,
    "target": (
        "its samples only have the loglikelihood of the right answer, which is not a confidence "
        "in an answer of the model"
    ),
    "text": "its samples have loglikelihoods of texts, but no answers",
    "answers": (
        "its answers were not searched for a stated confidence: use caopd-bench rescore RUN --task "
        "{task}"
    ),
    "unknown": "no stated confidence in its samples",
}
OURS = ("item_hash", "question", "answer")


def kind_of(sample: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return the kind of a task: "ours", "options", or a key of `WHY_NOT`.

    Parameters
    ----------
    sample : Mapping
        The first line of its samples.
    config : Mapping
        The task's configuration in the results file.
    """
    if "confidence" in sample and "acc" in sample:
        return "ours"
    doc, metrics = section(sample, "doc"), sample.get("metrics")
    is_bypassed = "bypass" in sample or metrics in ([], ["bypass"])
    if is_bypassed and all(isinstance(doc.get(key), str) for key in OURS):
        return "ours, not judged"
    if holds_options(sample):
        if any(reading.metric in sample for reading in READINGS):
            return "options"
        return "options, not judged" if is_bypassed else "options, no outcome"
    return _kind_of_texts(sample, config)


def _kind_of_texts(sample: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    responses = sample.get("resps")
    first = responses[0] if isinstance(responses, list) and responses else None
    answer = first[0] if isinstance(first, list) and first else None
    if config.get("output_type") == "loglikelihood_rolling":
        return "text"
    if isinstance(answer, list):
        return "target" if len(answer) == 2 and answer[1] in ("True", "False") else "unknown"
    return "answers" if isinstance(answer, str) else "unknown"
