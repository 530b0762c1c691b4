"""Logs as harnesses write them: how long they take to read, judge and score, and what memory.

    python tests/studies/speed/read_logs.py [--baseline PYTHON] [--rounds 5]    # 10 minutes

CPU seconds of whole commands with their children, imports included, in turns: this version, the
first version and the limit, which reads the same lines by `json` and does no more. The first
version reads neither options nor thousands of tasks in a time worth waiting for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from children import Cost, command_of, run_interleaved, run_once
from line import Line, render
from make_logs import write_lm_eval, write_logged
from read_options import write_run

from caopd_bench.tasks.read.parse import PARSER_VERSION

sys.path.insert(0, str(Path(__file__).parents[1]))
from measure_load import write_tasks

LINES = "import json, sys\nfor line in open(sys.argv[1], 'rb'): json.loads(line)"
REGEX = (
    "import json, re, sys\n"
    "pattern = re.compile(r'Answer: (.*)\\nConfidence: (.*)')\n"
    "for line in open(sys.argv[1], 'rb'): pattern.search(json.loads(line)['response'])"
)
PANDAS = "import sys, pandas\npandas.read_json(sys.argv[1], lines=True)"
READ = "import sys\nfrom caopd_bench import read_run\nread_run(sys.argv[1])"
#: Rows of the two files by which the memory of a row is told.
FEW, MANY = 10_000, 100_000
TASKS, OPTIONS = 10_000, 100_000


def measure(baseline: str | None = None, *, rounds: int = 5) -> list[Line]:
    """Time commands on made-up logs; `baseline` is the python of the first version."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        return [
            _score(folder, baseline, rounds),
            _rescore(folder, baseline, rounds, 20_000, 2.2),
            _rescore(folder, baseline, rounds, 5_000, 2.0, thinking=20_000),
            _options(folder, rounds),
            _tasks(folder),
            *_memory(folder),
        ]


def _score(folder: Path, baseline: str | None, rounds: int) -> Line:
    run = write_lm_eval(folder / "run", FEW, parser=PARSER_VERSION)
    samples = str(next(run.rglob("samples_*")))
    found = _run(["score", str(run)], baseline, rounds, {"lines": LINES, "pandas": PANDAS}, samples)
    pandas = f"pandas.read_json {found['pandas'].seconds:.2f} s"
    return _line(f"`score` of an lm-eval run, {FEW:,} rows of 5 kB", found, 1.5, pandas)


def _rescore(
    folder: Path,
    baseline: str | None,
    rounds: int,
    rows: int,
    most: float,
    thinking: int = 0,
) -> Line:
    log = folder / f"log{thinking}.jsonl"
    write_logged(log, rows, size=300 if thinking else 800, thinking=thinking)
    found = _run(["rescore", str(log)], baseline, rounds, {"lines": REGEX}, str(log))
    work = f"`rescore`, {rows:,} answers of {thinking or 900:,} characters"
    return _line(f"{work}{' of thinking' if thinking else ''}", found, most)


def _options(folder: Path, rounds: int) -> Line:
    (folder / "options").mkdir()
    samples = str(write_run(folder / "options", OPTIONS))
    ours = [sys.executable, "-c", READ, str(folder / "options")]
    commands = {"ours": ours, "lines": [sys.executable, "-c", PANDAS, samples]}
    found = run_interleaved(commands, rounds=rounds)
    peer = found["lines"].seconds
    return Line(
        f"`read_run`, {OPTIONS:,} samples of multiple_choice",
        found["ours"].seconds,
        peer="pandas.read_json",
        peer_seconds=peer,
        target="at most a third of the peer's time",
        reached=3 * found["ours"].seconds <= peer,
        megabytes=found["ours"].megabytes,
        note=found["ours"].problem,
    )


def _tasks(folder: Path) -> Line:
    run = write_tasks(folder / "tasks", TASKS).parents[1]
    ours = run_once([command_of(sys.executable), "score", str(run)])
    return Line(
        f"`score` of a folder of {TASKS:,} tasks of ten rows",
        ours.seconds,
        target="at most 30 s",
        reached=ours.seconds <= 30,
        megabytes=ours.megabytes,
        note=ours.problem or "one round",
    )


def _memory(folder: Path) -> list[Line]:
    """Tell what a row takes: files of ten times the rows, beside what is kept of each."""
    long = write_lm_eval(folder / "long", MANY, parser=PARSER_VERSION)
    logs = [write_logged(folder / f"m{rows}.jsonl", rows) for rows in (FEW, MANY)]
    sizes = {
        "`score` of an lm-eval run": (["score", str(folder / "run")], ["score", str(long)]),
        "`rescore`": tuple(["rescore", str(log)] for log in logs),
    }
    lines = []
    for work, pair in sizes.items():
        few, many = (run_once([command_of(sys.executable), *words]) for words in pair)
        each = (many.megabytes - few.megabytes) * 1e3 / (MANY - FEW)
        known = f"{few.megabytes:.0f} MB with {FEW:,} rows: {each:.1f} kB per row"
        note = f"{known}, including its text of .9 kB"
        lines.append(
            Line(
                f"memory of {work}, {MANY:,} rows",
                many.seconds,
                target="no more than the stored rows",
                megabytes=many.megabytes,
                note=few.problem or many.problem or note,
            )
        )
    return lines


def _run(
    words: list[str], baseline: str | None, rounds: int, limits: dict[str, str], file: str
) -> dict[str, Cost]:
    commands = {"ours": [command_of(sys.executable), *words]}
    if baseline:
        commands["baseline"] = [command_of(baseline), *words]
    commands |= {name: [sys.executable, "-c", code, file] for name, code in limits.items()}
    return run_interleaved(commands, rounds=rounds)


def _line(work: str, found: dict[str, Cost], most: float, note: str = "") -> Line:
    ours, before = found["ours"], found.get("baseline", Cost())
    return Line(
        work,
        ours.seconds,
        before.seconds,
        "json.loads of each line" if "pandas" in found else "json.loads and one pattern",
        found["lines"].seconds,
        f"at most {most:g} s",
        ours.seconds <= most,
        ours.megabytes,
        ours.problem or before.problem or note,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baseline", help="python of an environment with the first version")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(render(measure(options.baseline, rounds=options.rounds)))
