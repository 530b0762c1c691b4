"""The child process that does algebra for `compare`, and its keeper.

sympy can take forever, or all memory, over a short text. The child has a memory limit, and is
killed and replaced when an answer exceeds a time limit. It ends by itself when this process does,
because its standard input closes.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from typing import IO

__all__ = ["ask_child"]

SECONDS = 3.0  # limit for one comparison
START_SECONDS = 60.0  # sympy takes seconds to import on a busy machine
READY = "ready"
MISSING = "missing"


class _Keeper:
    """The owner of at most one child, which is started when it is first needed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.child: subprocess.Popen[str] | None = None
        self.owner = 0

    def ask(self, stated: str, expected: str) -> bool:
        with self.lock:
            child = self._child()
            try:
                _stdin(child).write(json.dumps([stated, expected]) + "\n")
                _stdin(child).flush()
                reply = _read_line(child, SECONDS)
            except OSError:  # the child died, perhaps out of memory
                reply = ""
            if reply not in ("true", "false"):
                self.stop()
            return reply == "true"

    def _child(self) -> subprocess.Popen[str]:
        if self.child is not None and self.owner == os.getpid() and self.child.poll() is None:
            return self.child
        if self.owner != os.getpid():
            self.child = None  # a child of the process that forked this one: not ours to stop
        self.stop()
        # Nobody reads the child's standard error, and an unread pipe would fill up and block it.
        child = subprocess.Popen(
            [sys.executable, "-m", "caopd_bench.tasks.judge.latex.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self.child, self.owner = child, os.getpid()
        reply = _read_line(child, START_SECONDS)
        if reply != READY:
            self.stop()
            problem = (
                'math-verify is not installed: pip install "caopd-bench[eval]"'
                if reply == MISSING
                else "the process that compares LaTeX answers did not start"
            )
            raise ValueError(f"LaTeX answers: {problem}")
        return child

    def stop(self) -> None:
        """Kill the child, if this process has started one."""
        child, self.child = self.child, None
        if child is None or self.owner != os.getpid():
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _stdin(child: subprocess.Popen[str]) -> IO[str]:
    assert child.stdin is not None
    return child.stdin


def _read_line(child: subprocess.Popen[str], seconds: float) -> str:
    """Return the child's next line; "" if it takes too long, or has died."""
    assert child.stdout is not None
    if not select.select([child.stdout], [], [], seconds)[0]:
        return ""
    return child.stdout.readline().strip()


_keeper = _Keeper()
atexit.register(_keeper.stop)


def ask_child(stated: str, expected: str) -> bool:
    """Return whether two normalised expressions are equal; False if undecided in time.

    Raises
    ------
    ValueError
        If math-verify is not installed.
    """
    return _keeper.ask(stated, expected)
