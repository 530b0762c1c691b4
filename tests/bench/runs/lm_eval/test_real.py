"""The real lm_eval with a tiny model: what it logs of a multiple_choice task is what is read."""

import json
import os
import subprocess
import sys

import pytest

from caopd_bench import read_run

TASK = """task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: choices
doc_to_target: answer
metric_list:
  - metric: acc
  - metric: acc_norm
  - metric: acc_bytes
  - metric: acc_mutual_info
metadata: {{version: 1.0}}
"""
#: As the command does it, without the index of all of lm-eval's own tasks, which takes 6 s.
EVALUATE = """
import sys
from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager
model, folder = sys.argv[1:]
tracker = EvaluationTracker(output_path=folder + "/out")
results = simple_evaluate(
    model="hf", model_args=f"pretrained={model},dtype=float32", tasks=["sounds"], device="cpu",
    task_manager=TaskManager(include_path=folder, include_defaults=False), batch_size=9,
    evaluation_tracker=tracker, log_samples=True, bootstrap_iters=0,
)
samples = results.pop("samples")
tracker.save_results_aggregated(results=results, samples=samples)
for task in results["configs"]:
    tracker.save_results_samples(task_name=task, samples=samples[task])
"""
GROUP = """group: sounds
task: [sounds_soft, sounds_loud]
aggregate_metric_list:
  - metric: acc
    weight_by_size: true
metadata: {version: 1.0}
"""


def test_what_the_real_lm_eval_logs(tmp_path, tiny_llama):
    pytest.importorskip("lm_eval")
    for name, options in (("soft", ["hum", "a long whisper"]), ("loud", ["bang", "roar", "boom!"])):
        docs = [
            {
                "question": f'Which "sound" is number {i}?',
                "choices": [f"{option} {i}" for option in options],
                "answer": i % len(options),
                "subject": name,
            }
            for i in range(9)
        ]
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps(doc) + "\n" for doc in docs))
        (tmp_path / f"{name}.yaml").write_text(TASK.format(name=f"sounds_{name}", file=file))
    (tmp_path / "group.yaml").write_text(GROUP)
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE, str(tiny_llama), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    run = read_run(tmp_path / "out")
    assert run.warnings == ()
    suffixes = {"acc": "", "acc_norm": ":norm", "acc_bytes": ":norm_bytes"}
    suffixes["acc_mutual_info"] = ":mutual_info"
    assert run.tasks == [f"sounds{suffix}" for suffix in suffixes.values()]
    results = json.loads(next((tmp_path / "out").rglob("results_*.json")).read_text())["results"]
    for metric, suffix in suffixes.items():
        counts = run.count_by(f"sounds{suffix}", "subtask")
        for subtask in ("sounds_soft", "sounds_loud"):
            assert counts[subtask].right / counts[subtask].n == results[subtask][f"{metric},none"]
    assert {len(row.probabilities) for row in run.rows} == {2, 3}
