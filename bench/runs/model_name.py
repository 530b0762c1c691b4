"""Name a run after its model, which may be a path."""

from __future__ import annotations

import re

__all__ = ["name_model"]

#: Folder names common to all training runs; they identify a model only with their parent.
COMMON = {"adapter", "best", "checkpoint", "checkpoints", "ckpt", "export", "final", "hf", "last"}
COMMON |= {"latest", "merged", "model", "models", "out", "output", "outputs", "saved"}
COMMON |= {"save", "weights"}
#: Such names with a step number, which distinguishes checkpoints but needs the parent as well.
STEP = re.compile(r"(?i)(?:checkpoint|ckpt|step|epoch|iter|global[_-]?step)?[_-]?\d{1,12}")
#: lm-eval turns a path into a folder name by replacing `/`, `:` and the like by two underscores.
JOINT = "__"
WRITTEN = re.compile(r"(?:\.{0,2}|~|[A-Za-z])__")
#: Name of a model's folder in the hub's cache, two levels above its files.
CACHED, REVISION = "models--", re.compile(r"[0-9a-f]{40}")


def name_model(text: str, *, parts: int = 1) -> str:
    r"""Return the part of a model's name or path that identifies it.

    Parameters
    ----------
    text : str
        A name on the hub, a path of any system, or a path as lm-eval writes it in the name of a
        folder.
    parts : int
        Number of parts to return; use 2 if one does not distinguish two models.

    Returns
    -------
    str
        The last part. A common folder such as `checkpoint` is replaced by its parent; a step such
        as `checkpoint-200` is appended to its parent.

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
        return text  # `org/model` is a complete name
    end = len(pieces)
    while end > 1 and pieces[end - 1].lower() in COMMON:
        end -= 1
    last = end
    while last > 1 and (STEP.fullmatch(pieces[last - 1]) or pieces[last - 1].lower() in COMMON):
        last -= 1
    if pieces[last - 1].lower() in COMMON or STEP.fullmatch(pieces[last - 1]):
        return "/".join(pieces[-2:])  # no part identifies a model
    steps = pieces[end - 1 : end] if last < end else []
    return "/".join([*pieces[max(0, last - parts) : last], *steps])


def _split(text: str) -> list[str]:
    """Return the parts of a path, or of a path that was turned into a single name."""
    pieces = re.split(r"[/\\]+", text.strip())
    if len(pieces) == 1 and JOINT in text:
        written = text.split(JOINT)
        if WRITTEN.match(text) or written[-1].lower() in COMMON or STEP.fullmatch(written[-1]):
            pieces = written
    kept = [piece for piece in pieces if piece not in ("", ".", "..", "~")]
    if len(kept) > 2 and kept[-2] == "snapshots" and REVISION.fullmatch(kept[-1]):
        kept = [*kept[:-3], kept[-3].removeprefix(CACHED).rpartition("--")[2]]
    return kept
