r"""Estimate the memory and tokens of a run from its model's configuration (`train --plan`).

Memory is per GPU, with weights, gradients, averages and the teacher sharded over all of them (FSDP,
ZeRO-3), as the `trl` engine trains: weights and averages in float32, passes in bfloat16. It is an
estimate for choosing `micro_batch` and the number of GPUs: it ignores the allocator's losses, and
assumes the lengths that it prints. None of it was measured on a GPU.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline
from caopd_bench.train.methods import METHODS
from caopd_bench.train.settings import TrainSettings

__all__ = ["GB", "KNOWN_CONFIGS", "Plan", "count_parameters", "plan_training", "print_plan"]

GB = 1e9
#: The architectures for which the parameter count is exact.
DENSE = ("llama", "mistral", "qwen2", "qwen3")
#: Assumed tokens of a prompt, and of the teacher's demonstration and note.
PROMPT_TOKENS, CONTEXT_TOKENS = 256, 256
#: Number of float32 tensors as large as the logits that are alive at once: the student's logits,
#: log-softmax and gradient; with a teacher also its logits, its log-softmax, and their product.
STUDENT_LOGITS, TEACHER_LOGITS = 3, 3
#: Share of the memory left free for kernels, communication buffers and fragmentation.
RESERVE = 0.1


def _qwen3(hidden: int, layers: int, heads: int, inner: int, *, tied: bool) -> dict[str, Any]:
    return {
        "model_type": "qwen3",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "intermediate_size": inner,
        "vocab_size": 151936,
        "tie_word_embeddings": tied,
    }


#: The published configurations of the dense Qwen3 models.
KNOWN_CONFIGS = {
    "Qwen/Qwen3-0.6B": _qwen3(1024, 28, 16, 3072, tied=True),
    "Qwen/Qwen3-1.7B": _qwen3(2048, 28, 16, 6144, tied=True),
    "Qwen/Qwen3-4B": _qwen3(2560, 36, 32, 9728, tied=True),
    "Qwen/Qwen3-8B": _qwen3(4096, 36, 32, 12288, tied=False),
    "Qwen/Qwen3-14B": _qwen3(5120, 40, 40, 17408, tied=False),
    "Qwen/Qwen3-32B": _qwen3(5120, 64, 64, 25600, tied=False),
}


class Plan(NamedTuple):
    """The resources of a run: bytes on one GPU by purpose, and tokens of one step."""

    parameters: int
    memory: dict[str, float]
    tokens: dict[str, int]
    answers: int  # per step
    micro_batch: int  # answers per pass on one GPU
    gpus: int
    gpu_gb: float
    steps: int

    @property
    def total(self) -> float:
        """Return the bytes on one GPU, without the reserve."""
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        """Return whether the run fits on the GPU with the reserve left free."""
        return self.total <= (1 - RESERVE) * self.gpu_gb * GB

    def lines(self) -> list[str]:
        """Describe the plan, one line per item."""
        lines = [f"parameters  {self.parameters / 1e9:.2f} billion"]
        lines += [f"{name:<28}{value / GB:8.2f} GB" for name, value in self.memory.items()]
        verdict = "fits" if self.fits else "does NOT fit"
        lines.append(
            f"{'on each of ' + str(self.gpus) + ' GPUs':<28}{self.total / GB:8.2f} GB: {verdict} "
            f"in {self.gpu_gb:g} GB with {RESERVE:.0%} left free"
        )
        for name, value in self.tokens.items():
            lines.append(
                f"{name + ' tokens':<28}{value:12,} a step, {value * self.steps:,} in {self.steps}"
            )
        return lines


def count_parameters(config: Mapping[str, Any]) -> int:
    """Count the parameters of a dense Llama, Mistral, Qwen2 or Qwen3 model."""
    if config.get("model_type") not in DENSE:
        raise UsageError(
            f"model: the plan supports {', '.join(DENSE)}, not {config.get('model_type')!r}"
        )
    hidden, inner = int(config["hidden_size"]), int(config["intermediate_size"])
    heads = int(config["num_attention_heads"])
    shared = int(config.get("num_key_value_heads") or heads)
    width = int(config.get("head_dim") or hidden // heads)
    kind = config.get("model_type")
    attention = hidden * width * (2 * heads + 2 * shared)
    if kind == "qwen2":
        attention += width * (heads + 2 * shared)  # Qwen2 always has these biases
    elif config.get("attention_bias"):
        attention += width * (heads + 2 * shared) + hidden
    if kind == "qwen3":
        attention += 2 * width  # norms of queries and keys
    perceptron = 3 * hidden * inner
    if config.get("mlp_bias"):
        perceptron += 2 * inner + hidden
    layers = int(config["num_hidden_layers"]) * (attention + perceptron + 2 * hidden)
    words = int(config["vocab_size"]) * hidden
    return layers + hidden + words * (1 if config.get("tie_word_embeddings") else 2)


def plan_training(
    settings: TrainSettings,
    config: Any,
    gpus: int = 8,
    gpu_gb: float = 80,
    *,
    prompt_tokens: int = PROMPT_TOKENS,
    context_tokens: int = CONTEXT_TOKENS,
) -> Plan:
    """Estimate the memory on each GPU and the tokens of a run.

    Parameters
    ----------
    settings : TrainSettings
        Settings of the run. Every answer is assumed to be `max_new_tokens` long.
    config : transformers configuration or mapping
        Configuration of the model.
    gpus : int
        Number of GPUs that share the weights.
    gpu_gb : float
        Memory of one GPU.
    prompt_tokens, context_tokens : int
        Length of a prompt, and the extra length of the teacher's.
    """
    if gpus < 1 or gpu_gb <= 0:
        raise UsageError(f"gpus, gpu_gb: must be above 0, got {gpus} and {gpu_gb}")
    values: dict[str, Any] = dict(config if isinstance(config, Mapping) else config.to_dict())
    try:
        count = count_parameters(values)
    except KeyError as error:
        raise UsageError(f"model: its configuration has no {error}; it cannot be planned") from None
    method = METHODS[settings.method]
    judged = method.loss == "divergence"
    per_question = 1 if method.loss == "likelihood" else settings.k
    answers = settings.prompts_per_step * per_question
    at_once = max(1, min(settings.micro_batch, answers // gpus))
    length = settings.max_new_tokens
    row = prompt_tokens + length
    kept = STUDENT_LOGITS + (TEACHER_LOGITS if judged else 0)
    memory = {
        "weights, float32": 4 * count / gpus,
        "gradients, float32": 4 * count / gpus,
        "AdamW averages, float32": 8 * count / gpus,
        "teacher, float32": 4 * count / gpus if judged else 0.0,
        "gathered layers, bfloat16": _gathered(values),
        # TRL shards the teacher as one unit, so its passes gather all of it (except with ZeRO-3).
        "gathered teacher, bfloat16": 2.0 * count if judged and gpus > 1 else 0.0,
        "logits, float32": kept * 4.0 * at_once * length * int(values["vocab_size"]),
        "activations, bfloat16": _activations(values, settings, at_once * row),
    }
    sampled = settings.prompts_per_step * settings.k * length if method.samples else 0
    tokens = {
        "sampled": sampled,
        "teacher": answers * (row + context_tokens) if judged else 0,
        "student": answers * row,
    }
    return Plan(count, memory, tokens, answers, at_once, gpus, gpu_gb, settings.steps)


def _gathered(config: Mapping[str, Any]) -> float:
    """Return the size of the unsharded copies: two successive layers, and both model ends."""
    ends = count_parameters({**config, "num_hidden_layers": 0})
    layer = count_parameters({**config, "num_hidden_layers": 1}) - ends
    return 2.0 * (2 * layer + ends)


def _activations(config: Mapping[str, Any], settings: TrainSettings, tokens: int) -> float:
    """Return the activations kept for the backward pass: all layers' inputs, and one full layer."""
    hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    shared = int(config.get("num_key_value_heads") or heads)
    width = int(config.get("head_dim") or hidden // heads)
    layers = int(config["num_hidden_layers"])
    inside = 8 * hidden + 2 * width * (heads + 2 * shared) + 4 * int(config["intermediate_size"])
    if settings.gradient_checkpointing:
        return 2.0 * tokens * (layers * hidden + inside)
    return 2.0 * tokens * layers * inside


def print_plan(settings: TrainSettings, *, gpus: int = 8, gpu_gb: float = 80) -> int:
    """Print the plan of a run; return the exit code, 1 if the run does not fit."""
    plan = plan_training(settings, _find_config(settings.model), gpus, gpu_gb)
    model = inline(settings.model)
    print(f"{settings.method} on {model}, {plan.micro_batch} answers a pass on each GPU")
    print("\n".join(plan.lines()))
    print(
        f"estimated for prompts of {PROMPT_TOKENS} tokens, {CONTEXT_TOKENS} more for the teacher, "
        f"and answers of {settings.max_new_tokens}"
    )
    return 0 if plan.fits else 1


def _find_config(model: str) -> Any:
    file = Path(model) / "config.json"
    if file.is_file():
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UsageError(f"model: {file} is not valid JSON: {error}") from None
        if not isinstance(config, dict):
            raise UsageError(f"model: {file} is not a model configuration")
        return config
    if model in KNOWN_CONFIGS:
        return KNOWN_CONFIGS[model]
    try:
        from transformers import AutoConfig

        return AutoConfig.from_pretrained(model, trust_remote_code=False)
    except (ImportError, OSError, ValueError) as error:
        said = str(error).strip().splitlines()[0]
        raise UsageError(f"model: no configuration for {model}: {said}", [*KNOWN_CONFIGS]) from None
