"""The demo: from nothing to the table and the report, with a real model. `tox -e demo` runs it.

SmolLM2-135M-Instruct answers 100 problems (levels 1 to 5) twice, shown four exemplars each time:
once those of set "a", once those of set "b", which state other confidences. What it prints is in
the README; what it measured is stored beside this file.

    python reference_runs/smollm2-135m/run.py --output demo

`tox -e report` does the same with a second task, in which each answer is sampled:

    python reference_runs/smollm2-135m/run.py --output report \
        --tasks caopd_math_conf,caopd_math_conf_t1

A step that is done is not done again: delete the folder to start over.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

TASKS = "caopd_math_conf"
LEVELS = "1-5"
SETS = ("a", "b")


def main() -> int:
    """Fetch, evaluate twice, score, report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("demo"), help="a folder (demo)")
    parser.add_argument("--tasks", default=TASKS, help="separated by commas (caopd_math_conf)")
    parser.add_argument("--limit", type=int, default=100, help="problems (100)")
    options = parser.parse_args()
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()

    model = output / "SmolLM2-135M-Instruct"
    if not model.exists():
        run(["caopd-bench", "fetch-model", "smollm2-135m", "--output", str(model)], output)
    for name in SETS:
        if not list((output / f"exemplars-{name}").rglob("results_*.json")):
            run(lm_eval_command(name, options.tasks, options.limit), output)
    runs = [f"exemplars-{name}=exemplars-{name}" for name in SETS]
    for name, spec in zip(SETS, runs, strict=True):
        command = ["caopd-bench", "score", spec, "--by", "level"]
        run([*command, "--store", f"stored-{name}", "--figure", f"reliability-{name}.png"], output)
    run(["caopd-bench", "score", *runs, "--figure", "reliability.png"], output)
    title = "SmolLM2-135M-Instruct, two sets of exemplars"
    run(["caopd-bench", "report", *runs, "--output", "report.html", "--title", title], output)
    print(f"\n{(time.monotonic() - start) / 60:.1f} minutes; everything is in {options.output}")
    return 0


def lm_eval_command(exemplars: str, tasks: str, limit: int) -> list[str]:
    """Word the evaluation as a user types it."""
    return [
        *("lm_eval", "--model", "hf"),
        *("--model_args", "pretrained=SmolLM2-135M-Instruct,dtype=bfloat16"),
        *("--tasks", tasks, "--num_fewshot", "4", "--apply_chat_template"),
        *("--metadata", json.dumps({"levels": LEVELS, "exemplars": exemplars})),
        *("--limit", str(limit), "--batch_size", "25", "--gen_kwargs", "max_gen_toks=128"),
        *("--output_path", f"exemplars-{exemplars}", "--log_samples"),
    ]


def run(command: list[str], folder: Path) -> None:
    """Show a command and run it in `folder`; its progress goes to the terminal."""
    print(f"\n$ {' '.join(map(quote, command))}", flush=True)
    # Scripts of the environment that runs this file, whatever PATH says; no hub look-ups.
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}",
        "HF_HUB_OFFLINE": "1",
    }
    if subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
        sys.exit(f"stopped: {command[0]} failed; mend it and run this again")


def quote(word: str) -> str:
    """Quote what a shell would split."""
    return f"'{word}'" if set(word) & set(' {}"') else word


if __name__ == "__main__":
    sys.exit(main())
