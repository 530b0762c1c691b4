"""A user's own questions, from ten lines of YAML."""

import json
import runpy
from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="lm-eval is not installed (extra `eval`)")
pytest.importorskip("torch", reason="torch is not installed (extra `hf`)")

from caopd_bench import read_run
from caopd_bench.tasks.own import OwnTask, load_own

evaluate = runpy.run_path(str(Path(__file__).parent / "scripted.py"))["evaluate"]

pytestmark = pytest.mark.filterwarnings("ignore")

DOCS = Path(__file__).parents[3] / "docs"


def page_yaml():
    """The YAML that the documentation shows."""
    page = (DOCS / "tasks.md").read_text(encoding="utf-8")
    return page.split("```yaml\n")[1].split("```")[0]


@pytest.fixture
def folder(tmp_path):
    rows = [{"question": f"What is {i} + 1?", "answer": i + 1, "level": i % 2} for i in range(12)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "mine.yaml").write_text(page_yaml())
    return tmp_path


def test_the_yaml_of_the_page_evaluates(folder, tmp_path):
    assert len(page_yaml().strip().splitlines()) <= 10
    results, samples, model = evaluate(
        ["my_questions_conf"], tmp_path / "out", num_fewshot=4, paths=[folder]
    )
    assert results["results"]["my_questions_conf"]["parse_rate,none"] == 1.0
    prompt, options = model.asked[0]
    assert prompt.count("Problem: ") == 5
    assert options["max_gen_toks"] == 1024
    run = read_run(tmp_path / "out")
    assert len(run.rows) == 12
    assert {row.groups["level"] for row in run.rows} == {0, 1}
    source = samples["my_questions_conf"][0]["doc"]["source"]
    assert source["set"] == "questions.jsonl"
    assert len(source["sha256"]) == 64


def test_own_questions_can_be_sampled(folder, tmp_path):
    text = page_yaml().replace("way: conf", "way: sc8").replace("_conf", "_sc8")
    (folder / "mine.yaml").write_text(text)
    _, samples, model = evaluate(
        ["my_questions_sc8"], tmp_path / "out", metadata={"k": 3}, paths=[folder]
    )
    assert len(model.asked) == 36
    assert len(samples["my_questions_sc8"][0]["acc"]) == 3


def test_options_are_lettered(tmp_path):
    rows = [
        {"q": "One?", "a": "b", "o": ["x", "y"]},
        {"q": "Two?", "a": 0, "o": ["x", "y", "z"]},
    ]
    (tmp_path / "f.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    docs = load_own(
        file=str(tmp_path / "f.jsonl"), question="q", answer="a", kind="choice", options="o"
    )["test"]
    assert docs["question"] == ["One?\nA. x\nB. y", "Two?\nA. x\nB. y\nC. z"]
    assert docs["answer"] == ["B", "A"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"file": "nowhere.jsonl"}, "nowhere.jsonl: no such file"),
        ({"kind": "numbers"}, "kind must be one of number, latex"),
        ({"way": "ask"}, "way must be one of conf"),
        ({"question": "q"}, "row 1: no 'q' in this row; it has question, answer"),
        ({"kind": "choice"}, "row 1: the gold answer '1' is not one letter"),
        ({"kind": "choice", "options": "level"}, "row 1: 'level' must list the options"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(folder, options, said):
    given = {"file": str(folder / "questions.jsonl"), **options}
    with pytest.raises(ValueError, match=said) as caught:
        load_own(**given)
    assert "\n" not in str(caught.value)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "f.jsonl").write_text("")
    with pytest.raises(ValueError, match="no rows"):
        load_own(file=str(tmp_path / "f.jsonl"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"way": "ask"}, "way must be one of conf"),
        ({"awnser": "a"}, "unknown key 'awnser'; did you mean 'answer'"),
        ({"wording": "x"}, "unknown key 'wording'"),
    ],
)
def test_a_yaml_with_a_slip_is_one_line(folder, options, said):
    given = {"file": str(folder / "questions.jsonl"), **options}
    with pytest.raises(ValueError, match=said) as caught:
        OwnTask({"task": "mine", "dataset_kwargs": given})
    assert "\n" not in str(caught.value)
