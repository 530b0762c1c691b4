"""Signals: a command is stopped once, cleans up, and ends with a code that is no verdict."""

import os
import runpy
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
SCRIPT = Path(sys.executable).with_name("caopd-bench")
HELPERS = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "sweep" / "helpers.py")))
SIGNALS = [
    (signal.SIGINT, 130, "stopped"),
    (signal.SIGTERM, 143, "stopped by SIGTERM"),
    (signal.SIGHUP, 129, "stopped by SIGHUP"),
]
#: What runs a function `work` as a command does. It says "ready" past the buffers: a signal in the
#: middle of a flush would say it twice.
DRIVER = """
import os, signal, sys, time
from caopd_bench.core.process.command import Command, run
{work}
sys.exit(run(lambda: Command("gate", work, decides=True), is_ours=True))
"""


def start(words, **options):
    return subprocess.Popen(
        words,
        # Under nohup all of it is ignored, and stays so in every process below.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options},
    )


@pytest.fixture
def drive():
    """Start a command whose work is given as code; wait until it says "ready"."""
    processes = []

    def drive(work):
        process = start([sys.executable, "-c", DRIVER.format(work=work)], stdin=subprocess.PIPE)
        processes.append(process)
        assert process.stdout.readline() == "ready\n", process.communicate()
        settle(process)
        return process

    yield drive
    for process in processes:
        process.kill()
        process.communicate()


def settle(process):
    """Wait until a process is in the call that it is to be stopped in.

    Python looks whether a signal came before such a call: one that comes between the look and the
    call is seen when the call ends, as everywhere in Python, and a person presses Ctrl-C again.
    """
    time.sleep(0.05)  # what has just been woken is not asleep any more
    HELPERS.wait_for(lambda: is_asleep(process) or process.poll() is not None, "it never waits")


def wait_for_reader(pipe, process):
    """Open a named pipe to write, which goes only when the command waits for words from it."""
    end = time.monotonic() + 60
    while True:
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end
        with suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code", "words"), SIGNALS)
def test_in_its_work(tmp_path, number, code, words):
    """The policy is a pipe that nobody writes to: the command waits for it."""
    pipe = tmp_path / "policy.yaml"
    os.mkfifo(pipe)
    process = start([SCRIPT, "gate", "--policy", pipe, "x"])
    handle = wait_for_reader(pipe, process)
    settle(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    os.close(handle)
    assert (process.returncode, out, err) == (code, "", f"caopd-bench gate: {words}\n")


@pytest.mark.parametrize("command", [[SCRIPT], [sys.executable, "-m", "caopd_bench"]])
@pytest.mark.parametrize(("number", "code", "words"), SIGNALS)
@pytest.mark.parametrize(("module", "name"), [("pydantic", " gate"), ("argparse", "")])
def test_while_it_is_loaded(tmp_path, command, number, code, words, module, name):
    """A module of this name waits, in its import, for a pipe that nobody writes to."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / f"{module}.py").write_text(f"open({str(pipe)!r}).read()\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = start([*command, "gate", "--schema"], env=environment)
    handle = wait_for_reader(pipe, process)
    settle(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    os.close(handle)
    assert (process.returncode, out, err) == (code, "", f"caopd-bench{name}: {words}\n")


CLEANS = """
def work():
    try:
        os.write(1, b"ready\\n")
        time.sleep(600)
    finally:
        print("cleaning", flush=True)
        sys.stdin.readline()
        print("clean", flush=True)
"""


@pytest.mark.parametrize(("number", "code", "words"), SIGNALS)
def test_what_it_cleans_up_is_not_disturbed(drive, number, code, words):
    """GitHub sends SIGINT and soon after SIGTERM; a person presses Ctrl-C twice."""
    process = drive(CLEANS)
    process.send_signal(number)
    assert process.stdout.readline() == "cleaning\n"
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate("go on\n", timeout=60)
    assert (process.returncode, out, err) == (code, "clean\n", f"caopd-bench gate: {words}\n")


def test_a_cleaning_that_hangs_can_be_ended(drive):
    process = drive(CLEANS)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "cleaning\n"
    end = time.monotonic() + 60
    while process.poll() is None:  # signals that come together count as one
        assert time.monotonic() < end
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    assert process.returncode == 130


def test_one_that_a_library_drops_is_no_verdict(drive):
    process = drive(
        """
def work():
    try:
        os.write(1, b"ready\\n")
        time.sleep(600)
    except BaseException:
        pass
    print("PASS")
    return 0
"""
    )
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "PASS\n")
    assert err == "caopd-bench gate: stopped\n"


def test_after_one_that_a_library_drops_the_next_one_stops_it(drive):
    process = drive(
        """
def work():
    try:
        os.write(1, b"ready\\n")
        time.sleep(600)
    except BaseException:
        pass
    print("dropped", flush=True)
    time.sleep(600)
"""
    )
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "dropped\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1] == "caopd-bench gate: stopped\n"
    assert process.returncode == 130


def test_where_python_drops_exceptions(drive):
    """In `__del__` they are printed and forgotten: the signal comes again behind it."""
    process = drive(
        """
class Slow:
    def __del__(self):
        os.write(1, b"ready\\n")
        time.sleep(600)
def work():
    Slow()
    time.sleep(600)
"""
    )
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == ("", "caopd-bench gate: stopped by SIGTERM\n")
    assert process.returncode == 143


def test_an_error_that_a_signal_was_made_into_is_a_stop(drive):
    """As numpy makes an ImportError of what stops its loading."""
    process = drive(
        """
def work():
    try:
        os.write(1, b"ready\\n")
        time.sleep(600)
    except BaseException:
        raise ImportError("numpy cannot be loaded")
"""
    )
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "caopd-bench gate: stopped\n")
    assert process.returncode == 130


@pytest.mark.parametrize(
    "text", ['print("x" * 2_000_000)', 'for _ in range(9999): print("x" * 80)']
)
def test_what_nobody_reads_does_not_hold_it(drive, text):
    """The pipe is full: it waits in a write, and would again with what it still holds."""
    process = drive(
        f"""
def work():
    os.write(1, b"ready\\n")
    {text}
    return 1
"""
    )
    HELPERS.wait_for(lambda: is_full(process), "the pipe is never full")

    def is_over():
        if process.poll() is None and is_asleep(process):
            process.send_signal(signal.SIGINT)
        return process.poll() is not None

    HELPERS.wait_for(is_over, "it waits for ever")
    assert process.returncode == 130
    assert set(process.stderr.read().splitlines()) == {"caopd-bench gate: stopped"}


def is_full(process):
    """Say whether nothing more fits into the pipe that a process prints to."""
    handle = os.open(f"/proc/{process.pid}/fd/1", os.O_WRONLY)
    try:
        return not select.select([], [handle], [], 0)[1]
    finally:
        os.close(handle)


def is_asleep(process):
    stat = Path(f"/proc/{process.pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "S"


def test_a_signal_that_was_ignored_stays_so(tmp_path):
    """As `nohup` starts a command."""
    pipe = tmp_path / "policy.yaml"
    os.mkfifo(pipe)
    process = start(["bash", "-c", 'trap "" HUP; exec "$@"', "x", SCRIPT, "gate", "--policy", pipe])
    handle = wait_for_reader(pipe, process)
    process.send_signal(signal.SIGHUP)
    os.write(handle, b"version: 1\nreference: x\nmetrics: 3\n")
    os.close(handle)
    assert process.wait(timeout=60) == 2
    process.communicate()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads the command lines of processes")
def test_the_process_that_cleans_up_does_not_warn():
    """A stop between the removal of a semaphore and its report made it warn of a leak."""
    code = """
import os, sys
from pathlib import Path
from caopd_bench.core.process.workers import deaf_children
with deaf_children():
    pass
for entry in Path("/proc").iterdir():
    try:
        words = (entry / "cmdline").read_bytes().decode().split("\\0")
        parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
    except (OSError, NotADirectoryError):
        continue
    if parent == str(os.getpid()) and any("resource_tracker" in word for word in words):
        print(*(word for word in words if word.startswith("-W")))
print(sys.warnoptions)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["-Wignore::UserWarning", "[]"], done.stderr


@pytest.mark.parametrize("to_all", [False, True])
@pytest.mark.parametrize(("number", "code", "words"), SIGNALS)
def test_its_workers_end_with_it(tmp_path, number, code, words, to_all):
    """As a terminal sends signals, to all processes of a command, and as a job's runner does."""
    process = rescore(tmp_path)
    (os.killpg if to_all else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=60)
    said = [line for line in err.splitlines() if not line.startswith("rescore:")]
    assert (process.returncode, out, said) == (code, "", [f"caopd-bench rescore: {words}"])
    HELPERS.wait_for(lambda: not HELPERS.in_session(process.pid), "its workers outlive it")


@pytest.mark.parametrize(("number", "code", "words"), SIGNALS)
def test_workers_end_that_it_was_just_starting(tmp_path, number, code, words):
    """A signal between the start of a worker and its entry among those that are to be ended."""
    process = rescore(tmp_path, between=f"os.kill(os.getpid(), {int(number)})")
    _, err = process.communicate(timeout=60)
    said = [line for line in err.splitlines() if not line.startswith("rescore:")]
    assert (process.returncode, said) == (code, [f"caopd-bench rescore: {words}"])
    HELPERS.wait_for(lambda: not HELPERS.in_session(process.pid), "its workers outlive it")


def test_workers_that_come_after_its_end_end_at_once(tmp_path):
    process = rescore(tmp_path)
    process.kill()
    process.wait()

    def let_go():
        # One that comes late waits for a pipe that was opened for the others, so again and again.
        with suppress(OSError):
            os.close(os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK))
        return not HELPERS.in_session(process.pid)

    HELPERS.wait_for(let_go, "its workers outlive it")
    process.communicate()


def test_workers_end_with_it_even_killed(tmp_path):
    marker = tmp_path / "marker"
    code = (
        "import os\nfrom caopd_bench.core.process.workers import sharing\n"
        f"with sharing(2) as share: list(share(os.system, ['touch {marker}; exec sleep 600'] * 2))"
    )
    process = start([sys.executable, "-c", code], start_new_session=True)
    HELPERS.wait_for(marker.exists, "no worker comes to work", process)
    assert count_workers(process.pid)
    process.kill()
    process.wait()
    HELPERS.wait_for(lambda: not count_workers(process.pid), "its workers outlive it")
    os.killpg(process.pid, signal.SIGKILL)  # what they had begun
    process.communicate()


def rescore(folder, between=None):
    """Start a command with workers in a session of its own; give it when the workers are there.

    They wait for a pipe that nobody writes to before they are loaded, and never come to work. What
    is to be done in between is done by the command itself, in the moment after each is started.
    """
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor: no workers")
    os.mkfifo(folder / "pipe")
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "if '--multiprocessing-fork' in sys.orig_argv:\n"
        f"    open({str(folder / 'pipe')!r}).read()\n"
        "elif 'rescore' in sys.orig_argv:\n"
        "    from caopd_bench.core.process import share\n"
        "    share.WORTH = 0.0\n"
        + (
            "    import os\n"
            "    from multiprocessing.popen_spawn_posix import Popen\n"
            "    launch = Popen._launch\n"
            f"    Popen._launch = lambda self, process: (launch(self, process), {between})\n"
            if between
            else ""
        )
    )
    line = r'{"response": "Answer: 1\nConfidence: 0.9", "gold": "1"}'
    (folder / "log.jsonl").write_text(f"{line}\n" * 100)
    process = start(
        [sys.executable, "-m", "caopd_bench", "rescore", folder / "log.jsonl"],
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    if not between:
        HELPERS.wait_for(lambda: count_workers(process.pid) > 1, "no workers come")
    return process


def count_workers(leader):
    found = 0
    for pid in HELPERS.in_session(leader):
        with suppress(OSError):
            found += b"--multiprocessing-fork" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return found
