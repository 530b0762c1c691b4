"""Progress: on standard error, after two seconds, sparse in a log, gone from a terminal."""

import io
import json
import os
import re
import subprocess
import sys
import threading

import pytest

from caopd_bench.cli import main
from caopd_bench.core.process import progress
from caopd_bench.core.process.progress import Line, Stage, stage, telling, track


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def allowed(monkeypatch):
    monkeypatch.delenv(progress.SWITCH, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def follow(stream, seconds, command="score"):
    """Look at a line twice a second, while 17 groups of 1,000 are done a second."""
    clock = Clock()
    line = Line(command, stream, clock)
    part = Stage("intervals", "groups", 1000)
    line.begin(part)
    written = []
    for _ in range(int(seconds * 2)):
        before = stream.tell()
        line.look()
        stream.seek(before)
        if text := stream.read():
            written.append((clock.now - 100.0, text))
        clock.now += 0.5
        part.add(17)
    return line, written


def test_nothing_is_said_of_what_takes_two_seconds():
    assert follow(Terminal(), 2)[1] == follow(io.StringIO(), 2)[1] == []


@pytest.mark.usefixtures("allowed")
def test_a_log_gets_a_line_now_and_then():
    _, written = follow(io.StringIO(), 25)
    assert written == [
        (2.0, "score: intervals: 68 of 1,000 groups (2 s)\n"),
        (12.0, "score: intervals: 408 of 1,000 groups (12 s)\n"),
        (22.0, "score: intervals: 748 of 1,000 groups (22 s)\n"),
    ]


def test_a_log_of_an_hour_has_some_dozens_of_lines():
    _, written = follow(io.StringIO(), 3600)
    assert 40 < len(written) < 60


@pytest.mark.usefixtures("allowed")
def test_a_terminal_has_one_line_that_is_rewritten_and_goes():
    stream = Terminal()
    line, written = follow(stream, 4)
    assert [when for when, _ in written] == [2.0, 2.5, 3.0, 3.5]
    assert written[0][1] == "\r\x1b[Kscore: intervals: 68 of 1,000 groups (2 s)"
    line.end()
    assert stream.getvalue().endswith("(4 s)\r\x1b[K")
    assert "\n" not in stream.getvalue()
    line.end()  # a second time there is nothing to take away
    assert stream.getvalue().count("\r") == 5


@pytest.mark.usefixtures("allowed")
def test_a_terminal_that_cannot_rewrite_a_line_is_a_log(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    _, written = follow(Terminal(), 4)
    assert [text for _, text in written] == ["score: intervals: 68 of 1,000 groups (2 s)\n"]


def test_the_first_stage_and_the_last_are_shown():
    clock, stream = Clock(), io.StringIO()
    line = Line("report", stream, clock)
    parts = [Stage("reading", "runs", 3), Stage("between"), Stage("intervals", "groups", 8)]
    for part in parts:
        line.begin(part)
    parts[0].add()
    clock.now += 5
    line.look()
    for part in parts[:0:-1]:
        line.end(part)
    clock.now += 20
    line.look()
    assert stream.getvalue().splitlines() == [
        "report: reading: 1 of 3 runs, intervals: 0 of 8 groups (5 s)",
        "report: reading: 1 of 3 runs (25 s)",
    ]


def test_a_name_is_no_line_and_no_command():
    assert str(Stage("reading \n::error::x\x1b[2J")) == r"reading \n:\:error::x\x1b[2J"
    assert len(str(Stage("x" * 500))) == progress.WIDTH
    part = Stage("reading", "rows")
    assert str(part) == "reading"
    part.add(12_345)
    assert str(part) == "reading: 12,345 rows"


class Full(io.StringIO):
    def write(self, _text):
        raise OSError(28, "No space left on device")


class Closed(io.StringIO):
    def isatty(self):
        raise ValueError("I/O operation on closed file")

    def write(self, _text):
        raise ValueError("I/O operation on closed file")


@pytest.mark.parametrize("stream", [Full, Closed])
def test_a_stream_that_takes_nothing_stops_nothing(stream):
    clock = Clock()
    line = Line("gate", stream(), clock)
    line.begin(Stage("pairing rows"))
    for _ in range(3):
        clock.now += 20
        line.look()
    line.end()
    assert line.is_broken


@pytest.mark.usefixtures("allowed")
def test_track_counts_what_is_done_and_ends_with_its_items(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    seen = []
    with telling("score"):
        for _ in track("abc", "reading", "files", 3):
            seen.append([str(part) for part in progress._line._stages])
        with stage("drawing"):
            seen.append([str(part) for part in progress._line._stages])
        assert progress._line._stages == []
    assert seen == [*([f"reading: {i} of 3 files"] for i in range(3)), ["drawing"]]
    assert progress._line is None


def test_without_a_command_nothing_is_shown(capsys):
    assert list(track(range(3), "x", "y")) == [0, 1, 2]
    with stage("x") as part:
        part.add()
    assert progress._line is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("how", ["variable", "closed"])
def test_it_can_be_silent(monkeypatch, how):
    if how == "variable":
        monkeypatch.setenv(progress.SWITCH, "0")
    else:
        monkeypatch.setattr(sys, "stderr", None)
    with telling("score"):
        assert progress._line is None
        assert not [one for one in threading.enumerate() if one.name == "progress"]


@pytest.mark.usefixtures("allowed")
def test_the_thread_writes_while_the_work_says_nothing(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "FIRST", 0.001)
    monkeypatch.setattr(progress, "TERMINAL", 0.01)
    is_written = threading.Event()
    write = stream.write
    monkeypatch.setattr(stream, "write", lambda text: (write(text), is_written.set()))
    with telling("compare"), stage("pairing rows"):
        assert is_written.wait(30)
    assert stream.getvalue() == "compare: pairing rows (0 s)\n"
    assert not [one for one in threading.enumerate() if one.name == "progress"]


SLOW = """
import sys
from caopd_bench.core.process import progress
progress.FIRST = progress.TERMINAL = progress.LOG = 0.0001
from caopd_bench.cli import main
sys.exit(main())
"""


def run_slowly(words, **environment):
    """Run a command as if each of its steps took seconds: a line whenever there is one."""
    kept = {key: value for key, value in os.environ.items() if key != progress.SWITCH}
    return subprocess.run(
        [sys.executable, "-c", SLOW, *map(str, words)],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def answers(tmp_path):
    file = tmp_path / "answers.jsonl"
    rows = [
        {"confidence": (i % 7) / 10 + 0.1, "correct": i % 3 != 0, "topic": f"t{i % 40}"}
        for i in range(840)
    ]
    block = "".join(json.dumps(row) + "\n" for row in rows)
    file.write_text(block * 500)  # a moment in which the thread that writes is heard
    return file


def test_score_says_how_far_it_is_and_writes_the_same(answers, tmp_path):
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    said = run_slowly(["score", answers, "--by", "topic", "--json", files[0]])
    silent = run_slowly(
        ["score", answers, "--by", "topic", "--json", files[1]], **{progress.SWITCH: "0"}
    )
    assert said.returncode == silent.returncode == 0
    assert said.stdout == silent.stdout
    assert files[0].read_bytes() == files[1].read_bytes()
    assert silent.stderr == ""
    lines = said.stderr.splitlines()
    assert any(re.fullmatch(r"score: counting answers\.jsonl.* \(\d+ s\)", line) for line in lines)
    pattern = r"score: intervals: \d+ of 41 tasks and groups \(\d+ s\)"
    assert any(re.fullmatch(pattern, line) for line in lines)
    assert all(line.startswith("score: ") for line in lines)


@pytest.mark.usefixtures("allowed")
def test_a_command_within_two_seconds_says_nothing(answers, monkeypatch, capsys):
    monkeypatch.setattr(progress, "FIRST", 600.0)
    assert main(["score", str(answers)]) == 0
    assert capsys.readouterr().err == ""
