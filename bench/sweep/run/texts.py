"""lm-eval's model class for transformers, without two things that it does for every question.

What it asks, in which batches and order, how it decodes and cuts answers is lm-eval's own, so that
the texts are the same to the byte. It encodes every prompt once more to sort them, one by one; here
they are encoded at once. After every token it decodes the ends of all answers of a batch to look
for the strings that end one, although they end a batch only when all answers have one; here it
looks until it finds an answer that has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList

__all__ = ["AllHave", "Texts"]

#: lm-eval looks at so many tokens more than the string itself has.
MARGIN = 2


class Texts(HFLM):  # type: ignore[misc]
    """`HFLM`, which answers many short questions in less time."""

    _encoded: Mapping[str, list[int]] = MappingProxyType({})

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer requests as `HFLM.generate_until` does."""
        prompts = list(dict.fromkeys(request.args[0] for request in requests))
        prefix = self.tokenizer.decode(self.prefix_token_id)
        # lm-eval encodes otherwise what begins with the token that begins a text.
        is_plain = self.add_bos_token is None and not any(p.startswith(prefix) for p in prompts)
        encoded = self.tokenizer(prompts)["input_ids"] if is_plain else []
        self._encoded = dict(zip(prompts, encoded, strict=False))
        answers: list[str] = super().generate_until(requests, disable_tqdm)
        return answers

    def tok_encode(self, string: str, *args: Any, **settings: Any) -> list[int]:
        """Encode a text; that of a request was encoded with all others."""
        known = None if args or settings else self._encoded.get(string)
        return known or super().tok_encode(string, *args, **settings)

    def _model_generate(
        self, context: Any, max_length: int, stop: Sequence[str], **settings: Any
    ) -> Any:
        rows, start = context.shape
        if not settings["do_sample"]:
            settings.pop("temperature", None)
        return self.model.generate(
            input_ids=context,
            max_length=max_length,
            stopping_criteria=StoppingCriteriaList(
                [AllHave(text, self.tokenizer, start, rows) for text in stop]
            ),
            pad_token_id=self.tokenizer.pad_token_id,
            use_cache=True,
            **settings,
        )


class AllHave(StoppingCriteria):  # type: ignore[misc]
    """Whether every answer of a batch has had a string at its end.

    Parameters
    ----------
    text : str
        Looked for in the last tokens after each token, as `lm_eval.models.utils_hf` looks.
    tokenizer
        Of the model.
    start : int
        Tokens of the prompts, padding included.
    rows : int
        How many answers there are.
    """

    def __init__(
        self, text: str, tokenizer: PreTrainedTokenizerBase, start: int, rows: int
    ) -> None:
        self._text, self._tokenizer, self._start = text, tokenizer, start
        self._width = len(tokenizer.encode(text, add_special_tokens=False)) + MARGIN
        self._open = list(range(rows))  # answers that are not known to have it
        self._seen = [0] * rows  # of their tokens so many were looked at

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> bool:
        """Return whether all have had it by now."""
        del scores
        while self._open:
            row = self._open[-1]
            if not self._has(row, input_ids[row, self._start :].tolist()):
                return False
            self._open.pop()
        return True

    def _has(self, row: int, tokens: list[int]) -> bool:
        """Look at the ends that an answer had since it was last looked at, the latest first."""
        for end in range(len(tokens), self._seen[row], -1):
            last = tokens[max(0, end - self._width) : end]
            if self._text in self._tokenizer.decode(last):
                return True
        self._seen[row] = len(tokens)
        return False
