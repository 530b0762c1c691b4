"""The environment of the newest releases: its upper bounds are lifted, and CI makes it weekly."""

import doctest
import runpy
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tests/studies/install_newest.py"
pytestmark = pytest.mark.skipif(
    not (ROOT / "tox.ini").exists(), reason="the repository's files are not here"
)


def read(name):
    parser = ConfigParser(interpolation=None)
    parser.read(ROOT / name, encoding="utf-8")
    return parser


def test_upper_bounds_are_lifted_and_lower_ones_stand():
    lift = runpy.run_path(str(SCRIPT))["lift_bounds"]
    runner = doctest.DocTestRunner()
    for found in doctest.DocTestFinder().find(lift, "lift_bounds", globs={"lift_bounds": lift}):
        runner.run(found)
    assert runner.summarize().failed == 0


def test_our_requirements_are_all_among_the_newest():
    lift = runpy.run_path(str(SCRIPT))["lift_bounds"]
    extras = read("setup.cfg")["options.extras_require"]
    stated = [
        f'{line.strip()}; extra == "{name}"'
        for name, lines in extras.items()
        for line in lines.splitlines()
        if line.strip() and not line.startswith("#")
    ]
    newest = lift(stated, ["api", "browser", "dev", "train"])
    assert {"lm-eval[api]>=0.4.11", "transformers>=5", "trl", "pytest"} <= set(newest)
    assert not any(mark in one for one in newest for mark in ("<", "==", "caopd"))
    # The ranges that users get end where a release is known to break.
    assert all("<0.5" in line for line in stated if line.startswith("lm-eval"))
    assert any(line.startswith("transformers>=5,<5.40") for line in stated)


def test_the_environment_is_made_weekly():
    tox = read("tox.ini")["testenv:newest"]
    assert "install_newest.py api browser dev train" in tox["commands_pre"]
    assert not tox["extras"].strip()
    assert "PIP_CONSTRAINT" not in tox["set_env"]
    workflow = yaml.safe_load((ROOT / "docs/ci/github-workflow.yml").read_text(encoding="utf-8"))
    (when,) = workflow[True]["schedule"]  # YAML reads `on` as true
    assert len(when["cron"].split()) == 5
    assert when["cron"].split()[-1] != "*"
    job = workflow["jobs"]["newest"]
    assert job["if"] == "github.event_name == 'schedule'"
    assert workflow["jobs"]["gate"]["if"] == "github.event_name != 'schedule'"
    assert any("tox -e newest" in step.get("run", "") for step in job["steps"])
