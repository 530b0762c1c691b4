"""A callback for anyone's own training run: how well calibrated is the model by now?

    trainer.add_callback(CalibrationCallback("caopd_math_conf", every=50, log=trainer.log))

It works with every trainer that is built on `transformers.Trainer`, TRL's among them, and asks what
the benchmark asks: the task's prompt, parser, verifier and metrics, on questions of its validation
split, greedily.
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
        Such as "caopd_math_conf".
    every : int
        Steps between two evaluations; the last step is always evaluated.
    limit : int
        Questions.
    log : callable, optional
        Where the metrics go: `trainer.log`, so that they reach the run's trackers. Without it they
        are only kept, in `history`.
    max_new_tokens, batch : int
        As of `evaluate.answer`.
    split : str
        Of the bundled tasks: "validation" or "train"; of others the rows of `train_file`.
    train_file : str, optional
        As of `questions.load_questions`.
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
        """Evaluate, if it is time."""
        del args, control
        step = int(state.global_step)
        if step % self.every != 0 and step != state.max_steps:
            return
        tokenizer = self.tokenizer or kwargs.get("processing_class")
        if tokenizer is None:
            raise ValueError("tokenizer: the trainer has none; give one to CalibrationCallback")
        # Every process answers all the questions: a sharded model needs them all at each pass.
        metrics = self.score(kwargs["model"], getattr(tokenizer, "tokenizer", tokenizer))
        self.history.append({"step": float(step), **metrics})
        if self.log is not None:
            self.log({f"caopd/{name}": value for name, value in metrics.items()})

    def score(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> dict[str, float]:
        """Let a model answer the questions now; give the metrics that are defined."""
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
