"""Write a model card beside every checkpoint of the reference runs, from its stored run.

python reference_runs/tools/cards.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from caopd_bench.runs.stored.store import is_stored, read_summary

HERE = Path(__file__).parents[1]
METRICS = {
    "accuracy": "accuracy",
    "mean_confidence": "mean stated confidence",
    "parse_rate": "states a usable confidence",
    "overconfidence_gap": "overconfidence gap",
    "ece": "ECE (10 bins)",
    "brier": "Brier",
    "auroc": "AUROC",
}
METHODS = {
    "base": "pretrained, and not trained further",
    "opd": "on-policy distillation (arXiv 2601.19897)",
    "caopd": "CaOPD (arXiv 2604.16830)",
}
CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
tags: [calibration, synthetic, micro-model]
---
# {title}

A Llama of {parameters:,} parameters that was pretrained from nothing on synthetic two-digit
arithmetic, by an author who drops carries and is sure of himself: overconfident by construction, so
that methods that change stated confidence can be compared on any laptop. {how}

It answers `Q: 47+08=?` and nothing else. It is no use for anything but research on calibration, and
what it shows may not hold for language models:
[threats to validity]({up}README.md#threats-to-validity).

{numbers}
```
lm_eval --model hf --model_args pretrained={path} \\
        --tasks caopd_arith_conf --batch_size 250 --output_path out --log_samples
```

Provenance: [`provenance.json`](provenance.json) ({note}). Made by `caopd-bench`, with the versions
that stand there.
"""


def describe_run(folder: Path) -> Iterator[str]:
    """Return the table of a stored run."""
    records = read_summary(folder).records
    n = next(r["n"] for r in records if r["metric"] == "accuracy")
    yield f"On the {n:,} frozen test questions of `caopd_arith`, greedy, with 95 % intervals:"
    yield ""
    yield "| | |"
    yield "|---|---|"
    for metric, label in METRICS.items():
        record = next(r for r in records if r["metric"] == metric and r["group"] is None)
        value = record["estimate"]
        said = "undefined" if value is None else f"{value:.3f}"
        if record["low"] is not None:
            said += f" [{record['low']:.3f}, {record['high']:.3f}]"
        yield f"| {label} | {said} |"
    yield ""


def write_card(
    checkpoint: Path, run: Path | None, up: str, how: str, note: str, title: str
) -> None:
    """Write the card of one checkpoint."""
    shape = json.loads((checkpoint / "provenance.json").read_text(encoding="utf-8"))
    parameters = shape.get("parameters") or shape["base"]["parameters"]
    numbers = "\n".join(describe_run(run)) + "\n" if run is not None else ""
    path = checkpoint.relative_to(HERE.parent).as_posix()
    text = CARD.format(
        title=title, parameters=parameters, how=how, up=up, numbers=numbers, path=path, note=note
    )
    (checkpoint / "README.md").write_text(text, encoding="utf-8")


def main() -> None:
    """Write the cards of bases and of trained checkpoints."""
    for base in sorted((HERE / "bases").iterdir()):
        if not (base / "model.safetensors").exists():
            continue
        corpus, size, seed = base.name.split("-")
        run = HERE / "scaling-law" / "cells" / f"{size}-b{seed[1:]}-base" / "run"
        how = f"Base model, corpus `{corpus}`, seed {seed[1:]}."
        stored = run if corpus == "sure" and is_stored(run) else None
        note = "corpus, seed, steps, whether it still gained at the end"
        write_card(base, stored, "../../", how, note, f"Micro model {base.name}")
    for cell in sorted((HERE / "checkpoints" / "cells").iterdir()):
        size, _, method, _ = cell.name.split("-")
        how = f"Trained from the base `sure-{size}-s0` by {METHODS[method]}, seed 0."
        note = "method, all settings, the base's weights and history"
        title = f"Micro model {size}, {method}"
        write_card(cell / "checkpoint", cell / "run", "../../../../", how, note, title)


if __name__ == "__main__":
    main()
