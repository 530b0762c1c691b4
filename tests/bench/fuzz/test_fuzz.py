"""No input makes a reader fail as it should not; `pytest -m slow` reads 100,000 for each reader."""

import gzip
import json
import sys
import time
from pathlib import Path

import pytest

from caopd_bench import read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.gates.policy import load_policy
from caopd_bench.report.models_file import read_models, read_published
from caopd_bench.runs.rescore import rescore
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.sweep.grid.cell_files import read_cell, read_times
from caopd_bench.tasks.read.parse import parse_response

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import fuzz  # noqa: E402
from fuzz_mutations import Mutator  # noqa: E402

sys.path.remove(str(HERE))

#: Inputs in the fast suite: a second for each reader; the slow one reads on from there.
FAST = {"parse_response": 1500, **{name: 1500 for name in fuzz.READERS if "judge" in name}}
FAST |= {"judge latex": 300, "baseline.json": 1500}
OTHERS = 250
#: In which share of the inputs a reader comes to its end, at least; else the changes are too coarse
#: to reach what stands behind its first check.
ENDED = 0.1

each_reader = pytest.mark.parametrize("name", fuzz.READERS)


@each_reader
def test_a_few_inputs(name):
    if name == "judge latex":
        pytest.importorskip("math_verify")
    found = fuzz.fuzz(name, 0, FAST.get(name, OTHERS))
    assert not found.errors, "\n".join(found.errors[:10])
    assert ENDED * found.inputs < found.ended < found.inputs


@pytest.mark.slow
@each_reader
def test_many_inputs(name):
    found = fuzz.fuzz(name, 0, 100_000)
    print(fuzz.describe(name, found))
    assert not found.errors, "\n".join(found.errors[:10])


@each_reader
def test_an_input_can_be_made_again(name, tmp_path):
    make = fuzz.READERS[name].make
    first, again, other = (make(Mutator(f"{name} {seed}"), tmp_path) for seed in (3, 3, 4))
    assert first == again
    assert [make(Mutator(f"{name} {seed}"), tmp_path) for seed in range(5, 9)].count(other) < 4


def _hang(_given, _place):
    while True:
        time.process_time()


def _raise(_given, _place):
    raise KeyError("x")


def _say_nothing(_given, _place):
    raise fuzz.REFUSED[0]("")


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (_hang, ["made 7: Hangs", "made 7: 0."]),
        (_raise, ["made 7: KeyError: 'x' (test_fuzz.py:"]),
        (_say_nothing, ["made 7: refused without a word"]),
        (lambda *_: True, []),
    ],
)
def test_what_is_reported(monkeypatch, read, said):
    monkeypatch.setitem(fuzz.READERS, "made", fuzz.READERS["policy"]._replace(read=read))
    monkeypatch.setattr(fuzz, "HANGS", 0.3)
    monkeypatch.setattr(fuzz, "MOST", 0.2)
    found = fuzz.fuzz("made", 7, 1)
    assert len(found.errors) == len(said)
    for error, start in zip(found.errors, said, strict=True):
        assert error.startswith(start)


# What was found, one by one


HUGE = 10**400
PUBLISHED = {"model": "m", "task": "t", "metric": "ece", "source": "s", "value": 0.5}


def test_a_model_whose_name_names_nothing(make_run, results_of):
    folder = make_run([(0.5, 1)])
    results = json.loads(results_of(folder).read_text())
    results_of(folder).write_text(json.dumps({**results, "model_name": "1" * 5000}))
    assert read_run(folder).name == "model"


@pytest.mark.parametrize(
    "odd", [{"estimate": HUGE}, {"n": -HUGE}, {"group": []}, {"metric": None}, {"low": "0"}, ...]
)
def test_numbers_of_a_summary(make_run, tmp_path, refused, odd):
    run = read_run(make_run([(0.5, 1), (0.6, 0)]))
    write_stored(run, score(run), tmp_path / "stored")
    file = tmp_path / "stored/summary.json"
    summary = json.loads(file.read_text())
    if odd is ...:
        odd = {"group": None}
        del summary["records"][0]["group"]
    else:
        summary["records"][0] |= odd
    file.write_text(json.dumps(summary))
    said = f"number 1 has no {next(iter(odd))} as `score` gives it"
    assert said in refused("score", tmp_path / "stored")


@pytest.mark.parametrize(
    ("load", "content"),
    [
        (load_policy, {"version": 1, "confidence": HUGE}),
        (load_policy, {"version": 1, "metrics": {"brier": {"margin": HUGE}}}),
        (read_models, {"version": 1, "models": {"a": {"size": HUGE}}}),
        (read_published, {"version": 1, "numbers": [{**PUBLISHED, "value": HUGE}]}),
        (read_published, {"version": 1, "numbers": [{**PUBLISHED, "size": HUGE}]}),
    ],
)
def test_whole_numbers_that_are_no_floats(tmp_path, load, content):
    (tmp_path / "a.yaml").write_text(json.dumps(content))
    with pytest.raises(UsageError, match=r"(should|must) be a valid number"):
        load(tmp_path / "a.yaml")
    text = json.dumps(content).replace(str(HUGE), "1" if load is read_published else "0.75")
    (tmp_path / "a.yaml").write_text(text)
    load(tmp_path / "a.yaml")


CELL = {"key": "k", "parameters": 67440, "observed": {"entropy": 1, "optimism_bias": None}}
TIMES = dict.fromkeys(
    ("pretrain_seconds", "train_seconds", "evaluate_seconds", "seconds", "core_seconds"), 1
)


def test_a_cell_as_it_is(tmp_path):
    (tmp_path / "cell.json").write_text(json.dumps(CELL))
    (tmp_path / "timing.json").write_text(json.dumps({**TIMES, "host": "vm"}))
    known = read_cell(tmp_path)
    assert (known["parameters"], known["observed"]) == (
        67440,
        {"entropy": 1.0, "optimism_bias": None},
    )
    assert known["evaluate"]["success_questions"] is None
    assert read_times(tmp_path) == {**TIMES, "host": "vm"}


@pytest.mark.parametrize(
    "odd",
    [{"parameters": HUGE}, {"parameters": "1"}, {"observed": [1]}, {"observed": {"entropy": HUGE}},
     {"evaluate": None}, {"evaluate": {"success_questions": "3"}}, {"key": 1}, {"weights": {}}],
)  # fmt: skip
def test_an_odd_cell(tmp_path, odd):
    (tmp_path / "cell.json").write_text(json.dumps({**CELL, **odd}))
    with pytest.raises(
        UsageError, match=f"cell.json: {next(iter(odd))}.*; delete the cell's folder"
    ):
        read_cell(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{", "\0", '{"key": ' + "[" * 2000, None])
def test_a_damaged_cell(tmp_path, content):
    if content is not None:
        (tmp_path / "timing.json").write_text(content)
    with pytest.raises(UsageError, match=r"timing\.json: .*; delete the cell's folder"):
        read_times(tmp_path)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"task,item_hash,expected\nt,a,x\n"), gzip.compress(b"task\nt\n"),
     gzip.compress(b"\xff"), b"\x1f\x8b"],
    ids=["word", "columns", "bytes", "cut"],
)  # fmt: skip
def test_damaged_expectations(tmp_path, content):
    pytest.importorskip("torch")
    from caopd_bench.sweep.run.observe import read_expectations

    (tmp_path / "expected.csv.gz").write_bytes(content)
    with pytest.raises(UsageError, match=r"expected\.csv\.gz: .*; delete the cell's folder"):
        read_expectations(tmp_path, "t")


@pytest.mark.parametrize(
    "value", ['!!int ""', '!!float ""', "!!timestamp x", "!!bool x", "!!null x"]
)
def test_values_on_which_the_yaml_library_fails(tmp_path, value):
    (tmp_path / "a.yaml").write_text(f"version: {value}\n")
    with pytest.raises(UsageError, match=r"a\.yaml: "):
        load_policy(tmp_path / "a.yaml")


def test_durations_that_python_cannot_hold(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    longest = pyarrow.array([2**62], pyarrow.duration("s"))
    columns = {"confidence": [0.5], "correct": [1], "item": longest, "gold": ["1"]}
    parquet.write_table(pyarrow.table({**columns, "response": longest}), tmp_path / "a.parquet")
    for read in (read_run, rescore):
        with pytest.raises(UsageError, match="not readable as Parquet"):
            read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("load", "text"),
    [
        (load_policy, r'{"version": 1, "metrics": {"a\ud800": {"margin": 0.1}}}'),
        (load_policy, r'{"version": 1, "\udc00": 1}'),
        (read_models, r'{"version": 1, "models": {"a": {"note": "\udc80"}}}'),
        (read_models, r'{"version": 1, "models": {"a": {"method": ["x", "\ud800"]}}}'),
    ],
)
def test_half_of_a_character(tmp_path, load, text):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UsageError, match="line 1: half of a character is no text; write it anew"):
        load(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text(r'{"version": 1, "models": {"\ud83d\ude00": {"size": 1}}}')
    if load is read_models:
        assert list(load(tmp_path / "a.yaml")) == ["\U0001f600"]


def test_a_budget_of_hundreds_of_digits(make_run, edit_sample):
    assert parse_response("many words and no label", max_tokens=HUGE).status == "no_answer"
    folder = make_run([(None, 0, "no_answer", "many words and no label")])
    options = {"gen_args_0": {"arg_0": "q", "arg_1": {"max_gen_toks": HUGE}}}
    edit_sample(folder, 1, arguments=options)
    assert [row.status for row in read_run(folder).rows] == ["no_answer"]
