"""A callback that measures calibration during your own training run.

    trainer.add_callback(CalibrationCallback("caopd_math_conf", every=50, log=trainer.log))

It works with every trainer built on `transformers.Trainer`, including TRL's, and evaluates like the
benchmark: with the task's prompt, parser, verifier and metrics, on questions of its validation
split, by greedy decoding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from caopd_bench.train.questions.questions import load_questions
from caopd_bench.train.text.codec import Codec, find_end_ids
from caopd_bench.train.watch.evaluate import answer, summarize

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["CalibrationCallback"]

Log = Callable[[dict[str, float]], None]


class CalibrationCallback(TrainerCallback):  # type: ignore[misc]
    """Score calibration every N steps, and log `caopd/<metric>`.

    Parameters
    ----------
    task : str
        For example "caopd_math_conf".
    every : int
        Steps between two evaluations; the last step is always evaluated.
    limit : int
        Number of questions.
    log : callable, optional
        Receives the metrics: pass `trainer.log`, so that they reach the run's trackers. Without it
        they are only kept in `history`.
    max_new_tokens, batch : int
        As for `evaluate.answer`.
    split : str
        "validation" or "train" for the bundled tasks; other tasks use the rows of `train_file`.
    train_file : str, optional
        As for `questions.load_questions`.
    tokenizer, chat
        By default the trainer's own, and its chat template if it has one.

    Attributes
    ----------
    history : list of dict
        The step and the metrics of each evaluation.
    """

    def __init__(
        self,
        task: str,
        every: int,
        limit: int = 256,
        *,
        log: Log | None = None,
        max_new_tokens: int = 512,
        batch: int = 64,
        split: str = "validation",
        train_file: str | None = None,
        tokenizer: PreTrainedTokenizerBase | None = None,
        chat: bool | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        self.docs = load_questions(task, split=split, limit=limit, train_file=train_file)
        self.every, self.log, self.chat = every, log, chat
        self.max_new_tokens, self.batch = max_new_tokens, batch
        self.tokenizer = tokenizer
        self.history: list[dict[str, float]] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Evaluate the model every `every` steps and at the last step."""
        del args, control
        step = int(state.global_step)
        if step % self.every != 0 and step != state.max_steps:
            return
        tokenizer = self.tokenizer or kwargs.get("processing_class")
        if tokenizer is None:
            raise ValueError("tokenizer: the trainer has none; give one to CalibrationCallback")
        # Every process answers all questions: a sharded model needs all processes in each pass.
        metrics = self.score(kwargs["model"], getattr(tokenizer, "tokenizer", tokenizer))
        self.history.append({"step": float(step), **metrics})
        if self.log is not None:
            self.log({f"caopd/{name}": value for name, value in metrics.items()})

    def score(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> dict[str, float]:
        """Let a model answer the questions now; return the metrics that are defined."""
        codec = Codec(tokenizer, chat=self.chat, end_ids=find_end_ids(model))
        training = model.training
        model.eval()
        try:
            rows = answer(
                model, codec, self.docs, max_new_tokens=self.max_new_tokens, batch=self.batch
            )
        finally:
            model.train(training)
        return {name: value for name, value in summarize(rows).items() if value == value}
