"""The action's own script, run as GitHub runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from caopd_bench import score
from caopd_bench.gates.inputs import choose_tasks
from caopd_bench.gates.policy import load_policy
from caopd_bench.runs.stored.store import write_stored

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(
    not (ROOT / "action.yml").exists(), reason="the repository's files are not here"
)


@pytest.fixture
def action():
    return yaml.safe_load((ROOT / "action.yml").read_text())


@pytest.fixture
def folder(populations, tmp_path):
    first, second = (populations.draw(2500, seed) for seed in (1, 2))
    for name, rows in (
        ("base", first),
        ("equal run", populations.redecode(first, second, 0, 0.3)),
        ("opd", populations.collapse(*first)),
    ):
        run = populations.make_run(*rows, name)
        write_stored(run, score(run), tmp_path / name)
    (tmp_path / "calibration-gate.yaml").write_text("version: 1\nreference: base\n")
    return tmp_path


@pytest.fixture
def use(action, folder):
    """Run the last step of the action with inputs: (exit code, outputs, summary, stdout)."""

    def use(**given):
        inputs = {name: field.get("default", "") for name, field in action["inputs"].items()}
        inputs.update(given)
        step = action["runs"]["steps"][-1]
        variables = {
            name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: inputs[m[1]], value)
            for name, value in step["env"].items()
        }
        script, output, summary = (folder / name for name in ("step.sh", "output", "summary"))
        script.write_text(step["run"])
        output.write_text("")
        summary.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=folder,
            env={
                "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(folder),
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        found = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done.returncode, found, summary.read_text(), done.stdout + done.stderr

    return use


def test_pass(use, folder):
    code, outputs, summary, out = use(candidate="equal run", output="a b.xml\n\nc.html\n")
    assert (code, outputs) == (0, {"verdict": "PASS", "exit-code": "0"}), out
    assert "Calibration gate: PASS" in summary
    assert (folder / "a b.xml").exists()
    assert (folder / "c.html").exists()


def test_fail(use):
    code, outputs, summary, out = use(candidate="opd")
    assert (code, outputs) == (1, {"verdict": "FAIL", "exit-code": "1"})
    assert "Calibration gate: FAIL" in summary
    assert out.count("::error ") == 1


def test_what_cannot_be_used_has_no_verdict(use):
    assert use(candidate="absent")[:2] == (2, {"verdict": "", "exit-code": "2"})
    assert use(candidate="--self-test")[:2] == (2, {"verdict": "", "exit-code": "2"})
    assert use(candidate="opd", policy="no.yaml")[0] == 2


def test_a_file_that_cannot_be_written_does_not_take_a_fail(use, folder):
    (folder / "file").write_text("")
    given = {"output": "file/gate.json"}
    code, outputs, summary, out = use(candidate="opd", **given)
    assert (code, outputs) == (1, {"verdict": "FAIL", "exit-code": "1"})
    assert "cannot be written" in out
    assert "Calibration gate: FAIL" in summary
    code, outputs, _, out = use(candidate="equal run", **given)
    assert (code, outputs) == (5, {"verdict": "", "exit-code": "5"})
    assert "PASS  equal run" in out


def test_files_of_an_earlier_run_are_no_verdict(use, folder):
    """After codes 2 and 4 the gate writes nothing, and what lay there would be taken for it."""
    names = ("a b.json", "gate.MD", "gate.xml", "gate.html")
    for candidate, code in (("absent", 2), ("equal run", 4)):
        for name in names:
            (folder / name).write_text("PASS of an earlier run")
        given = {"reference": "nope"} if code == 4 else {}
        assert use(candidate=candidate, output="\n".join(names), **given)[0] == code
        assert not any((folder / name).exists() for name in names)


def test_what_is_no_output_is_not_removed(use, folder):
    (folder / "weights.bin").write_text("x")
    (folder / "made.json").mkdir()
    for name in ("weights.bin", "calibration-gate.yaml", "made.json"):
        assert use(candidate="equal run", output=name)[0] == 2
        assert (folder / name).exists()


def test_a_verdict_is_a_code_and_its_word(use, folder):
    """Python itself ends with 1 too, and a word may have been printed before something failed."""
    (folder / "bin").mkdir()
    program = folder / "bin" / "caopd-bench"
    agree = {(0, "PASS"), (0, "INCONCLUSIVE"), (1, "FAIL"), (3, "INCONCLUSIVE")}
    for code in (0, 1, 2, 3, 4, 5, 70, 129, 130, 141, 143):
        for word in ("PASS", "FAIL", "INCONCLUSIVE", "Traceback", ""):
            program.write_text(f"#!/bin/sh\necho {word} more\nexit {code}\n")
            program.chmod(0o755)
            found = code if code not in (0, 1, 3) or (code, word) in agree else 70
            verdict = word if (code, word) in agree else ""
            expected = found, {"verdict": verdict, "exit-code": str(found)}
            assert use(candidate="opd")[:2] == expected, (code, word)


def test_inputs_are_no_commands(use, folder):
    for field in ("candidate", "policy", "reference", "output", "strict"):
        use(**{"candidate": "opd", field: "$(touch owned) `touch owned`; touch owned \" ' x"})
    assert not (folder / "owned").exists()


def test_inputs_never_stand_in_a_script(action):
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]


def test_the_examples_are_what_they_say(action):
    policy = load_policy(ROOT / "docs/ci/calibration-gate.yaml")
    assert policy.metrics["ece"].tier == "advisory"
    # Whatever is evaluated and stands in the reference is gated.
    for name in ("github-workflow.yml", "gitlab.yml"):
        (words,) = re.findall(r"--tasks (\S+)", (ROOT / "docs/ci" / name).read_text())
        evaluated = words.split(",")
        assert len(evaluated) > 1
        assert choose_tasks(policy, evaluated) == evaluated
    workflow = yaml.safe_load((ROOT / "docs/ci/github-workflow.yml").read_text())
    steps = workflow["jobs"]["gate"]["steps"]
    (gate,) = [step for step in steps if step.get("name") == "Gate"]
    assert set(gate["with"]) <= set(action["inputs"])
    for step in steps:
        assert "${{" not in step.get("run", "")
    gitlab = yaml.safe_load((ROOT / "docs/ci/gitlab.yml").read_text())
    assert gitlab["calibration"]["artifacts"]["reports"]["junit"] == "gate.xml"
