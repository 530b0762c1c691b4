"""Two models whose answers are all equal, or that shared lm-eval's cache, are named."""

import json

import pytest

from caopd_bench import compare, gate, read_run
from caopd_bench.comparison.equal_answers import notes_on_equal_answers
from caopd_bench.comparison.unpaired import compare_unpaired
from caopd_bench.gates.policy import Policy

TEXT = "First I add the numbers, then I halve them.\nAnswer: {}\nConfidence: 0.{}"


def answers(n, change=lambda _, text: text):
    texts = [change(i, TEXT.format(i, 5 + i % 4)) for i in range(n)]
    return [((5 + i % 4) / 10, i % 2, "ok", text) for i, text in enumerate(texts)]


@pytest.fixture
def make(make_run, results_of):
    """Write and read a run of a model with weights of its own, perhaps with a cache."""

    def write(name, rows, *, weights=None, cache=None, model=None):
        folder = make_run(
            rows, name, model=model or f"org/{name}", weights=weights or f"{name:0<16}"[:16]
        )
        file = results_of(folder)
        results = json.loads(file.read_text())
        results["config"]["use_cache"] = cache
        file.write_text(json.dumps(results))
        return read_run(f"{name}={folder}")

    return write


def test_equal_texts_of_two_models_are_named(make, run):
    a, b = make("a", answers(6)), make("b", answers(6))
    (note,) = notes_on_equal_answers([a, b])
    assert note == (
        "a and b claim to be different models, but all 6 texts of caopd_math_conf are equal; "
        "did both use one --use_cache file, or is it one model under two names?"
    )
    assert f"warning: {note}" in run("score", f"a={a.path}", f"b={b.path}")[1]
    assert note in run("compare", f"a={a.path}", f"b={b.path}")[1]
    assert note in run("gate", f"b={b.path}", "--reference", f"a={a.path}")[1]
    (found,) = compare(a, b)
    assert note in found.notes
    assert note in compare_unpaired(a, b)[0].notes
    assert note.replace("a and b", "b and a") in gate(a, Policy(version=1), reference=b).notes


def test_one_other_text_is_enough(make):
    other = answers(6, lambda i, text: f"Well. {text}" if i == 5 else text)
    assert notes_on_equal_answers([make("a", answers(6)), make("b", other)]) == []


def test_chance_is_no_suspicion(make):
    """Short equal texts of a few questions, and empty ones, are nothing to be named."""
    short = [(0.9, 1, "ok", "Yes")] * 6
    empty = [(None, 0, "no_answer", "")] * 60
    for rows in (short, empty, answers(2)):
        assert notes_on_equal_answers([make("a", rows), make("b", rows)]) == []


def test_one_model_twice_is_no_suspicion(make):
    """Equal weights are named by another note; an API's model has none."""
    a = make("a", answers(6), model="org/m", weights="same")
    assert notes_on_equal_answers([a, make("b", answers(6), weights="same")]) == []
    trained = make("c", answers(6), model="org/m", weights="other")
    assert len(notes_on_equal_answers([a, trained])) == 1


@pytest.mark.parametrize(("n", "named"), [(24, 1), (12, 0)])
def test_stored_runs_without_texts(make, run, tmp_path, n, named):
    runs = []
    for name in "ab":
        stored = tmp_path / "kept" / name
        path = make(name, answers(n)).path
        assert run("score", path, "--store", stored)[0] == 0
        runs.append(read_run(stored))
    notes = notes_on_equal_answers(runs)
    assert len(notes) == named
    assert all("all 24 answers with their confidences (no texts are kept)" in n for n in notes)


def test_confidences_alone_are_no_answers(tmp_path):
    rows = [{"confidence": i % 7 / 10, "correct": i % 2, "item": f"q{i}"} for i in range(60)]
    for name in "ab":
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text)
    assert notes_on_equal_answers([read_run(tmp_path / f"{n}.jsonl") for n in "ab"]) == []


def test_a_shared_cache_is_named_where_answers_are_equal(make):
    other = answers(6, lambda i, text: f"Well. {text}" if i > 3 else text)
    a, b = make("a", answers(6), cache="./shared"), make("b", other, cache="./shared")
    (note,) = notes_on_equal_answers([a, b])
    assert "used the same --use_cache file (shared)" in note or "(./shared)" in note
    assert "4 of 6 answers are equal" in note
    assert notes_on_equal_answers([a, make("c", other, cache="./own")]) == []
    # Two files of one name: no answer of one is the other's.
    unlike = answers(6, lambda _, text: f"Well. {text}")
    assert notes_on_equal_answers([a, make("d", unlike, cache="./shared")]) == []


def test_a_stored_run_keeps_the_name_of_the_cache(make, run, tmp_path):
    path = make("a", answers(6), cache="/home/somebody/caches/shared").path
    assert run("score", path, "--store", tmp_path / "s")[0] == 0
    kept = read_run(tmp_path / "s").provenance["use_cache"]
    assert kept == "caches/shared"
    plain = make("b", answers(6)).path
    assert "use_cache" not in read_run(plain).provenance
