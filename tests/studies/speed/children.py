"""CPU seconds and peak memory of commands that run as processes of their own."""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# One thread each: what BLAS spends on waiting is no work of ours.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)


# The peak of a process includes that of the process it was forked from, so commands are children
# of a process that holds nothing.
LAUNCHER = """
import json, os, subprocess, sys
process = subprocess.Popen(
    sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
)
said = process.stderr.read()
_, status, usage = os.wait4(process.pid, 0)
code = os.waitstatus_to_exitcode(status)
print(json.dumps([code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, said[-2000:]]))
"""


@dataclass(frozen=True)
class Cost:
    """What a command took: the median of its rounds.

    Attributes
    ----------
    seconds
        CPU seconds of the process and of all its children, user and system.
    megabytes
        The peak of the largest of these processes.
    problem
        Why there is no number; "" where there is one.
    """

    seconds: float = float("nan")
    megabytes: float = float("nan")
    problem: str = ""


def run_once(command: list[str], *, codes: tuple[int, ...] = (0,)) -> Cost:
    """Run a command to its end; its output is thrown away unless it fails."""
    environment = {**os.environ, **ONE_THREAD, "CAOPD_BENCH_PROGRESS": "0", "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, *command],
        capture_output=True,
        env=environment,
        text=True,
        check=True,
    )
    code, seconds, kilobytes, said = json.loads(done.stdout)
    if code not in codes:
        last = said.strip().splitlines()[-1:] or ["no message"]
        return Cost(problem=f"exit code {code}: {last[0]}"[:120])
    return Cost(seconds, kilobytes / 1024)


def run_interleaved(
    commands: dict[str, list[str]], *, rounds: int = 5, codes: tuple[int, ...] = (0,)
) -> dict[str, Cost]:
    """Run every command once a round, so that a slow moment of the machine hits all of them."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for name, command in commands.items():
            if not any(cost.problem for cost in found[name]):
                found[name].append(run_once(command, codes=codes))
    return {name: _middle(costs) for name, costs in found.items()}


def _middle(costs: list[Cost]) -> Cost:
    problem = next((cost.problem for cost in costs if cost.problem), "")
    if problem:
        return Cost(problem=problem)
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.megabytes for cost in costs),
    )


def command_of(python: Path | str) -> str:
    """Return the `caopd-bench` that is installed beside an interpreter."""
    return str(Path(python).with_name("caopd-bench"))
