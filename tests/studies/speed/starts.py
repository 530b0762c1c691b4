"""The start of the commands: what everybody waits for before any work is done.

    python tests/studies/speed/starts.py [--baseline PYTHON]

Runs of 100 answers, so that the work itself costs nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from children import Cost, command_of, run_interleaved
from line import Line, render
from make_logs import write_lm_eval

SECONDS, MEGABYTES, TASKS_SECONDS = 0.40, 75, 0.25
NUMPY = "import numpy; import scipy.special"


def measure(baseline: str | None = None, *, rounds: int = 7) -> list[Line]:
    """Time `score`, `compare`, `report` and `tasks`, and the import of numpy with scipy.special."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        runs = [str(write_lm_eval(folder / f"run{i}", 100, seed=i)) for i in (0, 1)]
        page = str(folder / "page.json")
        verbs = {
            "score": ["score", runs[0]],
            "compare": ["compare", *runs],
            "report": ["report", *runs, "--output", page],
            "tasks": ["tasks"],
        }
        limit = [sys.executable, "-c", NUMPY]
        lines = []
        for verb, words in verbs.items():
            commands = {"ours": [command_of(sys.executable), *words], "limit": limit}
            if baseline:
                commands["baseline"] = [command_of(baseline), *words]
            found = run_interleaved(commands, rounds=rounds)
            lines.append(_line(verb, found))
    return lines


def _line(verb: str, found: dict[str, Cost]) -> Line:
    ours = found["ours"]
    most = TASKS_SECONDS if verb == "tasks" else SECONDS
    target = f"at most {most:.2f} s" + ("" if verb == "tasks" else f", {MEGABYTES} MB")
    return Line(
        f"start of `{verb}`",
        ours.seconds,
        found.get("baseline", Cost()).seconds,
        "import of numpy and scipy.special",
        found["limit"].seconds,
        target,
        ours.seconds <= most and (verb == "tasks" or ours.megabytes <= MEGABYTES),
        ours.megabytes,
        ours.problem or found.get("baseline", Cost()).problem,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baseline", help="python of an environment with the first version")
    print(render(measure(parser.parse_args().baseline)))
