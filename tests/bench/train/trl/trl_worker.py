"""One process of a run with the trl engine, and what the tests of it share.

As a script: `trl_worker.py FOLDER OUTPUT...`, with RANK, WORLD_SIZE and MASTER_* in the
environment; what an OUTPUT is called is its mode. "fixed" trains two steps on the rollouts of
`answers`; "sampled" samples its own.
"""

import json
import os
import shutil
import sys
from pathlib import Path

BASE = Path(__file__).parents[4] / "reference_runs" / "bases" / "sure-10k-s0"
PROMPTS, K = 3, 4
VALUES = {
    "task": "caopd_arith_conf",
    "engine": "trl",
    "steps": 2,
    "prompts_per_step": PROMPTS,
    "k": K,
    "max_new_tokens": 12,
    "micro_batch": 3,
    "questions": 8,
    "learning_rate": 1e-2,
    "save_every": 100,
}
#: What the answers to one question state, whether they are right, and whether they end.
PATTERN = [
    [("0.90", True, True), ("0.80", False, True), ("1.00", True, True), ("0.70", True, False)],
    [("0.95", False, True), ("0.85", False, True), ("0.30", True, True), ("0.20", False, True)],
    [("0.99", True, True), (None, True, True), ("0.40", False, True), ("0.50", True, True)],
]


def settings(folder, **values):
    from caopd_bench.train.settings import make_settings

    return make_settings({**VALUES, "model": str(folder), **values})


def save_model(folder):
    """Copy a micro model that answers in the format: of one that does not nothing is learned."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in BASE.iterdir():
        shutil.copyfile(file, folder / file.name)


def answers(lesson, questions):
    """Give K fixed answers to each of some questions, as tokens."""
    codec, completions = lesson.codec, []
    for place, question in enumerate(questions):
        doc = lesson.docs[question]
        for stated, right, ends in PATTERN[place % len(PATTERN)]:
            gold = str(doc["answer"])
            said = gold if right else gold[:-1] + str((int(gold[-1]) + 1) % 10)
            text = codec.lead(doc["style"]) + f"Answer: {said}"
            text += f"\nConfidence: {stated}" if stated else ""
            completions.append(codec.encode(text) + ([codec.end_id] if ends else []))
    return completions


def fix_answers(trainer, process, processes):
    """Let a trainer "sample" what `answers` gives; the questions come in the run's order."""
    lesson, state = trainer.lesson, {"step": 0}

    def generate(prompt_ids):
        first = state["step"] * PROMPTS
        state["step"] += 1
        chosen = lesson.columns()["question"][first : first + PROMPTS]
        everything = answers(lesson, chosen)
        share = len(everything) // processes
        mine = everything[process * share : (process + 1) * share]
        assert len(mine) == len(prompt_ids)
        return prompt_ids, mine

    trainer._generate = generate


def watch(trainer, record):
    """Keep the success rates, and this process's rollouts, of every step."""
    lesson = trainer.lesson
    group, judge = lesson._group, lesson._judge

    def watch_group(everything):
        groups = group(everything)
        record["rates"].append([[None if r != r else r for r in g.rates] for g in groups])
        return groups

    def watch_judge(place, ids):
        record["rollouts"].append([place, list(ids)])
        return judge(place, ids)

    lesson._group, lesson._judge = watch_group, watch_judge


def train(folder, output, mode, method="caopd"):
    from caopd_bench.train.engines.trl.engine import _write, build_trainer

    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    record = {"rates": [], "rollouts": [], "rows": []}
    output.mkdir(exist_ok=True)
    trainer = build_trainer(
        settings(folder, method=method),
        output,
        record["rows"].append,
        extra={"use_cpu": True, "ddp_backend": "gloo" if world > 1 else None},
    )
    if mode == "fixed":
        fix_answers(trainer, rank, world)
    watch(trainer, record)
    trainer.train()
    if mode == "sampled":  # the checkpoint, with the teacher's gathered weights
        trainer._save_checkpoint(trainer.model_wrapped, None)
        record["teacher"] = (output / "trl-checkpoints" / "checkpoint-2" / "teacher").is_dir()
    _write(trainer, output, {})
    (output / f"record-{rank}.json").write_text(json.dumps(record))
    return record


if __name__ == "__main__":
    for place in map(Path, sys.argv[2:]):
        train(Path(sys.argv[1]), place, place.name)
