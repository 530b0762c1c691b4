"""The micro-scale comparison of the methods: one row a cell in cells.csv, its answers in cells/.

    python reference_runs/micro/study.py --part main        # all sizes, 2 base seeds x 2 seeds
    python reference_runs/micro/study.py --part ablations   # 67k
    python reference_runs/micro/study.py --table            # the tables of README.md

Bases are read from --bases (default: bases/ beside this file) and pretrained there if they are
missing. A finished cell is not run again. Every cell is one `caopd-bench train` and an evaluation
on the 1,500 test questions of caopd_arith: greedy, with the stated number and with its
expectation, and once sampled at temperature 1.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from study_table import load_rows, write_tables

HERE = Path(__file__).parent
TASK = "caopd_arith_conf"
#: Chosen on the validation questions (selection.md); everything else is the trainer's default.
SETTINGS = {
    "task": TASK,
    "steps": 80,
    "prompts_per_step": 32,
    "k": 8,
    "learning_rate": 2e-3,
    "max_new_tokens": 12,
    "threads": 1,
}
#: At 2e-3 the averaged teacher of the largest models drifts and loses what it does with a context:
#: seen on the validation questions (selection.md), and kept as an ablation.
SLOWER = {"622k": 1e-3, "962k": 1e-3}
SIZES = ("10k", "33k", "67k", "114k", "245k", "622k", "962k")
MAIN = ("base", "sft", "sft-mu", "opd", "caopd", "caopd-constant")
OTHER = ("opd-solution", "caopd-solution", "grpo", "rlcr", "dcpo")
SEEDS = (0, 1)
READ_OUTS = ("greedy", "expected", "sampled")


class Cell(NamedTuple):
    """One trained model of the study."""

    part: str
    corpus: str
    size: str
    base_seed: int
    method: str
    seed: int
    changes: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Name the cell as its files are called."""
        changes = "".join(f"-{key}={value}" for key, value in self.changes)
        return (
            f"{self.part}-{self.corpus}-{self.size}-b{self.base_seed}-{self.method}-s{self.seed}"
            f"{changes}"
        ).replace(",", "+")


def list_cells(part: str, sizes: tuple[str, ...]) -> list[Cell]:
    """List the cells of a part of the study."""
    cells = []
    if part == "main":
        for size in sizes:
            for base_seed in SEEDS:
                for method in MAIN:
                    for seed in SEEDS[:1] if method == "base" else SEEDS:
                        cells.append(Cell("main", "sure", size, base_seed, method, seed))
        return cells
    ablations: list[tuple[str, str, dict[str, Any]]] = [("sure", method, {}) for method in OTHER]
    for corpus in ("sure", "grading"):
        if corpus == "grading":
            ablations.append((corpus, "base", {}))
        for stated in ("none", "0.50", "1.00"):
            if (corpus, stated) != ("sure", "1.00"):
                ablations.append((corpus, "opd", {"demonstration_confidence": stated}))
    ablations.append(("grading", "caopd", {"demonstration_confidence": "none"}))
    for divergence in ("reverse", "jsd"):
        ablations.append(("sure", "caopd", {"divergence": divergence}))
    ablations.append(("sure", "opd", {"divergence": "reverse"}))
    for share in (0.0, 0.05):
        ablations.append(("sure", "caopd", {"teacher_ema": share}))
    for change in (
        {"estimate": "leave_one_out"},
        {"target_from": "agreement"},
        {"replace": "completion"},
        {"replace": "demonstration"},
        {"replace": "note"},
        {"k": 2, "prompts_per_step": 128},
    ):
        ablations.append(("sure", "caopd", change))
    for seed in SEEDS:
        for method in ("opd", "caopd"):
            drift = (("learning_rate", 0.002),)
            cells.append(Cell("ablation", "sure", "622k", 0, method, seed, drift))
            frozen = (("teacher_ema", 0.0),)
            cells.append(Cell("ablation", "sure", "622k", 1, method, seed, frozen))
        for corpus, method, changes in ablations:
            if method != "base" or seed == 0:
                made = tuple(sorted(changes.items()))
                cells.append(Cell("ablation", corpus, "67k", 0, method, seed, made))
    return cells


def find_base(bases: Path, cell: Cell) -> Path:
    """Give the folder of a cell's base, pretrained now if it is missing."""
    folder = bases / f"{cell.corpus}-{cell.size}-s{cell.base_seed}"
    if not (folder / "model.safetensors").exists():
        from caopd_bench.cli import main

        words = f"train --method pretrain --size {cell.size} --corpus {cell.corpus}"
        code = main([*words.split(), "--seed", str(cell.base_seed), "--output", str(folder)])
        if code:
            raise SystemExit(code)
    return folder


def run_cell(cell: Cell, bases: Path) -> dict[str, Any]:
    """Train and evaluate a cell, keep its answers, and give its row."""
    import torch

    from caopd_bench.training.codec import Codec
    from caopd_bench.training.command import load_model
    from caopd_bench.training.evaluating import answer, summarize
    from caopd_bench.training.local import Trainer
    from caopd_bench.training.questions import load_questions
    from caopd_bench.training.settings import make_settings

    torch.set_num_threads(1)
    base = find_base(bases, cell)
    model, tokenizer = load_model(str(base))
    row: dict[str, Any] = {
        "cell": cell.name,
        **cell._asdict(),
        "changes": json.dumps(dict(cell.changes)),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    began, last = time.process_time(), {}
    if cell.method != "base":
        values = {**SETTINGS, "method": cell.method, "model": str(base), "seed": cell.seed}
        values["learning_rate"] = SLOWER.get(cell.size, SETTINGS["learning_rate"])
        settings = make_settings({**values, **dict(cell.changes)})
        trainer = Trainer(settings, model, tokenizer, load_questions(TASK))
        for _ in range(settings.steps):
            last = trainer.take_step()
        model = trainer.student
    row["core_seconds"] = round(time.process_time() - began, 1)
    row["final_entropy"] = _round(last.get("entropy"))
    row["final_teacher_entropy"] = _round(last.get("teacher_entropy"))
    codec, docs = Codec(tokenizer), load_questions(TASK, split="test")
    greedy = answer(model.eval(), codec, docs, max_new_tokens=12, expectation=True, batch=500)
    drawn = torch.Generator().manual_seed(1234)
    sampled = answer(
        model, codec, docs, max_new_tokens=12, temperature=1.0, generator=drawn, batch=500
    )
    for answered in (
        *greedy,
        *sampled,
    ):  # as they are stored: every number is recomputed from those
        for column in ("confidence", "expected"):
            if answered.get(column) is not None:
                answered[column] = float(_text(answered[column]))
    for name, rows, column in (
        ("greedy", greedy, "confidence"),
        ("expected", greedy, "expected"),
        ("sampled", sampled, "confidence"),
    ):
        row |= {f"{name}_{k}": _round(v) for k, v in summarize(rows, column).items()}
    keep_answers(cell, greedy, sampled)
    return row


def keep_answers(cell: Cell, greedy: list[Any], sampled: list[Any]) -> None:
    """Write the answers of a cell; `item` is the place in the frozen test set."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["item", "confidence", "expected", "correct", "sampled_confidence", "sampled_correct"]
    )
    for item, (one, other) in enumerate(zip(greedy, sampled, strict=True)):
        stated = [_text(one["confidence"]), _text(one["expected"]), one["correct"]]
        writer.writerow([item, *stated, _text(other["confidence"]), other["correct"]])
    folder = HERE / "cells"
    folder.mkdir(exist_ok=True)
    data = gzip.compress(text.getvalue().encode(), mtime=0)
    (folder / f"{cell.name}.csv.gz").write_bytes(data)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _round(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.4f}"


def main() -> None:
    """Run the cells that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("main", "ablations"))
    parser.add_argument("--bases", type=Path, default=HERE / "bases")
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    finished = {row["cell"] for row in load_rows(HERE)}
    if options.part:
        for cell in list_cells(options.part, tuple(options.sizes.split(","))):
            file = HERE / "rows" / f"{cell.name}.json"
            if cell.name in finished or file.exists():
                continue
            row = run_cell(cell, options.bases)
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(row) + "\n", encoding="utf-8")
            print(cell.name, row["greedy_accuracy"], row["greedy_ece"], flush=True)
    if options.table or options.part:
        write_tables(HERE)


if __name__ == "__main__":
    main()
