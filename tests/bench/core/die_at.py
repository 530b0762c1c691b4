"""Run a command that dies at the n-th step that changes a disk; `test_interrupted` drives it.

Reads a line from standard input, `N` or `N torn`, runs the command in a child that is killed after
its N-th step (in a torn one, half of what the step writes is written), and prints `died STEP` or
`ended CODE`; steps are those of `os`, and the exchange of two folders. What ran in the child is
printed to nobody. A child that comes to its end says which modules it loaded, and the parent loads
them too: the next ones need not.
"""

import contextlib
import importlib
import io
import os
import signal
import sys

STEPS = ("open", "write", "fsync", "mkdir", "rename", "replace", "unlink", "remove", "rmdir")


class Counter:
    """Counts steps, and dies at one."""

    def __init__(self, last: int, torn: bool, tell: int) -> None:
        self.last, self.torn, self.tell, self.done = last, torn, tell, 0

    def wrap(self, name, call):
        """Give the call as one that may be the last."""

        def step(*given, **named):
            if name == "open" and not given[1] & os.O_CREAT:
                return call(*given, **named)
            is_last = self.done + 1 == self.last
            if is_last and self.torn and name == "write":
                given = (given[0], bytes(given[1])[: len(given[1]) // 2])
            result = call(*given, **named)
            self.done += 1  # one that failed, such as making a folder that exists, is none
            if is_last:
                write(self.tell, name.encode())
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return step


write = os.write


def run_child(words, last, torn, tell):
    """Run the command, up to its N-th step."""
    known = set(sys.modules)
    from caopd_bench import cli
    from caopd_bench.core.files import folders as output_folders
    from caopd_bench.gates.planning import plan

    # What a reference is drawn against takes most of its time, and writes nothing.
    plan.DRAWS = plan.FEWEST = 8
    counter = Counter(last, torn, tell)
    for name in STEPS:
        setattr(os, name, counter.wrap(name, getattr(os, name)))
    output_folders._exchange = counter.wrap("exchange", output_folders._exchange)
    if os.environ.get("NO_EXCHANGE"):
        output_folders._exchange = lambda _a, _b: False
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        code = cli.main(words)
    write(tell, " ".join(["ended", str(code), *(set(sys.modules) - known)]).encode())
    os._exit(0)


def main(words):
    """Follow what standard input asks for."""
    for line in sys.stdin:
        last, *torn = line.split()
        heard, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(heard)
            run_child(words, int(last), bool(torn), tell)
        os.close(tell)
        with os.fdopen(heard) as stream:
            said = stream.read()
        os.waitpid(child, 0)
        if not said.startswith("ended"):
            print(f"died {said}", flush=True)
            continue
        ended, code, *modules = said.split()
        print(ended, code, flush=True)
        for module in modules:
            with contextlib.suppress(Exception):  # not each can be loaded by its name
                importlib.import_module(module)


if __name__ == "__main__":
    main(sys.argv[1:])
