"""Tokens that a model masks (a logit of -inf): 0 log 0 is 0, in values and gradients."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from caopd_bench.train.engines import losses as objectives  # noqa: E402
from caopd_bench.train.engines.local import Trainer  # noqa: E402
from caopd_bench.train.errors import TrainingError  # noqa: E402
from caopd_bench.train.questions.questions import load_questions  # noqa: E402
from caopd_bench.train.rollouts.judge import judge_rollout  # noqa: E402
from caopd_bench.train.rollouts.sample import sample  # noqa: E402
from caopd_bench.train.settings import make_settings  # noqa: E402
from caopd_bench.train.text.codec import Codec  # noqa: E402
from caopd_bench.train.watch.evaluate import summarize  # noqa: E402
from caopd_bench.train.watch.nonfinite import explain  # noqa: E402
from caopd_bench.train.watch.read_out import expected_confidences  # noqa: E402

INF = math.inf
KINDS = [("forward", 0.5), ("reverse", 0.5), ("jsd", 0.5), ("jsd", 0.1), ("jsd", 0.9)]


def reference(student, teacher, kind, beta):
    """Add up over the tokens that have a probability, one at a time, in float64."""

    def shares(logits):
        finite = [x for x in logits if x != -INF]
        top = max(finite)
        total = sum(math.exp(x - top) for x in finite)
        return [0.0 if x == -INF else math.exp(x - top) / total for x in logits]

    def kl(p, q):
        return sum(
            INF if y == 0 else x * (math.log(x) - math.log(y))
            for x, y in zip(p, q, strict=True)
            if x > 0
        )

    s, t = shares(student), shares(teacher)
    if kind == "forward":
        return kl(t, s)
    if kind == "reverse":
        return kl(s, t)
    m = [beta * y + (1 - beta) * x for x, y in zip(s, t, strict=True)]
    return beta * kl(t, m) + (1 - beta) * kl(s, m)


def draw(seed, *, student=(), teacher=(), rows=3, tokens=6, dtype=torch.float64):
    """Draw logits of student and teacher, some masked."""
    generator = torch.Generator().manual_seed(seed)
    s, t = (2 * torch.randn(rows, tokens, generator=generator, dtype=dtype) for _ in range(2))
    s[:, list(student)], t[:, list(teacher)] = -INF, -INF
    return s, t


MASKS = {
    "both": {"student": (1, 4), "teacher": (1, 4)},
    "the student": {"student": (2,)},
    "the teacher": {"teacher": (0, 5)},
    "unlike ones": {"student": (1, 2), "teacher": (2, 3)},
    "all but one": {"student": (0, 1, 2, 3, 4), "teacher": (0, 1, 2, 3, 4)},
}


@pytest.mark.parametrize(("kind", "beta"), KINDS)
@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_values_are_those_of_a_slow_sum_over_the_support(kind, beta, masks, dtype):
    for seed in range(5):
        s, t = (x.to(dtype) for x in draw(seed, **masks))
        found = objectives.divergence(s, t, kind, beta)
        wanted = [reference(*pair, kind, beta) for pair in zip(s.tolist(), t.tolist(), strict=True)]
        tolerance = 1e-12 if dtype == torch.float64 else 1e-5
        np.testing.assert_allclose(found.double().numpy(), wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("kind", "beta"), KINDS)
def test_what_both_mask_changes_nothing(kind, beta):
    """The same value and gradient as without these tokens, and no gradient of theirs."""
    s, t = draw(7, **MASKS["both"])
    kept = [0, 2, 3, 5]
    whole, part = s.clone().requires_grad_(), s[:, kept].clone().requires_grad_()
    one = objectives.divergence(whole, t, kind, beta)
    other = objectives.divergence(part, t[:, kept], kind, beta)
    torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)
    one.sum().backward()
    other.sum().backward()
    torch.testing.assert_close(whole.grad[:, kept], part.grad, rtol=1e-10, atol=1e-14)
    assert torch.equal(whole.grad[:, [1, 4]], torch.zeros(3, 2, dtype=torch.float64))


@pytest.mark.parametrize(("kind", "beta"), KINDS)
@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
def test_gradients_are_those_of_small_differences(kind, beta, masks):
    s, t = draw(3, **masks)
    place = (s == -INF).clone()
    free = s.masked_fill(place, 0.0).requires_grad_()

    def loss(x):
        values = objectives.divergence(x.masked_fill(place, -INF), t, kind, beta)
        return values.masked_fill(values.isinf(), 0.0)

    assert torch.autograd.gradcheck(loss, (free,))
    assert torch.autograd.gradcheck(
        lambda x: objectives.entropy(x.masked_fill(place, -INF)), (free,)
    )


@pytest.mark.parametrize(
    ("kind", "masks"), [("forward", MASKS["the student"]), ("reverse", MASKS["the teacher"])]
)
def test_an_infinite_loss_has_a_finite_gradient(kind, masks):
    s, t = draw(11, **masks)
    s.requires_grad_()
    loss = objectives.divergence(s, t, kind)
    assert loss.tolist() == [INF] * 3
    loss.sum().backward()
    assert s.grad.isfinite().all()


def test_extreme_logits():
    s = torch.tensor([[1e4, -1e4, 0.0, -INF], [-1e4, 1e4, 3.0, -INF]], requires_grad=True)
    t = torch.tensor([[-1e4, 1e4, 0.0, -INF], [-1e4, 1e4, -2.0, -INF]])
    for kind, wanted in (("forward", 2e4), ("reverse", 2e4), ("jsd", math.log(2))):
        s.grad = None
        loss = objectives.divergence(s, t, kind)
        assert loss.tolist() == pytest.approx([wanted, 0.0])
        loss.sum().backward()
        assert s.grad.isfinite().all()
    # What rounds to a probability of 0 adds 0, masked or not by the other one.
    masked = torch.tensor([[0.0, -1e4, -INF]])
    other = torch.tensor([[0.0, -INF, -1e4]])
    assert objectives.divergence(masked, other, "forward").tolist() == [0.0]
    assert objectives.divergence(masked, other, "reverse").tolist() == [0.0]


def test_a_position_without_a_token_counts_only_where_it_is_looked_at():
    s, t = draw(5, rows=2)
    s[1], t[1] = -INF, -INF
    s.requires_grad_()
    for kind, beta in KINDS:
        s.grad = None
        values = objectives.divergence(s[None], t[None], kind, beta)
        assert values[0, 0].isfinite()
        assert values[0, 1].isnan()
        objectives.mean_of_means(values, torch.tensor([[1.0, 0.0]])).backward()
        assert s.grad[0].abs().sum() > 0
        assert torch.equal(s.grad[1], torch.zeros(6, dtype=torch.float64))
    assert objectives.entropy(s.detach())[1].isnan()


def test_likelihood_and_policy_gradient_of_masked_tokens():
    logits = torch.tensor([[[0.0, 1.0, -INF], [0.0, 1.0, -INF]]], requires_grad=True)
    ids, mask = torch.tensor([[1, 2]]), torch.tensor([[1.0, 0.0]])
    values = objectives.likelihood(logits, ids)
    assert values[0, 1] == INF
    objectives.mean_of_means(values, mask).backward()
    assert torch.equal(logits.grad[0, 1], torch.zeros(3))
    assert logits.grad[0, 0].tolist() == pytest.approx([0.268941, -0.268941, 0.0], abs=1e-6)
    weighed = objectives.policy_gradient(logits, ids, torch.tensor([[0.5, 0.0]]))
    assert weighed[0].tolist() == pytest.approx([0.5 * 0.313262, 0.0], abs=1e-6)
    assert float(objectives.entropy(torch.tensor([0.0, 0.0, -INF]))) == pytest.approx(math.log(2))


class TestWhere:
    """The sentence that ends a run."""

    def say(self, student, teacher=None, ids=(0, 1), kind="forward"):
        s, mask = torch.tensor([student]), torch.ones(1, len(ids))
        t = None if teacher is None else torch.tensor([teacher])
        chosen = torch.tensor([ids])
        values = objectives.likelihood(s, chosen)
        if t is not None:
            values = objectives.divergence(s, t, kind)
        return explain(values, mask, s, chosen, t, kind)

    def test_nothing(self):
        assert self.say([[0.0, 0.0], [0.0, 0.0]]) == ""

    def test_of_the_student(self):
        said = self.say([[0.0, 0.0, 0.0], [0.0, 0.0, -INF]], [[0.0, 0.0, 0.0], [0.0, -3.0, 1.0]])
        assert said.startswith("at token 2 of 2 of an answer: the student's logit of token id 2 is")
        assert "while the teacher gives it a probability of 0.72" in said
        assert "set divergence to jsd" in said

    def test_of_the_teacher(self):
        said = self.say([[0.0, 0.0]] * 2, [[0.0, -INF]] * 2, kind="reverse")
        assert "at token 1 of 2 of an answer: the teacher's logit of token id 1 is -inf" in said

    def test_of_both(self):
        """The one that makes this divergence infinite, not the likelier one."""
        logits = [[2.0, -INF, 0.0]] * 2, [[-INF, 0.0, 2.0]] * 2
        assert "the student's logit of token id 1 is -inf" in self.say(*logits)
        assert "the teacher's logit of token id 0" in self.say(*logits, kind="reverse")

    def test_of_everything(self):
        said = self.say([[-INF, -INF]] * 2, [[0.0, -INF]] * 2)
        assert "every logit of the student is -inf" in said
        assert "logits of the student hold NaN" in self.say([[math.nan, 0.0]] * 2)


TASK = "caopd_arith_conf"


def make_trainer(base, *, masks=lambda _model: (), **settings):
    """Make a trainer whose models mask some tokens in everything they give."""
    chosen = {"method": "caopd", "task": TASK, "steps": 2, "prompts_per_step": 8, "k": 4}
    chosen |= {"learning_rate": 2e-3, "max_new_tokens": 12, "model": str(base), **settings}
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    docs = load_questions(TASK, limit=100)
    trainer = Trainer(make_settings(chosen), model, tokenizer, docs)
    for which in (trainer.student, trainer.teacher):
        if which is not None:
            name = "student" if which is trainer.student else "teacher"
            which.lm_head.register_forward_hook(_mask(masks(name)))
    return trainer


def _mask(ids):
    def hook(_module, _inputs, logits):
        logits = logits.clone()
        logits[..., list(ids)] = -INF
        return logits

    return hook


@pytest.mark.parametrize("divergence", ["forward", "reverse", "jsd"])
@pytest.mark.parametrize("method", ["caopd", "sft", "grpo"])
def test_a_step_of_models_that_mask_padding(micro_base, method, divergence):
    pad = transformers.AutoTokenizer.from_pretrained(micro_base).pad_token_id
    trainer = make_trainer(
        micro_base, masks=lambda _name: (pad,), method=method, divergence=divergence
    )
    row = trainer.take_step()
    assert math.isfinite(row["loss"])
    assert math.isfinite(row["grad_norm"])
    assert row["grad_norm"] > 0
    assert math.isnan(row["teacher_entropy"]) is (method != "caopd")
    assert math.isfinite(row["entropy"])
    assert all(p.isfinite().all() for p in trainer.student.parameters())


def test_an_infinite_loss_ends_a_run_before_a_weight_moves(micro_base):
    tokenizer = transformers.AutoTokenizer.from_pretrained(micro_base)
    seven = tokenizer.convert_tokens_to_ids("7")
    trainer = make_trainer(micro_base, masks=lambda name: (seven,) if name == "student" else ())
    before = {k: v.clone() for k, v in trainer.student.state_dict().items()}
    with pytest.raises(
        TrainingError,
        match=rf"^step 1: the loss is inf at token \d+ of \d+ of an answer: the student's logit of "
        rf"token id {seven} is -inf while the teacher gives it a probability of \S+, which makes",
    ):
        trainer.take_step()
    assert all(torch.equal(v, before[k]) for k, v in trainer.student.state_dict().items())


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_model_without_any_next_token_is_not_sampled_from(micro_base, temperature):
    model = transformers.AutoModelForCausalLM.from_pretrained(micro_base).eval()
    model.lm_head.register_forward_hook(lambda _m, _i, logits: torch.full_like(logits, -INF))
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match=r"no next token: .* NaN, inf or all -inf"):
        sample(
            model,
            [[5, 6, 7]],
            max_new_tokens=4,
            temperature=temperature,
            generator=generator,
            end_ids=[1],
            pad_id=0,
        )


def test_numbers_that_are_all_masked_have_no_expectation(micro_base):
    model = transformers.AutoModelForCausalLM.from_pretrained(micro_base).eval()
    codec = Codec(transformers.AutoTokenizer.from_pretrained(micro_base))
    text = "\nAnswer: 7\nConfidence: 0.95"
    doc = {"kind": "number", "answer": "7"}
    rollouts = [judge_rollout(doc, [*codec.encode(text), codec.end_id], text, finished=True)]
    asked = [codec.encode("3 + 4")], rollouts, ["number"]
    whole = expected_confidences(model, codec, *asked)[0]
    numbers = [codec.encode(f"{value / 100:.2f}") for value in range(101)]
    assert all(len(ids) == 1 for ids in numbers)
    hook = model.lm_head.register_forward_hook(_mask([ids[0] for ids in numbers[1:100]]))
    ends = expected_confidences(model, codec, *asked)[0]
    assert 0 < ends < 1
    assert ends != pytest.approx(whole, abs=1e-3)
    hook.remove()
    model.lm_head.register_forward_hook(_mask([ids[0] for ids in numbers]))
    assert math.isnan(expected_confidences(model, codec, *asked)[0])
    rows = [{"expected": math.nan, "correct": 1}, {"expected": 0.5, "correct": 1}]
    assert summarize(rows, "expected")["mean_confidence"] == 0.5
    assert summarize(rows, "expected")["parse_rate"] == 0.5


def test_masked_tokens_are_never_sampled(micro_base):
    model = transformers.AutoModelForCausalLM.from_pretrained(micro_base).eval()
    size = model.config.vocab_size
    banned = [0, 1, size - 2, size - 1]
    model.lm_head.register_forward_hook(_mask(banned))
    drawn = sample(
        model,
        [[5, 6, 7]],
        k=64,
        max_new_tokens=8,
        temperature=5.0,
        generator=torch.Generator().manual_seed(0),
        end_ids=[1],
        pad_id=0,
    )
    assert not {token for row in drawn for token in row} & set(banned)
