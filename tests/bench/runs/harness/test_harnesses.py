"""Logs that other harnesses wrote in runs of ours are read; the numbers are the server's rule."""

import math
import shutil
from pathlib import Path

import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.rescore import rescore

FILES = Path(__file__).parent


def rows_of(run):
    """Give sample, confidence, correct, status and right answer of every row."""
    return [(r.sample, r.confidence, r.correct, r.status, r.gold) for r in run.rows]


def notes_of(run):
    return [note.text for note in run.warnings]


def items_of(run):
    return len({row.item_hash for row in run.rows})


@pytest.mark.parametrize("name", ["helm", "helm/scenario_state.json"])
def test_completions_of_helm_are_samples_and_its_solutions_give_numbers(name):
    run = rescore(FILES / name)
    assert (run.name, run.tasks, len(run.rows), items_of(run)) == ("stub", ["gsm"], 10, 5)
    # 1 + 2 is the second question; 1 + 1 stands there twice, as two questions.
    assert [row.correct for row in run.rows] == [1, 1, 0, 0, 1, 1, 1, 1, 1, 1]
    assert [row.gold for row in run.rows[::2]] == ["2", "3", "8", "2", "7"]
    assert [row.confidence for row in run.rows[:3]] == [0.75, 0.75, 0.85]
    assert [row.sample for row in run.rows] == [0, 1] * 5
    assert run.provenance["gen_kwargs"]["max_tokens"] == 400
    assert notes_of(run) == [
        "10 of 10 right answers are whole solutions; the part after #### or after "
        "'the answer is' was used"
    ]
    assert run.settings("gsm")["source"]["set"] == "scenario_state.json"


def test_several_runs_of_helm_are_named(tmp_path):
    for name in ("a:model=x", "b:model=x"):
        shutil.copytree(FILES / "helm", tmp_path / "runs" / "s1" / name)
    for folder in (tmp_path / "runs", tmp_path / "runs" / "s1"):
        with pytest.raises(UsageError, match=r"2 runs of HELM; choose one:\n.*a:model=x\n"):
            rescore(folder)
    assert len(rescore(tmp_path / "runs" / "s1" / "a:model=x").rows) == 10


def test_rows_of_lighteval_are_put_in_order_and_hold_their_samples():
    run = rescore(FILES / "details_n2.parquet")
    assert rows_of(run) == [
        *[(i, 0.95, 1, "ok", "2") for i in (0, 1)],
        *[(i, 0.95, 0, "ok", "3") for i in (0, 1)],
        *[(i, 0.95, 1, "ok", "8") for i in (0, 1)],
        *[(i, 0.75, 1, "ok", "2") for i in (0, 1)],
        *[(i, 0.95, 1, "ok", "7") for i in (0, 1)],
    ]
    assert items_of(run) == 5
    assert run.rows[0].groups == {"level": 1}


def test_empty_texts_of_lighteval_are_counted():
    run = rescore(FILES / "details_errors.parquet")
    assert [row.correct for row in run.rows] == [1, 0, 1, 0, 0]
    assert [row.status for row in run.rows][3:] == ["no_answer", "no_answer"]
    [note] = notes_of(run)
    assert note.startswith(
        "2 of 5 texts are empty: lighteval writes an empty text both for a failed "
    )


def test_names_of_lighteval_stand_in_its_paths(tmp_path):
    folder = tmp_path / "out" / "details" / "openai" / "stub" / "2026-11-29T10-12-00.5"
    folder.mkdir(parents=True)
    for task in ("sums", "more"):
        shutil.copy(FILES / "details_n2.parquet", folder / f"details_{task}|0_2026.parquet")
    with pytest.raises(UsageError, match=r"lighteval of 2 tasks; choose one:\n.*more\|0_2026"):
        rescore(tmp_path / "out")
    (folder / "details_more|0_2026.parquet").unlink()
    run = rescore(tmp_path / "out")
    assert (run.provenance["model"], run.tasks, len(run.rows)) == ("openai/stub", ["sums"], 10)


@pytest.mark.parametrize("place", ["predictions", "results"])
def test_repeats_of_opencompass_are_samples(place):
    run = rescore(FILES / place / "stub" / "sums.json")
    assert (run.name, run.tasks, len(run.rows), items_of(run)) == ("stub", ["sums"], 10, 5)
    assert [row.correct for row in run.rows] == [1, 0, 1, 1, 1] * 2
    assert [row.sample for row in run.rows] == [0] * 5 + [1] * 5
    assert [row.confidence for row in run.rows] == [
        *(0.75, 0.75, 0.75, 0.95, 0.85),
        *(0.85, 0.95, 0.95, 0.75, 0.75),
    ]
    assert notes_of(run) == ["the 10 answers are the same 5 questions 2 times: read as samples"]


def test_a_folder_of_opencompass(tmp_path):
    shutil.copytree(FILES / "predictions", tmp_path / "2026_time" / "predictions")
    assert len(rescore(tmp_path).rows) == len(rescore(tmp_path / "2026_time").rows) == 10
    shutil.copy(
        FILES / "predictions/stub/sums.json", tmp_path / "2026_time/predictions/stub/b.json"
    )
    with pytest.raises(UsageError, match=r"OpenCompass of 2 data sets; choose one:\n"):
        rescore(tmp_path)


def test_one_pair_of_provider_and_prompt_of_promptfoo_is_a_run():
    with pytest.raises(UsageError) as error:
        rescore(FILES / "promptfoo.jsonl")
    lines = str(error.value).splitlines()
    assert "2 pairs of provider and prompt; choose one, such as --only promptIdx=0" in lines[0]
    assert lines[1].startswith("  promptIdx=0: 6 answers of openai:chat:stub to {{question}}")
    assert lines[2] == "  promptIdx=1: 2 answers of openai:chat:stub to Please: {{question}}"


def test_rows_of_promptfoo():
    run = rescore(FILES / "promptfoo.jsonl", only=[("promptIdx", "0")])
    # Repeats are samples; the failed assertion is an answer, the null content an empty one.
    assert rows_of(run) == [
        (0, 0.85, 1, "ok", "2"),
        (1, 0.75, 1, "ok", "2"),
        (-1, 0.85, 0, "ok", "3"),
        (-1, None, 0, "api_error", "8"),
        (-1, None, 0, "no_answer", "8"),
    ]
    assert run.rows[0].groups == {"level": 1}
    assert run.name == "openai:chat:stub"
    assert notes_of(run) == [
        "1 of 6 answers belong to tests without a right answer and are left out; give every test "
        "the variable named by --gold"
    ]
    assert run.settings("logged")["source"]["only"] == ["promptIdx=0"]


def test_paths_that_stand_in_the_rows_of_promptfoo():
    named = rescore(
        FILES / "promptfoo.jsonl",
        response="response.output",
        gold="vars.gold",
        item="vars.question",
        only=[("promptIdx", "0")],
    )
    assert rows_of(named) == rows_of(rescore(FILES / "promptfoo.jsonl", only=[("promptIdx", "0")]))
    other = rescore(FILES / "promptfoo.jsonl", response="prompt.raw", only=[("promptIdx", "0")])
    # Where there was no answer, there is none in another place.
    assert [row.status for row in other.rows][3:] == ["api_error", "no_answer"]
    with pytest.raises(UsageError, match=r"line 1: --response: no 'response.text'; it has under "):
        rescore(FILES / "promptfoo.jsonl", response="response.text", only=[("promptIdx", "0")])


def test_the_two_files_of_promptfoo_name_the_same_questions():
    lines = rescore(FILES / "promptfoo.jsonl", only=[("promptIdx", "0")])
    whole = rescore(FILES / "promptfoo.json", only=[("promptIdx", "0")])
    assert [r.item_hash for r in whole.rows] == [r.item_hash for r in lines.rows][:2]


def test_all_pairs_of_promptfoo_as_groups():
    run = rescore(FILES / "promptfoo.jsonl", by=["promptIdx"])
    assert [row.groups["promptIdx"] for row in run.rows] == [0, 1, 0, 1, 0, 0, 0]
    assert items_of(run) == 4


def test_reasoning_in_front_of_an_output_of_promptfoo_is_dropped():
    first = rescore(FILES / "promptfoo_thinking.jsonl", only=[("provider.id", "openai:chat:one")])
    other = rescore(FILES / "promptfoo_thinking.jsonl", only=[("promptIdx", "1")])
    # The server answers alike; the second provider does not show the reasoning.
    assert (
        [row.correct for row in first.rows] == [row.correct for row in other.rows] == [1, 1, 1, 0]
    )
    assert [row.confidence for row in first.rows] == [0.75, 0.75, 0.75, None]
    assert [row.item_hash for row in first.rows] == [row.item_hash for row in other.rows]
    assert other.name == "second"
    assert notes_of(other) == []
    [note] = notes_of(first)
    assert "in front of 1 of 4 answers" in note
    assert "showThinking: false" in note


def test_cases_of_deepeval():
    run = rescore(FILES / "deepeval.json")
    # Whatever its metric said: that of the last case raised.
    assert rows_of(run) == [
        (-1, 0.75, 1, "ok", "2"),
        (-1, 0.75, 0, "ok", "3"),
        (-1, 0.95, 1, "ok", "2"),
        (-1, 0.85, 1, "ok", "16"),
    ]
    assert items_of(run) == 4


def test_simple_evals_is_named():
    with pytest.raises(UsageError, match="right answers are only in its HTML"):
        rescore(FILES / "simpleqa_allresults.json")


def test_paths_of_the_user_come_first():
    run = rescore(
        FILES / "helm/scenario_state.json",
        gold="instance.references.0.output.text",
        response="result.completions.1.text",
        item="instance.input.text",
        by=["instance.split"],
    )
    # Of the input text: 1 + 1 is one question then, with two answers of each of its states.
    assert items_of(run) == 4
    assert [row.sample for row in run.rows if row.gold == "2"] == [0, 1, 2, 3]
    assert run.rows[0].groups == {"instance.split": "test"}
    with pytest.raises(UsageError, match=r"--gold: no 'instance.answer'; it has under 'instance' "):
        rescore(FILES / "helm", gold="instance.answer")


def test_log_probabilities_of_lighteval_are_probabilities_of_the_options():
    run = rescore(FILES / "details_logprobs.parquet")
    # Of the first row: -40.95, -41.75, -78.42, -36.70, of which the last is the likeliest.
    logs = [-40.95287323, -41.7526054382, -78.4191513062, -36.7020950317]
    shares = [math.exp(log) / sum(map(math.exp, logs)) for log in logs]
    first = run.rows[0]
    assert first.probabilities == pytest.approx(shares)
    assert (first.confidence, first.right_option) == (pytest.approx(shares[3]), 0)
    # lighteval's own acc is 0 of 3.
    assert [row.correct for row in run.rows] == [0, 0, 0]
    assert {row.status for row in run.rows} == {"ok"}
