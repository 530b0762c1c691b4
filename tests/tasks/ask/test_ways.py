"""Every way of asking inside lm-eval, with a model that answers by rule."""

import json
import math
import os
import runpy
from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="lm-eval is not installed (extra `eval`)")
pytest.importorskip("torch", reason="torch is not installed (extra `hf`)")

from caopd_bench import read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.tasks.ask.documents import load
from caopd_bench.tasks.catalogue.datasets import DATASETS
from caopd_bench.tasks.catalogue.download import find_present

HERE = Path(__file__).parent
scripted = runpy.run_path(str(HERE / "scripted.py"))
evaluate, Scripted = scripted["evaluate"], scripted["Scripted"]

pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = [
    {"question": f"What is {i} + 1?", "answer": f"It is {i + 1}.\n#### {i + 1}"} for i in range(24)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A local folder with a small `gsm8k_test.jsonl`."""
    path = tmp_path_factory.mktemp("data")
    (path / "gsm8k_test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    """Evaluate a task on the small set: (folder of the run, its numbers, samples, model)."""

    def evaluate_one(task, *, model=None, num_fewshot=None, limit=24, **metadata):
        output = tmp_path_factory.mktemp(task)
        given = {"data_dir": str(folder), **metadata}
        results, samples, model = evaluate(
            [task], output, metadata=given, limit=limit, num_fewshot=num_fewshot, model=model
        )
        return output, results["results"][task], samples[task], model

    return evaluate_one


@pytest.fixture(scope="module")
def once(run):
    return run("caopd_gsm8k_conf")


@pytest.fixture(scope="module")
def sampled(run):
    return run("caopd_gsm8k_sc8", k=4)


def records(path, task):
    found = [r for r in score(read_run(path)) if r.task == task and r.group is None]
    return {record.metric: record for record in found}


def test_sampling_asks_each_question_k_times(sampled):
    _, numbers, samples, model = sampled
    assert len(samples) == 24
    assert len(model.asked) == 96
    assert all(len(sample["acc"]) == len(sample["resps"]) == 4 for sample in samples)
    _, options = model.asked[0]
    assert (options["do_sample"], options["temperature"]) == (True, 1.0)
    assert "seed" not in options  # of a local backend
    assert numbers["copies,none"] < 0.5


def test_an_api_model_gets_a_seed_with_each_sample(run):
    *_, model = run("caopd_gsm8k_sc8", k=3, limit=2, model=Scripted(), base_url="http://x")
    assert [options["seed"] for _, options in model.asked] == [1234, 1235, 1236] * 2


def test_samples_are_rows_and_the_vote_is_a_task(sampled):
    path, _, samples, _ = sampled
    read = read_run(path)
    assert read.tasks == ["caopd_gsm8k_sc8", "caopd_gsm8k_sc8:agreement"]
    rows, votes = (read.task_rows(task) for task in read.tasks)
    assert [row.sample for row in rows[:5]] == [0, 1, 2, 3, 0]
    assert len(rows) == 96
    assert len(votes) == 24
    assert {vote.confidence for vote in votes} <= {0.25, 0.5, 0.75, 1.0}
    for sample, vote in zip(samples, votes, strict=True):
        assert (vote.confidence, vote.correct) == tuple(sample["majority"])
    settings = read.settings("caopd_gsm8k_sc8")
    assert (settings["way"], settings["samples"]) == ("sc8", 4)


def test_score_gives_lm_evals_numbers_of_sampled_questions(sampled):
    path, numbers, _, _ = sampled
    stated = records(path, "caopd_gsm8k_sc8")
    vote = records(path, "caopd_gsm8k_sc8:agreement")
    pairs = [
        *(
            (stated[ours], theirs)
            for ours, theirs in (
                ("accuracy", "acc"),
                ("parse_rate", "parse_rate"),
                ("mean_confidence", "confidence"),
                ("ece", "ece"),
                ("brier", "brier"),
                ("auroc", "auroc"),
                ("spr", "spr"),
                ("overconfidence_gap", "overconfidence_gap"),
                ("auroc_within_question", "auroc_within"),
                ("auroc_between_questions", "auroc_between"),
            )
        ),
        *(
            (vote[ours], theirs)
            for ours, theirs in (
                ("accuracy", "majority"),
                ("ece", "agreement_ece"),
                ("brier", "agreement_brier"),
                ("auroc", "agreement_auroc"),
            )
        ),
    ]
    for record, theirs in pairs:
        assert record.estimate == pytest.approx(numbers[f"{theirs},none"], abs=1e-9), theirs
    # The rule knows the questions and not its luck with a sample.
    assert numbers["auroc_between,none"] > 0.7 > numbers["auroc_within,none"]
    assert "exemplar_copies" not in vote


def test_copies_of_one_text_are_refused(run, caplog):
    path, numbers, samples, _ = run("caopd_gsm8k_sc8", k=4, model=Scripted(copies=True))
    assert numbers["copies,none"] == 1.0
    for metric in ("acc", "ece", "auroc", "agreement_ece", "majority", "auroc_between"):
        assert numbers[f"{metric},none"] is None, metric
    assert "refused: to 24 of 24 questions all samples are copies" in caplog.text
    # What the server said is kept, and is not scored.
    assert len(samples[0]["resps"]) == 4
    with pytest.raises(UsageError, match="copies of one text"):
        read_run(path)


def test_copies_may_be_allowed(run):
    _, numbers, _, _ = run("caopd_gsm8k_sc8", k=2, model=Scripted(copies=True), allow_copies=True)
    assert numbers["acc,none"] == 0.0


def test_few_questions_are_no_evidence_of_copies(run):
    _, numbers, _, _ = run("caopd_gsm8k_sc8", k=2, limit=4, model=Scripted(copies=True))
    assert numbers["acc,none"] == 0.0


def test_once_at_temperature_one(run):
    path, _, _, model = run("caopd_gsm8k_conf_t1")
    assert model.asked[0][1]["temperature"] == 1.0
    assert {row.sample for row in read_run(path).rows} == {0}


def test_the_second_stage_judges_the_answers_of_the_first(once, run):
    first, first_numbers, first_samples, _ = once
    path, numbers, _, model = run("caopd_gsm8k_twostage", answers=str(first))
    assert numbers["acc,none"] == first_numbers["acc,none"]
    ours, theirs = read_run(first), read_run(path)
    assert [(r.item_hash, r.answer, r.correct) for r in ours.rows] == [
        (r.item_hash, r.answer, r.correct) for r in theirs.rows
    ]
    prompt, _ = model.asked[0]
    assert f"Proposed answer: {ours.rows[0].answer}\n" in prompt
    assert first_samples[0]["doc"]["answer"] not in prompt.replace(ours.rows[0].answer, "")
    # A stored run holds the answers too.
    stored = path.parent / "stored"
    from caopd_bench.cli import main

    assert main(["score", str(first), "--store", str(stored)]) == 0
    again = run("caopd_gsm8k_twostage", answers=str(stored))[1]
    assert again == {**numbers, "name": again["name"]}


def test_only_answered_problems_are_asked(run, caplog):
    first = run("caopd_gsm8k_conf", limit=5)[0]
    *_, model = run("caopd_gsm8k_twostage", answers=str(first))
    assert len(model.asked) == 5
    assert "answered 5 of 24 problems" in caplog.text


def test_the_probability_of_true(once, run):
    path, numbers, samples, model = run("caopd_gsm8k_ptrue", answers=str(once[0]), num_fewshot=4)
    assert numbers["acc,none"] == once[1]["acc,none"]
    prompt, choice = model.asked[0]
    assert choice.strip() in ("True", "False")
    # Three exemplars are right, one is wrong on purpose.
    assert prompt.count("\n\nTrue\n") == 3
    assert prompt.count("\n\nFalse\n") == 1
    assert all(0 < row.confidence < 1 for row in read_run(path).rows)
    assert samples[0]["status"] == "ok"


def test_a_demonstration_is_in_the_prompt(run):
    path, _, samples, model = run("caopd_gsm8k_priv", limit=3)
    prompt, _ = model.asked[0]
    assert "It is 1.\nAnswer: 1\nConfidence: 1.00" in prompt
    assert samples[0]["doc"]["context"] == "demonstration"
    assert read_run(path).rows[0].groups["context"] == "demonstration"


def test_an_own_right_answer_is_in_the_prompt_or_nothing(sampled, run):
    path, _, _, model = run("caopd_gsm8k_priv_sc8", rollouts=str(sampled[0]), k=2)
    texts = {s["doc"]["item_hash"]: s for s in sampled[2]}
    prompts = {doc["question"]: prompt for doc, prompt in _first_prompts(path)}
    seen = set()
    for sample in texts.values():
        prompt = prompts[sample["doc"]["question"]]
        right = [r[0] for r, acc in zip(sample["resps"], sample["acc"], strict=True) if acc]
        seen.add(bool(right))
        assert (right[0] in prompt) if right else ("checked and is right" not in prompt)
    assert seen == {True, False}
    contexts = {row.groups["context"] for row in read_run(path).rows}
    assert contexts == {"rollout", "none"}
    assert model.asked


def _first_prompts(path):
    (file,) = path.rglob("samples_*.jsonl")
    for line in file.read_text().splitlines():
        sample = json.loads(line)
        yield sample["doc"], sample["arguments"]["gen_args_0"]["arg_0"]


def _first_prompt(samples):
    return samples[0]["arguments"]["gen_args_0"]["arg_0"]


def test_the_panel_asks_the_same_problems_in_twelve_prompts(tmp_path):
    results, samples, _ = evaluate(["caopd_math_panel"], tmp_path, limit=10)
    assert len(samples) == 12
    hashes = {tuple(s["doc"]["item_hash"] for s in rows) for rows in samples.values()}
    assert len(hashes) == 1
    prompts = {_first_prompt(rows) for rows in samples.values()}
    assert len(prompts) == 12
    percent = _first_prompt(samples["caopd_math_panel_2_percent_b"])
    assert "Confidence: 97%" in percent
    assert "between 0% (surely wrong)" in percent
    assert set(results["groups"]["caopd_math_panel"]) >= {"acc,none", "parse_rate,none"}
    read = read_run(tmp_path)
    wording = read.settings("caopd_math_panel_2_percent_b")["wording"]
    assert wording == {"paraphrase": "2", "scale": "percent"}


@pytest.mark.parametrize("questions", ["science", "tooluse", "math500", "svamp", "math_all"])
def test_real_questions_are_asked_and_judged(questions, tmp_path):
    if not os.environ.get("CAOPD_BENCH_DATA"):
        pytest.skip("CAOPD_BENCH_DATA is unset: set it to a folder that holds the real datasets")
    for part in DATASETS[questions].parts or (questions,):
        source = DATASETS[part].source
        if source is not None and find_present(source).startswith("missing"):
            pytest.skip(f"CAOPD_BENCH_DATA holds no {source.name}")
    task = f"caopd_{questions}_conf"
    results, samples, model = evaluate([task], tmp_path, num_fewshot=4)
    assert results["results"][task]["parse_rate,none"] == 1.0
    rows = read_run(tmp_path).rows
    assert {row.correct for row in rows} == {0, 1}
    prompt, _ = model.asked[0]
    assert prompt.count("Confidence:") >= 4
    doc = samples[task][0]["doc"]
    assert len(doc["source"]["sha256"]) == 64
    if questions == "science":
        assert prompt.startswith("Given a question and four options")
    if questions == "math_all":
        settings = read_run(tmp_path).settings(task)
        assert settings["source"]["set"].startswith("caopd_math + gsm8k_test")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"way": "twostage"}, "give its folder"),
        ({"way": "ptrue", "answers": "/nowhere"}, "/nowhere: no such run"),
        ({"way": "priv", "rollouts": 3}, "rollouts must name a run"),
        ({"way": "sc8", "k": 1}, "k must be a whole number from 2"),
        ({"way": "sc8", "k": "8"}, "k must be a whole number"),
        ({"way": "conf", "answer": "x"}, "did you mean 'answers'"),
        ({"way": "conf", "samples": 4}, "did you mean 'k'"),
        ({"way": "conf", "exemplars": "z"}, "exemplars must be one of a, b"),
        ({"way": "conf", "first": 0}, "first must be"),
        ({"way": "nonsense"}, "way must be one of"),
    ],
)
def test_bad_options_are_refused_with_one_line(options, said, folder):
    with pytest.raises(ValueError, match=said) as caught:
        load(questions="gsm8k", data_dir=str(folder), **options)
    assert "\n" not in str(caught.value)


def test_a_run_of_other_questions_is_refused(once, tmp_path):
    with pytest.raises(ValueError, match="no answers to the problems of this task"):
        load(questions="math", way="twostage", answers=str(once[0]))
    with pytest.raises(ValueError, match="no answers"):
        load(questions="math", way="twostage", answers=str(tmp_path))


def test_two_runs_in_one_folder_are_refused(once, sampled, folder, tmp_path):
    for path in (once[0], sampled[0]):
        (file,) = path.rglob("samples_*.jsonl")
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ValueError, match="several runs answered these problems"):
        load(questions="gsm8k", way="twostage", data_dir=str(folder), answers=str(tmp_path))


def test_rollouts_without_texts_are_refused(once, folder, tmp_path):
    from caopd_bench.cli import main

    assert main(["score", str(once[0]), "--store", str(tmp_path / "s")]) == 0
    with pytest.raises(ValueError, match="contains no right answer with its text"):
        load(questions="gsm8k", way="priv", data_dir=str(folder), rollouts=str(tmp_path / "s"))


def test_probes_compare_both_contexts(run, sampled, capsys):
    from caopd_bench.cli import main

    teacher = run("caopd_gsm8k_priv_sc8", k=4, model=Scripted(with_context=0.6))[0]
    assert main(["score", "--probe", str(sampled[0]), str(teacher), "--json", "-"]) == 0
    found = {r["metric"]: r for r in json.loads(capsys.readouterr().out)}
    own, with_context = (read_run(path) for path in (sampled[0], teacher))
    mean = [sum(r.correct for r in x.task_rows(x.tasks[0])) / 96 for x in (own, with_context)]
    assert found["own_success"]["estimate"] == pytest.approx(mean[0])
    assert found["optimism_bias"]["estimate"] == pytest.approx(mean[1] - mean[0])
    assert found["optimism_bias"]["low"] > 0
    gap = found["own_confidence"]["estimate"] - mean[0]
    assert found["inheritance"]["estimate"] == pytest.approx(gap)
    assert found["own_entropy"]["estimate"] > 3
    assert not math.isnan(found["teacher_entropy"]["low"])
