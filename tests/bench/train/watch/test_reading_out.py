"""The expectation of a stated number, against brute force, for numbers of one token and of many."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from caopd_bench.train.micro.sizes import build_model  # noqa: E402
from caopd_bench.train.micro.tokenizer import build_tokenizer  # noqa: E402
from caopd_bench.train.rollouts.judge import judge_rollout  # noqa: E402
from caopd_bench.train.text.codec import Codec  # noqa: E402
from caopd_bench.train.watch.read_out import (  # noqa: E402
    VALUES,
    expected_confidences,
    number_probabilities,
)

DOC = {"kind": "number", "answer": "7"}
TEXTS = ["\nAnswer: 007\nConfidence: 0.95", "\nAnswer: 008\nConfidence: 0.20", "\nAnswer: 007"]


def make(tokenizer):
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    model = transformers.LlamaForCausalLM(config).eval()
    model.lm_head.weight.data *= 30
    return model


@pytest.mark.parametrize("name", ["micro", "characters", "byte-pairs"])
def test_probabilities_are_those_of_the_whole_strings(name, tokenizers_by_name):
    if name == "micro":
        tokenizer = build_tokenizer()
        model = build_model("10k", tokenizer, 0).eval()
        model.lm_head.weight.data *= 20
    else:
        tokenizer = tokenizers_by_name[name]
        model = make(tokenizer)
    codec = Codec(tokenizer)
    rollouts = [
        judge_rollout(DOC, [*codec.encode(t), codec.end_id], t, finished=True) for t in TEXTS
    ]
    prompt = codec.encode("Q: 3")
    found = number_probabilities(model, codec, [prompt] * 3, rollouts, ["number"] * 3)
    assert found[2] is None
    for rollout, chances in zip(rollouts[:2], found[:2], strict=True):
        body, _ = codec.split_end(rollout.ids)
        start = rollout.text.rindex(":") + 2
        for place in (0, 7, 95, 100):
            changed = codec.restate(
                body, rollout.text, (start, len(rollout.text)), f"{VALUES[place]:.2f}"
            )
            kept, _ = codec.find_span(body, (start, len(rollout.text)))
            assert changed.ids[:kept] == body[:kept]
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([prompt + changed.ids])).logits[0].double()
            logs = logits.log_softmax(-1)
            at = len(prompt) + kept - 1
            wanted = sum(logs[at + i, token] for i, token in enumerate(changed.ids[kept:]))
            assert np.log(chances[place]) == pytest.approx(float(wanted), abs=1e-4)
    expected = expected_confidences(model, codec, [prompt] * 3, rollouts, ["number"] * 3, batch=2)
    assert expected[2] is None
    assert expected[0] == pytest.approx(found[0] @ VALUES / found[0].sum())
    assert 0 <= expected[1] <= 1
