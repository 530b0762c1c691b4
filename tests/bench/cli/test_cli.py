"""The commands as a user types them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from caopd_bench import __version__, read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.tasks import task_folder
from caopd_bench.tasks.listing import list_tasks

COMMANDS = ("tasks", "fetch-model", "score")


def test_help(run):
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(run, command):
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: caopd-bench {command}")


def test_version(shell):
    done = shell("--version")
    assert (done.returncode, done.stdout) == (0, f"caopd-bench {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "score runs: accuracy, calibration"),  # its help
        (("bogus",), "invalid choice: 'bogus'"),
        (("score",), "missing: RUN"),
        (("score", "--bogus", "x"), "unrecognized arguments"),
        (("fetch-model", "smollm2-135m"), "missing: --output"),
        (("score", "x", "--json", ""), "--json: is empty; is a shell variable unset?"),
        (("score", "x", "--store", ""), "--store: is empty"),
        (("fetch-model", "smollm2-135m", "--output", ""), "--output: is empty"),
    ],
)
def test_usage_errors(run, arguments, said):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_tasks(run):
    code, out, err = run("tasks")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["questions", "items", "rows", "from"]
    assert lines[1].split() == ["caopd_math", "1,000", "bundled"]
    assert "caopd_NAME + _conf _conf_t1 _sc8 _twostage _ptrue _priv _priv_sc8" in out
    assert "plain `lm_eval --tasks caopd_math_conf` works here: " in out
    assert lines[-1].startswith("where lm-eval is installed, this always works: lm_eval --incl")


def test_tasks_says_what_is_missing(run, monkeypatch, tmp_path):
    monkeypatch.setenv("CAOPD_BENCH_DATA", str(tmp_path))
    (tmp_path / "gsm8k_test.jsonl").write_text("{}")
    lines = {line.split()[0]: line for line in run("tasks")[1].splitlines() if line}
    assert lines["caopd_gsm8k"].endswith("gsm8k_test.jsonl")
    assert lines["caopd_science"].endswith(f"missing in {tmp_path}")


def test_tasks_all(run):
    code, out, _ = run("tasks", "--all")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [task.name for task in list_tasks()]
    assert "caopd_tooluse_paper_conf " in out


def test_tasks_path(shell):
    """It is pasted into --include_path: the folder and nothing else."""
    done = shell("tasks", "--path")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{task_folder()}\n"
    assert (Path(done.stdout.rstrip("\n")) / "math" / "caopd_math_conf.yaml").is_file()


def test_score_writes_what_was_asked_for(mixed, shell, tmp_path):
    out = tmp_path / "new"
    done = shell(
        *("score", f"mine={mixed}", "--json", out / "r.json", "--figure", out / "f.png"),
        *("--store", out / "stored"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "mine: 5 rows" in done.stdout
    assert {record["run"] for record in json.loads((out / "r.json").read_text())} == {"mine"}
    assert (out / "f.png").read_bytes().startswith(b"\x89PNG")
    # Stored, read back and scored: the same table but for where it came from.
    assert shell("score", out / "stored").stdout == done.stdout


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "SVG"])
def test_figures_are_the_same_bytes(mixed, run, tmp_path, suffix):
    files = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for file in files:
        code, _, err = run("score", mixed, mixed, "--figure", file)
        assert (code, err) == (0, "")
    first, second = (file.read_bytes() for file in files)
    assert len(first) > 5000
    assert first == second


def test_figure_of_names_that_are_not_plain_words(mixed, run, tmp_path):
    """A title is no formula, and a long one stays on its panel."""
    name = "a $x^{ and $y, checkpoint-1200-of-a-model-with-a-very-long-name-indeed"
    code, _, err = run("score", f"{name}={mixed}", mixed, "--figure", tmp_path / "f.svg")
    assert (code, err) == (0, "")


@pytest.mark.parametrize("name", ["\u4e2d\u6587\u6a21\u578b", "\u05e9\u05dc", "a\x1bb\n\udc80"])
def test_figure_of_names_without_glyphs_says_nothing(mixed, run, tmp_path, recwarn, name):
    """Warnings of matplotlib on its font are no concern of the user's."""
    code, _, err = run("score", f"{name}={mixed}", "--figure", tmp_path / "f.png")
    assert (code, err) == (0, "")
    assert not list(recwarn)


def test_bad_suffix(mixed, refused, tmp_path):
    assert "must end in .pdf, .png, .svg" in refused("score", mixed, "--figure", tmp_path / "f.jpg")


def test_nothing_to_draw_still_prints_the_table(make_run, run, tmp_path):
    """Who gets no figure needs the advice below the table."""
    folder = make_run([(None, 0, "no_answer", "Hm.")])
    code, out, err = run("score", folder, "--figure", tmp_path / "f.svg")
    assert code == 2
    assert "low parse rate" in out
    assert "no row states a usable confidence; nothing to draw" in err
    assert not (tmp_path / "f.svg").exists()


def test_runs_on_different_problems_are_not_compared_silently(make_run, run):
    one, other = make_run([(0.9, 1)]), make_run([(0.9, 1), (0.8, 0)], "other")
    assert "answered different problems" in run("score", one, other)[1]
    assert "answered different problems" not in run("score", one, one)[1]


def test_store_keeps_out_of_other_folders(mixed, refused, run, tmp_path):
    assert "contains other files" in refused("score", mixed, "--store", mixed)
    run("score", mixed, "--store", tmp_path / "runs" / "a")
    # A folder of stored runs, here of one, is read as the runs that it holds.
    code, out, _ = run("score", tmp_path / "runs")
    assert (code, out) == (0, run("score", tmp_path / "runs" / "a")[1])


def test_figure_leaves_out_a_run_without_confidence(make_run, mixed, run, tmp_path):
    silent = make_run([(None, 0, "no_answer", "Hm.")], "silent")
    assert run("score", mixed, silent, "--figure", tmp_path / "f.svg")[0] == 0


def test_store_takes_one_run(mixed, refused, tmp_path):
    assert "--store takes one run" in refused("score", mixed, mixed, "--store", tmp_path / "s")


def test_text_needs_store(mixed, refused):
    assert "--text needs --store DIR" in refused("score", mixed, "--text")


@pytest.mark.parametrize("option", ["--json", "--figure", "--store"])
def test_unwritable_outputs(mixed, refused, tmp_path, option):
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "deeper" / "out.svg"
    message = refused("score", mixed, option, target, code=5)
    assert f"{tmp_path / 'file'}" in message
    assert "cannot be written" in message


def test_json_to_standard_output(mixed, shell, run, tmp_path):
    """Alone there, to be piped; the table goes beside it."""
    file = tmp_path / "r.json"
    table = run("score", mixed, "--json", file)[1]
    done = shell("score", mixed, "--json", "-")
    assert (done.returncode, done.stdout, done.stderr) == (0, file.read_text(), table)


def test_several_keys_at_once(mixed, run):
    both = run("score", mixed, "--by", "level,family")[1]
    assert both == run("score", mixed, "--by", "level", "--by", "family,level")[1]
    assert both.index("tiny by level") < both.index("tiny by family")
    code, _, err = run("score", mixed, "--by", "level,")
    assert code == 2
    assert "must be comma-separated names, got 'level,'" in err


def test_paths_are_scored_from_python(mixed, tmp_path):
    """What `score` takes on the command line."""
    # As text: to Python 3.13 records with a NaN in them are not equal.
    records = repr(score(read_run(mixed), by=["level"]))
    assert repr(score(mixed, by=["level"])) == records
    assert repr(score(str(mixed), by="level")) == records
    both = score([f"a={mixed}", replace(read_run(mixed), name="b")])
    assert {record.run for record in both} == {"a", "b"}
    with pytest.raises(UsageError, match="no such file or folder"):
        score(tmp_path / "nope")
    with pytest.raises(ValueError, match="missing must be 'drop' or 'zero', got 'mean'"):
        score(mixed, missing="mean")


def test_json_onto_a_folder(mixed, refused, tmp_path):
    message = refused("score", mixed, "--json", tmp_path, code=5)
    assert "cannot be written (Is a directory)" in message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_full_disk(mixed, refused):
    message = refused("score", mixed, "--json", "/dev/full", code=5)
    assert "/dev/full: cannot be written (No space" in message


def test_nothing_is_written_when_reading_fails(mixed, samples_of, refused, tmp_path):
    samples_of(mixed).write_text("[")
    out = tmp_path / "new"
    refused(*("score", mixed, "--json", out / "r.json", "--figure", out / "f.png"))
    refused("score", mixed, "--store", out)
    refused("score", mixed, "--by", "level", "--store", out)
    assert not out.exists()


def test_refused_as_a_user_sees_it(shell, tmp_path):
    done = shell("score", tmp_path / "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"caopd-bench score: {tmp_path / 'nope'}: no such file or folder; "
        "give the folder named by --output_path, or a file of rows (.jsonl, .csv, .parquet)\n"
    )


def test_names_that_the_terminal_cannot_show(mixed):
    """An ASCII terminal, or a name whose bytes are not UTF-8: escaped, no traceback."""
    script = Path(sys.executable).with_name("caopd-bench")
    for name in ("größer".encode(), b"\xff"):
        done = subprocess.run(
            [os.fsencode(script), b"score", name + b"=" + os.fsencode(mixed)],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert rb"\x" in done.stdout or rb"\u" in done.stdout


def test_names_cannot_drive_the_terminal(mixed, run):
    code, out, _ = run("score", f"\x1b[31mred\x07={mixed}")
    assert code == 0
    assert "\x1b" not in out
    assert r"\x1b[31mred\x07" in out
    assert r"\x1b[2J" in run("score", "\x1b[2Jnowhere")[2]


@pytest.mark.parametrize(("n", "is_wide"), [(8, False), (9, True)])
def test_a_wide_table_says_where_the_numbers_are(make_run, run, n, is_wide):
    runs = [make_run([(0.9, 1), (0.8, 0)], f"m{i}") for i in range(n)]
    out = run("score", *runs)[1]
    assert (f"note: the table of {n} runs is wide" in out) == is_wide
