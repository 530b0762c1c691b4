"""The demo without a model: its commands, its line of progress, its ending, and going on."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import io
import json
import re
import shlex
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from caopd_bench.cli import build_parser
from caopd_bench.tasks.listing import list_tasks

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "reference_runs" / "smollm2-135m"
LM_EVAL = """
import os, pathlib, sys
words = sys.argv[1:]
folder = pathlib.Path(words[words.index("--output_path") + 1])
if (folder.parent / f"no-{folder.name}").exists():
    sys.exit("a traceback\\nKilled")
for done in (0, 1, 11):
    print(f"\\rRunning generate_until requests:   1%|#    | {done}/20 [00:01<", file=sys.stderr)
(folder / "model").mkdir(parents=True)
(folder / "model" / "results_1.json").write_text("{}")
print("|Tasks|Metric|\\n|-----|------|\\n|     |acc     |\\n|     |overconfidence_gap |")
"""
OURS = """
import pathlib, sys
verb, *words = sys.argv[1:]
for option in ("--figure", "--output"):
    if option in words:
        made = pathlib.Path(words[words.index(option) + 1])
        made.mkdir() if verb == "fetch-model" else made.write_text(verb)
print("\\n".join([verb, *words]) + "\\nlast\\n" * 20)
sys.exit(verb == "gate" and words[1].startswith("opd="))
"""


@pytest.fixture
def demo(monkeypatch, tmp_path):
    """Give run.py as a module whose programs are small ones that note when they are called."""
    monkeypatch.syspath_prepend(str(FOLDER))
    # Others may have modules of these names.
    for name in ("demo_progress", "demo_steps"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    steps = importlib.import_module("demo_steps")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("lm_eval", LM_EVAL), ("caopd-bench", OURS)):
        note = f"print(*sys.argv[1:], file=open({str(tmp_path / 'calls')!r}, 'a'))\n"
        (programs / name).write_text(f"#!{sys.executable}\nimport sys\n{note}{text}")
        (programs / name).chmod(0o755)
    monkeypatch.setattr(steps, "PROGRAMS", programs)
    monkeypatch.setattr(steps, "TICK", 0.01)
    spec = importlib.util.spec_from_file_location("demo_run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # The size of this environment, a gigabyte of files, is none of the test's business.
    monkeypatch.setattr(module, "count_megabytes", lambda _folder: 12.0)
    return module


@pytest.fixture
def calls(tmp_path):
    """Give the commands since the last look."""

    def look():
        file = tmp_path / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.write_text("")
        return lines

    return look


def _words(demo, folder, **changes):
    options = {"sets": ["a"], "tasks": demo.TASK, "limit": 100} | changes
    steps = demo.list_real_steps(folder, *options.values()) + demo.list_micro_steps(folder)
    return [*steps, demo.make_report_step(folder, steps)]


def test_it_tells_the_whole_story(demo, calls, tmp_path, capsys):
    """A FAIL of the gate is a verdict: the demo goes on, to the report and the ending."""
    assert demo.main(["--output", str(tmp_path / "demo")]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in calls()] == [
        *("fetch-model", "--model", "score", "--model", "--model", "--model"),
        *("score", "compare", "gate", "gate", "report"),
    ]
    assert re.findall(r"^exit code .*", printed, re.M) == ["exit code 1: FAIL", "exit code 0: PASS"]
    assert re.findall(r"^# (\d+) of 11: ", printed, re.M) == [str(n) for n in range(1, 12)]
    assert len(re.findall(r"^\$ (?:lm_eval|caopd-bench) ", printed, re.M)) == 11
    assert "|     |acc     |" in printed
    assert f"lines: {tmp_path / 'demo' / 'steps' / 'compare.txt'}" in printed
    ending = printed[printed.index("The gate's verdicts") :]
    assert ending.startswith("The gate's verdicts: opd FAIL, caopd PASS.\n")
    for name in ("reliability.png", "micro.png", "report.html"):
        assert (tmp_path / "demo" / name).as_uri() in ending
    assert re.search(
        r"\n\d\.\d minutes, \d\.\d of a core; 12 MB in .*demo/; the environment 12 MB\n$", ending
    )


def test_what_is_done_is_not_done_again(demo, calls, tmp_path, capsys):
    words = ["--output", str(tmp_path / "demo")]
    assert demo.main(words) == 0
    first = capsys.readouterr().out
    calls()
    assert demo.main(words) == 0
    second = capsys.readouterr().out
    assert calls() == []
    assert second.count("(done before, in ") == 11
    # Everything is shown again, verdicts included.
    assert "(0.0 of them now)" in second
    kept = [line for line in second.splitlines() if not line.startswith("(done before")]
    assert kept[:-1] == first.splitlines()[:-1]

    (tmp_path / "demo" / "micro.png").unlink()
    assert demo.main(words) == 0
    assert [line.split()[0] for line in calls()] == ["score"]


@pytest.mark.parametrize("first", [0, 1])
def test_it_goes_on_after_a_failure(demo, calls, tmp_path, capsys, first):
    """Also where an evaluation is done again: what was made of the one before no longer counts."""
    folder = tmp_path / "demo"
    words = ["--output", str(folder)]
    if first:
        assert demo.main(words) == 0
        (folder / "opd" / "model" / "results_1.json").unlink()
        (folder / "opd" / "model").rmdir()
        (folder / "opd").rmdir()
    else:
        (folder / "steps").mkdir(parents=True)
    (folder / "no-opd").touch()
    calls()
    capsys.readouterr()
    assert demo.main(words) == 1
    printed = capsys.readouterr().out
    assert "stopped: lm_eval failed (exit code 1):\n  a traceback\n  Killed\n" in printed
    assert printed.endswith("What is done is kept: start the same command again.\n")
    calls()
    (folder / "no-opd").unlink()
    assert demo.main(words) == 0
    rest = ["score", "compare", "gate", "gate", "report"]
    if first:  # CaOPD's own verdict needs no run of OPD
        del rest[3]
    assert [line.split()[0] for line in calls()] == ["--model", *["--model"][first:], *rest]


def test_a_folder_of_something_else_is_left_alone(demo, tmp_path, capsys):
    (tmp_path / "demo" / "base").mkdir(parents=True)
    assert demo.main(["--output", str(tmp_path / "demo")]) == 1
    assert "holds files but no demo of this version; delete it" in capsys.readouterr().out
    assert (tmp_path / "demo" / "base").is_dir()


@pytest.mark.parametrize("changes", [{}, {"sets": ["a", "b"], "tasks": "caopd_math_conf_t1"}])
def test_its_commands_are_well_formed(demo, changes):
    steps = _words(demo, ROOT / "demo", **changes)
    names = [step.name for step in steps]
    assert len({*names}) == len(names)
    known = {task.name for task in list_tasks()}
    for number, step in enumerate(steps):
        assert {*step.needs} <= {*names[:number]}
        program, *words = shlex.split(shlex.join(step.command))
        if program == "caopd-bench":
            build_parser().parse_args(words)
            continue
        assert program == "lm_eval"
        given = dict(pairwise([*words, ""]))
        assert {*given["--tasks"].split(",")} <= known
        assert int(given["--batch_size"]) == step.batch
        assert "--log_samples" in words
        assert given["--output_path"] == f"demo/{step.makes}"
        model = given["--model_args"].removeprefix("pretrained=").partition(",")[0]
        assert model.startswith("demo/") or (ROOT / model / "model.safetensors").exists()
        assert "--metadata" not in words or json.loads(given["--metadata"])["exemplars"] in "ab"


def test_tox_asks_for_what_it_takes(demo, monkeypatch):
    """The command lines of the two environments of tox."""
    text = (ROOT / "tox.ini").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(r"^(?:commands = *\n? *)python reference_runs/smollm2-135m/run.py(.*)",
                          text, re.M)  # fmt: skip
    assert len(commands) == 2
    seen = []
    monkeypatch.setattr(demo, "Demo", lambda folder: seen.append(folder.name) or _stop(demo))
    for command in commands:
        words = re.sub(r"\{posargs:(.*)\}", r"\1", command).replace("{tox_root}/", "/tmp/")
        assert demo.main(shlex.split(words)) == 1
    assert seen == ["demo", "report"]


def _stop(demo):
    raise demo.DemoError("enough")


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self):
        return self.now


def _make_progress(*seconds):
    progress = importlib.import_module("demo_progress")
    clock, stream = Clock(), io.StringIO()
    steps = [progress.Expected(f"s{number}", each) for number, each in enumerate(seconds)]
    return progress.Progress(steps, stream, clock), clock, stream


@pytest.mark.usefixtures("demo")
def test_the_time_left_is_measured():
    """On a machine half as fast as expected: ten batches of 20 s, then a step of 50."""
    line, clock, _ = _make_progress(115, 25)
    line.begin(1, 2)
    assert line.left() == pytest.approx(140)
    clock.now = 30
    line.count(0, 100)
    assert line.left() == pytest.approx(110)
    for batch in range(1, 11):
        clock.now = 30 + 20 * batch
        line.count(10 * batch, 100)
        truth = 20 * (10 - batch) + 6 + 50
        assert truth * 0.8 < line.left() < truth * 1.1
    clock.now += 6
    line.end()
    line.begin(2, 2)
    assert 40 < line.left() < 55
    clock.now += 45
    assert 2 <= line.left() < 15


@pytest.mark.usefixtures("demo")
def test_the_line(monkeypatch):
    monkeypatch.delenv("CAOPD_BENCH_PROGRESS", raising=False)
    line, clock, stream = _make_progress(115, 25)
    line.begin(4, 11)
    for second in range(200):
        clock.now = second
        line.count(second // 20 * 10, 100)
        line.look()
    lines = stream.getvalue().splitlines()
    assert 9 <= len(lines) <= 11
    assert lines[3] == "[step 4 of 11, s0: 30 of 100 problems; about 3 min left in all]"
    assert not any("\r" in each or "\x1b" in each for each in lines)


@pytest.mark.usefixtures("demo")
def test_the_count_is_that_of_batches():
    progress = importlib.import_module("demo_progress")
    assert doctest.testmod(progress).failed == 0
    count = progress.count_problems
    bar = "Running generate_until requests:  17%|█▋        | 251/1500 [00:04<00:18, 66.78it/s]"
    assert count(f"{bar.replace('251', '1')}\n{bar}\n", 250) == (500, 1500)
    assert count("Loading weights: 100%|####| 21/21 [00:00<00:00]", 250) is None
