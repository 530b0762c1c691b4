"""How commands end, as a shell sees it: 1 of the gate is FAIL, and nothing else is."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from caopd_bench import score
from caopd_bench.core.errors import OutputError, UsageError, writing
from caopd_bench.core.process.exits import HELP, ExitCode
from caopd_bench.runs.stored.store import write_stored

SCRIPT = Path(sys.executable).with_name("caopd-bench")
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


@pytest.fixture(scope="module")
def folder(populations, tmp_path_factory):
    """A reference, candidates that the gate passes and fails, and a policy with too few items."""
    home = tmp_path_factory.mktemp("gate")
    first, second = (populations.draw(600, seed) for seed in (1, 2))
    for name, rows in (
        ("base", first),
        ("equal", populations.redecode(first, second, 0, 0.3)),
        ("opd", populations.collapse(*first)),
    ):
        run = populations.make_run(*rows, name)
        write_stored(run, score(run), home / name)
    # The rows of another run in its place, as a merge of two branches leaves them.
    shutil.copytree(home / "base", home / "merged")
    shutil.copy(home / "opd" / "rows.jsonl.gz", home / "merged")
    (home / "policy.yaml").write_text("version: 1\nreference: base\n")
    (home / "many.yaml").write_text("version: 1\nreference: base\nmin_items: 9000\n")
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
    """As `| head -0`: no traceback, and no success but of a decision."""
    reading, writing_end = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = start(words[command], stdout=writing_end, env=environment)
    os.close(writing_end)
    if command == "gate":
        assert done.returncode == 1
        assert done.stderr == (
            "caopd-bench gate: standard output cannot be written (Broken pipe); "
            "exit code 1 stands\n"
        )
    else:
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
    name = "" if "help" in command else f" {command}"
    if command == "gate":
        assert done.returncode == 1
        assert done.stderr == (
            "caopd-bench gate: standard output cannot be written (No space left on device); "
            "exit code 1 stands\n"
        )
    else:
        assert done.returncode == 5
        assert done.stderr == (
            f"caopd-bench{name}: the output cannot be written (No space left on device)\n"
        )


#: What a shell can do to the streams of a command.
SINKS = (
    "| true",
    "| head -1",
    "> >(exec true)",
    "2>&1 | true",
    "> /dev/full",
    "> /dev/full 2>&1",
    ">&-",
    ">&- 2>&-",
    ">&- 2>&- <&-",
    "2>&-",
)
#: Who is first, the command or its reader, is chance: several times each.
RACES = 6


def ends(folder, command, sink):
    """Run a command in a shell; give the code of the command itself."""
    # "$0" is the program: without quotes around the redirection a shell carries it out.
    script = f'set -o pipefail; cd "$1"; "$0" {command} {sink}; exit "${{PIPESTATUS[0]}}"'
    shell = ["bash", "-c", script, SCRIPT, folder]
    done = subprocess.run(shell, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    return done.returncode


DECISIONS = {
    "gate --policy policy.yaml equal": 0,
    "gate --policy policy.yaml opd": 1,
    "gate --policy many.yaml equal": 3,
}


@needs_full
@pytest.mark.parametrize("sink", ["| true", "> /dev/full 2>&1", ">&- 2>&- <&-"])
@pytest.mark.parametrize("command", DECISIONS)
def test_a_verdict_stands_whatever_becomes_of_the_streams(folder, command, sink):
    assert ends(folder, command, sink) == DECISIONS[command]


@pytest.mark.slow
@needs_full
@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("command", DECISIONS)
def test_a_verdict_stands_each_time(folder, command, sink):
    for _ in range(RACES):
        assert ends(folder, command, sink) == DECISIONS[command]


# In the fast suite one sink for each of the two: the decisions of the gate go through all three.
@needs_full
@pytest.mark.parametrize(
    ("reference", "code", "sink"),
    [
        ("base", 0, "> /dev/full"),
        ("merged", 1, "| true"),
        ("merged", 1, ">&- 2>&- <&-"),
        pytest.param("base", 0, "| true", marks=pytest.mark.slow),
        pytest.param("base", 0, ">&- 2>&- <&-", marks=pytest.mark.slow),
        pytest.param("merged", 1, "> /dev/full", marks=pytest.mark.slow),
    ],
)
def test_what_baseline_verify_found_stands(folder, reference, code, sink):
    assert ends(folder, f"baseline verify {reference}", sink) == code


@needs_full
@pytest.mark.parametrize(
    "sink",
    [
        ">&- 2>&- <&-",
        pytest.param("| true", marks=pytest.mark.slow),
        pytest.param("> /dev/full", marks=pytest.mark.slow),
    ],
)
def test_baseline_update_does_what_it_decides(folder, tmp_path, sink):
    for run, code in (("opd", 1), ("equal", 0)):
        reference = tmp_path / f"of {run}"
        shutil.copytree(folder / "base", reference)
        before = (reference / "rows.jsonl.gz").read_bytes()
        words = f"baseline update {run} --output '{reference}' --reason again"
        assert ends(folder, words, sink) == code
        assert ((reference / "rows.jsonl.gz").read_bytes() == before) == bool(code)


@needs_full
@pytest.mark.parametrize("option", ["--schema", "--plan", "--suggest-margins"])
def test_a_text_of_the_gate_that_is_lost_is_no_success(folder, option):
    """Where it is asked for a text it decides nothing."""
    words = "" if option == "--schema" else "--reference base"
    last = "equal" if option == "--suggest-margins" else ""
    assert ends(folder, f"gate {option} {words} {last}", "> /dev/full") == 5


@needs_full
def test_the_work_is_done_to_its_end_although_nobody_reads(folder, tmp_path):
    for number, sink in enumerate(("| true", "> /dev/full", ">&- 2>&-")):
        made = [tmp_path / f"{number}.json", tmp_path / f"{number}.xml"]
        words = " ".join(f"--output '{file}'" for file in made)
        assert ends(folder, f"gate --policy policy.yaml opd {words}", sink) == 1
        assert json.loads(made[0].read_text())["verdict"] == "FAIL"
        assert made[1].stat().st_size
        store = tmp_path / f"stored {number}"
        assert ends(folder, f"score opd --store '{store}'", sink) in (141, 5)
        assert (store / "summary.json").is_file()


def test_the_line_of_a_file_never_lands_in_another(folder, tmp_path):
    """Of closed streams the numbers are free: the next file that is opened would get one."""
    made = tmp_path / "gate.json"
    command = f"gate --policy policy.yaml opd --output '{made}' --output /proc/none/x.xml"
    assert ends(folder, command, ">&- 2>&- <&-") == 1
    assert ends(folder, f"gate --policy policy.yaml opd --output '{made}'", ">&- 2>&- <&-") == 1
    assert json.loads(made.read_text())["verdict"] == "FAIL"


@needs_full
def test_standard_error_is_full(folder, words):
    """What cannot be said does not change what happened."""
    with FULL.open("w") as full:
        assert start(words["gate"], stderr=full).returncode == 1
        assert start(["gate", "--policy", folder / "no.yaml", "x"], stderr=full).returncode == 2


@pytest.mark.parametrize(("command", "code"), [("gate", 1), ("score", 5), ("help", 5)])
def test_standard_output_is_closed(words, command, code):
    quoted = " ".join(f"'{word}'" for word in words[command])
    done = subprocess.run(
        ["bash", "-c", f"'{SCRIPT}' {quoted} >&-"], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert "cannot be written (it is closed)" in done.stderr
    assert done.stderr.count("\n") == 1


def test_standard_error_is_closed(folder):
    """A line for it never stands where the verdict is read."""
    command = f"'{SCRIPT}' gate --policy '{folder}/no.yaml' x 2>&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


CODES = {"equal": ("PASS", 5), "opd": ("FAIL", 1)}


@pytest.mark.parametrize("name", CODES)
def test_an_output_of_the_gate_that_cannot_be_written(judge, tmp_path, name):
    """The verdict is said, and a FAIL stays one; a PASS that is not delivered is none."""
    (tmp_path / "file").write_text("")
    good, bad = tmp_path / "good.json", tmp_path / "file" / "bad.xml"
    word, code = CODES[name]
    done = start(judge(name, "--output", good, "--output", bad))
    assert (done.returncode, done.stdout.split()[0]) == (code, word)
    assert f"{tmp_path / 'file'}: cannot be written (" in done.stderr
    assert done.stderr.endswith(f"; the verdict is {word}\n")
    assert not good.exists()


@needs_full
def test_a_reader_of_an_output_of_the_gate_that_has_gone(judge, tmp_path):
    for name, (word, code) in CODES.items():
        link = tmp_path / f"{name}.json"
        link.symlink_to("/dev/full")
        done = start(judge(name, "--output", link))
        assert (done.returncode, done.stdout.split()[0]) == (code, word)
        assert "cannot be written (No space left on device); the verdict is" in done.stderr
        reading, writing_end = os.pipe()
        os.close(reading)
        pipe = tmp_path / f"{name} pipe.json"
        pipe.symlink_to(f"/dev/fd/{writing_end}")
        done = start(judge(name, "--output", pipe), pass_fds=(writing_end,))
        os.close(writing_end)
        assert (done.returncode, done.stdout.split()[0]) == (code, word)
        assert (
            f"{pipe}: cannot be written (its reader closed the pipe); the verdict is"
        ) in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only(judge, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    done = start(judge("equal", "--output", tmp_path / "closed" / "gate.json"))
    assert (done.returncode, done.stdout.split()[0]) == (5, "PASS")
    assert "cannot be written (Permission denied)" in done.stderr


def test_a_file_that_needs_too_much_memory_does_not_take_the_verdict(run, judge, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr("caopd_bench.gates.wording.write.write_outputs", fail)
    for name, (word, code) in CODES.items():
        found, out, err = run(*judge(name))
        assert (found, out.split()[0]) == (code, word)
        assert err.startswith("caopd-bench gate: an output cannot be written (not enough memory)")


def test_a_plan_that_cannot_be_written_is_printed(folder):
    words = ["gate", "--plan", "--reference", folder / "base", "--output", "/proc/none/plan.json"]
    done = start(words)
    assert done.returncode == 5
    assert done.stdout
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("name", CODES)
def test_a_step_summary_that_cannot_be_written(judge, tmp_path, name):
    word, code = CODES[name]
    done = start(
        judge(name),
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(tmp_path), "GITHUB_ACTIONS": "true"},
    )
    assert (done.returncode, done.stdout.split()[0]) == (code, word)
    assert f"GITHUB_STEP_SUMMARY {tmp_path}: cannot be written (Is a dir" in done.stderr


class Panic(BaseException):
    """As a library that is written in Rust raises when it gives up."""


@pytest.mark.parametrize(
    "error", [KeyError("x"), RuntimeError("first\nsecond"), SystemExit(1), Panic("gave up")]
)
def test_an_error_of_the_program_is_no_verdict(run, monkeypatch, error):
    def fail(_options):
        raise error

    monkeypatch.setattr("caopd_bench.cli.gate.run_gate", fail)
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

    monkeypatch.setattr("caopd_bench.cli.gate.run_gate", fail)
    code, _, err = run("gate", "x")
    assert code == 70
    assert "/nowhere/at/all" in err


def test_interrupted(run, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("caopd_bench.cli.score.run_score", stop)
    assert run("score", "x") == (130, "", "caopd-bench score: stopped\n")


def test_help_lists_the_codes_and_that_of_a_command_its_own(run):
    assert " ".join(HELP.split()) in " ".join(run("--help")[1].split())
    assert re.findall(r"^  (\d+) ", HELP, re.MULTILINE) == [str(int(code)) for code in ExitCode]
    for command, own in (("gate", "exit codes: 0 PASS, 1 FAIL"), ("tasks", "exit codes: caopd-")):
        shown = run(command, "--help")[1]
        assert own in shown
        assert "caopd-bench --help" in shown
        assert "SIGTERM" not in shown


def test_the_page_of_the_gate_lists_the_codes():
    page = Path(__file__).parents[3] / "docs" / "gate.md"
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
