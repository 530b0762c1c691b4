"""What to call a run after its model, which may be a path."""

from __future__ import annotations

import re

__all__ = ["name_model"]

#: Names of folders that every training run has: without what is above, they name no model.
COMMON = {"adapter", "best", "checkpoint", "checkpoints", "ckpt", "export", "final", "hf", "last"}
COMMON |= {"latest", "merged", "model", "models", "out", "output", "outputs", "saved"}
COMMON |= {"save", "weights"}
#: The same with the number of a step: it tells checkpoints apart, and needs what is above as well.
STEP = re.compile(r"(?i)(?:checkpoint|ckpt|step|epoch|iter|global[_-]?step)?[_-]?\d{1,12}")
#: How lm-eval writes a path as the name of a folder: `/`, `:` and the like become two underscores.
JOINT = "__"
WRITTEN = re.compile(r"(?:\.{0,2}|~|[A-Za-z])__")
#: How the hub's cache names a model, two folders above its files.
CACHED, REVISION = "models--", re.compile(r"[0-9a-f]{40}")


def name_model(text: str, *, parts: int = 1) -> str:
    r"""Return the part of a model's name or path that identifies it.

    Parameters
    ----------
    text : str
        A name on the hub, a path of any system, or a path as lm-eval writes it in the name of a
        folder.
    parts : int
        How many parts to give: 2 where one does not tell two models apart.

    Returns
    -------
    str
        The last part. A folder that every run has, such as `checkpoint`, gives way to the one
        above; a step, such as `checkpoint-200`, stands behind it.

    Examples
    --------
    >>> name_model("org/Llama-3.1-8B"), name_model("/data/runs/caopd-s0/checkpoint")
    ('Llama-3.1-8B', 'caopd-s0')
    >>> name_model("/data/runs/caopd-s0/checkpoint-200")
    'caopd-s0/checkpoint-200'
    >>> name_model("models--org--tiny/snapshots/" + 40 * "a")
    'tiny'
    >>> name_model("__data__runs__caopd-s0__checkpoint", parts=2)
    'runs/caopd-s0'
    """
    pieces = _split(text)
    if not pieces:
        return ""
    if len(pieces) == 2 and pieces[1].lower() in COMMON and text == "/".join(pieces):
        return text  # `org/model`, a whole name
    end = len(pieces)
    while end > 1 and pieces[end - 1].lower() in COMMON:
        end -= 1
    last = end
    while last > 1 and (STEP.fullmatch(pieces[last - 1]) or pieces[last - 1].lower() in COMMON):
        last -= 1
    if pieces[last - 1].lower() in COMMON or STEP.fullmatch(pieces[last - 1]):
        return "/".join(pieces[-2:])  # no part of it names a model
    steps = pieces[end - 1 : end] if last < end else []
    return "/".join([*pieces[max(0, last - parts) : last], *steps])


def _split(text: str) -> list[str]:
    """Return the folders of a path, or of a path that is written as one name."""
    pieces = re.split(r"[/\\]+", text.strip())
    if len(pieces) == 1 and JOINT in text:
        written = text.split(JOINT)
        if WRITTEN.match(text) or written[-1].lower() in COMMON or STEP.fullmatch(written[-1]):
            pieces = written
    kept = [piece for piece in pieces if piece not in ("", ".", "..", "~")]
    if len(kept) > 2 and kept[-2] == "snapshots" and REVISION.fullmatch(kept[-1]):
        kept = [*kept[:-3], kept[-3].removeprefix(CACHED).rpartition("--")[2]]
    return kept
