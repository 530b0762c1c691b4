"""Packages that each command loads: all that a process holds of others when it ends.

A line of the table is the whole of it, so that an import at the top of a file fails the test of
every command that would pay for it.
"""

import json
import subprocess
import sys

import pytest

from caopd_bench.cli import build_parser

#: Parts of packages, modules of Python and files of ours that take long to load, or tell what is
#: read: in the table by their full names.
WATCHED = {
    *("numpy.random", "scipy.special", "scipy.stats", "scipy.optimize", "scipy.sparse"),
    *("asyncio", "multiprocessing", "sqlite3"),
    *("caopd_bench.runs.flat.read", "caopd_bench.runs.lm_eval.read"),
    *("caopd_bench.runs.readers.harness", "caopd_bench.runs.stored.check"),
    *("caopd_bench.tasks.judge.verify", "caopd_bench.tasks.judge.latex.compare"),
    *("caopd_bench.tasks.read.confidence", "caopd_bench.tasks.read.parse"),
}
#: What packages load by themselves, if it is installed.
COMPANIONS = {
    "numpy": {"chardet", "charset_normalizer"},
    "pydantic": {"annotated_types", "pydantic_core", "typing_extensions", "typing_inspection"},
    "pyarrow": {"cloudpickle"},
    "matplotlib": {
        *("PIL", "contourpy", "cycler", "dateutil", "defusedxml", "fontTools", "kiwisolver"),
        *("mpl_toolkits", "packaging", "pyparsing", "six", "importlib_resources", "zipp"),
    },
}
(COMMANDS,) = (one.choices for one in build_parser()._actions if one.dest == "command")
METRICS = {"numpy", "numpy.random", "scipy", "scipy.special"}
FLAT = {"caopd_bench.runs.flat.read"}
PARSER = {"caopd_bench.tasks.read.confidence", "caopd_bench.tasks.read.parse"}
LM_EVAL = {"caopd_bench.runs.lm_eval.read", *PARSER}
STORED = {"pydantic", "caopd_bench.runs.stored.check", "caopd_bench.tasks.read.confidence"}
JUDGE = {"caopd_bench.tasks.judge.verify"}
LOGS = {"caopd_bench.runs.readers.harness"}
DRAWING = {"matplotlib"}
#: Command lines, `;` between those of one process, and what is loaded for them.
TABLE = {
    "--help; " + "; ".join(f"{command} --help" for command in COMMANDS): set(),
    "tasks; tasks --all; tasks --path": JUDGE,
    "score flat.jsonl": METRICS | FLAT,
    "score flat.csv": METRICS | FLAT,
    "score flat.parquet": METRICS | FLAT | {"pyarrow"},
    "score run": METRICS | FLAT | LM_EVAL,
    "score stored": METRICS | FLAT | STORED,
    "compare flat.jsonl flat.csv": METRICS | FLAT,
    "compare stored other": METRICS | FLAT | STORED,
    "gate other --reference stored": METRICS | FLAT | STORED,
    "report stored other --output new.json": METRICS | FLAT | STORED,
    # The page names the questions, and their list knows the kinds of answers.
    "report stored other --output new.html": METRICS
    | FLAT
    | STORED
    | DRAWING
    | {"caopd_bench.tasks.judge.verify"},
    "rescore answers.jsonl": METRICS | FLAT | LM_EVAL | JUDGE | LOGS,
    "store --scrub stored": {"numpy", "numpy.random", "pydantic"},
    # Before rows are stored, some texts are judged again.
    "score run --store new": METRICS | FLAT | LM_EVAL | JUDGE | {"pydantic"},
    "baseline init run --output new --reason first": METRICS | FLAT | LM_EVAL | JUDGE | STORED,
}
CODE = """
import contextlib, io, json, sys
before = set(sys.modules)
from caopd_bench.cli import main
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
    for line in sys.argv[1].split("; "):
        try:
            code = main(line.split())
        except SystemExit as end:
            code = end.code
        assert code in (0, 3), said.getvalue()
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def name_loaded(modules):
    """Name what is watched, and the packages of others that are loaded, without companions."""
    tops = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    # Compiled parts of packages, which lie beside them.
    tops = {name for name in tops if not name.startswith(("_", "cython_")) and "__" not in name}
    alone = tops.difference({"caopd_bench"}, *(COMPANIONS.get(name, ()) for name in tops))
    return alone | WATCHED.intersection(modules)


@pytest.fixture
def folder(tmp_path, make_run):
    """Two runs as lm-eval writes them, and flat files."""
    answers = [((i % 7 + 3) / 10, int(i % 3 < 2)) for i in range(40)]
    make_run(answers)
    make_run([*answers[20:], *answers[:20]], "run2", model="org/second", weights="other")
    rows = [{"item": f"q{i}", "confidence": c, "correct": y} for i, (c, y) in enumerate(answers)]
    (tmp_path / "flat.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = [f"q{i},{c},{y}\n" for i, (c, y) in enumerate(answers)]
    (tmp_path / "flat.csv").write_text("".join(["item,confidence,correct\n", *lines]))
    texts = [f"Answer: {i}\nConfidence: {c}" for i, (c, _) in enumerate(answers)]
    logged = [{"response": text, "gold": str(i)} for i, text in enumerate(texts)]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in logged))
    return tmp_path


@pytest.mark.parametrize(("lines", "expected"), TABLE.items(), ids=[line[:40] for line in TABLE])
def test_loaded(folder, run, lines, expected):
    if "stored" in lines:
        for name, stored in (("run", "stored"), ("run2", "other")):
            assert run("score", folder / name, "--store", folder / stored)[0] == 0
    if "parquet" in lines:
        parquet = pytest.importorskip("pyarrow.parquet")
        table = pytest.importorskip("pyarrow.csv").read_csv(folder / "flat.csv")
        parquet.write_table(table, folder / "flat.parquet")
    done = subprocess.run(
        [sys.executable, "-c", CODE, lines],
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert name_loaded(json.loads(done.stdout)) == expected


def test_names_of_what_is_loaded():
    modules = {"json", "numpy", "numpy.random", "charset_normalizer", "ab12__mypyc", "_cyutility"}
    assert name_loaded(modules) == {"numpy", "numpy.random"}
    # A companion alone was loaded by someone else.
    assert name_loaded({"dateutil.tz", "caopd_bench.cli"}) == {"dateutil"}
