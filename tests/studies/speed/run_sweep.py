"""A sweep of the read-out kind: CPU seconds with cells evaluated by lm-eval and in process.

    python tests/studies/speed/run_sweep.py [--rounds 3]    # 5 minutes a round

Rounds and evaluators take turns in processes of their own; the rows must be the same bytes. The
first version needs torch in its environment to run a sweep: `--evaluator lm_eval` of this version
stands for it, and gains nothing from what made training and the expectation cheaper since.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from children import command_of, run_once
from line import Line, render

BASES = Path(__file__).parents[3] / "reference_runs" / "bases"
SWEEP = f"""\
bases: {BASES}
settings: {{task: caopd_arith_conf, steps: 40, prompts_per_step: 32, k: 8, learning_rate: 0.003,
  max_new_tokens: 12, teacher_ema: 0.0}}
evaluate: {{tasks: [caopd_arith_conf, caopd_arith_conf_t1], batch_size: 500, success_questions: 300,
  expectation: true}}
cells:
  - {{size: 67k, base_seed: [0, 1, 2], method: [base, sft-mu, opd, caopd, caopd-constant]}}
"""
RATIO = 1.7


def measure(baseline: str | None = None, *, rounds: int = 1) -> list[Line]:
    """Time the sweep with one worker; `baseline` is not run (it has no torch)."""
    del baseline
    seconds: dict[str, list[float]] = {"lm_eval": [], "in_process": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = folder / "sweep.yaml"
        file.write_text(SWEEP, encoding="utf-8")
        for number in range(rounds):
            tables = []
            for evaluator, known in seconds.items():
                output = folder / f"{evaluator}-{number}"
                words = ["sweep", str(file), "--output", str(output), "--workers", "1"]
                cost = run_once([command_of(sys.executable), *words, "--evaluator", evaluator])
                if cost.problem:
                    return [_line(seconds, cost.problem)]
                known.append(cost.seconds)
                tables.append((output / "cells.csv").read_bytes())  # it holds hashes of the rows
            if tables[0] != tables[1]:
                return [_line(seconds, "the rows differ")]
    return [_line(seconds)]


def _line(seconds: dict[str, list[float]], problem: str = "") -> Line:
    before, ours = (
        sorted(known)[len(known) // 2] if known else float("nan") for known in seconds.values()
    )
    return Line(
        "a sweep of 15 cells of the read-out kind",
        ours,
        peer="every cell evaluated by lm-eval, this version",
        peer_seconds=before,
        target=f"{RATIO:g}x the first version",
        reached=not problem and before / ours >= RATIO,
        note=problem,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1)
    print(render(measure(rounds=parser.parse_args().rounds)))
