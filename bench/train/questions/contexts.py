"""Build the teacher's document: the question with privileged context, in the tasks' wording.

The teacher is the student (an average or a frozen copy of it) with more context: an expert's
demonstration, or a verified answer of the student's own. It also sees the question, the system
message and the note, since the same function makes its prompt and the student's from one document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.text.replace import state_confidence

__all__ = ["show_demonstration", "show_solution"]

Doc = dict[str, Any]


def show_demonstration(
    doc: Mapping[str, Any], stated: str | None = "1.00", note: str | None = None
) -> Doc:
    """Return the teacher's document, with a demonstration of the gold answer.

    Parameters
    ----------
    doc
        The student's document.
    stated : str, optional
        The confidence in the demonstration; None omits its line.
    note : str, optional
        The confidence that the teacher is told to state.
    """
    from caopd_bench.tasks.ask.documents import demonstrate

    shown = demonstrate(doc, stated)
    return {**doc, "context": "demonstration", "privileged": shown, "note": note}


def show_solution(group: Group, stated: str | None = None, note: str | None = None) -> Doc:
    """Return the teacher's document, with a verified rollout of the student.

    The first right rollout of the question is shown. If none is right there is nothing to show:
    the teacher then sees the student's prompt (and the note), so that the answer is left as it is
    and only the stated confidence can move. SDPO leaves such groups out, to the same effect.

    Parameters
    ----------
    group : Group
        The question with its rollouts.
    stated : str, optional
        Replaces the confidence that the rollout states; None leaves the student's own.
    note : str, optional
        As for `show_demonstration`.
    """
    doc = dict(group.doc)
    right = next((r for r in group.rollouts if r.correct and r.usable), None)
    if right is None:
        return {**doc, "context": "none", "privileged": None, "note": note}
    text = right.text.strip("\n")
    if stated is not None:
        text = state_confidence(text, stated, doc["kind"]) or text
    return {**doc, "context": "rollout", "privileged": text, "note": note}
