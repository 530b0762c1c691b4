"""Check that a model fits a task: its tokenizer can write the text, and its context is long enough.

A micro model knows the words of one task; it reads the questions of another task as a row of
`<unk>`. The smallest models then give no readable answer, so that every rollout is excluded. Larger
ones give some answer, a quarter of them in the format, and are trained on it with an ordinary loss.
Neither the loss nor a count of rollouts reveals the mistake, so the fit is checked before the first
step.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from caopd_bench.core.errors import UsageError
from caopd_bench.tasks.ask.documents import demonstrate
from caopd_bench.tasks.ask.prompts import render_prompt
from caopd_bench.train.questions.questions import BUNDLED, load_questions
from caopd_bench.train.text.codec import Codec, Doc

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["check_fit", "unwritten_share"]

#: A tokenizer does not fit a task if it cannot write at least this share of its characters.
#: Byte-level tokenizers write everything; a rare character is no reason to refuse a tokenizer.
MOST = 0.2
#: Number of questions to check, spread evenly over all.
LOOKED_AT = 64


def check_fit(
    model: PreTrainedModel, codec: Codec, docs: Sequence[Doc], task: str, name: str
) -> None:
    """Refuse a task that does not fit a model.

    Parameters
    ----------
    model, codec
        The model, for its number of positions, and its tokenizer.
    docs : sequence
        The task's questions.
    task, name : str
        Names of the task and the model.

    Raises
    ------
    UsageError
        If the task does not fit; gives the reason, and a bundled task that fits.
    """
    said = _find_misfit(model, codec, docs)
    if not said:
        return
    fitting = [other for other in _bundled() if other != task and _fits(model, codec, other)]
    hint = f"choose {' or '.join(fitting)} (--task), which fits"
    if not fitting:
        hint = "choose another task, or another model"
    raise UsageError(f"task: {task} does not fit {name}: {said}; {hint}")


def unwritten_share(codec: Codec, docs: Sequence[Doc]) -> float:
    """Return the share of the characters of questions and answers that the tokenizer cannot write.

    These are the characters encoded as unknown and those dropped: decoding restores neither.
    """
    unknown = codec.tokenizer.unk_token_id
    if unknown in (*codec.end_ids, codec.pad_id):  # as in GPT-2, where it also ends texts
        unknown = None
    written = asked = 0
    for doc in docs:
        for text in (render_prompt(doc), codec.lead(doc["style"]) + demonstrate(doc, "0.50")):
            known = [token for token in codec.encode(text) if token != unknown]
            asked += len(text)
            written += min(len(text), len(codec.decode(known)))
    return 1 - written / asked if asked else 0.0


def _find_misfit(model: PreTrainedModel, codec: Codec, docs: Sequence[Doc]) -> str:
    """Return the reason why a task does not fit a model; "" if it fits."""
    some = docs[:: max(1, len(docs) // LOOKED_AT)]
    share = unwritten_share(codec, some)
    if share > MOST:
        return f"its tokenizer cannot write {share:.0%} of the characters of questions and answers"
    room = getattr(model.config, "max_position_embeddings", None)
    length = median(len(codec.encode_prompt(doc)) for doc in some)
    if isinstance(room, int) and length >= room:
        return (
            f"half of its prompts have {length:.0f} tokens or more, but the model has {room} "
            "positions"
        )
    return ""


def _fits(model: PreTrainedModel, codec: Codec, task: str) -> bool:
    docs: list[dict[str, Any]] = load_questions(task, limit=LOOKED_AT)
    try:
        return not _find_misfit(model, codec, docs)
    except UsageError:  # the chat template refuses the prompt
        return False


def _bundled() -> list[str]:
    return [f"caopd_{name}_conf" for name in BUNDLED]
