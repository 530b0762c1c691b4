"""What a run needs, against models that are really there and by hand."""

import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.train.memory_plan import (
    KNOWN_CONFIGS,
    count_parameters,
    plan_training,
    print_plan,
)

ROOT = Path(__file__).parents[3]
table = SimpleNamespace(
    **runpy.run_path(str(ROOT / "tests" / "studies" / "bench" / "plan_table.py"))
)
example_settings = table.example_settings
# As their model cards have it, in billions.
PUBLISHED = [0.6, 1.7, 4.0, 8.2, 14.8, 32.8]
BASE = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "vocab_size": 100}


def count(model):
    return sum(weight.numel() for weight in {id(w): w for w in model.parameters()}.values())


def test_the_count_is_that_of_a_micro_model():
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from caopd_bench.train.micro.sizes import build_model
    from caopd_bench.train.micro.tokenizer import build_tokenizer

    model = build_model("67k", build_tokenizer(), 0)
    assert count_parameters(model.config.to_dict()) == count(model)


@pytest.mark.parametrize("kind", ["Llama", "Qwen2", "Qwen3"])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_the_count_is_that_of_models_without_weights(kind, tied, bias):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    shape = {**BASE, "num_attention_heads": 8, "num_key_value_heads": 2}
    more = {"attention_bias": bias} if kind != "Qwen2" else {}
    more |= {"mlp_bias": bias} if kind == "Llama" else {"head_dim": 16} if kind == "Qwen3" else {}
    config = getattr(transformers, f"{kind}Config")(**shape, tie_word_embeddings=tied, **more)
    with torch.device("meta"):
        model = getattr(transformers, f"{kind}ForCausalLM")(config)
    assert count_parameters(config.to_dict()) == count(model)


@pytest.mark.parametrize(("name", "billions"), list(zip(KNOWN_CONFIGS, PUBLISHED, strict=True)))
def test_the_known_models_have_their_published_sizes(name, billions):
    assert count_parameters(KNOWN_CONFIGS[name]) / 1e9 == pytest.approx(billions, abs=0.06)


def test_a_plan_by_hand():
    name = "Qwen/Qwen3-8B"
    settings = replace(example_settings(name), prompts_per_step=32, k=8, steps=80)
    plan = plan_training(settings, KNOWN_CONFIGS[name], gpus=8, gpu_gb=80)
    each = plan.parameters / 8
    assert plan.memory["weights, float32"] == plan.memory["teacher, float32"] == 4 * each
    assert plan.memory["AdamW averages, float32"] == 8 * each
    # Six tensors, two answers of 1,024 tokens, 151,936 words, four bytes.
    assert plan.memory["logits, float32"] == 6 * 2 * 1024 * 151936 * 4
    assert plan.tokens == {
        "sampled": 256 * 1024,
        "teacher": 256 * (256 + 256 + 1024),
        "student": 256 * (256 + 1024),
    }
    assert plan.answers == 256
    assert any(f"{256 * 1024 * 80:,} in 80" in line for line in plan.lines())


def test_what_a_method_does_not_have_takes_nothing():
    name = "Qwen/Qwen3-4B"
    plans = {
        method: plan_training(replace(example_settings(name), method=method), KNOWN_CONFIGS[name])
        for method in ("caopd", "grpo", "sft", "sft-mu")
    }
    assert plans["grpo"].memory["teacher, float32"] == 0 == plans["grpo"].tokens["teacher"]
    assert plans["grpo"].tokens["sampled"] == plans["caopd"].tokens["sampled"] > 0
    assert plans["sft"].tokens["sampled"] == 0
    assert plans["sft-mu"].tokens["sampled"] > plans["sft-mu"].tokens["student"]
    assert plans["grpo"].total < plans["caopd"].total


def test_more_gpus_need_less_each_and_checkpointing_helps():
    name = "Qwen/Qwen3-32B"
    settings = example_settings(name)
    few, many = (plan_training(settings, KNOWN_CONFIGS[name], gpus) for gpus in (8, 64))
    assert many.total < few.total
    kept = replace(settings, gradient_checkpointing=False)
    plain = plan_training(kept, KNOWN_CONFIGS[name])
    assert plain.memory["activations, bfloat16"] > 5 * few.memory["activations, bfloat16"]


def test_the_command_says_whether_it_fits(capsys):
    settings = example_settings("Qwen/Qwen3-8B")
    assert print_plan(settings, gpus=8, gpu_gb=80) == 0
    assert "fits in 80 GB" in capsys.readouterr().out
    assert print_plan(settings, gpus=1, gpu_gb=80) == 1
    assert "does NOT fit" in capsys.readouterr().out


def test_what_cannot_be_planned_is_said(tmp_path):
    settings = example_settings(str(tmp_path))
    (tmp_path / "config.json").write_text('{"hidden_size": 8, "model_type": "llama"}')
    with pytest.raises(UsageError, match="has no 'intermediate_size'"):
        print_plan(settings)
    with pytest.raises(UsageError, match="must be above 0"):
        plan_training(settings, KNOWN_CONFIGS["Qwen/Qwen3-8B"], gpus=0)


def test_the_page_has_the_table():
    assert table.show_table() in (ROOT / "docs" / "train-gpus.md").read_text(encoding="utf-8")
