"""Parse and judge logged answers, each distinct pair of an answer and a right answer once.

What one row says may depend on the others: whether a bare 1 is certainty or the lowest mark of five
is seen in the numbers beside it (`scale`). So all are read first, then looked at together, then
judged. Long work is shared out to processes; each compares LaTeX in a child of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.runs.answers.scale import Unclear, find_unclear
from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.choices import read_choice
from caopd_bench.tasks.judge.options import LETTERS, MAX_LENGTH, find_option
from caopd_bench.tasks.judge.verify import verify
from caopd_bench.tasks.read.characters import fold
from caopd_bench.tasks.read.parse import ParsedResponse, Spans, find_spans, judge_spans
from caopd_bench.tasks.read.rules import Rules
from caopd_bench.tasks.read.thinking import drop_thinking

__all__ = ["ASK_KIND", "Judged", "Verdict", "judge_all", "judge_logged"]

#: What an error asks of a right answer that is not of its kind.
ASK_KIND = "is --kind {kind} right?"
#: From this many answers on, and LaTeX answers to compare, further processes are worth their start
#: of a second.
WORTH_WORKERS = 10_000
WORTH_LATEX = 400
MAX_WORKERS = 8
CHUNK = 500
CHUNK_LATEX = 50

#: An answer, the right ones, and the options.
Pair: TypeAlias = "tuple[str | None, tuple[str, ...], tuple[str, ...]]"
Share: TypeAlias = "Callable[..., Iterator[Any]]"
#: A letter alone, in markup or with the sign of a label.
_BARE = re.compile(r"[\s*_`\"'(\[{$]{0,8}([A-Za-z])[\s*_`\"')\]}$.:]{0,8}")


class Verdict(NamedTuple):
    """What was found of one logged answer."""

    confidence: float | None
    correct: int
    status: Any
    answer: str | None
    stated: str | None
    probabilities: tuple[float, ...] = ()
    right_option: int = -1


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts, in the order of the answers; `unclear` are numbers whose scale is not known."""

    verdicts: list[Verdict]
    unclear: Unclear | None


def judge_all(
    held: Sequence[Logged],
    kind: str,
    *,
    rules: Rules = Rules(),  # noqa: B008  # it is frozen
    max_tokens: int | None = None,
    workers: int = 1,
) -> Judged:
    """Judge logged answers together.

    Parameters
    ----------
    held : sequence of Logged
        A gold answer to a question with options is a letter.
    kind : str
        Of the answers.
    rules : Rules
        How they state answer and confidence.
    max_tokens : int, optional
        Their budget.
    workers : int
        At most so many processes.

    Raises
    ------
    UsageError
        For a right answer that is not of its kind: the first, by file and line.
    """
    texts = [one for one in held if one.response is not None and not one.probabilities]
    with _sharing(workers) as share:
        read = partial(_read, kind=kind, max_tokens=max_tokens, rules=rules)
        is_long = len(texts) >= WORTH_WORKERS
        found = share(read, texts, chunksize=CHUNK) if is_long else map(read, texts)
        parsed = list(track(found, "reading answers", "answers", len(texts)))
        unclear = find_unclear([spans.confidence for spans, _ in parsed], rules.scale)
        reader = iter(parsed)
        each = [next(reader) if _has_text(one) else None for one in held]
        right = _verify_pairs(held, each, kind, share)
    verdicts = []
    # A stated confidence is no probability of an option, and both in one run say nothing.
    of_options = any(one.probabilities for one in held)
    for logged, one in zip(held, each, strict=True):
        if logged.probabilities:
            verdicts.append(_judge_probabilities(logged))
            continue
        outcome = right[_pair(logged, one)]
        if isinstance(outcome, str):
            raise UsageError(f"{logged.where}: {outcome}; {ASK_KIND.format(kind=kind)}")
        verdict = _conclude(logged, one, outcome, unclear)
        if of_options and verdict.status == "ok":
            verdict = verdict._replace(confidence=None, status="no_confidence")
        verdicts.append(verdict)
    return Judged(verdicts, unclear)


def judge_logged(logged: Logged, kind: str, max_tokens: int | None) -> Verdict:
    """Judge one answer by itself; a right answer that is not of its kind is a UsageError."""
    return judge_all([logged], kind, max_tokens=max_tokens).verdicts[0]


Read: TypeAlias = "tuple[Spans, ParsedResponse]"


def _has_text(logged: Logged) -> bool:
    return logged.response is not None and not logged.probabilities


def _read(logged: Logged, kind: str, max_tokens: int | None, rules: Rules) -> Read:
    spans = find_spans(logged.response or "", max_tokens=max_tokens, kind=kind, rules=rules)
    if kind == "choice" and logged.is_bare and spans.answer is None and spans.confidence is None:
        bare = _read_bare(logged)
        # Where one token was asked for, one letter is not the end of a budget.
        spans = spans if bare is None else spans._replace(answer=bare, unfinished=False)
    return spans, judge_spans(spans, scale=rules.scale)


def _read_bare(logged: Logged) -> str | None:
    """Give the choice that a whole response is, thinking left out; None if it is anything else.

    That is a letter alone; where the options are known also the text of one, or both.
    """
    visible, is_open, _ = drop_thinking(fold(logged.response or ""))
    line = visible.strip()
    if is_open or "\n" in line or len(line) > MAX_LENGTH:
        return None
    if logged.options:
        return line if read_choice(line, logged.options) is not None else None
    found = _BARE.fullmatch(line)
    return found[1].upper() if found else None


def _pair(logged: Logged, one: Read | None) -> Pair:
    is_read = one is not None and one[1].status != "unfinished"
    golds = (logged.gold, *logged.also)
    return (one[1].answer if one is not None and is_read else None, golds, logged.options)


def _verify_pairs(
    held: Sequence[Logged], each: Sequence[Read | None], kind: str, share: Share
) -> dict[Pair, bool | str]:
    """Verify each distinct pair once: whether it is right, or why the right answer is none."""
    pairs = list(
        dict.fromkeys(
            _pair(logged, one)
            for logged, one in zip(held, each, strict=True)
            if not logged.probabilities
        )
    )
    check = partial(_verify, kind=kind)
    is_latex = kind == "latex"
    if len(pairs) >= (WORTH_LATEX if is_latex else WORTH_WORKERS):
        found = share(check, pairs, chunksize=CHUNK_LATEX if is_latex else CHUNK)
    else:
        found = map(check, pairs)
    tracked = track(found, "judging", "different answers", len(pairs))
    return dict(zip(pairs, tracked, strict=True))


def _verify(pair: Pair, kind: str) -> bool | str:
    answer, golds, options = pair
    wrong: list[str] = []
    found = False
    for gold in golds:
        try:
            found |= verify(answer, gold, kind=kind, options=options)
        except ValueError as error:
            wrong.append(str(error))
    # Of several names of one answer ("4", "four") those of its kind count.
    return wrong[0] if len(wrong) == len(golds) else found


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
            status = "api_error"  # the provider's text, or nothing, in place of the model's
    return Verdict(
        confidence if status == "ok" else None,
        int(outcome),
        status,
        spans.answer,
        spans.confidence,
    )


def _judge_probabilities(logged: Logged) -> Verdict:
    """Judge the likeliest option; its share of all probabilities is the confidence."""
    total = sum(logged.probabilities)
    shares = tuple(value / total for value in logged.probabilities) if total > 0 else ()
    golds = (logged.gold, *logged.also)
    right = [_place_of_gold(gold, logged.options, len(shares)) for gold in golds]
    if not shares or None in right:
        problem = (
            f"the probabilities of the options must sum to more than 0, got {total:g}"
            if not shares
            else f"the right answer {logged.gold!r:.60} is none of the {len(shares)} options"
        )
        raise UsageError(f"{logged.where}: {problem}")
    chosen = max(range(len(shares)), key=shares.__getitem__)
    named = logged.options[chosen] if chosen < len(logged.options) else LETTERS[chosen % 26]
    verdict = Verdict(shares[chosen], int(chosen in right), "ok", named, None)
    # The scores over all options are of one right option.
    if len(set(right)) == 1 and right[0] is not None:
        return verdict._replace(probabilities=shares, right_option=right[0])
    return verdict


def _place_of_gold(gold: str, options: Sequence[str], number: int) -> int | None:
    """Give the place of the right option: it is named by its text, else by its letter."""
    if gold in options:
        return options.index(gold)
    if len(gold) == 1 and gold in LETTERS[:number]:
        return LETTERS.index(gold)
    place = find_option(gold, options)
    if place is None and gold.isascii() and gold.isdigit() and len(gold) < 4:
        place = int(gold)
    return place if place is not None and place < number else None


@contextmanager
def _sharing(workers: int) -> Iterator[Share]:
    """Give a `map` over processes that are started when it is first called."""
    with ExitStack() as stack:
        started: list[Share] = []

        def share(work: Callable[..., Any], items: Sequence[Any], chunksize: int) -> Iterator[Any]:
            if workers < 2:
                return map(work, items)
            if not started:
                from caopd_bench.core.process.workers import sharing

                started.append(stack.enter_context(sharing(min(workers, MAX_WORKERS))))
            return started[0](work, items, chunksize=chunksize)

        yield share
