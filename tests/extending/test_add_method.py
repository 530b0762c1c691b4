"""A training method is one file: help, checks and both engines follow, and so do the tests."""

import csv

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

NAME = "caopd-focused"
BASE = "reference_runs/bases/sure-10k-s0"
TESTS = "tests/bench/train/test_local.py"
FEW = ("--task", "caopd_arith_conf", "--steps", "2", "--prompts-per-step", "4", "--k", "2")
RUN = ("--model", BASE, "--max-new-tokens", "12", "--threads", "1", *FEW)
LOOK = f"""
import contextlib, io, sys
from caopd_bench.cli import main
from caopd_bench.train.engines.trl.refusals import probe_method
from caopd_bench.train.loading import load_model
from caopd_bench.train.methods import METHODS
from caopd_bench.train.questions.questions import load_questions
from caopd_bench.train.settings import make_settings
from caopd_bench.train.text.codec import Codec

for method in ("caopd", "{NAME}"):
    assert main(["train", "--method", method, "--output", method, *sys.argv[1:]]) == 0
said = io.StringIO()
with contextlib.redirect_stderr(said):
    assert main(["train", "--method", "{NAME}", "--k", "0", *sys.argv[1:3]]) == 2
    assert main(["train", "--method", "focused", *sys.argv[1:3]]) == 2
print(said.getvalue())
settings = make_settings({{"method": "{NAME}", "model": "{BASE}", "engine": "trl"}})
docs = load_questions("caopd_arith_conf", limit=2)
try:
    probe_method(METHODS["{NAME}"], docs, Codec(load_model("{BASE}")[1]), settings)
except Exception as error:
    print(error)
"""


def test_a_file_is_listed_checked_trained_and_refused(checkout):
    copy = checkout(BASE)
    before = copy.command("train", "--help", COLUMNS="1000")
    copy.apply("method.diff")
    shown = copy.command("train", "--help", COLUMNS="1000")
    assert shown == before.replace("caopd-level,", f"caopd-level, {NAME},")
    said = copy.run("-c", LOOK, *RUN)
    assert "k: input should be greater than or equal to 1; got 0" in said
    assert f"'caopd-level', '{NAME}', 'opd-solution'" in said
    assert (
        f"method {NAME}: weights: TRL's loss of 'divergence' weighs all tokens 1; {NAME} runs on "
        "engine local only (--engine local)"
    ) in said
    losses = []
    for method in ("caopd", NAME):
        with (copy.folder / method / "training.csv").open(newline="") as file:
            losses.append([float(row["loss"]) for row in csv.DictReader(file)])
    plain, focused = losses
    assert len(focused) == 2
    assert plain[0] < focused[0] < 4 * plain[0]


def test_the_tests_of_the_local_engine_train_it_by_themselves(checkout):
    copy = checkout(BASE, "setup.cfg", "tests/conftest.py", "tests/bench/train/conftest.py", TESTS)
    copy.apply("method.diff")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS, "-k", NAME)
    assert "1 passed" in copy.run(*words)


WRONG = {
    'OPD._replace(name="x", loss="ce")': (
        "loss of x: must be one of likelihood, divergence, policy, got 'ce'"
    ),
    'OPD._replace(name="x", shows="answer")': (
        "shows of x: must be one of demonstration, rollout, got 'answer'"
    ),
    'OPD._replace(name="x", samples=1)': "samples of x: must be True or False, got 1",
    'OPD._replace(name="x", make_targets=None)': "make_targets of x: must be a function, got None",
    'OPD._replace(name="x", reward=0.5)': "reward of x: must be a function, got 0.5",
    'OPD._replace(name="x", source="")': "source of x: must be a text that is not empty, got ''",
    'OPD._replace(name="x", least_k=0)': "least_k of x: must be a whole number, 1 or more, got 0",
    "OPD._replace(name=None)": "name: must be a text that is not empty, got None",
    "OPD._replace(source='mine')": "name: 'opd' already exists as a method",
    'type(OPD)("x", "policy")': "cannot be imported (TypeError: ",
    "None": "defines no Method; assign one to a name, or start the file name with _",
}
COLLECT = """
import contextlib, io, sys
from pathlib import Path
from caopd_bench.cli import main

for value in sys.argv[1:]:
    # The last file by its name, which Python may have read a moment ago.
    Path("bench/train/methods/x.py").write_text(
        f"import caopd_bench.train.methods.opd as opd\\nOPD = opd.OPD\\nMINE = {value}\\n"
        if value != "None" else ""
    )
    for name in [name for name in sys.modules if name.startswith("caopd_bench.train.methods")]:
        del sys.modules[name]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main(["train", "--method", "opd", "--model", "m", "--plan"])
    print(code, said.getvalue().strip())
"""


def test_a_field_that_no_engine_could_use_is_refused(checkout):
    copy = checkout()
    lines = copy.run("-c", COLLECT, *WRONG).splitlines()
    assert len(lines) == len(WRONG)
    for line, said in zip(lines, WRONG.values(), strict=True):
        assert line.startswith(f"2 caopd-bench train: methods/x.py: {said}")
