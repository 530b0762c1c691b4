"""`caopd-bench train`: its arguments, built from the training settings, and its command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline

__all__ = ["add", "run_train"]

#: Settings that `--method pretrain` uses.
OF_PRETRAINING = ("method", "seed", "steps", "threads")
#: Methods for micro models.
MICRO_TASK = "caopd_arith_conf"


class _MethodNames:
    """Method names, listed only when a help text is shown: listing imports every method's file."""

    def __str__(self) -> str:
        from caopd_bench.train.methods import METHODS

        return ", ".join(METHODS)


def add(commands: Any) -> None:
    """Add `train`."""
    train = commands.add_parser(
        "train",
        help="train a checkpoint with OPD, CaOPD or a baseline method",
        description="Train a checkpoint with one method, or pretrain a micro model. The result is "
        "a model folder that lm_eval can evaluate. docs/train.md explains methods and settings.",
        usage="%(prog)s [options] --method M --model PATH --output DIR",
        examples=["train --method caopd --model ./base --task caopd_math_conf --output caopd"],
        codes="1 the training failed",
        fill=_add_options,
    )
    train.set_defaults(run=run_train)


def _add_options(train: argparse.ArgumentParser) -> None:
    """Add the options. Only `train` imports the settings, which keeps other commands fast."""
    from caopd_bench.train.settings import list_options

    train.add_argument(
        "--output", type=arguments.path, metavar="DIR", help="new folder for the checkpoint"
    )
    train.add_argument(
        "--config",
        type=arguments.path,
        metavar="FILE",
        help="YAML settings file; command-line options override it",
    )
    train.add_argument(
        "--resume",
        action="store_true",
        help="continue the stopped run in DIR; the result is byte-identical to that of an "
        "uninterrupted run",
    )
    train.add_argument(
        "--report-to",
        choices=("trackio", "wandb"),
        metavar="T",
        help="also log to trackio or wandb",
    )
    train.add_argument(
        "--plan", action="store_true", help="estimate memory and tokens on GPUs without training"
    )
    train.add_argument(
        "--gpus", type=arguments.count, default=8, metavar="N", help="number of GPUs for --plan (8)"
    )
    train.add_argument(
        "--gpu-gb",
        type=arguments.positive,
        default=80.0,
        metavar="X",
        help="memory per GPU for --plan, in GB (80)",
    )
    train.add_argument(
        "--trl",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="option of TRL's trainer, with --engine trl; repeatable (e.g. use_vllm=true)",
    )
    micro = train.add_argument_group("with --method pretrain")
    micro.add_argument(
        "--size", metavar="S", help="number of parameters: 10k, 33k, 67k, 114k, 245k, 622k, 962k"
    )
    micro.add_argument(
        "--corpus", metavar="C", help="corpus to pretrain on: sure (default) or grading"
    )
    groups: dict[str, Any] = {}
    for title, name, shown in list_options():
        group = groups.get(title) or groups.setdefault(title, train.add_argument_group(title))
        option: Any = group.add_argument(f"--{name.replace('_', '-')}", **shown)
        option.methods = _MethodNames()  # replaces %(methods)s in help texts


def run_train(options: argparse.Namespace) -> int:
    """Train and return the exit code: 0 done, 1 stopped, 2 invalid usage, 130 Ctrl-C."""
    from caopd_bench.core.extras import require
    from caopd_bench.train.settings import make_settings, refuse_unknown

    values = _collect_settings(options)
    if values.get("method") == "pretrain":
        require("train", "torch", "transformers")
        return _run_pretrain(options, values)
    for name in ("size", "corpus"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} can only be used with --method pretrain")
    refuse_unknown(values)
    lacking = [f"--{name}" for name in ("method", "model") if name not in values]
    if lacking:
        raise UsageError(
            f"missing: {', '.join(lacking)}; usage: caopd-bench train --method M --model PATH "
            "--output DIR; see caopd-bench train --help"
        )
    settings = make_settings(values)
    if options.plan:
        from caopd_bench.train.memory_plan import print_plan

        return print_plan(settings, gpus=options.gpus, gpu_gb=options.gpu_gb)
    if options.output is None:
        raise UsageError("--output is missing: name a new folder for the checkpoint")
    if options.trl and settings.engine != "trl":
        raise UsageError("--trl can only be used with --engine trl")
    from caopd_bench.train.loading import refuse_pickles

    refuse_pickles(settings.model)
    require("train", "torch", "transformers", *(["trl"] if settings.engine == "trl" else []))
    from caopd_bench.train.run import run

    return run(
        settings,
        options.output,
        _say,
        resume=options.resume,
        tracker=options.report_to,
        extra=dict(_read_pair(word) for word in options.trl),
    )


def _collect_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Merge the settings of the file and of the command line; the latter win."""
    from caopd_bench.train.settings import list_options, read_config, read_word

    values = read_config(options.config) if options.config is not None else {}
    # YAML reads 1e-5 as a string.
    values = {k: read_word(k, v) if isinstance(v, str) else v for k, v in values.items()}
    given = {name: getattr(options, name) for _, name, _ in list_options()}
    return values | {k: read_word(k, word) for k, word in given.items() if word is not None}


def _run_pretrain(options: argparse.Namespace, values: Mapping[str, Any]) -> int:
    """Pretrain one micro model into a new folder."""
    from caopd_bench.core.files.folders import only_writer
    from caopd_bench.train.micro.corpus import CORPORA
    from caopd_bench.train.micro.sizes import SIZES

    extra = [name for name in values if name not in OF_PRETRAINING]
    if extra:
        raise UsageError(
            f"{extra[0]} cannot be used with --method pretrain, which takes --size, "
            "--corpus, --seed, --steps"
        )
    size, corpus, output = options.size, options.corpus or "sure", options.output
    if size not in SIZES:
        raise UsageError(f"--size: must be one of {', '.join(SIZES)}, got {size!r}")
    if corpus not in CORPORA:
        raise UsageError(f"--corpus: must be one of {', '.join(CORPORA)}, got {corpus!r}")
    for name in ("seed", "steps", "threads"):
        given = values.get(name)
        if given is not None and (not isinstance(given, int) or given < (name != "seed")):
            raise UsageError(f"--{name}: must be a whole number, got {given!r}")
    if options.plan or options.trl or options.report_to:
        raise UsageError("--plan, --trl and --report-to cannot be used with --method pretrain")
    if output is None:
        raise UsageError("--output is missing: name a new folder for the model")
    if options.resume:
        raise UsageError(
            "--resume cannot be used with --method pretrain: pretraining takes "
            "minutes and always starts over"
        )
    with only_writer(output):
        if output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise UsageError(f"{output}: exists and is not empty; give a new folder")
        from caopd_bench.train.micro.pretrain import pretrain_into

        pretrain_into(
            output,
            size,
            corpus,
            values.get("seed") or 0,
            steps=values.get("steps"),
            threads=values.get("threads") or 1,
            say=_say,
        )
    print(inline(output), flush=True)
    from caopd_bench.train.watch.outcome import next_commands

    for line in next_commands(output, MICRO_TASK):
        _say(line)
    return 0


def _read_pair(word: str) -> tuple[str, Any]:
    import json

    name, mark, text = word.partition("=")
    if not mark or not name:
        raise UsageError(f"--trl: must be NAME=VALUE, got {word!r}")
    if name in ("hub_token", "push_to_hub_token"):
        # transformers saves its arguments with every checkpoint (training_args.bin).
        raise UsageError(
            f"--trl {name}: would be written into every checkpoint; set the environment variable "
            "HF_TOKEN instead"
        )
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text


def _say(line: str) -> None:
    from caopd_bench.train.run import is_first

    if is_first():
        print(inline(line), file=sys.stderr, flush=True)
