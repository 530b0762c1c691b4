"""The trl engine: its runs, and its parity with the local engine."""

import csv
import importlib.util
import itertools
import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from caopd_bench.core.errors import UsageError  # noqa: E402
from caopd_bench.train.checkpoints import find_checkpoint  # noqa: E402
from caopd_bench.train.engines import local  # noqa: E402
from caopd_bench.train.engines.trl import engine as trl_engine  # noqa: E402
from caopd_bench.train.engines.trl.engine import build_trainer, run_trl  # noqa: E402
from caopd_bench.train.errors import TrainingError  # noqa: E402
from caopd_bench.train.methods import METHODS  # noqa: E402
from caopd_bench.train.rollouts.judge import judge_rollout, make_groups  # noqa: E402
from caopd_bench.train.rollouts.means import Means  # noqa: E402
from caopd_bench.train.rollouts.targets import Recipe  # noqa: E402

_spec = importlib.util.spec_from_file_location(
    "trl_worker", Path(__file__).with_name("trl_worker.py")
)
trl_worker = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(trl_worker)

pytestmark = [
    # TRL 1.16 calls what transformers 5.23 renamed.
    pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed in v6:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
]
TAKEN = {"sft", "sft-mu", "opd", "caopd", "caopd-constant", "caopd-level"}
TAKEN |= {"opd-solution", "caopd-solution", "grpo", "rlcr"}
CPU = {"use_cpu": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    trl_worker.save_model(path)
    return path


def settings(folder, **values):
    return trl_worker.settings(folder, **{"micro_batch": 64, **values})


@pytest.mark.parametrize("method", METHODS)
def test_each_method_leaves_a_model_or_is_refused(folder, tmp_path, method):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows = []
    chosen = settings(folder, method=method, learning_rate=1e-3, prompts_per_step=6)
    try:
        run_trl(chosen, tmp_path, {"a": 1}, rows.append, extra=CPU)
    except UsageError as error:
        if method in TAKEN or f"; {method} runs on engine local only" not in str(error):
            raise
        return
    assert [row["step"] for row in rows] == [1, 2]
    # Of so few answers those to each question may all be right or all be wrong: no reward differs.
    is_idle = [row["note"].startswith("no update: the rollouts of each") for row in rows]
    assert [math.isnan(row["loss"]) for row in rows] == is_idle
    assert method == "grpo" or not any(is_idle)
    with (tmp_path / "training.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [row["step"] for row in written] == ["1", "2"]
    assert '"steps_done": 2' in (tmp_path / "provenance.json").read_text(encoding="utf-8")
    assert not (tmp_path / "trl-checkpoints").exists()
    assert len(AutoTokenizer.from_pretrained(tmp_path)) > 100
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert model.dtype == torch.float32


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"learning_rat": 1.0}, "no such option; did you mean learning_rate"),
        ({"learning_rate": 1.0}, "follows from the run's own settings"),
        ({"peft": 0}, "must be the rank of a LoRA"),
    ],
)
def test_further_options_are_checked(folder, tmp_path, extra, message):
    with pytest.raises(UsageError, match=message):
        build_trainer(settings(folder, method="opd"), tmp_path, extra={**CPU, **extra})


def test_answers_that_cannot_be_shared_are_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "5")
    with pytest.raises(UsageError, match="12 answers, which 5 processes cannot share"):
        build_trainer(settings(folder, method="opd"), tmp_path)


def test_a_lora_is_merged_into_an_ordinary_model(folder, tmp_path):
    pytest.importorskip("peft")
    from safetensors.torch import load_file

    run_trl(settings(folder, method="caopd"), tmp_path, {}, extra={**CPU, "peft": 2})
    ours, base = (load_file(path / "model.safetensors") for path in (tmp_path, folder))
    assert ours.keys() == base.keys()
    assert any(not torch.equal(ours[name], base[name]) for name in base)


KEPT = {"caopd-constant": "plain", "caopd-level": "plain", "caopd": "level"}


@pytest.mark.parametrize("method", KEPT)
def test_a_killed_run_resumes_to_the_same_weights(folder, tmp_path, method):
    from safetensors.torch import load_file

    values = {"method": method, "estimate": KEPT[method], "teacher_ema": 0.5}
    chosen = settings(folder, steps=4, save_every=2, **values)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for path in (whole, broken):
        path.mkdir()
    run_trl(chosen, whole, {}, extra=CPU)

    def stop(row):
        if row["step"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trl(chosen, broken, {}, stop, extra=CPU)
    assert find_checkpoint("trl", broken).name == "checkpoint-2"
    run_trl(chosen, broken, {}, extra=CPU, resume=True)
    one, other = (load_file(path / "model.safetensors") for path in (whole, broken))
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=1e-7)
    steps = [(path / "training.csv").read_text().splitlines() for path in (whole, broken)]
    assert [row.split(",")[0:5] for row in steps[0]] == [row.split(",")[0:5] for row in steps[1]]


def test_an_idle_step_changes_nothing_and_three_stop_the_run(folder, tmp_path, monkeypatch):
    """As in the local engine: also not by the momentum of the steps before."""
    from caopd_bench.train.engines.trl import batches as trl_batches

    chosen = settings(folder, method="caopd", steps=8, save_every=1, learning_rate=1e-3)
    judge, weights, silent = trl_batches.judge_rollout, [], {3, 5, 6, 7}
    trainers = []

    def judge_silent(doc, ids, text, *, finished):
        rollout = judge(doc, ids, text, finished=finished)
        is_silent = len(weights) + 1 in silent
        return rollout._replace(status="no_confidence", confidence=None) if is_silent else rollout

    def keep(row):
        weights.append([w.detach().clone() for w in trainers[0].model.parameters()])
        rows.append(row)

    rows = []
    build = trl_engine.build_trainer

    def build_and_keep(*args, **options):
        trainers.append(build(*args, **options))
        return trainers[-1]

    monkeypatch.setattr(trl_batches, "judge_rollout", judge_silent)
    monkeypatch.setattr(trl_engine, "build_trainer", build_and_keep)
    with pytest.raises(TrainingError, match="step 7: the last 3 steps updated nothing") as caught:
        run_trl(chosen, tmp_path, {}, keep, extra=CPU)
    assert not caught.value.unchanged
    same = [all(map(torch.equal, *pair)) for pair in itertools.pairwise(weights)]
    assert same == [False, True, False, True, True, True]
    assert [math.isnan(row["loss"]) for row in rows] == [row["step"] in silent for row in rows]
    with (tmp_path / "training.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [row["loss"] == "" for row in written] == [row["step"] in silent for row in rows]
    assert written[2]["note"] == "no update: all 12 rollouts were excluded (no_confidence 12)"
    last = find_checkpoint("trl", tmp_path)
    assert last.name == "checkpoint-6"
    # Gone on with after two of them, the third one stops the run.
    monkeypatch.setattr(trl_engine, "build_trainer", build)
    weights = weights[:6]
    with pytest.raises(TrainingError, match="step 7: the last 3 steps updated nothing"):
        run_trl(chosen, tmp_path, {}, extra=CPU, resume=True)


def test_a_loss_that_is_no_number_stops_the_run(folder, tmp_path):
    trainer = build_trainer(settings(folder, method="sft"), tmp_path, extra=CPU)
    with torch.no_grad():
        trainer.model.lm_head.weight[0] = math.nan
    with pytest.raises(TrainingError, match="step 1: the loss is nan"):
        trainer.train()


def prepare(folder, tmp_path, method, **values):
    """Give a trainer with fixed answers, its prepared batch, and the local engine's targets."""
    chosen = settings(folder, method=method, **values)
    trainer = build_trainer(chosen, tmp_path, extra=CPU)
    trainer.current_gradient_accumulation_steps = 1
    trainer.model.train()
    trl_worker.fix_answers(trainer, 0, 1)
    lesson = trainer.lesson
    if getattr(trainer, "teacher_model", None) is not None and method != "sft-mu":
        generator = torch.Generator().manual_seed(5)
        with torch.no_grad():
            for weight in trainer.teacher_model.parameters():
                weight += 0.1 * torch.randn(weight.shape, generator=generator)
    questions = lesson.columns()["question"][: trl_worker.PROMPTS]
    docs = [lesson.docs[place] for place in questions]
    rollouts = []
    for place, ids in enumerate(trl_worker.answers(lesson, questions)):
        body, ended = lesson.codec.split_end(ids)
        doc = docs[place // trl_worker.K]
        rollouts.append(judge_rollout(doc, ids, lesson.codec.decode(body), finished=ended))
    groups = make_groups(docs, rollouts, trl_worker.K)
    recipe = Recipe(lesson.codec, chosen, *Means().after(groups))
    targets = METHODS[method].make_targets(groups, recipe)
    columns = lesson.columns()
    inputs = [
        {key: values[place] for key, values in columns.items()}
        for place in range(trl_worker.PROMPTS)
        for _ in range(trl_worker.K)
    ]
    return trainer, inputs, targets


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


def local_loss(trainer, targets):
    """Give the local engine's loss and gradients with the trainer's own weights."""
    lesson = trainer.lesson
    # Not a deep copy: SFTTrainer binds a forward pass of its own to the model.
    student = type(trainer.model)(trainer.model.config)
    student.load_state_dict(trainer.model.state_dict())
    loss, _ = local.batch_loss(
        student,
        getattr(trainer, "teacher_model", None),
        targets,
        lesson.method.loss,
        lesson.settings,
        lesson.codec.pad_id,
    )
    loss = loss / len(targets)
    return float(loss.detach()), gradients(student, loss)


def differ(trainer, batch, targets):
    """Give the differences between the engines: of the loss, and the largest of a gradient."""
    loss = trainer.compute_loss(trainer.model, batch)
    ours = gradients(trainer.model, loss)
    expected, theirs = local_loss(trainer, targets)
    apart = max(float((ours[name] - theirs[name]).abs().max()) for name in theirs)
    assert max(float(value.abs().max()) for value in theirs.values()) > 1e-3
    return abs(float(loss.detach()) - expected), apart


DIVERGENCES = [
    {"divergence": "forward"},
    {"divergence": "reverse"},
    {"divergence": "jsd", "jsd_beta": 0.3},
]
DISTILLED = ["opd", "caopd", "caopd-constant", "caopd-level", "caopd-solution"]


@pytest.mark.parametrize("values", DIVERGENCES, ids=lambda values: values["divergence"])
@pytest.mark.parametrize("method", DISTILLED)
def test_distillation_is_that_of_the_local_engine(folder, tmp_path, method, values):
    trainer, inputs, targets = prepare(folder, tmp_path, method, **values)
    loss, gradient = differ(trainer, trainer._prepare_training_batch(inputs), targets)
    print(f"{method} {values}: loss {loss:.1e}, gradient {gradient:.1e}")
    assert loss < 1e-5
    assert gradient < 1e-4


def hide(model, tokens):
    """Mask tokens in all that a model gives."""

    def hook(_module, _inputs, logits):
        logits = logits.clone()
        logits[..., list(tokens)] = -math.inf
        return logits

    return model.lm_head.register_forward_hook(hook)


@pytest.mark.parametrize("values", DIVERGENCES, ids=lambda values: values["divergence"])
def test_tokens_that_both_mask_add_nothing(folder, tmp_path, values):
    """The loss and gradients of one model are those of the other with these tokens cut out."""
    trainer, inputs, _ = prepare(folder, tmp_path, "caopd", **values)
    batch = trainer._prepare_training_batch(inputs)
    unknown = trainer.lesson.codec.tokenizer.unk_token_id
    for model in (trainer.model, trainer.teacher_model):
        hide(model, [unknown])
    loss = trainer.compute_loss(trainer.model, batch)
    found = gradients(trainer.model, loss)
    assert all(gradient.isfinite().all() for gradient in found.values())
    # What is as good as masked: so small a probability that its own logarithm does no harm.
    for model in (trainer.model, trainer.teacher_model):
        model.lm_head._forward_hooks.clear()
        model.lm_head.register_forward_hook(
            lambda _m, _i, logits: logits - 1e4 * torch.eye(logits.shape[-1])[unknown]
        )
    near = trainer.compute_loss(trainer.model, batch)
    assert float(loss.detach()) == pytest.approx(float(near.detach()), abs=1e-6)
    for name, gradient in gradients(trainer.model, near).items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6)


def test_a_token_that_only_the_student_masks_stops_the_run(folder, tmp_path):
    trainer, inputs, _ = prepare(folder, tmp_path, "caopd", divergence="forward")
    batch = trainer._prepare_training_batch(inputs)
    seven = trainer.lesson.codec.tokenizer.convert_tokens_to_ids("7")
    hide(trainer.model, [seven])
    loss = trainer.compute_loss(trainer.model, batch)
    assert float(loss.detach()) == math.inf
    assert all(g.isfinite().all() for g in gradients(trainer.model, loss).values())
    with pytest.raises(TrainingError, match=f"the loss is inf .* token id {seven} is -inf while"):
        trainer.log({"loss": math.inf, "grad_norm": 1.0})


def test_a_tempered_run_has_an_untempered_loss(folder, tmp_path):
    trainer, inputs, targets = prepare(folder, tmp_path, "caopd", temperature=0.7)
    assert trainer.generation_config.temperature == 0.7
    loss, gradient = differ(trainer, trainer._prepare_training_batch(inputs), targets)
    assert loss < 1e-5
    assert gradient < 1e-4


@pytest.mark.parametrize(
    ("values", "other"),
    [
        ({}, {"replace": "completion,demonstration"}),
        ({}, {"replace": "demonstration,note"}),
        ({}, {"divergence": "reverse"}),
        ({"divergence": "reverse"}, {"divergence": "forward"}),
        ({"divergence": "jsd", "jsd_beta": 0.3}, {"divergence": "jsd", "jsd_beta": 0.7}),
    ],
)
def test_the_parity_test_sees_a_difference(folder, tmp_path, values, other):
    trainer, inputs, _ = prepare(folder, tmp_path, "caopd", **values)
    batch = trainer._prepare_training_batch(inputs)
    changed, _, targets = prepare(folder, tmp_path, "caopd", **other)
    changed_loss, _ = local_loss(changed, targets)
    loss = float(trainer.compute_loss(trainer.model, batch).detach())
    assert abs(loss - changed_loss) > 1e-4


def test_sft_on_rates_is_that_of_the_local_engine(folder, tmp_path):
    trainer, inputs, targets = prepare(folder, tmp_path, "sft-mu")
    batch = trainer._prepare_training_batch(inputs)
    assert len(batch["prompt_ids"]) == trl_worker.PROMPTS == len(targets)
    loss, gradient = differ(trainer, batch, targets)
    assert loss < 1e-5
    assert gradient < 1e-4


def test_sft_is_that_of_the_local_engine(folder, tmp_path):
    trainer, _, targets = prepare(folder, tmp_path, "sft")
    batch = next(iter(trainer.get_train_dataloader()))
    loss, gradient = differ(trainer, batch, targets)
    assert loss < 1e-5
    assert gradient < 1e-4


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("method", ["grpo", "rlcr"])
def test_rewards_move_the_weights_as_in_the_local_engine(folder, tmp_path, method, scale):
    """The losses are not equal: TRL writes the ratio where the local engine has log-likelihood."""
    trainer, inputs, targets = prepare(folder, tmp_path, method, scale_rewards=scale)
    made = trainer._generate
    trainer._generate_single_turn = lambda prompt_ids, *_args: (made(prompt_ids)[1], None)
    del trainer._generate
    batch = trainer._generate_and_score_completions(inputs)
    expected = torch.tensor([target.weights[0] for target in targets], dtype=torch.float32)
    assert torch.equal(batch["advantages"], expected)
    assert float(expected.abs().max()) > 0.1
    _, gradient = differ(trainer, batch, targets)
    assert gradient < 1e-4


def test_prompts_are_the_local_engines_tokens(folder, tmp_path):
    trainer, inputs, targets = prepare(folder, tmp_path, "caopd")
    batch = trainer._prepare_training_batch(inputs)
    for row, target in enumerate(targets):
        ids, mask = batch["prompt_ids"][row], batch["prompt_mask"][row].bool()
        assert ids[mask].tolist() == target.prompt
        ids, mask = batch["completion_ids"][row], batch["completion_mask"][row].bool()
        assert ids[mask].tolist() == target.completion
        ids, mask = batch["teacher_input_ids"][row], batch["teacher_attention_mask"][row].bool()
        assert ids[mask].tolist() == [*target.teacher_prompt, *target.completion]
    assert "old_per_token_logps" not in batch
