"""The speed of training, as ratios in one run: the local engine beside TRL's own trainer.

    tox -e bench-train            # writes its part of docs/benchmarks.md

Same model (67k, from the reference runs), same questions, 32 of them with 8 rollouts, one thread.
Rounds of both alternate, so that what else the machine does meets both. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import platform
import runpy
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

ROOT = Path(__file__).parents[3]
BASE = ROOT / "reference_runs" / "bases" / "sure-67k-s0"
STEPS, ROUNDS = 8, 4
BEGIN, END = "<!-- training: begin -->", "<!-- training: end -->"
SETTINGS = {
    "method": "opd",
    "task": "caopd_arith_conf",
    "learning_rate": 2e-3,
    "max_new_tokens": 12,
    "steps": 10_000,
    "threads": 1,
}


def make_local(method: str = "opd") -> Any:
    """Make the local engine's trainer."""
    from caopd_bench.train.engines.local import Trainer
    from caopd_bench.train.loading import load_model
    from caopd_bench.train.questions.questions import load_questions
    from caopd_bench.train.settings import make_settings

    settings = make_settings({**SETTINGS, "method": method, "model": str(BASE)})
    return Trainer(settings, *load_model(str(BASE)), load_questions(settings.task))


def time_local(trainer: Any) -> float:
    """Give the seconds of a step."""
    began = time.process_time()
    for _ in range(STEPS):
        trainer.take_step()
    return (time.process_time() - began) / STEPS


def time_trl(folder: str) -> float:
    """Give the seconds of a step of TRL's SDFTTrainer as it comes, without its set-up."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl.experimental.sdft import SDFTConfig, SDFTTrainer

    from caopd_bench.tasks.ask.documents import demonstrate
    from caopd_bench.tasks.ask.prompts import render_prompt
    from caopd_bench.train.questions.questions import choose_questions, load_questions

    docs = choose_questions(load_questions("caopd_arith_conf"), 32 * (STEPS + 2), 0, 0)
    rows = {
        "prompt": [render_prompt(doc) for doc in docs],
        "privileged_context": ["Example:\n" + demonstrate(doc) for doc in docs],
    }
    config = SDFTConfig(
        output_dir=folder,
        per_device_train_batch_size=256,
        gradient_accumulation_steps=1,
        num_generations=8,
        generation_batch_size=256,
        max_completion_length=12,
        max_steps=STEPS + 2,
        learning_rate=2e-3,
        distillation_mode="full_logits",
        distillation_alpha=0.0,
        teacher_model_kind="ema",
        teacher_update_rate=0.01,
        teacher_prompt_template="{prompt}\n{privileged_context}",
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        logging_strategy="no",
    )
    marks: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            marks.append(time.process_time())

    trainer = SDFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(BASE),
        args=config,
        train_dataset=Dataset.from_dict(rows),
        processing_class=AutoTokenizer.from_pretrained(BASE),
        callbacks=[Clock()],
    )
    trainer.train()
    return (marks[-1] - marks[1]) / (len(marks) - 2)


def time_passes(trainer: Any) -> tuple[float, float]:
    """Give the seconds of the loss with both passes, and of a bare forward and backward pass."""
    import torch

    from caopd_bench.train.engines.local import batch_loss, draw_rollouts
    from caopd_bench.train.passes import pad_rows
    from caopd_bench.train.questions.questions import choose_questions
    from caopd_bench.train.rollouts.targets import Recipe

    settings = trainer.settings
    docs = choose_questions(trainer.docs, settings.prompts_per_step, 0, 0)
    groups = draw_rollouts(trainer.student, trainer.codec, docs, settings, 0)
    targets = trainer.method.make_targets(groups, Recipe(trainer.codec, settings))
    ids = pad_rows([t.prompt + t.completion for t in targets], trainer.codec.pad_id)
    ours, bare = [], []
    for _ in range(10):
        began = time.process_time()
        loss, _ = batch_loss(
            trainer.student, trainer.teacher, targets, "divergence", settings, trainer.codec.pad_id
        )
        loss.backward()
        ours.append(time.process_time() - began)
        trainer.optimizer.zero_grad()
        began = time.process_time()
        logits = trainer.student(input_ids=ids[:, :-1]).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).backward()
        bare.append(time.process_time() - began)
        trainer.optimizer.zero_grad()
    return statistics.median(ours), statistics.median(bare)


def main() -> None:
    """Measure, print, and write the page."""
    import torch
    import transformers
    import trl

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="the page with the two marks")
    options = parser.parse_args()
    torch.set_num_threads(1)
    local, theirs = [], []
    trainer = make_local()
    time_local(trainer)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            local.append(time_local(trainer))
            theirs.append(time_trl(folder))
    ratios = sorted(b / a for a, b in zip(local, theirs, strict=True))
    passes, bare = time_passes(trainer)
    caopd = make_local("caopd")
    time_local(caopd)
    whole = time_local(caopd) * 80
    lines = [
        "## Speed of training",
        "",
        "Written by `tox -e bench-train` in one run on one thread. The times are core-seconds, "
        "which depend little on other work of the machine.",
        "",
        "| 67 thousand parameters, 32 questions x 8 rollouts | result |",
        "|---|---|",
        f"| a step of `opd` in the local engine | {statistics.median(local):.3f} s |",
        f"| a step of TRL's own `SDFTTrainer` | {statistics.median(theirs):.3f} s |",
        f"| TRL / local, median of {ROUNDS} rounds (lowest, highest) | "
        f"{statistics.median(ratios):.1f} ({ratios[0]:.1f}, {ratios[-1]:.1f}) |",
        f"| teacher and student passes / a plain forward and backward pass over the same tokens | "
        f"{passes / bare:.2f} |",
        f"| 80 steps of `caopd`, extrapolated from {STEPS} | {whole:.1f} s |",
        "",
        f"torch {torch.__version__}, transformers {transformers.__version__}, trl "
        f"{trl.__version__}, Python {platform.python_version()}.",
    ]
    print("\n".join(lines))
    if options.output:
        script = str(Path(__file__).parents[1] / "bench" / "fill_page.py")
        fill_page = runpy.run_path(script)["fill_page"]
        fill_page(options.output, BEGIN, END, "\n".join(lines))


if __name__ == "__main__":
    main()
