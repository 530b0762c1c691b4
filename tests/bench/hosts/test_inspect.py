"""The scorer inside the real Inspect (tox -e inspect), and that nothing else needs it.

Inspect keeps its registry and its screen in the process, so each evaluation has its own.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from caopd_bench import rescore, score

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "inspect_arithmetic.py"
PAGE = EXAMPLE.parents[1] / "rescore.md"
needs_inspect = pytest.mark.skipif(find_spec("inspect_ai") is None, reason="needs inspect_ai")

TASK = """
import json, re
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate, multiple_choice
from caopd_bench.hosts.inspect import ask_confidence, stated_confidence

def give(text, stop="stop"):
    output = ModelOutput.from_content("mockllm/model", text, stop_reason=stop)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output

def run(task, answer, **more):
    model = get_model("mockllm/model", custom_outputs=lambda messages, *_: answer(messages))
    [log] = eval(task, model=model, log_dir="logs", display="none", **more)
    assert log.status == "success", log.error
    found = {n: m.value for one in log.results.scores for n, m in one.metrics.items()}
    print(json.dumps([log.location, found]))
"""


def evaluate(folder, code):
    """Run an evaluation in a process of its own, and give its log and Inspect's own numbers."""
    done = subprocess.run(
        [sys.executable, "-c", TASK + code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def dump(log):
    done = subprocess.run(
        [sys.executable, "-m", "inspect_ai", "log", "dump", str(log)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def numbers_of(dumped):
    scores = dumped["results"]["scores"]
    return {name: found["value"] for one in scores for name, found in one["metrics"].items()}


def numbers_here(log, **options):
    run = rescore(log, **options)
    found = {r.metric: r.estimate for r in score(run) if r.group is None}
    return run, found


def agree(theirs, ours):
    names = ("accuracy", "ece", "brier", "auroc", "parse_rate")
    assert {name: theirs[name] for name in names} == pytest.approx(
        {name: ours[name] for name in names}, rel=1e-12, nan_ok=True
    )


def test_nothing_of_ours_loads_inspect():
    code = "import sys, caopd_bench.cli, caopd_bench.runs.readers.find as f; "
    code += "f.all_readers(of_logs=False), f.all_readers(of_logs=True); "
    code += "print('inspect_ai' in sys.modules, 'caopd_bench.hosts.inspect' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@needs_inspect
def test_the_example_as_a_user_runs_it(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "inspect_ai", "eval", f"{EXAMPLE}@sums_mock"),
            *("--display", "plain", "--log-dir", "logs"),
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert " ".join(("auroc", "0.550")) in " ".join(done.stdout.split())
    [log] = (tmp_path / "logs").glob("*.eval")
    dumped = dump(log)
    run, ours = numbers_here(log, by=["size"])
    agree(numbers_of(dumped), ours)
    assert (len(run.rows), ours["accuracy"]) == (40, 0.75)
    asked = dumped["samples"][0]["messages"][0]["content"]
    assert asked.startswith("Problem: What is 1 + 7?\n\nThink step by step")
    assert '"Confidence:"' in asked


@needs_inspect
@pytest.mark.parametrize(
    "solvers",
    [
        '[ask_confidence("choice"), generate()]',
        "multiple_choice(cot=True)",
        "multiple_choice(cot=True, shuffle=True)",
    ],
)
def test_a_choice_by_letter_by_text_and_shuffled(tmp_path, solvers):
    """The mock is right but in samples 3, 6, ...; it answers in every way there is."""
    code = f"""
OPTIONS = ["a whale", "a whale shark", "a trout"]
SAMPLES = [
    Sample(id=i, input=f"Which gives milk? ({{i}})", choices=OPTIONS, target="A") for i in range(24)
]

def answer(messages):
    asked = messages[-1].text
    number = int(re.search(r"\\((\\d+)\\)", asked)[1])
    option = "a trout" if number % 3 == 0 else "a whale"
    letter = re.search(rf"^(.)[.)] {{option}}$", asked, re.MULTILINE)[1]
    stated = f"Confidence: 0.{{9 - number % 5}}"
    return give([
        f"Answer: {{letter}}\\n{{stated}}",
        f"Answer: {{option}}\\n{{stated}}",
        f"The answer is {{letter}}.\\n{{stated}}",
        f"{{stated}}\\nANSWER: {{letter}}",
    ][number % 4])

run(Task(SAMPLES, solver={solvers}, scorer=stated_confidence("choice")), answer, epochs=2)
"""
    log, theirs = evaluate(tmp_path, code)
    run, ours = numbers_here(log, kind="choice")
    agree(theirs, ours)
    assert (len(run.rows), ours["accuracy"]) == (48, pytest.approx(2 / 3))
    assert ours["parse_rate"] == 1


@needs_inspect
def test_answers_that_state_nothing_and_kinds_of_answers(tmp_path):
    code = r"""
def answer(messages):
    number = int(re.search(r"\d+", messages[-1].text)[0])
    if number == 0:
        return give("Let me", "max_tokens")
    return give(r"Answer: \frac{1}{2}" + ("\nConfidence: 80%" if number % 2 else ""))

samples = [Sample(id=i, input=f"Question {i}", target="0.5" if i < 6 else "2") for i in range(8)]
run(Task(samples, solver=generate(), scorer=stated_confidence("latex")), answer)
"""
    log, theirs = evaluate(tmp_path, code)
    run, ours = numbers_here(log, kind="latex")
    agree(theirs, ours)
    assert ours["parse_rate"] == 0.5
    assert [row.correct for row in run.rows] == [0, 1, 1, 1, 1, 1, 0, 0]
    # A bare 10 among marks out of ten may be a tenth: whether it is, the other answers say.
    marks = """
def answer(messages):
    number = int(re.search(r"\\d+", messages[-1].text)[0])
    return give(f"Answer: {number % 3}\\nConfidence: {[10, 9, 8, 0.7][number % 4]}")

samples = [Sample(id=i, input=f"Question {i}", target="1") for i in range(24)]
run(Task(samples, solver=generate(), scorer=stated_confidence()), answer)
"""
    log, theirs = evaluate(tmp_path, marks)
    ours = numbers_here(log)[1]
    agree(theirs, ours)
    assert ours["parse_rate"] == 0.25
    silent = "run(Task([Sample(input='x', target='1')], solver=generate(),"
    silent += "scorer=stated_confidence()), lambda _: give('Answer: 1'))"
    log, theirs = evaluate(tmp_path, silent)
    assert (theirs["accuracy"], theirs["parse_rate"]) == (1, 0)
    assert theirs["ece"] != theirs["ece"]


@needs_inspect
def test_a_scorer_by_its_registered_name(tmp_path):
    """`inspect score LOG --scorer caopd_bench/stated_confidence`, on a log that had another."""
    code = """
from inspect_ai.scorer import match
samples = [Sample(id=i, input="x", target="1") for i in range(4)]
run(Task(samples, solver=generate(), scorer=match()), lambda _: give("Answer: 1\\nConfidence: 0.7"))
"""
    log, _ = evaluate(tmp_path, code)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "inspect_ai", "score", log, "--action", "overwrite"),
            *("--scorer", "caopd_bench/stated_confidence", "--overwrite"),
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert numbers_of(dump(log))["ece"] == pytest.approx(0.3)


@needs_inspect
@pytest.mark.parametrize("name", ["stated_confidence", "ask_confidence"])
def test_a_kind_that_there_is_not(name):
    import caopd_bench.hosts.inspect as host

    with pytest.raises(ValueError, match=f"{name}: kind 'words' must be one of number, "):
        getattr(host, name)("words")


@needs_inspect
def test_a_target_of_another_kind_is_told_in_the_words_of_inspect(tmp_path):
    code = """
model = get_model("mockllm/model", custom_outputs=lambda *_: give("Answer: A\\nConfidence: 0.7"))
task = Task([Sample(id=1, input="x", target="A")], solver=generate(), scorer=stated_confidence())
[log] = eval(task, model=model, log_dir="logs", display="none")
print(json.dumps([log.error.message]))
"""
    [said] = evaluate(tmp_path, code)
    assert "sample 1: the gold answer 'A' is not a number; is the kind of the scorer right?" in said
    assert "stated_confidence('number'); name another by stated_confidence(kind)" in said
    assert "--" not in said


def test_the_page_shows_the_example():
    page = PAGE.read_text(encoding="utf-8")
    assert "docs/examples/inspect_arithmetic.py" in page
    for name in ("stated_confidence", "ask_confidence", "parse_rate"):
        assert name in page
