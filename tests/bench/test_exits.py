"""How commands end, as a shell sees it: 1 of the gate is FAIL, and nothing else is."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from caopd_bench import score
from caopd_bench.errors import OutputError, UsageError, writing
from caopd_bench.exits import HELP, ExitCode
from caopd_bench.stored import write_stored

SCRIPT = Path(sys.executable).with_name("caopd-bench")
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


@pytest.fixture(scope="module")
def folder(populations, tmp_path_factory):
    """A reference, a candidate that the gate passes and one that it fails."""
    home = tmp_path_factory.mktemp("gate")
    first, second = (populations.draw(2500, seed) for seed in (1, 2))
    for name, rows in (
        ("base", first),
        ("equal", populations.redecode(first, second, 0, 0.3)),
        ("opd", populations.collapse(*first)),
    ):
        run = populations.make_run(*rows, name)
        write_stored(run, score(run), home / name)
    (home / "policy.yaml").write_text("version: 1\nreference: base\n")
    return home


@pytest.fixture
def words(folder, judge):
    """A command as its words; of `gate` one that fails."""
    return {
        "gate": judge("opd"),
        "score": ["score", folder / "opd"],
        "compare": ["compare", folder / "base", folder / "opd"],
        "baseline": ["baseline", "show", folder / "base"],
        "tasks": ["tasks", "--path"],
        "help": ["--help"],
        "help of gate": ["gate", "--help"],
    }


@pytest.fixture
def judge(folder):
    """Give the words of a gate run of a candidate: "equal" passes, "opd" fails."""

    def judge(name, *more):
        return ["gate", "--policy", folder / "policy.yaml", folder / name, *more]

    return judge


def start(arguments, **options):
    return subprocess.run(
        [SCRIPT, *map(str, arguments)],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        text=True,
        check=False,
        timeout=120,
    )


COMMANDS = ("gate", "score", "compare", "baseline", "tasks", "help", "help of gate")
#: Where Python writes at once, another line of the program is the first to fail.
RUNS = [*((command, "") for command in COMMANDS), ("gate", "1"), ("help", "1")]


def test_the_verdicts(judge):
    for name, code, word in (("equal", 0, "PASS"), ("opd", 1, "FAIL")):
        done = start(judge(name))
        assert (done.returncode, done.stdout.split()[0]) == (code, word)


@pytest.mark.parametrize(("command", "unbuffered"), RUNS)
def test_a_reader_that_has_gone(words, command, unbuffered):
    """As `| head -0`: no traceback, no complaint, and no success."""
    reading, writing_end = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = start(words[command], stdout=writing_end, env=environment)
    os.close(writing_end)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_reader_of_a_file_that_has_gone(words):
    """As `--json >(head -0)`: it is a pipe as well."""
    reading, writing_end = os.pipe()
    os.close(reading)
    done = start([*words["score"], "--json", f"/dev/fd/{writing_end}"], pass_fds=(writing_end,))
    os.close(writing_end)
    assert (done.returncode, done.stderr) == (141, "")


@needs_full
@pytest.mark.parametrize(("command", "unbuffered"), RUNS)
def test_standard_output_is_full(words, command, unbuffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with FULL.open("w") as full:
        done = start(words[command], stdout=full, env=environment)
    assert done.returncode == 5
    if "help" not in command:
        assert done.stderr == (
            f"caopd-bench {command}: the output cannot be written (No space left on device)\n"
        )


@needs_full
def test_standard_error_is_full(folder, words):
    """What cannot be said does not change what happened."""
    with FULL.open("w") as full:
        assert start(words["gate"], stderr=full).returncode == 1
        assert start(["gate", "--policy", folder / "no.yaml", "x"], stderr=full).returncode == 2


@pytest.mark.parametrize("command", ["gate", "score"])
def test_standard_output_is_closed(words, command):
    quoted = " ".join(f"'{word}'" for word in words[command])
    done = subprocess.run(
        ["bash", "-c", f"'{SCRIPT}' {quoted} >&-"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 5
    assert "standard output is closed" in done.stderr


def test_standard_error_is_closed(folder):
    """A line for it never stands where the verdict is read."""
    command = f"'{SCRIPT}' gate --policy '{folder}/no.yaml' x 2>&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_an_output_of_the_gate_that_cannot_be_written(judge, tmp_path):
    """Neither a word nor a file says what the verdict was."""
    (tmp_path / "file").write_text("")
    good, bad = tmp_path / "good.json", tmp_path / "file" / "bad.xml"
    for name in ("equal", "opd"):
        done = start(judge(name, "--output", good, "--output", bad))
        assert (done.returncode, done.stdout) == (5, "")
        assert f"{tmp_path / 'file'}: cannot be written (" in done.stderr
        assert not good.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only(judge, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    done = start(judge("equal", "--output", tmp_path / "closed" / "gate.json"))
    assert (done.returncode, done.stdout) == (5, "")
    assert "cannot be written (Permission denied)" in done.stderr


def test_a_step_summary_that_cannot_be_written(judge, tmp_path):
    for name in ("equal", "opd"):
        done = start(
            judge(name),
            env={**os.environ, "GITHUB_STEP_SUMMARY": str(tmp_path), "GITHUB_ACTIONS": "true"},
        )
        assert (done.returncode, done.stdout) == (5, "")
        assert f"GITHUB_STEP_SUMMARY {tmp_path}: cannot be written (Is a dir" in done.stderr


def test_ctrl_c(tmp_path):
    """The policy is a pipe that nobody writes to: the command waits for it."""
    pipe = tmp_path / "policy.yaml"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [SCRIPT, "gate", "--policy", pipe, "x"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # A writer can open it only when the command has it open, and so waits for words.
    end, handle = time.monotonic() + 60, None
    while handle is None:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        with suppress(OSError):
            handle = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    os.close(handle)
    assert (process.returncode, out) == (130, "")
    assert err == "caopd-bench gate: stopped\n"


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("first\nsecond"), SystemExit(1)])
def test_an_error_of_the_program_is_no_verdict(run, monkeypatch, error):
    def fail(_options):
        raise error

    monkeypatch.setattr("caopd_bench.gate_command.run_gate", fail)
    monkeypatch.delenv("CAOPD_BENCH_DEBUG", raising=False)
    code, out, err = run("gate", "x")
    assert (code, out) == (70, "")
    assert err.startswith(f"caopd-bench gate: an error of this program: {type(error).__name__}: ")
    assert err.endswith(" (CAOPD_BENCH_DEBUG=1 shows the traceback)\n")
    assert err.count("\n") == 1
    monkeypatch.setenv("CAOPD_BENCH_DEBUG", "1")
    code, out, err = run("gate", "x")
    assert (code, out) == (70, "")
    assert err.startswith("Traceback (most recent call last)")
    assert "in fail" in err


def test_a_file_that_no_command_names_is_an_error_of_the_program(run, monkeypatch):
    def fail(_options):
        Path("/nowhere/at/all").read_text()

    monkeypatch.setattr("caopd_bench.gate_command.run_gate", fail)
    code, _, err = run("gate", "x")
    assert code == 70
    assert "/nowhere/at/all" in err


def test_interrupted(run, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("caopd_bench.score_command.run_score", stop)
    assert run("score", "x") == (130, "", "caopd-bench score: stopped\n")


def test_help_lists_the_codes(run):
    for words in (["--help"], ["gate", "--help"], ["train", "--help"]):
        said = " ".join(run(*words)[1].split())
        assert " ".join(HELP.split()) in said
    for code in ExitCode:
        assert f"{int(code)} " in HELP.replace(",", " ")


def test_the_page_of_the_gate_lists_the_codes():
    page = Path(__file__).parents[2] / "docs" / "gate.md"
    if not page.exists():
        pytest.skip("the repository's files are not here")
    text = page.read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {int(code)} | " in text


def test_writing_names_the_file_that_the_system_names():
    assert issubclass(OutputError, UsageError)
    with pytest.raises(OutputError, match=r"^b: cannot be written \(No space\)$"), writing("a"):
        raise OSError(28, "No space", "b.part")
    with pytest.raises(OutputError, match=r"^a: cannot be written \(No space\)$"), writing("a"):
        raise OSError(28, "No space")
    with pytest.raises(BrokenPipeError), writing("a"):
        raise BrokenPipeError(32, "Broken pipe")
