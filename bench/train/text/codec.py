"""Convert between questions, texts and tokens; prompts are the tasks' own, as `lm_eval` sends them.

With a chat template a question is a system message (where the dataset has one) and a user message;
without one it is the plain text, and an answer begins on a new line, as in `lm_eval`.

Tokenizers merge: ``Confidence:`` and the number after it may share a token (``" 0"``), and a number
may be one token or five. So the tokens of some characters are found by decoding prefixes of the
tokens themselves, not by encoding the text a second time, and every token before a changed one
stays as it was sampled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.tasks.ask.prompts import render_prompt

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["Codec", "find_end_ids", "to_messages"]

Doc = Mapping[str, Any]
#: Number of documents whose prompt tokens are cached.
KEPT_PROMPTS = 16384


def to_messages(doc: Doc) -> list[dict[str, str]]:
    """Return a document as chat messages; its context, if any, is in the user's message."""
    system = doc.get("system_message") or ""
    start = [{"role": "system", "content": system}] if system else []
    return [*start, {"role": "user", "content": render_prompt(doc)}]


def find_end_ids(model: PreTrainedModel) -> list[int]:
    """Return the tokens that end an answer according to the model's generation configuration."""
    configured = getattr(model.generation_config, "eos_token_id", None)
    return [configured] if isinstance(configured, int) else list(configured or [])


class Replaced(NamedTuple):
    """Tokens after a replacement, and the position of the new number in them."""

    ids: list[int]
    first: int
    last: int  # one past the last token of the number


class Codec:
    """A tokenizer with the layout of prompts and answers for it.

    Parameters
    ----------
    tokenizer
        The model's tokenizer.
    chat : bool, optional
        Whether to use the chat template; by default it is used if there is one.
    end_ids : iterable of int
        Further tokens that end an answer (from the model's generation configuration).
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        *,
        chat: bool | None = None,
        end_ids: Sequence[int] = (),
    ) -> None:
        self.tokenizer = tokenizer
        self.chat = bool(tokenizer.chat_template) if chat is None else chat
        if self.chat and not tokenizer.chat_template:
            raise UsageError("chat: the tokenizer has no chat template; leave chat out")
        if tokenizer.eos_token_id is None:
            raise UsageError("the tokenizer has no end-of-text token, which every answer needs")
        self.end_id = int(tokenizer.eos_token_id)
        self.end_ids = frozenset({self.end_id, *end_ids})
        padding = tokenizer.pad_token_id
        self.pad_id = self.end_id if padding is None else int(padding)
        # Texts repeat: K rollouts share a prompt, and micro models often give equal answers.
        self._encoded = lru_cache(maxsize=16384)(self._encode)
        self._decoded = lru_cache(maxsize=65536)(self._decode)
        self._restated = lru_cache(maxsize=16384)(self._restate)
        self._found = lru_cache(maxsize=16384)(self._find_span)
        # Documents and their prompts' tokens, by the fields that distinguish a run's documents.
        self._asked: dict[tuple[Any, ...], tuple[Doc, list[int]]] = {}

    def encode_prompt(self, doc: Doc) -> list[int]:
        """Encode the prompt of a document."""
        key = tuple(map(doc.get, ("item_hash", "context", "note")))
        known = self._asked.get(key)
        if known is None or known[0] != doc:
            if len(self._asked) >= KEPT_PROMPTS:
                self._asked.clear()
            known = dict(doc), self._encode_prompt(doc)
            self._asked[key] = known
        return list(known[1])

    def encode_prompts(self, docs: Sequence[Doc]) -> list[list[int]]:
        """Encode many prompts, plain ones in one batch, which is much faster than one by one."""
        if self.chat or not docs:
            return [self.encode_prompt(doc) for doc in docs]
        texts = [(doc.get("system_message") or "") + render_prompt(doc) for doc in docs]
        encoded = self.tokenizer(texts, add_special_tokens=True, verbose=False)
        return [[int(i) for i in ids] for ids in encoded["input_ids"]]

    def _encode_prompt(self, doc: Doc) -> list[int]:
        if self.chat:
            try:
                encoded = self.tokenizer.apply_chat_template(
                    to_messages(doc), add_generation_prompt=True, tokenize=False
                )
            except Exception as error:  # a template may raise anything
                raise UsageError(f"the chat template refuses the prompt: {error}") from error
            return list(self._encoded(str(encoded), special=False))
        system = doc.get("system_message") or ""
        return list(self._encoded(system + render_prompt(doc), special=True))

    def encode_answer(self, text: str, style: str) -> list[int]:
        """Encode an answer that was not sampled, with an end token."""
        return [*self.encode(self.lead(style) + text), self.end_id]

    def lead(self, style: str) -> str:
        """Return the text between a plain prompt and its answer; "" in a chat."""
        return "" if self.chat else "\n" if style == "arith" else "\n\n"

    def encode(self, text: str) -> list[int]:
        """Encode part of an answer."""
        return list(self._encoded(text, special=False))

    def find_span(self, ids: Sequence[int], span: tuple[int, int]) -> tuple[int, int]:
        """Return the tokens that hold some characters of an answer: first, and last plus one."""
        return self._found(tuple(ids), span)

    def _find_span(self, ids: tuple[int, ...], span: tuple[int, int]) -> tuple[int, int]:
        start, end = span
        first = last = self._count_before(ids, start)
        while last < len(ids) and len(self.decode(ids[:last])) < end:
            last += 1
        return first, last

    def restate(
        self, ids: Sequence[int], text: str, span: tuple[int, int], number: str
    ) -> Replaced:
        """Replace some characters of ``text == decode(ids)`` by a number.

        The tokens before the one in which the span begins are kept as they are; the rest is
        encoded again. If that does not reproduce the text (some tokenizers add a space at the
        beginning), tokens further to the left are encoded again too, and as a last resort all.
        """
        return self._restated(tuple(ids), text, span, number)

    def decode(self, ids: Sequence[int]) -> str:
        """Decode part of an answer; special tokens are kept, so that lengths add up."""
        return self._decoded(tuple(ids))

    def read(self, ids: Sequence[int]) -> str:
        """Decode an answer as lm-eval does: no special tokens, the tokenizer's defaults."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def _decode(self, ids: tuple[int, ...]) -> str:
        text = self.tokenizer.decode(
            list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return str(text)

    def split_end(self, ids: Sequence[int]) -> tuple[list[int], bool]:
        """Remove the end token from sampled ids, and return whether there was one."""
        body = list(ids)
        if body and body[-1] in self.end_ids:
            return body[:-1], True
        return body, False

    def _restate(
        self, ids: tuple[int, ...], text: str, span: tuple[int, int], number: str
    ) -> Replaced:
        start, end = span
        wanted = text[:start] + number + text[end:]
        kept = self._count_before(ids, start)
        for keep in (kept, max(0, kept - 1), max(0, kept - 4), 0):
            before = self.decode(ids[:keep])
            if not wanted.startswith(before):
                continue
            changed = [*ids[:keep], *self.encode(wanted[len(before) :])]
            if self.decode(changed) == wanted:
                return Replaced(changed, *self.find_span(changed, (start, start + len(number))))
        # The tokenizer does not restore the text it encodes (lower case, WordPiece's spaces).
        changed = self.encode(wanted)
        place = self.decode(changed).rfind(number)
        if place < 0:
            raise ValueError(f"the tokenizer cannot write the confidence {number!r}")
        return Replaced(changed, *self.find_span(changed, (place, place + len(number))))

    def _count_before(self, ids: Sequence[int], start: int) -> int:
        """Count the leading tokens whose text ends at or before `start`, by bisection."""
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high + 1) // 2
            if len(self.decode(ids[:middle])) <= start:
                low = middle
            else:
                high = middle - 1
        return low

    def _encode(self, text: str, *, special: bool) -> list[int]:
        # Not verbose: `questions.fit` checks whether a text is too long for the model.
        encoded = self.tokenizer(text, add_special_tokens=special, verbose=False)
        return [int(i) for i in encoded["input_ids"]]
