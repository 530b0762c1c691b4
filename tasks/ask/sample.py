"""The task class of the ways that sample: K requests per question, each with its own seed.

lm-eval's `repeats` sends one request K times. A server that honours lm-eval's single seed then
returns K copies of one answer, and K copies agree perfectly. So each sample is a separate request;
an API model gets a different seed with each (local backends draw from one stream of random numbers,
and would refuse a seed among the generation options). With any backend, copies are looked for
before judging: if nearly all questions got K equal texts, nothing is scored.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from caopd_bench.tasks.judge.judge import judge_samples

__all__ = ["SampledTask"]

SEED = 1234  # lm-eval's default seed, for API models
#: Nothing is scored if at least this share of the questions has K equal texts, and there are at
#: least this many questions.
COPIES = 0.95
MIN_QUESTIONS = 5
#: Values that do not depend on the answers, so that a refused run keeps them.
JUDGED_BY_FORM = ("copies", "status", "parse_rate", "parse_rate_stderr")

_log = logging.getLogger("lm_eval.caopd_bench")


def _is_api(options: Mapping[str, Any], chat_template: Any) -> bool:
    """Return whether a model is behind an API, judging by its arguments and its class.

    An API model may be named by `pretrained`, lm-eval's other word for `model`, and OpenAI's have
    an address that is not among the arguments; a local model has none.
    """
    model = getattr(chat_template, "__self__", None)  # the model whose method renders the chats
    has_address = options.get("base_url") or getattr(model, "base_url", None)
    return bool(has_address) or ("model" in options and "pretrained" not in options)


class SampledTask(ConfigurableTask):  # type: ignore[misc]
    """A `ConfigurableTask` that asks each question K times."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.copied = False
        # lm-eval leaves the key that named this class in the configuration.
        super().__init__(config={k: v for k, v in (config or {}).items() if k != "class"})

    def construct_requests(self, doc: dict[str, Any], ctx: Any, **kwargs: Any) -> list[Instance]:
        """Make K requests, with separate seeds if the model is behind an API."""
        kwargs.pop("apply_chat_template", None)
        chat_template = kwargs.pop("chat_template", None)
        # lm-eval adds the model's arguments to the metadata.
        is_api = _is_api(self.config.metadata or {}, chat_template)
        requests = []
        for i in range(int(doc["k"])):
            generation = deepcopy(self.config.generation_kwargs)
            if is_api:
                generation["seed"] = int(generation.get("seed", SEED)) + i
            requests.append(
                Instance(
                    request_type=self.OUTPUT_TYPE,
                    doc=doc,
                    arguments=(ctx, generation),
                    idx=i,
                    **kwargs,
                )
            )
        return requests

    def apply_filters(self) -> Any:
        """Look for copies once all texts have arrived, before any is judged."""
        texts: dict[Any, set[str]] = {}
        for request in self.instances:
            texts.setdefault(request.doc_id, set()).update(map(str, request.resps))
        copied = sum(len(distinct) == 1 for distinct in texts.values())
        allowed = bool((self.config.metadata or {}).get("allow_copies"))
        self.copied = not allowed and len(texts) >= MIN_QUESTIONS and copied >= COPIES * len(texts)
        if self.copied:
            _log.error(
                "%s: refused: to %d of %d questions all samples are copies of one text; does the "
                "server ignore or fix the seed, or is the temperature 0? If the model really is "
                "that sure, --metadata '{\"allow_copies\": true}'",
                self.config.task,
                copied,
                len(texts),
            )
        return super().apply_filters()

    def process_results(self, doc: dict[str, Any], results: list[Any]) -> dict[str, Any]:
        """Judge the samples of one question; a refused run gets no numbers."""
        values = judge_samples(doc, results)
        if self.copied:
            undefined: dict[str, Any] = {"majority": (None, 0.0), "majority_stderr": (None, 0.0)}
            for name in values:
                if name.startswith("agreement"):
                    undefined[name] = (None, 0.0)
                elif name not in JUDGED_BY_FORM and name not in undefined:
                    undefined[name] = []
            values |= undefined
        return values
