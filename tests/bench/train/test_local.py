"""The local engine: a short run of every method, and what a step does to the weights."""

import csv
import dataclasses
import math

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from caopd_bench.tasks.catalogue.weights import fingerprint_weights  # noqa: E402
from caopd_bench.train.engines.local import Trainer, batch_loss, draw_rollouts  # noqa: E402
from caopd_bench.train.errors import TrainingError  # noqa: E402
from caopd_bench.train.methods import METHODS  # noqa: E402
from caopd_bench.train.questions.questions import load_questions  # noqa: E402
from caopd_bench.train.rollouts.judge import Group  # noqa: E402
from caopd_bench.train.rollouts.targets import Recipe  # noqa: E402
from caopd_bench.train.settings import make_settings  # noqa: E402
from caopd_bench.train.text.codec import Codec  # noqa: E402
from caopd_bench.train.text.replace import write_confidence  # noqa: E402
from caopd_bench.train.watch.evaluate import answer, summarize  # noqa: E402

TASK = "caopd_arith_conf"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def docs():
    return load_questions(TASK, limit=600)


def load(base):
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    return model, transformers.AutoTokenizer.from_pretrained(base)


def make_trainer(base, docs, **settings):
    chosen = {"method": "caopd", "task": TASK, "steps": 3, "prompts_per_step": 8, "k": 4}
    chosen |= {"learning_rate": 2e-3, "max_new_tokens": 12, "model": str(base), **settings}
    return Trainer(make_settings(chosen), *load(base), docs)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_of_every_method(method, micro_base, docs, tmp_path):
    trainer = make_trainer(micro_base, docs, method=method)
    before = fingerprint_weights(micro_base)
    seen = []
    trainer.run(tmp_path, {"method": method}, seen.append)
    assert [row["step"] for row in seen] == [1, 2, 3]
    for row in seen:
        assert math.isfinite(row["loss"])
        assert math.isfinite(row["entropy"])
        if METHODS[method].samples:
            assert row["rollouts"] == 32
            assert 0 < row["success_rate"] < 1
            assert row["stated"] > 0.5
        assert (row["teacher_entropy"] == row["teacher_entropy"]) is (
            METHODS[method].loss == "divergence"
        )
    assert fingerprint_weights(tmp_path) != before
    with (tmp_path / "training.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3"]
    model, tokenizer = load(tmp_path)
    rows = answer(model.eval(), Codec(tokenizer), docs[:32], max_new_tokens=12)
    assert summarize(rows)["parse_rate"] > 0.5


def test_the_effect_in_seconds(micro_base, docs):
    """OPD states 1.00 on everything; CaOPD keeps near what the student can do; constant, flat."""
    results = {}
    for method in ("opd", "caopd", "caopd-constant"):
        trainer = make_trainer(
            micro_base, docs, method=method, steps=40, prompts_per_step=16, k=8, teacher_ema=0.0
        )
        for _ in range(40):
            trainer.take_step()
        rows = answer(
            trainer.student, trainer.codec, docs[:300], max_new_tokens=12, expectation=True
        )
        results[method] = summarize(rows), summarize(rows, "expected")
    opd, caopd, constant = results["opd"][0], results["caopd"][1], results["caopd-constant"][1]
    assert opd["mean_confidence"] > 0.97
    assert opd["spr"] < 0.1
    assert opd["parse_rate"] > 0.98
    assert caopd["overconfidence_gap"] < opd["overconfidence_gap"] - 0.2
    assert caopd["ece"] < opd["ece"] - 0.2
    assert caopd["auroc"] > 0.7
    assert abs(constant["overconfidence_gap"]) < 0.2
    assert constant["auroc"] < caopd["auroc"]


def _loss(trainer, docs, **settings):
    chosen = dataclasses.replace(trainer.settings, **settings)
    groups = draw_rollouts(trainer.student, trainer.codec, docs, chosen, 0)
    targets = trainer.method.make_targets(groups, Recipe(trainer.codec, chosen, 0.5))
    return batch_loss(trainer.student, trainer.teacher, targets, trainer.method.loss, chosen, 0)[0]


def test_a_weight_of_the_stated_confidence(micro_base, docs):
    """The gradient is that of all tokens and so much more of those of the number; 1 is 1."""

    def gradient(targets, trainer):
        trainer._backward(targets)
        return torch.cat([p.grad.flatten() for p in trainer.student.parameters()])

    found = {}
    for weight in (1.0, 4.0):
        trainer = make_trainer(micro_base, docs, confidence_weight=weight)
        made = []
        trainer._update = lambda targets, made=made: made.extend(targets) or (0.0, 0.0, (0.0, 0.0))
        trainer.take_step()
        found[weight] = gradient(made, trainer)
        assert all((t.weights is None) is (weight == 1 or t.span is None) for t in made)
    alone = [
        t._replace(weights=[float(w > 1) for w in t.weights or [1.0] * len(t.completion)])
        for t in made
    ]
    trainer.optimizer.zero_grad()
    expected = found[1.0] + 3 * gradient(alone, trainer)
    torch.testing.assert_close(found[4.0], expected, rtol=1e-4, atol=1e-5)


def test_the_level_control_states_its_levels_rate(micro_base, docs):
    trainer = make_trainer(micro_base, docs, method="caopd-level", prompts_per_step=16)
    made = []
    trainer._update = lambda targets: made.extend(targets) or (0.0, 0.0, (0.0, 0.0))
    trainer.take_step()
    levels = {str(doc["level"]) for doc in docs}
    assert set(trainer.means.levels) <= levels
    assert len(trainer.means.levels) > 1
    wanted = {write_confidence(rate) for rate in trainer.means.levels.values()}
    stated = {trainer.codec.decode(t.completion[slice(*t.span)]) for t in made if t.span}
    assert stated == wanted


def test_swapping_the_divergence_changes_the_loss(micro_base, docs):
    trainer = make_trainer(micro_base, docs)
    losses = {
        kind: float(_loss(trainer, docs[:8], divergence=kind).detach())
        for kind in ("forward", "reverse", "jsd")
    }
    assert abs(losses["forward"] - losses["reverse"]) > 0.1
    assert losses["jsd"] < min(losses["forward"], losses["reverse"])
    without = float(_loss(trainer, docs[:8], replace="completion,demonstration").detach())
    assert without != losses["forward"]


def test_gradients_do_not_depend_on_the_micro_batch(micro_base, docs):
    grads = []
    for size in (256, 5):
        trainer = make_trainer(micro_base, docs, micro_batch=size)
        groups = draw_rollouts(trainer.student, trainer.codec, docs[:8], trainer.settings, 0)
        targets = trainer.method.make_targets(groups, Recipe(trainer.codec, trainer.settings))
        trainer._backward(targets)
        grads.append(torch.cat([p.grad.flatten() for p in trainer.student.parameters()]))
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-4, atol=1e-6)


def test_a_frozen_teacher_stays_and_an_average_follows(micro_base, docs):
    frozen, moving = (make_trainer(micro_base, docs, teacher_ema=e) for e in (0.0, 0.1))
    start = [p.clone() for p in frozen.teacher.parameters()]
    for trainer in (frozen, moving):
        trainer.take_step()
    assert all(map(torch.equal, start, frozen.teacher.parameters()))
    for before, teacher, student in zip(
        start, moving.teacher.parameters(), moving.student.parameters(), strict=True
    ):
        torch.testing.assert_close(teacher, 0.9 * before + 0.1 * student, rtol=1e-5, atol=1e-7)


def test_bfloat16_passes_leave_the_weights_float32(micro_base, docs):
    trainer = make_trainer(micro_base, docs, precision="bfloat16")
    row = trainer.take_step()
    assert math.isfinite(row["loss"])
    for module in (trainer.student, trainer.teacher):
        assert {p.dtype for p in module.parameters()} == {torch.float32}


def test_a_loss_that_is_no_number_stops_the_run(micro_base, docs, tmp_path):
    trainer = make_trainer(micro_base, docs, save_every=1)
    steps = trainer.take_step

    def spoil():
        if trainer.step == 2:
            trainer.student.lm_head.weight.data.fill_(math.nan)
            trainer.method = METHODS["sft"]
        return steps()

    trainer.take_step = spoil
    with pytest.raises(TrainingError, match=r"step 3: the loss is nan .* lower learning_rate"):
        trainer.run(tmp_path, {})
    model, _ = load(tmp_path / "last")
    assert torch.isfinite(model.lm_head.weight).all()


def test_no_token_of_an_answer_is_skipped(micro_base, docs):
    """The official code skips three tokens, which of these answers is the answer."""
    trainer = make_trainer(micro_base, docs, method="sft")
    (target,) = trainer.method.make_targets(
        [Group(docs[0], [], [])], Recipe(trainer.codec, trainer.settings)
    )
    loss, _ = batch_loss(trainer.student, None, [target], "likelihood", trainer.settings, 0)
    with torch.inference_mode():
        ids = torch.tensor([target.prompt + target.completion])
        logs = trainer.student(input_ids=ids).logits.log_softmax(-1)[0]
    start = len(target.prompt) - 1
    wanted = -sum(float(logs[start + i, t]) for i, t in enumerate(target.completion))
    assert float(loss.detach()) == pytest.approx(wanted / len(target.completion), rel=1e-4)


def test_long_prompts_are_not_cut(micro_base, docs):
    codec = make_trainer(micro_base, docs).codec
    doc = {**docs[0], "question": "1+" * 2000 + "1"}
    assert len(codec.encode_prompt(doc)) > 4000


def test_checkpointing_activations_changes_no_gradient(micro_base, docs):
    grads = []
    for checkpointing in (False, True):
        trainer = make_trainer(micro_base, docs, gradient_checkpointing=checkpointing)
        groups = draw_rollouts(trainer.student, trainer.codec, docs[:8], trainer.settings, 0)
        targets = trainer.method.make_targets(groups, Recipe(trainer.codec, trainer.settings))
        trainer._backward(targets)
        assert not trainer.student.training
        grads.append(torch.cat([p.grad.flatten() for p in trainer.student.parameters()]))
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-3, atol=1e-5)


def test_a_step_counts_what_it_excluded(math_doc):
    from caopd_bench.train.engines.local import describe
    from caopd_bench.train.rollouts.judge import judge_rollout, make_groups
    from caopd_bench.train.rollouts.targets import Target

    texts = ["Answer: 7\nConfidence: 0.9", "Answer: 8\nConfidence: high", "Answer: 7", "x"]
    rollouts = [judge_rollout(math_doc, [1], text, finished=i < 3) for i, text in enumerate(texts)]
    groups = make_groups([math_doc], rollouts, 4)
    row = describe(groups, [Target([1], [2])] * 4)
    assert (row["rollouts"], row["excluded"], row["unfinished"]) == (4, 3, 1)
    assert (row["no_confidence"], row["unreplaced"]) == (2, 1)
    assert (row["accuracy"], row["success_rate"], row["stated"]) == (0.5, 1.0, 0.9)
    assert describe(groups, [Target([1], [2])])["unreplaced"] == 0  # sft-mu: a target a question
