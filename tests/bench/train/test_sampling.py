"""Sampling with a cache gives what recomputing gives; passes do not see their padding."""

import inspect

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from caopd_bench.train.micro.sizes import build_model  # noqa: E402
from caopd_bench.train.micro.tokenizer import build_tokenizer  # noqa: E402
from caopd_bench.train.passes import completion_logits, name_cache  # noqa: E402
from caopd_bench.train.rollouts.sample import sample  # noqa: E402

PROMPTS = [[3, 4, 5], [6, 7, 8, 9, 10, 11], [12], [13, 14, 15, 16]]


@pytest.fixture(scope="module")
def model():
    made = build_model("10k", build_tokenizer(), 3).eval()
    # An untrained model is nearly uniform: larger logits make greedy choices clear.
    made.lm_head.weight.data *= 20
    return made


def recompute(model, prompt, budget, ends):
    ids = list(prompt)
    for _ in range(budget):
        with torch.inference_mode():
            token = int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
        ids.append(token)
        if token in ends:
            break
    return ids[len(prompt) :]


def draw(model, prompts, **options):
    settings = {"max_new_tokens": 12, "temperature": 0.0, "generator": None, "end_ids": {1}}
    return sample(model, prompts, pad_id=0, **{**settings, **options})


@pytest.mark.parametrize("ends", [{1}, {1, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120}])
def test_greedy_equals_recomputing(model, ends):
    wanted = [recompute(model, prompt, 12, ends) for prompt in PROMPTS]
    assert draw(model, PROMPTS, end_ids=ends) == wanted
    assert draw(model, PROMPTS, end_ids=ends, batch=1) == wanted
    doubled = draw(model, PROMPTS, end_ids=ends, k=2)
    assert doubled == [answer for answer in wanted for _ in range(2)]


def test_rows_that_ended_leave_and_the_others_go_on(model):
    prompts = [[i, i + 1] for i in range(3, 43)]
    ends = set(range(40, 124, 8))
    wanted = [recompute(model, prompt, 12, ends) for prompt in prompts]
    assert len({len(answer) for answer in wanted}) > 3
    assert draw(model, prompts, end_ids=ends) == wanted


def test_sampling_follows_the_distribution_and_the_generator(model):
    generator = torch.Generator().manual_seed(5)
    options = {"k": 4000, "max_new_tokens": 1, "temperature": 2.0, "batch": 5000}
    drawn = draw(model, [PROMPTS[1]], generator=generator, **options)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([PROMPTS[1]])).logits[0, -1]
    chances = (logits / 2.0).softmax(-1)
    counts = torch.bincount(torch.tensor(drawn)[:, 0], minlength=len(chances)) / 4000
    assert (counts - chances).abs().max() < 0.04
    assert chances.max() > 0.1
    again = draw(model, [PROMPTS[1]], generator=torch.Generator().manual_seed(5), **options)
    assert drawn == again
    with pytest.raises(ValueError, match="generator"):
        draw(model, PROMPTS, temperature=1.0)


def test_logits_of_completions_do_not_see_padding(model):
    completions = [[20, 21], [22, 23, 24, 25], [26], [27, 28, 29]]
    together = completion_logits(model, PROMPTS, completions, 0)
    for row, (prompt, completion) in enumerate(zip(PROMPTS, completions, strict=True)):
        alone = model(input_ids=torch.tensor([prompt + completion])).logits[0]
        wanted = alone[len(prompt) - 1 : len(prompt) + len(completion) - 1]
        torch.testing.assert_close(together[row, : len(completion)], wanted, rtol=1e-5, atol=1e-5)


def test_logits_of_prompts_of_one_length(model):
    same = completion_logits(model, [[3, 4], [5, 6]], [[20, 21], [22]], 0)
    assert same.shape[:2] == (2, 2)
    alone = model(input_ids=torch.tensor([[3, 4, 20, 21]])).logits[0, 1:3]
    torch.testing.assert_close(same[0], alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("prompts", [PROMPTS, [p[:1] for p in PROMPTS]])
def test_shared_prompts_give_the_same_logits_and_gradients(model, prompts):
    """Prompts of unequal and of equal length, each with three completions of unequal length."""
    rows = [prompt for prompt in prompts for _ in range(3)]
    completions = [[20 + i] * (1 + i % 4) for i in range(len(rows))]
    mask = torch.tensor([[float(j < len(c)) for j in range(4)] for c in completions])
    found = []
    for share in (True, False):
        model.zero_grad()
        logits = completion_logits(model, rows, completions, 0, share=share)
        loss = (logits.log_softmax(-1)[..., 5] * mask).sum()
        loss.backward()
        grads = torch.cat([p.grad.flatten() for p in model.parameters()])
        found.append((logits * mask[..., None], grads))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-4, atol=1e-4)
    # The sums of a gradient are rounded in another order, by how much depends on the processor.
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-3)


def test_shared_prompts_with_completions_of_one_token(model):
    rows, completions = [PROMPTS[0]] * 2, [[20], [21]]
    shared = completion_logits(model, rows, completions, 0)
    own = completion_logits(model, rows, completions, 0, share=False)
    torch.testing.assert_close(shared, own, rtol=1e-4, atol=1e-4)


class Older:
    def forward(self, input_ids, past_key_values=None): ...


class Newer:
    def forward(self, input_ids, cache=None): ...


class Wrapper:
    def forward(self, *words, **named): ...


def test_the_cache_has_the_name_that_the_model_takes(model):
    assert name_cache(model) in inspect.signature(type(model).forward).parameters
    assert (name_cache(Older()), name_cache(Newer())) == ("past_key_values", "cache")
    # What hands on any argument is called as this release calls its own.
    assert name_cache(Wrapper()) == name_cache(model)
