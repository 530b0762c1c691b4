r"""The micro models' tokenizer: some words, digits, and one token for each stated number.

Text and tokens are in one-to-one correspondence: ``\nAnswer: 055\nConfidence: 0.62`` is seven
tokens, and a confidence is always a single token, so that its greedy decoding is the mode of one
distribution and its expectation is one dot product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["NUMBERS", "PIECES", "build_tokenizer"]

#: The confidences that a micro model can state.
NUMBERS = tuple(f"{i / 100:.2f}" for i in range(101))
#: The pieces that texts are made of; anything else is `<unk>`.
PIECES = (
    *("Q: ", "=?", "\nExample:", "\nSolution:", "\nNote: ", "\nAnswer: ", "\nConfidence: "),
    *"0123456789+-*",
    *NUMBERS,
)
SPECIAL = ("<pad>", "<eos>", "<unk>")


def build_tokenizer() -> PreTrainedTokenizerFast:
    r"""Build the tokenizer, which is the same on every machine, since nothing is trained.

    Examples
    --------
    >>> tokenizer = build_tokenizer()
    >>> ids = tokenizer("Q: 47+08=?\nAnswer: 055\nConfidence: 0.62")["input_ids"]
    >>> len(ids), tokenizer.decode(ids[-2:])
    (13, '\nConfidence: 0.62')
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {piece: place for place, piece in enumerate((*SPECIAL, *PIECES))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    pattern = (
        r"Q: |=\?|\nExample:|\nSolution:|\nNote: |\nAnswer: |\nConfidence: "
        r"|(?:0\.[0-9]{2}|1\.00)(?![0-9])|[0-9]|[-+*]|."
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        model_max_length=64,
        clean_up_tokenization_spaces=False,
        padding_side="right",
    )
