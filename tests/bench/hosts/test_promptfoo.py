"""The assertion of promptfoo: alone, as its real output holds it, and run by promptfoo itself."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from caopd_bench.hosts.promptfoo import get_assert
from caopd_bench.runs.rescore import rescore

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs/examples/promptfoo/promptfooconfig.yaml"
#: What promptfoo wrote of the example.
WRITTEN = ROOT / "tests/bench/runs/harness/promptfoo_asserted.jsonl"
NAMED = ("accuracy", "confidence", "brier", "overconfidence")


def check(output, variables, **config):
    return get_assert(output, {"vars": variables, "config": config})


def test_a_right_and_a_wrong_answer():
    found = check("Answer: 12\nConfidence: 0.8", {"gold": "12"})
    assert found["pass"] is True
    assert found["score"] == pytest.approx(1 - 0.04)
    assert [found["namedScores"][name] for name in NAMED] == pytest.approx([1, 0.8, 0.04, -0.2])
    found = check("Answer: 13\nConfidence: 80%", {"gold": 12})
    assert found["pass"] is False
    assert found["score"] == pytest.approx(1 - 0.64)
    assert [found["namedScores"][name] for name in NAMED] == pytest.approx([0, 0.8, 0.64, 0.8])
    assert found["reason"] == "wrong, with confidence 0.8"


@pytest.mark.parametrize("output", ["Answer: 12", "Answer: 12\nConfidence: high", "12 or so", ""])
def test_without_a_confidence_nothing_is_made_up(output):
    found = check(output, {"gold": "12"})
    assert found["score"] == 0
    assert set(found["namedScores"]) == {"accuracy"}
    assert "no confidence was read" in found["reason"]
    json.dumps(found, allow_nan=False)


def test_reasoning_that_promptfoo_puts_in_front_is_no_answer():
    found = check("Thinking: Answer: 4\nConfidence: 0.1\n\nAnswer: 5\nConfidence: 0.9", {"gold": 5})
    assert found["namedScores"]["confidence"] == 0.9
    assert found["pass"] is True
    assert check("Thinking: Answer: 5\nConfidence: 0.9\n\nI stop.", {"gold": 5})["pass"] is False


def test_the_configuration_of_an_assertion():
    variables = {"right": "B", "choices": '["a bridge", "a tunnel"]', "bad": "a, b"}
    said = "Answer: a tunnel\nConfidence: 0.6"
    assert check(said, variables, kind="choice", gold="right", options="choices")["pass"] is True
    assert check(said, variables, kind="choice", gold="right")["pass"] is False
    with pytest.raises(ValueError, match="'bad' must be a JSON list"):
        check(said, variables, kind="choice", gold="right", options="bad")
    with pytest.raises(ValueError, match="unknown 'kinds'; known: gold, kind, options"):
        check(said, variables, kinds="choice")
    with pytest.raises(ValueError, match="no variable 'gold' with the right answer; it has right"):
        check(said, variables)
    with pytest.raises(ValueError, match="not a number"):
        check(said, {"gold": "a word"})


def test_an_output_that_is_json_comes_as_an_object():
    found = check({"answer": 12, "confidence": 0.7}, {"gold": "12"})
    assert isinstance(found["pass"], bool)


def test_what_promptfoo_wrote_is_what_rescore_reads():
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    run = rescore(WRITTEN)
    assert len(run.rows) == len(rows) == 4
    for row, written in zip(run.rows, sorted(rows, key=lambda row: row["testIdx"]), strict=True):
        named = written["namedScores"]
        assert row.correct == named["accuracy"] == written["success"]
        assert row.confidence == named.get("confidence")
        if row.confidence is not None:
            assert written["score"] == pytest.approx(1 - (row.confidence - row.correct) ** 2)
    assert [row.correct for row in run.rows] == [1, 0, 1, 1]
    assert [row.confidence for row in run.rows] == [0.9, 0.8, 0.6, None]


@pytest.mark.slow
def test_the_example_run_by_promptfoo(tmp_path):
    """CAOPD_BENCH_PROMPTFOO=.../node_modules/.bin/promptfoo, of version 0.121.20."""
    program = os.environ.get("CAOPD_BENCH_PROMPTFOO")
    if not program:
        pytest.skip("npm install promptfoo@0.121.20, and name its program in CAOPD_BENCH_PROMPTFOO")
    shutil.copy(EXAMPLE, tmp_path)
    settings = {
        "PROMPTFOO_PYTHON": sys.executable,
        "PROMPTFOO_CONFIG_DIR": str(tmp_path / "home"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_FAILED_TEST_EXIT_CODE": "0",
    }
    command = [program, "eval", "-c", EXAMPLE.name, "--no-cache", "-o", "out.json", "-o", "o.jsonl"]
    subprocess.run(command, cwd=tmp_path, env=os.environ | settings, check=True, timeout=300)
    whole = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    [prompt] = whole["results"]["prompts"]
    sums = [prompt["metrics"]["namedScores"][name] for name in NAMED]
    assert sums == pytest.approx([3, 2.3, 0.01 + 0.64 + 0.16, 0.3])
    for name in ("out.json", "o.jsonl"):
        assert [row.confidence for row in rescore(tmp_path / name).rows] == [0.9, 0.8, 0.6, None]
