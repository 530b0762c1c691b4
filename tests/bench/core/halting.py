"""Run commands that halt after each step that changes a disk; `test_interrupted` drives them.

Reads lines of JSON from standard input: the words of a command, whether it halts, and whether the
system can exchange two folders. Each command runs in a child; what it prints goes to nobody. One
that halts says `at STEP`, where a kill would leave what is on the disk then, and waits for a line;
of a write it halts in the middle too (`in write`). In the end there is a line `ended CODE`. Steps
are those of `os`, and the exchange of two folders.
"""

import contextlib
import importlib
import io
import json
import os
import sys

STEPS = ("open", "write", "fsync", "mkdir", "rename", "replace", "unlink", "remove", "rmdir")
read, write = os.read, os.write


def halt(said):
    """Say where the command stands, and wait for a line."""
    write(1, f"{said}\n".encode())
    while read(0, 1) != b"\n":
        pass


def halting(name, call):
    """Give a call as one that is followed by a halt."""

    def step(*given, **named):
        if name == "open" and not given[1] & os.O_CREAT:
            return call(*given, **named)
        if name == "write":
            handle, content = given[0], bytes(given[1])
            half = call(handle, content[: len(content) // 2])
            halt("in write")
            result = half + call(handle, content[half:])
        else:
            result = call(*given, **named)
        halt(f"at {name}")  # not of one that failed, such as making a folder that exists
        return result

    return step


def run_child(words, halts, exchange, tell):
    """Run a command; tell how it ended and which modules it loaded."""
    known = set(sys.modules)
    from caopd_bench import cli
    from caopd_bench.core.files import folders
    from caopd_bench.gates.planning import plan

    # What a reference is drawn against takes most of its time, and writes nothing.
    plan.DRAWS = plan.FEWEST = 8
    if halts:
        for name in STEPS:
            setattr(os, name, halting(name, getattr(os, name)))
        folders._exchange = halting("exchange", folders._exchange)
    if not exchange:
        folders._exchange = lambda _a, _b: False
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        code = cli.main(words)
    write(tell, " ".join([str(code), *(set(sys.modules) - known)]).encode())
    os._exit(0)


def main():
    """Follow what standard input asks for."""
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        heard, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(heard)
            run_child(asked["words"], asked["halts"], asked["exchange"], tell)
        os.close(tell)
        with os.fdopen(heard) as stream:
            code, *modules = stream.read().split() or ["died"]
        os.waitpid(child, 0)
        for module in modules:  # the next children need not load them
            with contextlib.suppress(Exception):  # not each can be loaded by its name
                importlib.import_module(module)
        print("ended", code, flush=True)


if __name__ == "__main__":
    main()
