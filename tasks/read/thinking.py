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
from collections.abc import Iterator
from typing import NamedTuple

from caopd_bench.tasks.read.characters import lower


class Thinking(NamedTuple):
    """Text without thinking, whether thinking was still open at the end, and that thinking."""

    visible: str
    unfinished: bool
    hidden: str = ""


class _Kind(NamedTuple):
    """The tags with which one family marks thinking.

    ``inner_closing`` only ends opened thinking; so does ``outside``, which is visible itself.
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
# Only literal alternatives, so there is nothing to backtrack over.
_TAG = re.compile(
    "|".join(re.escape(tag) for tag in (*_OPENS, *_CLOSES, *_CLOSES_INNER, *_OUTSIDE)),
    re.IGNORECASE,
)
# Patterns for a text in lower case; `_BARE_CLOSE` is the only tag without brackets.
_BARE_CLOSE = "assistantfinal"
_LOW_TAG = re.compile("|".join(re.escape(t) for t in (*_OPENS, *_CLOSES) if t != _BARE_CLOSE))
_LOW_TAG_OR_BARE = re.compile(f"{_LOW_TAG.pattern}|{_BARE_CLOSE}")
_LOW_TAGS = tuple(  # all tags, without and with `_BARE_CLOSE`
    re.compile("|".join((pattern.pattern, *map(re.escape, (*_CLOSES_INNER, *_OUTSIDE)))))
    for pattern in (_LOW_TAG, _LOW_TAG_OR_BARE)
)
_LOW_ENDS = {
    kind: re.compile("|".join(map(re.escape, (*kind.closing, *kind.inner_closing, *kind.outside))))
    for kind in KINDS
}
_REASONING = re.compile("</?reasoning>", re.IGNORECASE)
# Without its special tokens, a response of gpt-oss begins "analysisWe need to ...".
_BARE_HARMONY = re.compile(r"\s{0,20}analysis(?=[A-Z])")


def holds_thinking(text: str) -> bool:
    r"""Return whether a response shows thinking, closed or not.

    Examples
    --------
    >>> holds_thinking("<think>5? no, 6</think>Answer: 6"), holds_thinking("Answer: 6")
    (True, False)
    >>> holds_thinking("<think>\n\n</think>\n\nAnswer: 6")  # what a model leaves with thinking off
    False
    """
    if _BARE_HARMONY.match(text) is None:
        low = lower(text)
        if low is not None and not _may_hold_tag(low):
            return False
    # The reasoning of the science format is part of an answer, even with thinking off.
    text = _REASONING.sub("", text)
    low = lower(text)
    visible, unfinished, _ = drop_thinking(text, low)
    if unfinished:
        return True
    # The text in lower case has the same length, and its tags are found faster.
    rest = _TAG.sub("", text) if low is None else _LOW_TAGS[_BARE_CLOSE in low].sub("", low)
    return len("".join(visible.split())) < len("".join(rest.split()))


def drop_thinking(text: str, low: str | None = None) -> Thinking:
    """Return the text outside thinking blocks.

    Parameters
    ----------
    text
        A whole response.
    low
        The result of `characters.lower` for it, if the caller has it.

    Returns
    -------
    Thinking
        The visible text (pieces joined by a newline), whether a block was never closed, and the
        content of that block.

    Examples
    --------
    >>> drop_thinking("<think>5? no, 6</think>Answer: 6")
    Thinking(visible='Answer: 6', unfinished=False, hidden='')
    >>> drop_thinking("so it is 6</think>Answer: 6").visible
    'Answer: 6'
    >>> drop_thinking("<think>Answer: 5, Confidence: 0.9")
    Thinking(visible='', unfinished=True, hidden='Answer: 5, Confidence: 0.9')
    """
    bare = _BARE_HARMONY.match(text)
    low = lower(text) if low is None else low
    if low is not None and bare is None and not _may_hold_tag(low):
        return Thinking(text, False)
    pieces: list[str] = []
    open_kind: _Kind | None = KINDS[-1] if bare else None
    visible_from = 0
    hidden_from = bare.end() if bare else 0
    for tag, start, end in _find_all_tags(text) if low is None else _find_tags(low, open_kind):
        if open_kind is not None:
            if tag in open_kind.closing or tag in open_kind.inner_closing:
                open_kind = None
                visible_from = end
            elif tag in open_kind.outside:
                open_kind = None
                visible_from = start
        elif tag in _OPENS:
            pieces.append(text[visible_from:start])
            open_kind = _OPENS[tag]
            hidden_from = end
        elif tag in _CLOSES:
            pieces.clear()
            visible_from = end
    if open_kind is None:
        pieces.append(text[visible_from:])
    hidden = text[hidden_from:] if open_kind is not None else ""
    return Thinking("\n".join(filter(None, pieces)), open_kind is not None, hidden)


def _may_hold_tag(low: str) -> bool:
    return "<" in low or "[" in low or "◁" in low or _BARE_CLOSE in low


def _find_all_tags(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _TAG.finditer(text):
        yield match.group().lower(), match.start(), match.end()


def _find_tags(low: str, open_kind: _Kind | None) -> Iterator[tuple[str, int, int]]:
    """Yield the relevant tags: within thinking only those that end it, outside it all tags."""
    position = 0
    outside = _LOW_TAG_OR_BARE if _BARE_CLOSE in low else _LOW_TAG
    while True:
        pattern = outside if open_kind is None else _LOW_ENDS[open_kind]
        match = pattern.search(low, position)
        if match is None:
            return
        tag, position = match.group(), match.end()
        open_kind = _OPENS.get(tag) if open_kind is None else None
        yield tag, match.start(), position
