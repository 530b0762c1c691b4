"""Define the sizes of the micro models, and build a model of a size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

__all__ = ["SIZES", "Size", "build_model"]


class Size(NamedTuple):
    """The shape of a Llama model, and the peak learning rate of its pretraining."""

    width: int
    layers: int
    heads: int
    learning_rate: float


#: Sizes by number of parameters. The first is too small to show the effect cleanly.
SIZES = {
    "10k": Size(16, 2, 2, 1e-2),
    "33k": Size(32, 2, 4, 6e-3),
    "67k": Size(48, 2, 4, 5e-3),
    "114k": Size(64, 2, 4, 4e-3),
    "245k": Size(96, 2, 4, 3e-3),
    "329k": Size(112, 2, 4, 3e-3),
    "622k": Size(128, 3, 4, 2e-3),
    "962k": Size(160, 3, 5, 1.5e-3),
}


def build_model(size: str, tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    """Build an untrained model of a size; the same seed gives the same weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, got {size!r}")
    shape = SIZES[size]
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        intermediate_size=8 * shape.width // 3,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=64,
        # Texts have at most 40 tokens: slower rotations could not distinguish positions.
        rope_parameters={"rope_type": "default", "rope_theta": 100.0},
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=shape.width**-0.5,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)
