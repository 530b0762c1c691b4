"""Standard output that fails late, in processes whose streams are what shells make of them."""

import os
import subprocess
import sys
import threading

import pytest

DRIVER = """
import io, os, subprocess, sys
from caopd_bench.core.process.command import Command, run
{work}
sys.exit(run(lambda: Command("x", work, decides={decides}), is_ours=True))
"""


def drive(work, *, decides=True, flags=(), **options):
    code = DRIVER.format(work=work, decides=decides)
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def gone():
    """A pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


WRITES = {
    "print": "print('x' * 100_000)",
    "flush": "print('x', flush=True)",
    "buffer": "sys.stdout.buffer.write(b'x'); sys.stdout.buffer.flush()",
    "lines": "sys.stdout.writelines(['x'] * 9)",
    "small": "print('x')",
    "error": "print('x', flush=True); print('y', file=sys.stderr, flush=True)",
}


@pytest.mark.parametrize("flags", [(), ("-u",)])
@pytest.mark.parametrize("how", WRITES)
def test_nothing_raises_in_the_middle(gone, tmp_path, how, flags):
    """What comes after the line is done, and the code is its own."""
    made = tmp_path / "made"
    work = f"def work():\n    {WRITES[how]}\n    open({str(made)!r}, 'w').close()\n    return 3"
    done = drive(work, flags=flags, stdout=gone)
    assert done.returncode == 3
    assert made.exists()
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.endswith(
        "caopd-bench x: standard output cannot be written (Broken pipe); exit code 3 stands\n"
    )


@pytest.mark.parametrize(("decides", "code"), [(True, 0), (False, 141)])
def test_what_is_declared_decides(gone, decides, code):
    assert drive("def work(): print(1); return 0", decides=decides, stdout=gone).returncode == code


def test_what_is_written_at_the_end_of_the_interpreter(gone):
    """As the summary of a tracker: no code of the interpreter's own (120)."""
    work = "import atexit; atexit.register(print, 'bye')\ndef work(): print(1); return 1"
    done = drive(work, stdout=gone, stderr=gone)
    assert done.returncode == 1


def test_a_library_that_closes_standard_output():
    done = drive("def work(): print(1); sys.stdout.close(); print('FAIL'); return 1")
    assert (done.returncode, done.stdout, done.stderr) == (1, "1\nFAIL\n", "")


def test_it_is_the_stream_that_python_makes():
    """What libraries ask of it is answered as before; child processes write to the same place."""
    work = (
        "before = sys.stdout\n"
        "def work():\n"
        "    after = sys.stdout.stream\n"
        "    assert after is not before and type(after) is io.TextIOWrapper\n"
        "    for name in ('encoding', 'line_buffering', 'write_through', 'name', 'closed'):\n"
        "        assert getattr(after, name) == getattr(before, name), name\n"
        "    assert after.fileno() == before.fileno() and not after.isatty()\n"
        "    sys.stdout.reconfigure(line_buffering=True)\n"
        "    print('ours', chr(0xd800))\n"
        "    subprocess.run(['echo', 'theirs'])\n"
        "    subprocess.run(['echo', 'too'], stdout=sys.stdout)\n"
        "    return 0\n"
    )
    done = drive(work)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ours \\ud800\ntheirs\ntoo\n"


def test_a_pipe_that_another_program_made_non_blocking():
    """As node does: Python by itself fails with EAGAIN where the pipe is full."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    read = []

    def drain():
        with os.fdopen(reading, "rb") as stream:
            read.append(stream.read())

    thread = threading.Thread(target=drain)
    thread.start()
    done = drive("def work(): print('x' * 3_000_000); return 0", stdout=writing)
    os.close(writing)
    thread.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(read[0]) == 3_000_001


def test_the_streams_of_a_caller_come_back():
    code = (
        "import sys\nfrom caopd_bench.cli import main\n"
        "before = sys.stdout, sys.stderr\n"
        "assert main(['tasks', '--path']) == 0\n"
        "assert (sys.stdout, sys.stderr) == before\nprint('after')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("after\n")
