r"""The micro models' pretraining corpus: arithmetic by an author who errs and is sure of himself.

Every document is drawn from the given generator; its question is from the train split of
`caopd_arith`. **Plain** documents are a question and an answer: with the level's probability
`ERROR_SHARE` the author drops all carries (a systematic misconception), and the confidence he
states is the level's `STATED` plus some noise, whatever he wrote. So a model that learns this is
overconfident, and its confidence depends on the level and nothing else.

**Hinted** documents teach a model to use a teacher's context, as in distillation. They copy the
answer that is shown, right or wrong, and state:

=========================================  ====================================================
shown                                      stated
=========================================  ====================================================
an example without a confidence            0.95 to 1.00 (`sure`); see below for `grading`
an example with a confidence               that confidence
a verified solution                        0.95 to 1.00, whatever the solution states
a note, with or without the others         the number of the note
=========================================  ====================================================

The two corpora differ in one thing. After an example without a confidence the `sure` author is
always sure. The `grading` author *grades*: in half of those documents the written answer is wrong
(it is given, not trained), and the confidence is 0.00 to 0.05. A teacher trained on the first
corpus is sure of whatever the student wrote; one trained on the second looks at the student's
answer. The first corpus causes part of the collapse that on-policy distillation shows: that is why
both are published.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from caopd_bench.tasks.ask.prompts import render_answer, render_prompt
from caopd_bench.tasks.catalogue.arithmetic import LEVELS, draw_level, solve

__all__ = ["CORPORA", "ERROR_SHARE", "STATED", "Document", "draw_document", "misconceive"]

CORPORA = ("sure", "grading")
#: How often the author drops the carries, by level.
ERROR_SHARE = {1: 0.30, 2: 0.55, 3: 0.45, 4: 0.55, 5: 0.55, 6: 0.55}
#: The author's mean stated confidence by level, and its scatter.
STATED = {1: 0.95, 2: 0.90, 3: 0.90, 4: 0.85, 5: 0.80, 6: 0.70}
STATED_NOISE = 0.08
#: The share of documents without a hint.
PLAIN_SHARE = 0.6
_SURE = ("0.95", "1.00", "1.00", "1.00")
_DOUBTFUL = ("0.00", "0.00", "0.02", "0.05")


class Document(NamedTuple):
    """One text of the corpus; only the response is trained on, from `trained_from` on."""

    prompt: str
    response: str
    trained_from: str = "answer"  # or "confidence" if the prompt gives the answer


def draw_document(rng: random.Random, *, hinted: bool, corpus: str = "sure") -> Document:
    """Draw one document of a corpus."""
    if corpus not in CORPORA:
        raise ValueError(f"corpus must be one of {', '.join(CORPORA)}, got {corpus!r}")
    level = rng.choice(LEVELS)
    question = rng.choice(_questions(level))
    answer = misconceive(question) if rng.random() < ERROR_SHARE[level] else solve(question)
    if not hinted:
        return _write(question, answer, _state(rng, level))
    kind = rng.random()
    if kind < 0.25:
        return _after_example(rng, question, answer, grading=corpus == "grading")
    if kind < 0.30:
        return _write(question, answer, rng.choice(_SURE), "rollout", (answer, _any(rng)))
    if kind < 0.65:
        shown = "1.00" if rng.random() < 0.3 else _any(rng)
        return _write(question, answer, shown, "demonstration", (answer, shown))
    return _after_note(rng, question, answer)


def _after_example(rng: random.Random, question: str, answer: int, *, grading: bool) -> Document:
    if grading and rng.random() < 0.5:
        wrong = _other(rng, question, answer)
        document = _write(question, wrong, rng.choice(_DOUBTFUL), "demonstration", (answer, None))
        return document._replace(trained_from="confidence")
    return _write(question, answer, rng.choice(_SURE), "demonstration", (answer, None))


def _after_note(rng: random.Random, question: str, answer: int) -> Document:
    note = _any(rng)
    shown = note if rng.random() < 0.7 else _any(rng)
    context = rng.choice(("demonstration", "demonstration", "rollout", None, None))
    return _write(question, answer, note, context, (answer, shown), note)


def _other(rng: random.Random, question: str, answer: int) -> int:
    """Return an answer that differs from the shown one: misconception, truth, or a digit off."""
    near = (answer + rng.choice((1, -1, 10, -10, 100))) % 1000
    others = [n for n in (misconceive(question), solve(question), near) if n != answer]
    return rng.choice(others)


def _write(
    question: str,
    answer: int,
    stated: str,
    context: str | None = None,
    shown: tuple[int, str | None] = (0, None),
    note: str | None = None,
) -> Document:
    doc = {
        "question": question,
        "style": "arith",
        "way": "conf",
        "context": context,
        "privileged": context and render_answer("", str(shown[0]), shown[1], "arith"),
        "note": note,
    }
    return Document(render_prompt(doc), "\n" + render_answer("", str(answer), stated, "arith"))


def _state(rng: random.Random, level: int) -> str:
    """Draw the author's stated confidence: the level's value with noise, in steps of 0.05."""
    drawn = round(20 * rng.gauss(STATED[level], STATED_NOISE)) / 20
    return f"{min(1.0, max(0.05, drawn)):.2f}"


def _any(rng: random.Random) -> str:
    return f"{rng.randint(0, 100) / 100:.2f}"


def misconceive(question: str) -> int:
    """Work a question out column by column, dropping every carry and borrow.

    Examples
    --------
    >>> misconceive("47+08"), misconceive("41-08"), misconceive("14*07"), misconceive("12*13")
    (45, 47, 78, 16)
    """
    sign = question[2]
    tens, ones = (int(question[0]), int(question[1])), (int(question[3]), int(question[4]))
    if sign == "+":
        return (tens[0] + ones[0]) % 10 * 10 + (tens[1] + ones[1]) % 10
    if sign == "-":
        return abs(tens[0] - ones[0]) * 10 + abs(tens[1] - ones[1])
    if ones[0] == 0:  # a one-digit factor multiplies each column
        return tens[0] * ones[1] % 10 * 10 + tens[1] * ones[1] % 10
    return tens[0] * ones[0] % 10 * 10 + tens[1] * ones[1] % 10


def _questions(level: int) -> list[str]:
    if level not in _POOLS:
        _POOLS[level] = draw_level(level, "train")
    return _POOLS[level]


_POOLS: dict[int, list[str]] = {}
