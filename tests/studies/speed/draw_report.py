"""Reports of many runs: what reading, testing and drawing them takes, in CPU seconds.

    python tests/studies/speed/draw_report.py [--baseline PYTHON] [--rounds 3]    # 4 minutes

Whole commands with their children, imports included, in turns: this version, the first version,
and `score` of the same runs, which reads them, has no levels and draws nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from children import Cost, command_of, run_interleaved
from line import Line, render
from make_logs import write_lm_eval

from caopd_bench.tasks.read.parse import PARSER_VERSION

RUNS, ROWS = 20, 5_000
#: The target was set where the first version took the second number.
SECONDS, OF_SECONDS = 9.0, 28.0


def measure(baseline: str | None = None, *, rounds: int = 3) -> list[Line]:
    """Time the report of twenty runs in ten levels as a page, and as JSON, which has no figures."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        runs = [
            str(
                write_lm_eval(
                    folder / f"run{i}", ROWS, seed=i, model=f"org/m{i}", parser=PARSER_VERSION
                )
            )
            for i in range(RUNS)
        ]
        # Runs of one command are read once more from the page cache, whoever comes first.
        return [
            _line(kind, runs, folder / f"report.{kind}", baseline, rounds)
            for kind in ("html", "json")
        ]


def _line(kind: str, runs: list[str], output: Path, baseline: str | None, rounds: int) -> Line:
    words = ["report", *runs, "--output", str(output)]
    ours = command_of(sys.executable)
    commands = {"ours": [ours, *words], "limit": [ours, "score", *runs]}
    if baseline:
        commands["baseline"] = [command_of(baseline), *words]
    found = run_interleaved(commands, rounds=rounds)
    cost, before = found["ours"], found.get("baseline", Cost())
    return Line(
        f"`report` of {RUNS} runs of {ROWS:,} answers, ten levels, .{kind}",
        cost.seconds,
        before.seconds,
        "`score` of the same runs, this version",
        found["limit"].seconds,
        f"at most {SECONDS:g} s where the first version takes {OF_SECONDS:g} s",
        cost.seconds <= SECONDS or before.seconds / cost.seconds >= OF_SECONDS / SECONDS,
        cost.megabytes,
        cost.problem or before.problem,
    )


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baseline", help="Python that the first version is installed for")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(render(measure(options.baseline, rounds=options.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
