"""A tiny sweep, the command that runs it, and what can be seen of it from outside."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASES = Path(__file__).parents[3] / "reference_runs" / "bases"
SWEEP = """\
bases: {bases}
settings:
  task: caopd_arith_conf
  steps: 3
  prompts_per_step: 4
  k: 2
  learning_rate: 0.003
  max_new_tokens: 12
  teacher_ema: 0.0
  save_every: 1
evaluate: {{tasks: [caopd_arith_conf], batch_size: 40, limit: 40, success_questions: 8}}
cells:
  - {{size: 10k, method: base}}
  - {{size: 10k, method: [opd, caopd], seed: [0, 1]}}
"""
NAMES = ["10k-b0-base", *(f"10k-b0-{m}-s{s}" for m in ("opd", "caopd") for s in range(2))]
#: Seconds after which something hangs.
PATIENCE = 600


def write_sweep(folder):
    """Write the tiny sweep into a folder; give its file."""
    file = folder / "sweep.yaml"
    file.write_text(SWEEP.format(bases=BASES))
    return file


def start(file, output, *extra):
    """Start the command in a session of its own, so that what it leaves can be found."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("RAY_ADDRESS", None)
    # Files, as nobody reads while it runs: a full pipe would stop it.
    written = [tempfile.TemporaryFile("w+") for _ in range(2)]  # noqa: SIM115
    process = subprocess.Popen(
        [*(sys.executable, "-m", "caopd_bench", "sweep", str(file)), "--output", str(output),
         *extra],
        stdout=written[0], stderr=written[1], env=environment, start_new_session=True,
    )  # fmt: skip
    process.written = written
    return process


def end(process):
    """Wait for a command; give its exit code, standard output and standard error."""
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        kill(process)
        raise
    return (process.returncode, *_read(process))


def kill(process):
    """Kill -9 the command's own process, and wait until nothing of its session is left."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _read(process)
    wait_for(lambda: not in_session(process.pid), "its workers outlive the command")


def _read(process):
    texts = []
    for file in process.written:
        file.seek(0)
        texts.append(file.read())
        file.close()
    return texts


def wait_for(is_so, complaint, process=None):
    """Look every few milliseconds until something is so."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, complaint
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{complaint}: it ended ({process.returncode}): {end(process)}")
        time.sleep(0.02)


def in_session(leader):
    """List the living processes of a session."""
    return [pid for pid, (state, _, session) in _processes() if session == leader and state != "Z"]


def parent(process):
    """Give the parent of a process, if that process lives."""
    return next((up for pid, (state, up, _) in _processes() if pid == process and state != "Z"), 0)


def _processes():
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name may hold spaces and brackets; after it: state, parent, group, session.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        yield int(folder.name), (fields[0], int(fields[1]), int(fields[3]))


def read_holders(output):
    """Give the process that has each cell, by the cell's name, as its lock says."""
    holders = {}
    for file in (output / "work").glob("*.lock"):
        try:
            said = file.read_text().split()
        except OSError:
            continue
        if len(said) == 2 and not (output / "cells" / file.stem).exists():
            holders[file.stem] = int(said[1])
    return holders


class Watch:
    """Remembers each finished cell as it was first seen: one finished again is another folder."""

    def __init__(self, output):
        self.output, self.first = output, {}

    def look(self):
        """Compare what is finished now with what it was, and give the names."""
        for place in sorted((self.output / "cells").glob("*")):
            now = (place.stat().st_ino, (place / "timing.json").read_text())
            assert self.first.setdefault(place.name, now) == now, f"{place.name}: finished twice"
        return set(self.first)


def check_whole(output, expected):
    """Check that a sweep is done: each cell once, no leftovers, and the table to the byte."""
    assert (output / "cells.csv").read_bytes() == expected
    table = (output / "timings.csv").read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in table] == NAMES
    assert sorted(file.name for file in (output / "cells").iterdir()) == sorted(NAMES)
    assert sorted(file.name for file in output.iterdir()) == ["cells", "cells.csv", "timings.csv"]
