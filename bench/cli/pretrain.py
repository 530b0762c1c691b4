"""`caopd-bench train --method pretrain`: a micro model from nothing."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.files.folders import only_writer, replacing_folder
from caopd_bench.core.files.write import replace_file
from caopd_bench.core.terminal import inline
from caopd_bench.train.checkpoints import save_model
from caopd_bench.train.micro.corpus import CORPORA
from caopd_bench.train.micro.sizes import SIZES

__all__ = ["run_pretrain", "write_curve"]

ALLOWED = ("method", "seed", "steps", "threads")


def run_pretrain(
    options: argparse.Namespace, values: Mapping[str, Any], *, say: Callable[[str], None]
) -> int:
    """Pretrain one micro model into a new folder."""
    extra = [name for name in values if name not in ALLOWED]
    if extra:
        raise UsageError(f"{extra[0]}: --method pretrain takes --size, --corpus, --seed, --steps")
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
        raise UsageError("--plan, --trl and --report-to are not for --method pretrain")
    if output is None:
        raise UsageError("--output: name the new folder of the model")
    if options.resume:
        raise UsageError("--resume: pretraining takes minutes and starts anew")
    with only_writer(output):
        if output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise UsageError(f"{output}: exists and is not empty; give a new folder")
        return _pretrain(size, corpus, values, output, say)


def _pretrain(
    size: str, corpus: str, values: Mapping[str, Any], output: Path, say: Callable[[str], None]
) -> int:
    import torch

    from caopd_bench.train.micro.pretrain import pretrain
    from caopd_bench.train.provenance import versions

    torch.set_num_threads(values.get("threads") or 1)
    with writing(output):  # before the minutes that it takes
        output.mkdir(parents=True, exist_ok=True)
    done = pretrain(
        size,
        corpus=corpus,
        seed=values.get("seed") or 0,
        steps=values.get("steps"),
        say=lambda row: say(
            f"step {row['step']}  loss {row['loss']:.4f}  "
            f"expected accuracy {row['expected_accuracy']:.3f}  {row['seconds']:.0f} core-seconds"
        ),
    )
    provenance = {**done.provenance, "versions": versions()}
    with writing(output), replacing_folder(output) as folder:
        save_model(folder, done.model, done.tokenizer, provenance)
        write_curve(folder, done.curve)
    if not done.provenance["stands_still"]:
        gained = 100 * done.provenance["gained_in_last_fifth"]
        say(f"its accuracy still rose by {gained:.1f} points in the last fifth of the steps")
    print(inline(output))
    return 0


def write_curve(folder: Path, curve: Sequence[Mapping[str, float]]) -> None:
    """Write how pretraining went beside the model."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(curve[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(curve)
    replace_file(folder / "pretraining.csv", text.getvalue().encode())
