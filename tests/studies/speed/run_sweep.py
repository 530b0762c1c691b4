"""A sweep of the read-out kind: CPU seconds of this version and of the first one.

    python tests/studies/speed/run_sweep.py [--rounds 3] [--seeds 2]    # two minutes a round

To run a sweep the first version needs torch, which its own environment does not have: its wheel
(named by CAOPD_BENCH_BASELINE, or in `../shared/baseline` beside the checkout) is unpacked and put
before this version on the path of this interpreter. Versions take turns, each in processes of its
own with one worker; rows, expectations and trained weights of both must be the same.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from children import run_once
from line import Line, render

ROOT = Path(__file__).parents[3]
SWEEP = """\
bases: {bases}
settings: {{task: caopd_arith_conf, steps: 40, prompts_per_step: 32, k: 8, learning_rate: 0.003,
  max_new_tokens: 12, teacher_ema: 0.0}}
evaluate: {{tasks: [caopd_arith_conf, caopd_arith_conf_t1], batch_size: 500, success_questions: 300,
  expectation: true}}
keep: [checkpoint]
cells:
  - {{size: 67k, base_seed: {seeds}, method: [base, sft-mu, opd, caopd, caopd-constant]}}
"""
METHODS = 5
RATIO = 1.7
COMMAND = "import sys; from caopd_bench.cli import main; sys.exit(main())"
#: What of a cell both versions must write to the byte.
SAME = ("run/rows.jsonl.gz", "expected.csv.gz", "checkpoint/model.safetensors")


def measure(baseline: str | None = None, *, rounds: int = 1, seeds: int = 2) -> list[Line]:
    """Time the sweep; `baseline`, a python without torch, only says that there is a first version.

    Parameters
    ----------
    baseline : str, optional
        Without one the first version is not run, unless its wheel is found.
    rounds : int
        How often each runs.
    seeds : int
        Of the bases: 1 to 3, five cells each. Of few cells a larger share is what starts.
    """
    del baseline
    wheel = _find_wheel()
    found: dict[str, list[float]] = {"first": [], "ours": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = folder / "sweep.yaml"
        bases = ROOT / "reference_runs" / "bases"
        file.write_text(SWEEP.format(bases=bases, seeds=list(range(seeds))), encoding="utf-8")
        if wheel is not None:
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(folder / "first")
        for number in range(rounds):
            outputs = []
            for name, known in found.items():
                if name == "first" and wheel is None:
                    continue
                output = folder / f"{name}-{number}"
                words = ["sweep", str(file), "--output", str(output), "--workers", "1"]
                with _searched_first(folder / "first" if name == "first" else None):
                    cost = run_once([sys.executable, "-c", COMMAND, *words])
                if cost.problem:
                    return [_line(found, seeds, f"{name}: {cost.problem}")]
                known.append(cost.seconds)
                outputs.append(output)
            if differing := _compare(outputs):
                return [_line(found, seeds, f"{differing} differs")]
    return [_line(found, seeds, "" if wheel else "no wheel of the first version was found")]


def _find_wheel() -> Path | None:
    given = os.environ.get("CAOPD_BENCH_BASELINE")
    if given:
        return Path(given)
    wheels = sorted((ROOT.parent / "shared" / "baseline").glob("*.whl"))
    return wheels[-1] if wheels else None


@contextmanager
def _searched_first(folder: Path | None) -> Iterator[None]:
    """Let children import from a folder before all others; None: from this checkout."""
    before = os.environ.pop("PYTHONPATH", None)
    if folder is not None:
        os.environ["PYTHONPATH"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH", None)
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _compare(outputs: list[Path]) -> str:
    """Name the first file of a cell that is not the same in all outputs; "" if all are."""
    for cell in sorted((outputs[0] / "cells").iterdir()):
        for name in SAME:
            files = [output / "cells" / cell.name / name for output in outputs]
            if len({file.read_bytes() if file.is_file() else b"" for file in files}) > 1:
                return f"{cell.name}/{name}"
    return ""


def _line(found: dict[str, list[float]], seeds: int, problem: str) -> Line:
    first, ours = (statistics.median(known) if known else float("nan") for known in found.values())
    return Line(
        f"a sweep of {METHODS * seeds} cells as in the study read-out, one worker",
        ours,
        baseline=first,
        target=f"at least {RATIO:g}x",
        reached=None if problem and not found["first"] else not problem and first / ours >= RATIO,
        note=problem or "40 steps at 67k parameters, 2 x 1,500 answers; same rows and weights",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=2, choices=(1, 2, 3))
    options = parser.parse_args()
    print(render(measure(rounds=options.rounds, seeds=options.seeds)))
