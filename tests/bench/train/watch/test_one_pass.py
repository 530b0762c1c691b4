"""The expectation out of the cache that decoding left: that of the separate read-out."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from caopd_bench.train.questions.questions import load_questions  # noqa: E402
from caopd_bench.train.text.codec import Codec, find_end_ids  # noqa: E402
from caopd_bench.train.watch.evaluate import answer  # noqa: E402
from caopd_bench.train.watch.one_pass import (  # noqa: E402
    Place,
    can_read_cache,
    decode_and_read,
)


@pytest.mark.parametrize("batch", [7, 64])
def test_rows_and_expectations_of_a_micro_model(micro_base, batch):
    model = transformers.AutoModelForCausalLM.from_pretrained(micro_base).eval()
    codec = Codec(
        transformers.AutoTokenizer.from_pretrained(micro_base), end_ids=find_end_ids(model)
    )
    docs = load_questions("caopd_arith_conf", split="test", limit=40)
    both = [
        answer(model, codec, docs, max_new_tokens=32, expectation=True, one_pass=once, batch=batch)
        for once in (False, True)
    ]
    for row, other in zip(*both, strict=True):
        assert row.pop("expected") == pytest.approx(other.pop("expected"), abs=1e-5)
        assert row == other


NUMBERS = tuple((*divmod(value, 10), 11) if value < 100 else (12, 0, 11) for value in range(101))
HEADS = [[3, 4, 5, 6], [3, 4, 7], [3, 4, 8, 9, 10, 2], [3, 4, 1, 1]]


@pytest.mark.parametrize("prompts", [HEADS, [[5], [6, 7], [8, 9, 1]], [[4, 4, 4]]])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@torch.no_grad()
def test_numbers_of_several_tokens_after_prompts_of_several_lengths(prompts, attention):
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=16, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, initializer_range=0.3,
        eos_token_id=15, pad_token_id=15, bos_token_id=None,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config).eval()
    model.set_attn_implementation(attention)
    assert can_read_cache(model)

    def find(row, ids):
        # The second token of an answer is its number; of the last prompt it states none.
        return None if row == 3 else Place((ids[0],), NUMBERS)

    answers, expected = decode_and_read(
        model, prompts, find, max_new_tokens=5, end_ids={15}, pad_id=15, batch=3
    )
    for row, (prompt, ids, value) in enumerate(zip(prompts, answers, expected, strict=True)):
        greedy = list(prompt)
        while len(greedy) < len(prompt) + 5 and (len(greedy) == len(prompt) or greedy[-1] != 15):
            greedy.append(int(model(torch.tensor([greedy])).logits[0, -1].argmax()))
        assert ids == greedy[len(prompt) :]
        if row == 3:
            assert value is None
            continue
        chances = []
        for number in NUMBERS:
            whole = torch.tensor([[*prompt, ids[0], *number]])
            logs = model(whole).logits[0].double().log_softmax(-1)
            at = len(prompt)
            chances.append(sum(float(logs[at + i, t]) for i, t in enumerate(number)))
        chances = torch.tensor(chances).exp()
        mean = float((chances * torch.arange(101) / 100).sum() / chances.sum())
        assert value == pytest.approx(mean, abs=1e-5)


def test_a_head_that_is_not_the_answers_is_refused():
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=2,
        )
    ).eval()  # fmt: skip
    with pytest.raises(ValueError, match=r"find: .* is not how the answer begins"):
        decode_and_read(
            model, [[1, 2]], lambda _row, ids: Place((ids[0] + 1,), NUMBERS),
            max_new_tokens=3, end_ids=set(), pad_id=0, batch=2,
        )  # fmt: skip


def test_a_window_of_attention_is_left_to_the_separate_read_out():
    config = transformers.MistralConfig(
        vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, sliding_window=4,
    )  # fmt: skip
    assert not can_read_cache(transformers.MistralForCausalLM(config))
