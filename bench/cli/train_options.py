"""`train` as the command line has it: imports nothing heavy.

Every setting of `training.settings` is an option here, so that `--help` lists them all; a test
holds the two lists together.
"""

from __future__ import annotations

import argparse
from typing import Any

from caopd_bench.cli import arguments

__all__ = ["SETTINGS", "add_train"]

#: Setting, metavar, help; by group.
SETTINGS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "what": (
        ("method", "M", "sft, sft-mu, opd, caopd, caopd-constant, opd-solution, caopd-solution, "
         "grpo, rlcr, dcpo; or pretrain (a micro model)"),
        ("model", "PATH", "checkpoint folder, or a name on the hub"),
        ("task", "TASK", "whose train split, prompt, parser and verifier (caopd_math_conf)"),
        ("engine", "E", "local (one process; default) or trl (several GPUs)"),
        ("seed", "N", "of the order of questions and of the rollouts (0)"),
    ),
    "questions": (
        ("levels", "L", "of a bundled task, such as 1-3"),
        ("families", "F", "of caopd_arith_conf: sum, difference, product"),
        ("questions", "N", "how many at most"),
        ("train-file", "FILE", "train split of a dataset that is not bundled"),
    ),
    "steps": (
        ("steps", "N", "updates (80)"),
        ("prompts-per-step", "N", "questions of one update (32)"),
        ("k", "K", "rollouts of a question (8)"),
        ("learning-rate", "X", "peak (1e-5; 2e-3 for micro models)"),
        ("warmup", "X", "share of the steps (0.1), then a cosine to zero"),
        ("weight-decay", "X", "of AdamW (0)"),
        ("max-grad-norm", "X", "longer gradients are scaled (1)"),
        ("temperature", "X", "of the rollouts (1)"),
        ("max-new-tokens", "N", "budget of a rollout (256)"),
    ),
    "method": (
        ("divergence", "D", "forward (default), reverse or jsd"),
        ("jsd-beta", "X", "weight of the teacher in jsd (0.5)"),
        ("teacher-ema", "X", "what the teacher takes over each step; 0 freezes it (0.01)"),
        ("demonstration-confidence", "C", "1.00 (default), 0.50, varied or none"),
        ("privileged-share", "X", "sft: share of questions asked as of a teacher (0)"),
        ("replace", "P,P", "where the rate is written: completion,demonstration,note; or none"),
        ("target-from", "T", "verifier (default) or agreement"),
        ("estimate", "E", "of the success rate: plain (default), leave_one_out, beta"),
        ("scale-rewards", "B", "GRPO: divide by the group's deviation (true)"),
        ("group-mix", "X", "DCPO: weight of the group's rate (0.5)"),
    ),
    "machine": (
        ("chat", "B", "use the chat template; by default if there is one"),
        ("precision", "P", "of the passes: float32 (default) or bfloat16"),
        ("micro-batch", "N", "answers in one pass (256)"),
        ("sample-batch", "N", "answers sampled at once (1024)"),
        ("gradient-checkpointing", "B", "less memory, more time (false)"),
        ("threads", "N", "of torch"),
        ("save-every", "N", "steps between checkpoints (20)"),
    ),
}  # fmt: skip


def add_train(commands: Any) -> None:
    """Add `train`."""
    train = commands.add_parser(
        "train",
        help="comparison checkpoints: OPD, CaOPD and what they are compared with",
        description="Train a checkpoint by one method, or pretrain a micro model. What comes out "
        "is a folder for lm_eval. docs/train.md",
    )
    train.add_argument("--output", type=arguments.path, metavar="DIR", help="a new folder")
    train.add_argument(
        "--config", type=arguments.path, metavar="FILE", help="YAML of settings; options go before"
    )
    train.add_argument(
        "--resume", action="store_true", help="go on where DIR was stopped, to the same bytes"
    )
    train.add_argument(
        "--report-to", choices=("trackio", "wandb"), metavar="T", help="trackio or wandb, too"
    )
    train.add_argument(
        "--plan", action="store_true", help="memory and tokens on GPUs, and train nothing"
    )
    train.add_argument(
        "--gpus", type=arguments.count, default=8, metavar="N", help="for --plan (8)"
    )
    train.add_argument(
        "--gpu-gb", type=arguments.positive, default=80.0, metavar="X", help="for --plan (80)"
    )
    train.add_argument(
        "--trl",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of TRL's trainer, with --engine trl (use_vllm=true)",
    )
    micro = train.add_argument_group("with --method pretrain")
    micro.add_argument("--size", metavar="S", help="10k, 33k, 67k, 114k, 245k, 622k, 962k")
    micro.add_argument("--corpus", metavar="C", help="sure (default) or grading")
    for title, settings in SETTINGS.items():
        group = train.add_argument_group(title)
        for name, metavar, text in settings:
            group.add_argument(f"--{name}", metavar=metavar, help=text)
    train.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    from caopd_bench.cli.train import run_train

    return run_train(options)
