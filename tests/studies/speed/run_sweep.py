"""CPU seconds of a sweep of the read-out kind, evaluated by lm-eval and in process.

    python tests/studies/speed/run_sweep.py [--rounds 3]

Cells, rounds and evaluators take turns in processes of their own; the rows must be the same bytes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

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


def run_once(file, output, evaluator):
    """Run the command with one worker; give its CPU seconds, and those of its children."""
    command = [sys.executable, "-m", "caopd_bench", "sweep", str(file), "--output", str(output)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(
        [*command, "--workers", "1", "--evaluator", evaluator],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"sweep --evaluator {evaluator}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure(rounds: int = 3) -> list[dict]:
    """Give the median seconds of both evaluators, their ratio, and whether rows are the same."""
    seconds = {"lm_eval": [], "in_process": []}
    same = True
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sweep.yaml"
        file.write_text(SWEEP, encoding="utf-8")
        for number in range(rounds):
            tables = []
            for evaluator, known in seconds.items():
                output = Path(folder) / f"{evaluator}-{number}"
                known.append(run_once(file, output, evaluator))
                tables.append((output / "cells.csv").read_bytes())
            same = same and tables[0] == tables[1]  # it holds the hashes of the rows
    ratios = [a / b for a, b in zip(*seconds.values(), strict=True)]
    return [
        {
            "work": "sweep of the read-out kind, 15 cells",
            **{f"{name}_seconds": statistics.median(known) for name, known in seconds.items()},
            "ratio": statistics.median(ratios),
            "same_rows": same,
        }
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    print(json.dumps(measure(parser.parse_args().rounds), indent=1))
