"""What the trl engine would not train as asked is refused: by the fields, whatever the name."""

import importlib.util
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from caopd_bench.core.errors import UsageError  # noqa: E402
from caopd_bench.train.engines import local  # noqa: E402
from caopd_bench.train.engines.trl.engine import build_trainer  # noqa: E402
from caopd_bench.train.engines.trl.refusals import find_kind  # noqa: E402
from caopd_bench.train.methods import METHODS  # noqa: E402
from caopd_bench.train.questions.questions import load_questions  # noqa: E402
from caopd_bench.train.rollouts.targets import Method, Target, distilled  # noqa: E402

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
CPU = {"use_cpu": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    trl_worker.save_model(path)
    return path


@pytest.fixture
def build(folder, tmp_path, monkeypatch):
    """Build the trainer of a made-up method, under the name of one that exists."""

    def build(method, name="opd", extra=None, **values):
        monkeypatch.setitem(METHODS, name, method)
        settings = trl_worker.settings(folder, method=name, micro_batch=64, **values)
        return build_trainer(settings, tmp_path, extra={**CPU, **(extra or {})})

    return build


def follow(change, loss="divergence", samples=True):
    """Make a method up: every rollout as it is, with something changed."""

    def make(groups, recipe):
        targets = []
        for group in groups:
            for rollout in group.rollouts:
                target = distilled(group, rollout, group.doc, recipe)
                if loss != "divergence":
                    target = target._replace(teacher_prompt=None)
                if loss == "policy":
                    target = target._replace(weights=[1.0] * len(target.completion))
                targets.append(change(target))
        return targets

    return Method("mine", loss, samples, make, "here")


def weigh(target):
    return target._replace(weights=[0.5] * len(target.completion))


def weigh_some(target):
    return target._replace(weights=[0.5, *[1.0] * (len(target.completion) - 1)])


REFUSED = [
    (follow(weigh), "weights: TRL's loss of 'divergence' weighs all tokens 1"),
    (follow(weigh, "likelihood"), "weights: TRL's loss of 'likelihood' weighs all tokens 1"),
    (follow(weigh_some, "policy"), "weights: differ within an answer"),
    (
        follow(lambda t: t._replace(prompt=[*t.prompt, 5]), "policy"),
        "prompt: GRPO trains on the question's own",
    ),
    (
        follow(
            lambda t: t._replace(completion=t.completion[:-1], weights=t.weights[:-1]), "policy"
        ),
        "completion: GRPO trains on the rollout as it was sampled",
    ),
    (follow(weigh, samples=False), "samples: is False, and TRL's trainers of the loss 'diver"),
    (follow(weigh, "policy", samples=False), "samples: is False, and TRL's trainers of the loss"),
]


@pytest.mark.parametrize(("method", "said"), REFUSED, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("name", ["opd", "grpo"])
def test_fields_without_a_place_are_refused_before_training(build, method, said, name):
    with pytest.raises(UsageError) as caught:
        build(method, name)
    assert str(caught.value).startswith(f"method mine: {said}")
    assert str(caught.value).endswith("; mine runs on engine local only (--engine local)")


def test_targets_of_another_number_are_refused(build):
    method = follow(lambda target: target, "policy")
    half = method._replace(make_targets=lambda *a: method.make_targets(*a)[::2])
    with pytest.raises(UsageError, match="made 4 targets of 8 rollouts; GRPO has one of each"):
        build(half)
    sft = METHODS["sft"]
    twice = sft._replace(name="mine", make_targets=lambda *a: 2 * sft.make_targets(*a))
    with pytest.raises(UsageError, match="made 4 targets of 2 questions; TRL's data set has one"):
        build(twice, "sft")


def test_a_weight_of_the_confidence_is_refused(folder, tmp_path):
    chosen = trl_worker.settings(folder, method="caopd", confidence_weight=4.0)
    with pytest.raises(UsageError, match="confidence_weight: 4, but the losses of the trl engine"):
        build_trainer(chosen, tmp_path, extra=CPU)


def test_fields_that_no_engine_has_a_place_for(build):
    shown = follow(lambda target: target._replace(teacher_prompt=target.prompt), "likelihood")
    with pytest.raises(UsageError, match="method mine: teacher_prompt: the loss 'likelihood' has"):
        build(shown)
    bare = follow(lambda target: target._replace(weights=None), "policy")
    with pytest.raises(UsageError, match="method mine: weights: a policy gradient needs"):
        build(bare)


def test_the_alternative_takes_them(folder):
    """Every refusal says --engine local: there the same methods train."""
    from caopd_bench.train.loading import load_model

    settings = trl_worker.settings(folder, method="opd", engine="local")
    docs = load_questions("caopd_arith_conf", limit=8)
    for method, _ in REFUSED:
        trainer = local.Trainer(settings, *load_model(str(folder)), docs)
        trainer.method = method
        row = trainer.take_step()
        # Without rollouts these made-up methods have nothing to follow.
        made = "" if method.samples else "no update: mine made no target of 3 questions"
        assert row["note"] == made or row["note"].startswith("no update: no rollout was right")


def test_what_only_rollouts_of_a_step_show_is_refused_in_it(build):
    """A method whose weights depend on what was sampled."""
    method = follow(lambda target: target)

    def make(groups, recipe):
        targets = method.make_targets(groups, recipe)
        return [weigh(target) for target in targets] if len(groups) > 2 else targets

    trainer = build(method._replace(make_targets=make))
    with pytest.raises(UsageError, match="method mine: weights"):
        trainer.train()


APART = "differ within an answer; GRPO has one advantage a rollout"
LOCAL = {
    **dict.fromkeys(("dcpo", "coca", "redoubt"), APART),
    "calib-sft": "TRL's loss of 'likelihood' weighs all tokens 1",
}


@pytest.mark.parametrize("name", LOCAL)
def test_what_weighs_segments_is_for_the_local_engine(folder, tmp_path, name):
    with pytest.raises(UsageError) as caught:
        build_trainer(trl_worker.settings(folder, method=name), tmp_path, extra=CPU)
    assert str(caught.value) == (
        f"method {name}: weights: {LOCAL[name]}; {name} runs on engine local only (--engine local)"
    )


def test_the_kind_of_the_trainer_follows_from_the_fields(build):
    kinds = {
        "sft": "imitation",
        **dict.fromkeys(("sft-mu", "calib-sft"), "rate"),
        **dict.fromkeys(("opd", "caopd", "caopd-constant", "caopd-level"), "distillation"),
        **dict.fromkeys(("opd-solution", "caopd-solution"), "distillation"),
        **dict.fromkeys(("grpo", "rlcr", "dcpo", "coca", "redoubt"), "rewards"),
    }
    assert {name: find_kind(METHODS[name]) for name in kinds} == kinds
    # GRPO's targets under the name of a distillation are trained as GRPO.
    trainer = build(METHODS["grpo"], "opd")
    assert type(trainer).__name__ == "RewardTrainer"
    trainer = build(METHODS["sft-mu"], "grpo")
    assert type(trainer).__name__ == "RateTrainer"


def test_any_number_of_targets_is_spread_over_the_passes():
    """Each as often as it takes: their mean is that of the local engine."""
    from caopd_bench.train.engines.trl.batches import _spread

    targets = [Target([i], [i]) for i in range(5)]
    for passes in (1, 2, 4, 10, 15):
        spread = _spread(targets, passes)
        assert len(spread) % passes == 0
        assert {spread.count(target) for target in targets} == {len(spread) // 5}


@pytest.mark.parametrize(
    ("method", "values", "said"),
    [
        ("opd", {"sample_batch": 16}, "sample_batch: 16, but the trl engine samples all answers"),
        ("grpo", {"k": 1}, "k: grpo compares the rollouts of a question"),
    ],
)
def test_settings_without_a_place(folder, tmp_path, method, values, said):
    with pytest.raises(UsageError, match=said):
        build_trainer(trl_worker.settings(folder, method=method, **values), tmp_path, extra=CPU)


def test_a_precision_that_accelerate_would_override(folder, tmp_path, monkeypatch):
    """Its configuration says bf16, the run's settings float32: transformers takes the former."""
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    said = "precision: float32, but accelerate was started with mixed_precision bf16; start it with"
    with pytest.raises(UsageError, match=said):
        build_trainer(trl_worker.settings(folder, method="opd"), tmp_path, extra=CPU)


@pytest.mark.parametrize(
    ("method", "option", "said"),
    [
        (
            "opd",
            {"lr_scheduler_type": "linear"},
            "the schedule is that of warmup and learning_rate",
        ),
        ("opd", {"warmup_steps": 5}, "the schedule is that of warmup"),
        ("opd", {"logging_strategy": "no"}, "a row a step is what training.csv holds"),
        ("opd", {"teacher_prompt_template": "{prompt}"}, "what the teacher sees follows from the"),
        ("opd", {"distillation_topk": 10}, "the divergence is over the whole vocabulary"),
        ("sft-mu", {"label_smoothing_factor": 0.1}, "the loss is the method's"),
        ("sft", {"loss_type": "dft"}, "the loss is the method's"),
        ("sft", {"assistant_only_loss": True}, "prompts are those of the task"),
        ("opd-solution", {"beta": 0.1}, "a distillation has no policy loss"),
        ("grpo", {"reward_weights": [2.0]}, "the advantages are the method's"),
        ("grpo", {"eval_strategy": "steps"}, "there is no evaluation while training"),
        ("grpo", {"model_init_kwargs": {}}, "the model is loaded in float32 from model"),
        ("grpo", {"fp16": True}, "precision is a setting"),
        ("grpo", {"ignore_data_skip": True}, "the questions' order follows from seed"),
    ],
)
def test_options_without_an_effect(folder, tmp_path, method, option, said):
    (name,) = option
    with pytest.raises(UsageError, match=f"--trl {name}: has no effect here: {said}"):
        build_trainer(trl_worker.settings(folder, method=method), tmp_path, extra={**CPU, **option})


def test_every_option_that_is_refused_exists():
    """In some configuration of the pinned release: a table of wrong names would refuse nothing."""
    import dataclasses

    from trl import GRPOConfig, SFTConfig
    from trl.experimental.sdft import SDFTConfig
    from trl.experimental.sdpo import SDPOConfig

    from caopd_bench.train.engines.trl.refusals import _OF_POLICY, WITHOUT_EFFECT

    known = {
        field.name
        for config in (GRPOConfig, SFTConfig, SDFTConfig, SDPOConfig)
        for field in dataclasses.fields(config)
    }
    listed = [name for names in WITHOUT_EFFECT.values() for name in names]
    assert len(set(listed)) == len(listed)
    renamed = {"activation_checkpointing", "gradient_checkpointing"}  # by transformers 5.23
    assert {*listed, *_OF_POLICY} <= known | renamed


def test_options_with_an_effect_are_taken(folder, tmp_path):
    trainer = build_trainer(
        trl_worker.settings(folder, method="grpo"),
        tmp_path,
        extra={**CPU, "adam_beta2": 0.95, "top_p": 0.9},
    )
    assert (trainer.args.adam_beta2, trainer.top_p) == (0.95, 0.9)


def test_rollouts_are_not_shaped_by_the_models_own_generation_settings(folder, tmp_path):
    """transformers fills what a trainer leaves open, such as min_p, from the model's settings."""
    import json
    import shutil

    from caopd_bench.train.engines.trl.engine import run_trl

    model = tmp_path / "model"
    shutil.copytree(folder, model)
    file = model / "generation_config.json"
    given = {**json.loads(file.read_text()), "min_p": 0.9, "do_sample": True}
    file.write_text(json.dumps(given))
    settings = trl_worker.settings(model, method="opd", steps=1)
    trainer = build_trainer(settings, tmp_path / "a", extra=CPU)
    prepared, _ = trainer.model._prepare_generation_config(trainer.generation_config)
    assert prepared.min_p is None
    assert prepared.eos_token_id == [trainer.lesson.codec.end_id]
    (tmp_path / "b").mkdir()
    run_trl(settings, tmp_path / "b", {}, extra=CPU)
    left = json.loads((tmp_path / "b" / "generation_config.json").read_text())
    assert left["min_p"] == 0.9  # the model that is written keeps them


@pytest.mark.parametrize("method", ["sft", "opd"])
def test_dropout_is_off_as_in_the_local_engine(folder, tmp_path, method):
    import json
    import shutil

    model = tmp_path / "model"
    shutil.copytree(folder, model)
    file = model / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "attention_dropout": 0.5}))
    trainer = build_trainer(trl_worker.settings(model, method=method), tmp_path, extra=CPU)
    trainer.model.train()
    ids = torch.tensor([[5, 6, 7, 8, 9, 10]])
    with torch.no_grad():
        first, second = (trainer.model(input_ids=ids).logits for _ in range(2))
    assert torch.equal(first, second)
