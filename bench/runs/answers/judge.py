"""Parse and judge logged answers, comparing each distinct pair with a right answer only once.

The meaning of one row may depend on the others: whether a bare 1 is certainty or the lowest of five
marks follows from the other numbers (`scale`). So all answers are parsed first, then examined
together, then judged. Long work is distributed over processes; each compares LaTeX in its own child
process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.core.process.share import shared_out
from caopd_bench.runs.answers.alone import Pair, Read, Text, compare, guess_seconds, read
from caopd_bench.runs.answers.scale import Unclear, find_unclear
from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.options import LETTERS, find_option
from caopd_bench.tasks.read.rules import Rules

__all__ = ["ASK_KIND", "Judged", "Verdict", "judge_all", "judge_logged"]

#: Question in the error about a right answer that is not of the given kind.
ASK_KIND = "is --kind {kind} right?"
#: Rough seconds to compare a pair; LaTeX may need algebra, which starts a child process.
SECONDS, SECONDS_LATEX = 4e-5, 1.5e-2
#: Maximum number of pairs sent to a process at once; progress is reported per chunk.
CHUNK, CHUNK_LATEX = 500, 50


class Verdict(NamedTuple):
    """The verdict on one logged answer."""

    confidence: float | None
    correct: int
    status: Any
    answer: str | None
    stated: str | None
    probabilities: tuple[float, ...] = ()
    right_option: int = -1


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts in the order of the answers; `unclear` describes numbers on an unknown scale."""

    verdicts: list[Verdict]
    unclear: Unclear | None


def judge_all(
    held: Sequence[Logged],
    kind: str,
    *,
    rules: Rules = Rules(),  # noqa: B008  # frozen, so a shared default is safe
    max_tokens: int | None = None,
    workers: int = 1,
) -> Judged:
    """Judge logged answers together.

    Parameters
    ----------
    held : sequence of Logged
        The answers; the gold answer to a question with options is a letter.
    kind : str
        Kind of the answers.
    rules : Rules
        Format in which they state answer and confidence.
    max_tokens : int, optional
        Token budget of an answer.
    workers : int
        Maximum number of processes.

    Raises
    ------
    UsageError
        If a right answer is not of the given kind; the message names the first, by file and line.
    """
    texts = [
        Text(one.response, one.options, one.is_bare)
        for one in held
        if one.response is not None and not one.probabilities
    ]
    reading = partial(read, kind=kind, max_tokens=max_tokens, rules=rules)
    with shared_out(reading, texts, workers, cost=guess_seconds, most=CHUNK) as found:
        parsed = list(track(found, "reading answers", "answers", len(texts)))
    del texts
    unclear = find_unclear([spans.confidence for spans, _ in parsed], rules.scale)
    reader = iter(parsed)
    each = [next(reader) if _has_text(one) else None for one in held]
    pairs = _list_pairs(held, each)
    right = _compare_all(pairs, kind, workers)
    verdicts = []
    # Stated confidences and option probabilities differ in meaning, so a run must not mix them.
    of_options = any(one.probabilities for one in held)
    for logged, one, pair in zip(held, each, pairs, strict=True):
        if pair is None:
            verdicts.append(_judge_probabilities(logged))
            continue
        outcome = right[pair]
        if isinstance(outcome, str):
            raise UsageError(f"{logged.where}: {outcome}; {ASK_KIND.format(kind=kind)}")
        verdict = _conclude(logged, one, outcome, unclear)
        if of_options and verdict.status == "ok":
            verdict = verdict._replace(confidence=None, status="no_confidence")
        verdicts.append(verdict)
    return Judged(verdicts, unclear)


def judge_logged(logged: Logged, kind: str, max_tokens: int | None) -> Verdict:
    """Judge one answer; raise a UsageError if the right answer is not of the given kind."""
    return judge_all([logged], kind, max_tokens=max_tokens).verdicts[0]


def _has_text(logged: Logged) -> bool:
    return logged.response is not None and not logged.probabilities


def _list_pairs(held: Sequence[Logged], each: Sequence[Read | None]) -> list[Pair | None]:
    """Return each answer's pair to compare, equal pairs as one object; None for probabilities."""
    known: dict[Pair, Pair] = {}
    pairs: list[Pair | None] = []
    for logged, one in zip(held, each, strict=True):
        if logged.probabilities:
            pairs.append(None)
            continue
        is_read = one is not None and one[1].status != "unfinished"
        answer = one[1].answer if one is not None and is_read else None
        pair = (answer, (logged.gold, *logged.also), logged.options)
        pairs.append(known.setdefault(pair, pair))
    return pairs


def _compare_all(pairs: Sequence[Pair | None], kind: str, workers: int) -> dict[Pair, bool | str]:
    """Compare each distinct pair once: whether it is right, or why the right answer is invalid."""
    distinct = list(dict.fromkeys(pair for pair in pairs if pair is not None))
    is_latex = kind == "latex"
    seconds = SECONDS_LATEX if is_latex else SECONDS
    most = CHUNK_LATEX if is_latex else CHUNK
    work = partial(compare, kind=kind)
    with shared_out(work, distinct, workers, cost=lambda _: seconds, most=most) as found:
        tracked = track(found, "judging", "different answers", len(distinct))
        return dict(zip(distinct, tracked, strict=True))


def _conclude(logged: Logged, one: Read | None, outcome: bool, unclear: Unclear | None) -> Verdict:
    if one is None:
        return Verdict(None, 0, "api_error", None, None)
    spans, parsed = one
    confidence, status = parsed.confidence, parsed.status
    if status == "ok" and unclear is not None and unclear.has(spans.confidence):
        confidence, status = None, "bad_confidence"
    if status == "no_answer" and confidence is None:
        if logged.stopped == "length":
            status = "unfinished"
        elif logged.stopped == "filter":
            status = "api_error"  # the text is the provider's or empty, not the model's answer
    return Verdict(
        confidence if status == "ok" else None,
        int(outcome),
        status,
        spans.answer,
        spans.confidence,
    )


def _judge_probabilities(logged: Logged) -> Verdict:
    """Judge the most probable option; its share of all probabilities is the confidence."""
    total = sum(logged.probabilities)
    shares = tuple(value / total for value in logged.probabilities) if total > 0 else ()
    golds = (logged.gold, *logged.also)
    right = [_place_of_gold(gold, logged.options, len(shares)) for gold in golds]
    if not shares or None in right:
        problem = (
            f"the probabilities of the options must sum to more than 0, got {total:g}"
            if not shares
            else f"the right answer {logged.gold!r:.60} is not among the {len(shares)} options"
        )
        raise UsageError(f"{logged.where}: {problem}")
    chosen = max(range(len(shares)), key=shares.__getitem__)
    named = logged.options[chosen] if chosen < len(logged.options) else LETTERS[chosen % 26]
    verdict = Verdict(shares[chosen], int(chosen in right), "ok", named, None)
    # Scores over all options assume a single right option.
    if len(set(right)) == 1 and right[0] is not None:
        return verdict._replace(probabilities=shares, right_option=right[0])
    return verdict


def _place_of_gold(gold: str, options: Sequence[str], number: int) -> int | None:
    """Return the index of the right option, which is named by its text or else by its letter."""
    if gold in options:
        return options.index(gold)
    if len(gold) == 1 and gold in LETTERS[:number]:
        return LETTERS.index(gold)
    place = find_option(gold, options)
    if place is None and gold.isascii() and gold.isdigit() and len(gold) < 4:
        place = int(gold)
    return place if place is not None and place < number else None
