"""What is written to be shared holds no folder of this machine; paths may be bytes of any kind."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from caopd_bench.cli import main
from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.baseline import read_baseline
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

SCRIPT = Path(sys.executable).with_name("caopd-bench")
SUFFIXES = ("html", "md", "tex", "csv", "json")
HOME = "alice-of-this-machine"
#: A name of a file that is no UTF-8, as Python reads it.
BAD = os.fsdecode(b"bad\xff")
ANSWERS = [(i % 10 / 10, int(i % 3 == 0)) for i in range(120)]


def call(*words):
    return main([str(word) for word in words])


def write_flat(file):
    rows = [
        {"confidence": c, "correct": right, "response": f"Answer: {i}\nConfidence: {c}", "gold": i}
        for i, (c, right) in enumerate(ANSWERS)
    ]
    file.write_text("".join(json.dumps({**row, "gold": str(row["gold"])}) + "\n" for row in rows))
    return file


@pytest.mark.filterwarnings("ignore")
def test_no_written_file_holds_a_folder_of_this_machine(make_run, tmp_path, capsys):
    work = tmp_path / HOME / "work"
    (work / "runs").mkdir(parents=True)
    out = work / "out"
    runs = [
        make_run(
            [(min(1.0, c + more), right) for c, right in ANSWERS], name, model=f"{work}/{name}"
        )
        for name, more in (("one", 0.0), ("two", 0.4))
    ]
    # `make_run` calls a folder by the model's whole name.
    runs = [next(run.rglob("results_*")).parent.rename(work / "runs" / run.name) for run in runs]
    flat = write_flat(work / "runs" / "flat.jsonl")
    assert call("score", runs[0], "--json", out / "s.json", "--store", out / "stored") == 0
    assert call("score", flat, "--store", out / "flat", "--json", out / "f.json") == 0
    assert call("rescore", flat, "--store", out / "logged", "--json", out / "l.json") == 0
    assert call("compare", *runs, "--json", out / "c.json") == 0
    reason = ("--reason", "why")
    assert call("baseline", "init", f"x={runs[0]}", "--output", out / "ref", *reason) == 0
    update = ("baseline", "update", runs[1], "--output", out / "ref", *reason)
    assert call(*update, "--accept-regression") == 0
    (work / "policy.yaml").write_text(json.dumps({"version": 1, "reference": str(out / "ref")}))
    files = [
        word for end in ("json", "md", "xml", "html") for word in ("--output", out / f"g.{end}")
    ]
    assert call("gate", "--policy", work / "policy.yaml", runs[0], *files) in (0, 1, 3)
    assert call("gate", "--plan", "--reference", out / "ref", "--output", out / "p.json") == 0
    files = [word for end in SUFFIXES for word in ("-o", out / f"r.{end}")]
    more = ("--samples", "all", "--card", out / "card", "--compare", "one", "two")
    everything = (f"one={runs[0]}", f"two={runs[1]}", out / "flat", flat)
    assert call("report", *everything, *files, *more) == 0
    seen = 0
    for file in out.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            data = gzip.decompress(data) if file.suffix == ".gz" else data
            assert HOME.encode() not in data, file
            seen += 1
    assert seen > 25
    capsys.readouterr()
    # What the paths are for still works: the reference is found, and its run is named.
    assert call("gate", "--policy", work / "policy.yaml", runs[1]) == 0
    assert json.loads((out / "r.json").read_text())["runs"][0]["path"].count("/") == 1


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """A folder of files whose names are no UTF-8."""
    home = tmp_path_factory.mktemp("bytes")
    for name, more in (("base", 0.0), ("sure", 1.0)):
        rows = [
            Row("task", f"i{i}", -1, {"level": i % 3}, min(1.0, c + more), right, "ok")
            for i, (c, right) in enumerate(ANSWERS)
        ]
        run = Run(name, "", rows, {"model": name})
        write_stored(run, score(run), home / f"{BAD}-{name}")
    write_flat(home / f"{BAD}.jsonl")
    (home / f"{BAD}.yaml").write_text('{"version": 1}')
    (home / f"{BAD}.txt").write_text("What is one and one?\n")
    return home


B = BAD
#: Words and the exit code, in a folder with the files of `bad`.
PATHS = {
    "score": (["score", f"{B}-base", "--json", f"{B}/r.json", "--store", f"{B}/stored"], 0),
    "score --figure": (["score", f"{B}={B}-base", "--figure", f"{B}/f.svg"], 0),
    "score, flat": (["score", f"{B}.jsonl", "--store", f"{B}/flat", "--json", "-"], 0),
    "score, none": (["score", f"{B}-none"], 2),
    "score, task": (["score", f"{B}-base", "--task", B], 2),
    "rescore": (["rescore", f"{B}.jsonl", "--task", B, "--name", B, "--store", f"{B}/logged"], 0),
    "compare": (["compare", f"{B}-base", f"{B}-sure", "--json", f"{B}/c.json"], 0),
    "gate": (
        ["gate", "--reference", f"{B}-base", f"{B}-sure", "--output", f"{B}/g.json", "--output",
         f"{B}/g.xml", "--output", f"{B}/g.html", "--output", f"{B}/g.md"],
        1,
    ),
    "gate, policy": (["gate", "--policy", f"{B}.yaml", f"{B}-sure"], 2),
    "gate --plan": (["gate", "--plan", "--reference", f"{B}-base", "--output", f"{B}/p.json"], 0),
    "report": (
        ["report", f"{B}-base", f"{B}={B}-sure", "--title", B, "--card", f"{B}/card", "--figures",
         f"{B}/figures", *(w for end in SUFFIXES for w in ("-o", f"{B}/r.{end}"))],
        0,
    ),
    "report, suffix": (["report", f"{B}-base", "-o", f"{B}.pdf"], 2),
    "overlap": (["tasks", "--overlap", f"{B}.txt", "--task", "caopd_math_conf"], 0),
    "train": (["train", "--method", "caopd", "--model", f"./{B}", "--output", f"{B}-out"], 2),
    "sweep": (["sweep", f"{B}.yaml", "--output", f"{B}-sweep"], 2),
    "no command": ([B], 2),
}  # fmt: skip


@pytest.mark.parametrize("case", PATHS)
def test_a_path_that_is_no_utf8_works_or_is_refused_in_a_line(case, bad):
    words, code = PATHS[case]
    done = run_bytes(bad, *words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code == 2:
        assert done.stdout == ""
        assert done.stderr.splitlines()[-1].startswith("caopd-bench")


def test_a_reference_of_a_path_that_is_no_utf8(bad):
    made = f"{BAD}-ref"
    words = ["baseline", "init", f"{BAD}={BAD}-base", "--reason", f"because {BAD}"]
    assert run_bytes(bad, *words, "--output", made, "--aa", f"{BAD}-base").returncode == 0
    baseline = read_baseline(bad / made)
    assert baseline.reason == "because bad\\udcff"
    assert baseline.run == "bad?=bad?-base"
    for action in ("show", "verify"):
        done = run_bytes(bad, "baseline", action, made)
        assert (done.returncode, done.stderr) == (0, "")
    update = ["baseline", "update", f"{BAD}-sure", "--reason", BAD, "--accept-regression"]
    assert run_bytes(bad, *update, "--output", made).returncode == 0
    assert "bad\\udcff".replace("\\", "&#92;") in (bad / made / "CHANGES.md").read_text("utf-8")
    assert run_bytes(bad, "gate", "--reference", made, f"{BAD}-sure").returncode == 0


def run_bytes(folder, *words):
    return subprocess.run(
        [SCRIPT, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
