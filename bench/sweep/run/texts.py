"""Speed up lm-eval's model class for transformers by avoiding two costs per question.

Prompts, batches, their order, decoding and truncation are lm-eval's own, so that the texts are
identical to the byte. lm-eval encodes every prompt once more, one by one, to sort them; here they
are encoded together. After every token lm-eval decodes the ends of all answers of a batch to look
for stop strings, although a batch ends only when all answers have one; here the search ends at the
first answer that has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList

__all__ = ["AllHave", "Texts"]

#: lm-eval searches this many tokens more than the string itself has.
MARGIN = 2


class Texts(HFLM):  # type: ignore[misc]
    """`HFLM`, made faster for many short questions."""

    _encoded: Mapping[str, list[int]] = MappingProxyType({})

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer requests as `HFLM.generate_until` does."""
        prompts = list(dict.fromkeys(request.args[0] for request in requests))
        prefix = self.tokenizer.decode(self.prefix_token_id)
        # lm-eval encodes a text differently if it begins with the beginning-of-text token.
        is_plain = self.add_bos_token is None and not any(p.startswith(prefix) for p in prompts)
        encoded = self.tokenizer(prompts)["input_ids"] if is_plain else []
        self._encoded = dict(zip(prompts, encoded, strict=False))
        answers: list[str] = super().generate_until(requests, disable_tqdm)
        return answers

    def tok_encode(self, string: str, *args: Any, **settings: Any) -> list[int]:
        """Encode a text; a request's text has been encoded with all others."""
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
    """Stop when every answer of a batch has ended in a given string.

    Parameters
    ----------
    text : str
        The string, searched for in the last tokens after each token, as in
        `lm_eval.models.utils_hf`.
    tokenizer
        The model's tokenizer.
    start : int
        Number of prompt tokens, padding included.
    rows : int
        Number of answers.
    """

    def __init__(
        self, text: str, tokenizer: PreTrainedTokenizerBase, start: int, rows: int
    ) -> None:
        self._text, self._tokenizer, self._start = text, tokenizer, start
        self._width = len(tokenizer.encode(text, add_special_tokens=False)) + MARGIN
        self._open = list(range(rows))  # answers in which the string has not been found
        self._seen = [0] * rows  # tokens searched so far, by answer

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> bool:
        """Return whether all answers have had the string by now."""
        del scores
        while self._open:
            row = self._open[-1]
            if not self._has(row, input_ids[row, self._start :].tolist()):
                return False
            self._open.pop()
        return True

    def _has(self, row: int, tokens: list[int]) -> bool:
        """Search the ends that an answer has had since the last search, the latest first."""
        for end in range(len(tokens), self._seen[row], -1):
            last = tokens[max(0, end - self._width) : end]
            if self._text in self._tokenizer.decode(last):
                return True
        self._seen[row] = len(tokens)
        return False
