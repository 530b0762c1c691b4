"""Kill a command at random moments of its life, in a session of its own; `test_kills` says what."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMAND = (sys.executable, "-m", "caopd_bench")
#: Seconds that a process may take to notice that its parent has gone.
PATIENCE = 60.0
#: From this share of its time on a command writes: half of the kills come then.
LATE = 0.7


def start(words, environment, log):
    """Start a command in a session of its own."""
    return subprocess.Popen(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment},
    )


def members(session):
    """List the processes of a session that are no zombies, by what they run."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "stat").read_text().rpartition(")")[2].split()
            if int(words[3]) == session and words[0] not in "ZX":
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200])
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue
    return found


def wait_for_none(session):
    """Wait until a session has no process; give those that are left in the end."""
    until = time.monotonic() + PATIENCE
    while (left := members(session)) and time.monotonic() < until:
        time.sleep(0.02)
    return left


class Killer:
    """Kills commands at moments of a seeded generator, spread over what an unbroken run takes.

    Every other kill hits the command alone, as the kernel does that is out of memory; the others
    all processes of its session, as a person or a scheduler does.
    """

    def __init__(self, seed, folder, **environment):
        self.draw = random.Random(seed)
        self.environment = environment
        self.log = folder / "log"
        self.seconds = None

    def run(self, words):
        """Run a command to its end: its exit code and what it printed."""
        began = time.monotonic()
        with self.log.open("wb") as log:
            process = start(words, self.environment, log)
            code = process.wait()
        self.seconds = self.seconds or time.monotonic() - began
        left = wait_for_none(process.pid)
        assert not left, left
        return code, self.log.read_text(errors="replace")

    def kill(self, words, number):
        """Kill a command; gives whether it was still at work."""
        assert self.seconds, "first an unbroken run"
        moment = self.seconds * self.draw.uniform(0.0 if number % 4 < 2 else LATE, 1.0)
        with self.log.open("wb") as log:
            began = time.monotonic()
            process = start(words, self.environment, log)
            try:
                process.wait(moment)
                was_working = False
                self.seconds = time.monotonic() - began  # the unbroken run had less of the machine
            except subprocess.TimeoutExpired:
                was_working = True
                if number % 2:
                    os.kill(process.pid, signal.SIGKILL)
                else:
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        left = wait_for_none(process.pid)
        if left:
            os.killpg(process.pid, signal.SIGKILL)
        assert not left, left
        return was_working
