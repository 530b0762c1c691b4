"""Drop the thinking of a reasoning model, and notice when it never ended.

Every open model family marks its thinking with tags of its own; `KINDS` lists them, one line per
family. The rules are the same for all:

* An opening tag starts thinking and the closing tag *of the same kind* ends it. Other tags in
  between are part of the thinking (models write about tags), and so is the same opening tag again.
* A closing tag that nothing opened ends thinking that started at the beginning of the text: chat
  templates write the opening tag into the prompt. Everything before it is dropped. This also
  settles nested blocks: ``<think>a<think>b</think>c</think>d`` leaves ``d``.
* The reasoning of the paper's science format also ends where the answer's own tag begins.
* Thinking still open at the end of the text was cut off: the response is unfinished, unless it
  ends with a final pair (`unclosed`) or stated one before the tag.

One pass over the text, so the time is proportional to its length.
"""

import re
from typing import NamedTuple


class Thinking(NamedTuple):
    """Text without thinking, whether thinking was still open at the end, and that thinking."""

    visible: str
    unfinished: bool
    hidden: str = ""


class _Kind(NamedTuple):
    """How one family marks thinking.

    ``inner_closing`` closes only what was opened; so does ``outside``, which is itself visible.
    """

    opening: tuple[str, ...]
    closing: tuple[str, ...]
    inner_closing: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


KINDS = (
    _Kind(("<think>",), ("</think>",)),  # Qwen3, DeepSeek-R1, GLM, SmolLM3, Olmo, Nemotron, MiniMax
    _Kind(("<thinking>",), ("</thinking>",)),
    _Kind(("<thought>",), ("</thought>",)),  # EXAONE
    # The paper's science format: models forget to close the reasoning before the answer.
    _Kind(("<reasoning>",), ("</reasoning>",), outside=("<answer>",)),
    _Kind(("[think]",), ("[/think]",)),  # Magistral
    _Kind(("<seed:think>",), ("</seed:think>",)),  # Seed-OSS
    _Kind(("◁think▷",), ("◁/think▷",)),  # Kimi
    _Kind(("<|begin_of_thought|>",), ("<|end_of_thought|>",)),  # Sky-T1, OpenThinker
    _Kind(("<|start_thinking|>",), ("<|end_thinking|>",)),  # Command A
    _Kind(("<|channel>thought",), ("<channel|>",)),  # Gemma 4
    # gpt-oss (harmony). <|end|> also ends any message of other models, so alone it closes nothing.
    # "assistantfinal" is what remains of the tags when the tokenizer skipped special tokens.
    _Kind(
        ("<|channel|>analysis", "<|channel|>commentary"),
        ("<|channel|>final", "assistantfinal"),
        ("<|end|>",),
    ),
)
_OPENS = {tag: kind for kind in KINDS for tag in kind.opening}
_CLOSES = {tag: kind for kind in KINDS for tag in kind.closing}
_CLOSES_INNER = {tag: kind for kind in KINDS for tag in kind.inner_closing}
_OUTSIDE = {tag: kind for kind in KINDS for tag in kind.outside}
# Literal alternatives only: nothing to backtrack over.
_TAG = re.compile(
    "|".join(re.escape(tag) for tag in (*_OPENS, *_CLOSES, *_CLOSES_INNER, *_OUTSIDE)),
    re.IGNORECASE,
)
_REASONING = re.compile("</?reasoning>", re.IGNORECASE)
# gpt-oss without its special tokens begins "analysisWe need to ...".
_BARE_HARMONY = re.compile(r"\s{0,20}analysis(?=[A-Z])")


def holds_thinking(text: str) -> bool:
    r"""Say whether a response shows thinking, closed or not.

    Examples
    --------
    >>> holds_thinking("<think>5? no, 6</think>Answer: 6"), holds_thinking("Answer: 6")
    (True, False)
    >>> holds_thinking("<think>\n\n</think>\n\nAnswer: 6")  # what a model leaves with thinking off
    False
    """
    # The science format's reasoning is part of an answer, whatever the mode.
    text = _REASONING.sub("", text)
    visible, unfinished, _ = drop_thinking(text)
    return unfinished or len("".join(visible.split())) < len("".join(_TAG.sub("", text).split()))


def drop_thinking(text: str) -> Thinking:
    """Return the text outside thinking blocks.

    Parameters
    ----------
    text
        A whole response.

    Returns
    -------
    Thinking
        The visible text (pieces joined by a newline), whether a block was never closed, and what
        stands in that block.

    Examples
    --------
    >>> drop_thinking("<think>5? no, 6</think>Answer: 6")
    Thinking(visible='Answer: 6', unfinished=False, hidden='')
    >>> drop_thinking("so it is 6</think>Answer: 6").visible
    'Answer: 6'
    >>> drop_thinking("<think>Answer: 5, Confidence: 0.9")
    Thinking(visible='', unfinished=True, hidden='Answer: 5, Confidence: 0.9')
    """
    pieces: list[str] = []
    bare = _BARE_HARMONY.match(text)
    open_kind: _Kind | None = KINDS[-1] if bare else None
    visible_from = 0
    hidden_from = bare.end() if bare else 0
    for match in _TAG.finditer(text):
        tag = match.group().lower()
        if open_kind is not None:
            if tag in open_kind.closing or tag in open_kind.inner_closing:
                open_kind = None
                visible_from = match.end()
            elif tag in open_kind.outside:
                open_kind = None
                visible_from = match.start()
        elif tag in _OPENS:
            pieces.append(text[visible_from : match.start()])
            open_kind = _OPENS[tag]
            hidden_from = match.end()
        elif tag in _CLOSES:
            pieces.clear()
            visible_from = match.end()
    if open_kind is None:
        pieces.append(text[visible_from:])
    hidden = text[hidden_from:] if open_kind is not None else ""
    return Thinking("\n".join(filter(None, pieces)), open_kind is not None, hidden)
