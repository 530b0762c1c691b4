"""The trainer's own evaluation gives the rows that plain lm-eval gives."""

import json
import math
import shutil

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
lm_eval = pytest.importorskip("lm_eval", reason="lm-eval is not installed (extra `eval`)")

from caopd_bench import read_run, score  # noqa: E402
from caopd_bench.tasks import task_folder  # noqa: E402
from caopd_bench.train.questions.questions import load_questions  # noqa: E402
from caopd_bench.train.text.codec import Codec, find_end_ids  # noqa: E402
from caopd_bench.train.watch.evaluate import SUMMARY, answer, summarize  # noqa: E402

LIMIT = 120


def evaluate(folder, output, limit, batch):
    """Evaluate with lm-eval, and give the run."""
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    arguments = {"pretrained": str(folder), "dtype": "float32", "device": "cpu"}
    tracker = EvaluationTracker(output_path=str(output))
    manager = TaskManager(
        include_path=task_folder(), include_defaults=False, metadata=dict(arguments)
    )
    results = lm_eval.simple_evaluate(
        model="hf",
        model_args=arguments,
        tasks=["caopd_arith_conf"],
        limit=limit,
        batch_size=batch,
        task_manager=manager,
        evaluation_tracker=tracker,
        log_samples=True,
        bootstrap_iters=0,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    tracker.save_results_samples("caopd_arith_conf", samples["caopd_arith_conf"])
    return read_run(output)


def answer_all(folder, limit, **options):
    """Let a model answer in this process."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    codec = Codec(transformers.AutoTokenizer.from_pretrained(folder), end_ids=find_end_ids(model))
    docs = load_questions("caopd_arith_conf", split="test", limit=limit)
    return answer(model, codec, docs, max_new_tokens=32, **options)


@pytest.mark.filterwarnings("ignore")
def test_the_same_rows_as_lm_eval(micro_base, tmp_path):
    rows = evaluate(micro_base, tmp_path, LIMIT, 40).rows
    ours = answer_all(micro_base, LIMIT)
    wanted = {row.item_hash: (row.confidence, row.correct, row.status) for row in rows}
    assert {r["item_hash"]: (r["confidence"], r["correct"], r["status"]) for r in ours} == wanted
    assert len(wanted) == LIMIT

    records = {r.metric: r.estimate for r in score(tmp_path) if r.group is None}
    summary = summarize(ours)
    for name in SUMMARY:
        if not math.isnan(summary[name]):
            assert summary[name] == pytest.approx(records[name], abs=1e-9), name


UNKNOWN, ONE = 2, "1"
OWN_SETTINGS = {
    "a repetition penalty": {"repetition_penalty": 1.3},
    "n-grams": {"no_repeat_ngram_size": 2},
    "a budget": {"max_new_tokens": 4},
    "a word suppressed": {"suppress_tokens": [ONE]},
    "a longer answer": {"min_new_tokens": 20},
    "special tokens": {"sequence_bias": [[["<unk>"], 18.0]]},
    "beams": {"num_beams": 3, "length_penalty": 2.0},
    "another end": {"eos_token_id": ["<eos>", ONE]},
    "what samples need": {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("settings", OWN_SETTINGS.values(), ids=OWN_SETTINGS)
def test_the_same_texts_where_a_model_has_settings_of_its_own(settings, micro_base, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(micro_base, folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def number(value):
        if isinstance(value, list):
            return [number(one) for one in value]
        return tokenizer.convert_tokens_to_ids(value) if isinstance(value, str) else value

    numbered = {name: number(value) for name, value in settings.items()}
    file = folder / "generation_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **numbered}))
    run = evaluate(folder, tmp_path / "run", 40, 16)
    wanted = {row.item_hash: row.text for row in run.rows}
    ours = {row["item_hash"]: row["text"] for row in answer_all(folder, 40, batch=16)}
    assert ours == wanted
    told = run.settings("caopd_arith_conf")["effective_generation"]
    plain = {row["item_hash"]: row["text"] for row in answer_all(micro_base, 40)}
    if set(settings) & {"eos_token_id", "do_sample"}:
        assert told == {}
    else:
        assert set(told) == set(settings)
        assert ours != plain
    assert (ours == plain) is ("do_sample" in settings)


def test_an_expectation_is_of_an_answer_whose_tokens_read_the_same(micro_base):
    """Special tokens are no part of a text, but of the tokens that a number is looked for in."""
    codec = Codec(transformers.AutoTokenizer.from_pretrained(micro_base))
    model = transformers.AutoModelForCausalLM.from_pretrained(micro_base).eval()
    docs = load_questions("caopd_arith_conf", split="test", limit=8)
    whole = answer(model, codec, docs, max_new_tokens=32, expectation=True)
    assert all((row["expected"] is None) is (row["confidence"] is None) for row in whole)
    texts = [codec.read([UNKNOWN, *codec.encode("\nAnswer: 7\nConfidence: 0.95")])]
    assert texts == ["\nAnswer: 7\nConfidence: 0.95"]


def test_undefined_is_nan_and_missing_confidences_are_left_out():
    row = {"confidence": 0.5, "correct": 1}
    silent = {"confidence": None, "correct": 0}
    summary = summarize([row, silent])
    assert summary["accuracy"] == 0.5
    assert summary["parse_rate"] == 0.5
    assert summary["mean_confidence"] == 0.5
    assert math.isnan(summary["auroc"])
    assert math.isnan(summarize([silent])["ece"])
