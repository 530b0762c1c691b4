"""A model that answers by rule, evaluated as `lm_eval` does it, writing what `lm_eval` writes."""

import json
import random

import lm_eval
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

from caopd_bench.tasks import task_folder
from caopd_bench.tasks.ask.prompts import render_answer


class Scripted(LM):
    """Right more often for some questions than for others, and unsure where it is not.

    `copies` makes all samples of a question alike, as a server with one fixed seed does.
    """

    def __init__(self, *, copies=False, with_context=0.3):
        super().__init__()
        self.copies, self.with_context = copies, with_context
        self.asked = []
        self.random = random.Random(0)

    def generate_until(self, requests, disable_tqdm=False):  # noqa: ARG002
        self.asked += [request.args for request in requests]
        return [self._answer(request.doc) for request in requests]

    def loglikelihood(self, requests, disable_tqdm=False):  # noqa: ARG002
        self.asked += [request.args for request in requests]
        return [(-self.random.random(), False) for _ in requests]

    def loglikelihood_rolling(self, requests):
        raise AssertionError(f"{len(requests)} requests of a kind that no task makes")

    def _answer(self, doc):
        skill = int(doc["item_hash"][:2], 16) / 255
        if doc.get("privileged"):
            skill = min(1.0, skill + self.with_context)
        if doc["way"] == "twostage":
            return f"I think so.\nConfidence: {0.9 * skill:.2f}"
        if self.copies:
            return render_answer("So.", self._wrong(doc), "0.50", doc["style"])
        gold = json.loads(doc["answer"])[0] if doc["kind"] == "phrase" else doc["answer"]
        answer = gold if self.random.random() < skill else self._wrong(doc)
        stated = min(0.99, max(0.01, skill + self.random.uniform(-0.2, 0.2)))
        return render_answer("So.", answer, f"{stated:.2f}", doc["style"])

    @staticmethod
    def _wrong(doc):
        call = '[{"Action": "other", "Action_Input": "{}"}]'
        return {"choice": "Z", "calls": call, "first_call": call}.get(doc["kind"], "-1/7")


def evaluate(tasks, output, *, metadata=None, limit=12, num_fewshot=None, model=None, paths=()):
    """Give (results, samples, model) of tasks, and leave the files in `output`."""
    manager = TaskManager(
        include_path=[task_folder(), *map(str, paths)],
        include_defaults=False,
        metadata=metadata or {},
    )
    model = model or Scripted()
    tracker = EvaluationTracker(output_path=str(output))
    results = lm_eval.simple_evaluate(
        model=model,
        tasks=tasks,
        num_fewshot=num_fewshot,
        limit=limit,
        task_manager=manager,
        evaluation_tracker=tracker,
        log_samples=True,
        bootstrap_iters=0,
    )
    samples = results.pop("samples")
    tracker.general_config_tracker.model_name_sanitized = "scripted"
    tracker.save_results_aggregated(results=results, samples=samples)
    for task, rows in samples.items():
        tracker.save_results_samples(task_name=task, samples=rows)
    return results, samples, model
