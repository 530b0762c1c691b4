"""The trainer's own evaluation gives the rows that plain lm-eval gives."""

import math

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
lm_eval = pytest.importorskip("lm_eval", reason="lm-eval is not installed (extra `eval`)")

from caopd_bench import read_run, score  # noqa: E402
from caopd_bench.tasks import task_folder  # noqa: E402
from caopd_bench.training.codec import Codec  # noqa: E402
from caopd_bench.training.evaluating import SUMMARY, answer, summarize  # noqa: E402
from caopd_bench.training.questions import load_questions  # noqa: E402

LIMIT = 120


@pytest.mark.filterwarnings("ignore")
def test_the_same_rows_as_lm_eval(micro_base, tmp_path):
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    tracker = EvaluationTracker(output_path=str(tmp_path))
    results = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": str(micro_base), "dtype": "float32", "device": "cpu"},
        tasks=["caopd_arith_conf"],
        limit=LIMIT,
        batch_size=40,
        task_manager=TaskManager(include_path=task_folder(), include_defaults=False),
        evaluation_tracker=tracker,
        log_samples=True,
        bootstrap_iters=0,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    tracker.save_results_samples("caopd_arith_conf", samples["caopd_arith_conf"])
    rows = read_run(tmp_path).rows

    model = transformers.AutoModelForCausalLM.from_pretrained(micro_base).eval()
    codec = Codec(transformers.AutoTokenizer.from_pretrained(micro_base))
    docs = load_questions("caopd_arith_conf", split="test", limit=LIMIT)
    ours = answer(model, codec, docs, max_new_tokens=32)
    wanted = {row.item_hash: (row.confidence, row.correct, row.status) for row in rows}
    assert {r["item_hash"]: (r["confidence"], r["correct"], r["status"]) for r in ours} == wanted
    assert len(wanted) == LIMIT

    records = {r.metric: r.estimate for r in score(tmp_path) if r.group is None}
    summary = summarize(ours)
    for name in SUMMARY:
        if not math.isnan(summary[name]):
            assert summary[name] == pytest.approx(records[name], abs=1e-9), name


def test_undefined_is_nan_and_missing_confidences_are_left_out():
    row = {"confidence": 0.5, "correct": 1}
    silent = {"confidence": None, "correct": 0}
    summary = summarize([row, silent])
    assert summary["accuracy"] == 0.5
    assert summary["parse_rate"] == 0.5
    assert summary["mean_confidence"] == 0.5
    assert math.isnan(summary["auroc"])
    assert math.isnan(summarize([silent])["ece"])
