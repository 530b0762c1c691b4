"""One of two processes: a step of the local engine's loss, sharded with fully_shard and not."""

import copy
import json
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard

from caopd_bench.train.engines.local import batch_loss
from caopd_bench.train.methods import METHODS
from caopd_bench.train.micro.sizes import build_model
from caopd_bench.train.micro.tokenizer import build_tokenizer
from caopd_bench.train.questions.questions import load_questions
from caopd_bench.train.rollouts.judge import judge_rollout, make_groups
from caopd_bench.train.rollouts.targets import Recipe
from caopd_bench.train.settings import make_settings
from caopd_bench.train.text.codec import Codec

K = 2


def make_targets(codec, settings):
    docs = load_questions("caopd_arith_conf", limit=2)
    rollouts = []
    for doc in docs:
        for stated in ("0.90", "0.30"):
            text = codec.lead(doc["style"]) + f"Answer: {doc['answer']}\nConfidence: {stated}"
            ids = [*codec.encode(text), codec.end_id]
            rollouts.append(judge_rollout(doc, ids, text, finished=True))
    groups = make_groups(docs, rollouts, K)
    return METHODS["caopd"].make_targets(groups, Recipe(codec, settings))


def take_step(student, teacher, targets, settings, pad_id):
    """Take one step; give the mean loss of these targets."""
    # A large eps: the first step of AdamW is otherwise the gradient's sign, and the sign of a
    # gradient of 1e-9 is that of rounding.
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-2, eps=1e-4)
    loss, _ = batch_loss(student, teacher, targets, "divergence", settings, pad_id)
    loss = loss / len(targets)
    loss.backward()
    optimizer.step()
    return loss.detach()


def shard(model):
    for layer in model.model.layers:
        fully_shard(layer)
    return fully_shard(model)


def main(output):
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    settings = make_settings({"method": "caopd", "model": "-", "task": "caopd_arith_conf", "k": K})
    tokenizer = build_tokenizer()
    codec = Codec(tokenizer)
    targets = make_targets(codec, settings)
    # Another teacher than the student, so that there is something to learn.
    student, teacher = build_model("10k", tokenizer, 0), build_model("10k", tokenizer, 1)
    plain = copy.deepcopy(student)
    expected = take_step(plain, copy.deepcopy(teacher), targets, settings, codec.pad_id)

    sharded = shard(student)
    from torch.distributed.tensor import DTensor

    assert all(isinstance(weight, DTensor) for weight in sharded.parameters())
    half = targets[rank * 2 : rank * 2 + 2]
    loss = take_step(sharded, shard(teacher), half, settings, codec.pad_id)
    dist.all_reduce(loss)
    apart = 0.0
    before = build_model("10k", tokenizer, 0).state_dict()
    moved = 0.0
    for (name, ours), theirs in zip(sharded.named_parameters(), plain.parameters(), strict=True):
        full = ours.full_tensor()
        apart = max(apart, float((full - theirs).detach().abs().max()))
        moved = max(moved, float((full - before[name]).detach().abs().max()))
    if rank == 0:
        found = {"loss": float(loss) / 2, "expected": float(expected), "apart": apart}
        Path(output).write_text(json.dumps({**found, "moved": moved}))
    dist.destroy_process_group()


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main(sys.argv[1])
