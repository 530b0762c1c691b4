"""List notes on logged answers that could not be parsed, with the remedies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from caopd_bench.core.terminal import quote
from caopd_bench.runs.answers.count import ANSWERED, AnswerCount
from caopd_bench.runs.answers.judge import Judged, Verdict
from caopd_bench.runs.answers.scale import is_many
from caopd_bench.runs.answers.words import Words, guess_words
from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.options import bare_letter

__all__ = ["list_notes"]

#: If at least this many answers are wrong and none is right, the gold answers are questioned.
FEW = 20
#: A decimal from 0 to 1.
_SHARE = re.compile(r"[\W_]{0,8}(?:0?[.,][0-9]{1,9}|1[.,]0{1,9})[\W_]{0,8}")
#: Tolerance for the sum of probabilities, which logs hold rounded.
ROUNDING = 0.02


def list_notes(
    held: Sequence[Logged], judged: Judged, kind: str, scale: int | None = None
) -> list[str]:
    """Return the notes on a log.

    Parameters
    ----------
    held : sequence of Logged
    judged : Judged
        Verdicts on the same answers.
    kind : str
    scale : int, optional
        The scale that the caller specified.
    """
    pairs = list(zip(held, judged.verdicts, strict=True))
    found = [
        *_on_failures(pairs),
        *_on_labels(pairs),
        *_on_scale(judged),
        *_on_given_scale(pairs, scale),
        *_on_right_answers(pairs, kind),
        *_on_kind(pairs, kind),
        *_on_sums(held),
    ]
    count = AnswerCount()
    for logged, verdict in pairs:
        if verdict.probabilities:
            continue
        count.add_text(logged.response)
        if kind == "choice":
            count.add_choice(verdict.status, verdict.correct, verdict.answer, logged.options)
    return [*found, *count.notes("give the options with --options COL")]


Pairs = Sequence[tuple[Logged, Verdict]]


def _on_failures(pairs: Pairs) -> Iterator[str]:
    failed = sum(logged.response is None and not logged.probabilities for logged, _ in pairs)
    if is_many(failed, len(pairs)):
        yield (
            f"{failed:,} of {len(pairs):,} requests failed: they have no response and count as "
            "wrong"
        )
    stopped = [verdict for logged, verdict in pairs if logged.stopped == "filter"]
    if stopped:
        lost = sum(verdict.status == "api_error" for verdict in stopped)
        yield (
            f"{len(stopped):,} of {len(pairs):,} responses were stopped by the provider's content "
            f"filter; {lost:,} of them have no answer and count as wrong (api_error)"
        )


def _on_labels(pairs: Pairs) -> Iterator[str]:
    """Yield notes on parts that most responses lack, and the labels that they may use instead."""
    total = len(pairs)
    read = [(logged, verdict) for logged, verdict in pairs if (logged.response or "").strip()]
    lacking = [
        logged
        for logged, verdict in read
        if verdict.status == "no_answer" and (verdict.stated or "").strip()
    ]
    if is_many(len(lacking), total):
        known = guess_words([(one.response, one.gold) for one in lacking])
        guessed = known.options(confidence=False) if known else ""
        yield (
            f"in {len(lacking):,} of {total:,} responses a confidence was found but no answer: "
            f"give the label of the answer with {guessed or '--answer-label'}{_ask(guessed)}"
        )
    silent = [logged for logged, verdict in pairs if verdict.status == "no_confidence"]
    if _are_most(len(silent), total):
        known = guess_words([(one.response, one.gold) for one in silent])
        guessed = known.options(answer=False) if known else ""
        yield (
            f"in {len(silent):,} of {total:,} responses an answer was found but no confidence: if "
            "the confidence has another label, give it with "
            f"{guessed or '--confidence-label'}{_ask(guessed)}"
        )
    mute = [
        logged
        for logged, verdict in read
        if verdict.status == "no_answer" and not (verdict.stated or "").strip()
    ]
    if _are_most(len(mute), total):
        yield (
            f"in {len(mute):,} of {total:,} responses neither an answer nor a confidence was "
            f"found: {_explain(guess_words([(one.response, one.gold) for one in mute]))}"
        )


def _are_most(number: int, total: int) -> bool:
    return is_many(number, total) and number > total / 2 and number >= 3


def _ask(guessed: str) -> str:
    return " (a guess from the texts)" if guessed else ""


def _explain(words: Words | None) -> str:
    """Describe responses in which nothing was recognised, and the likely cause."""
    if words is None:
        return (
            "if they use other labels, give these with --answer-label and --confidence-label, or "
            "for JSON with --answer-key and --confidence-key"
        )
    look = "JSON with keys" if words.form == "key" else "lines with labels"
    named = " and ".join(quote(word) for word in (words.answer, words.confidence) if word)
    if words.answer and words.confidence:
        return f"they look like {look} such as {named}; try {words.options()} (a guess)"
    other = "confidence" if words.answer else "answer"
    return (
        f"they look like {look} such as {named}; try {words.options()} (a guess), and give the "
        f"one of the {other} with --{other}-{words.form}"
    )


def _on_scale(judged: Judged) -> Iterator[str]:
    unclear = judged.unclear
    if unclear is None:
        return
    wanted = "--scale 5 or --scale 10" if unclear.highest <= 5 else "--scale 10"
    if unclear.highest > 10:
        wanted = "--scale 100"
    ends = f"; {unclear.ends:,} that are 1 or 10 were not read either" if unclear.ends else ""
    yield (
        f"{unclear.marks:,} of {unclear.stated:,} confidences are bare numbers from 2 to 9 on an "
        f"unknown scale{ends}; give the scale with {wanted}"
    )


def _on_given_scale(pairs: Pairs, scale: int | None) -> Iterator[str]:
    bad = [verdict for _, verdict in pairs if verdict.status == "bad_confidence"]
    if scale is not None and _are_most(len(bad), len(pairs)):
        shares = sum(_SHARE.fullmatch((verdict.stated or "")[:80]) is not None for verdict in bad)
        why = "leave it out, or give the scale of the responses"
        if scale > 1 and 2 * shares > len(bad):
            why = f"{shares:,} are decimals up to 1, so --scale {scale} seems wrong; leave it out"
        yield (
            f"{len(bad):,} of {len(pairs):,} confidences, such as {quote(bad[0].stated)}, do not "
            f"fit --scale {scale}: {why}"
        )


def _on_right_answers(pairs: Pairs, kind: str) -> Iterator[str]:
    """Question the right answers, or their kind, if not one of many answers is right."""
    read = [(one, verdict) for one, verdict in pairs if verdict.status in ANSWERED]
    if len(read) >= FEW and not any(verdict.correct for _, verdict in read):
        logged, verdict = read[0]
        yield (
            f"none of {len(read):,} answers is right, such as {quote(verdict.answer)} where "
            f"{quote(logged.gold)} is: {_doubt(read, kind)}"
        )


def _doubt(read: Pairs, kind: str) -> str:
    """Describe the likely mistake from the forms of the right and the given answers."""
    usual = "if the model did better than that, check --gold and --kind"
    golds = sum(bare_letter(logged.gold) is not None for logged, _ in read)
    if kind == "choice" or golds < len(read):
        return usual
    letters = sum(bare_letter(verdict.answer or "") is not None for _, verdict in read)
    if 2 * letters > len(read):
        return usual
    return (
        "all right answers are single letters and most answers are not, so --gold may be the "
        "wrong column, or the kind may be choice (--kind choice, with --options); a guess"
    )


def _on_kind(pairs: Pairs, kind: str) -> Iterator[str]:
    """Question a text kind if the right answers look like option letters."""
    if kind != "phrase":
        return
    read = [(one, verdict) for one, verdict in pairs if verdict.status in ANSWERED]
    letters = {bare_letter(logged.gold) or "" for logged, _ in read}
    right = sum(verdict.correct for _, verdict in read)
    if len(read) < FEW or len(letters) < 2 or not letters <= set("ABCDE"):
        return
    if right and is_many(len(read) - right, len(read)):
        yield (
            "all right answers are single letters from A to E: if they name options, --kind choice "
            "also reads answers such as 'B) a tunnel' (a guess)"
        )


def _on_sums(held: Sequence[Logged]) -> Iterator[str]:
    given = [sum(logged.probabilities) for logged in held if logged.probabilities]
    other = sum(abs(total - 1) > ROUNDING for total in given)
    if other:
        yield (
            f"the probabilities of {other:,} of {len(given):,} rows do not sum to 1; each was "
            "divided by their sum"
        )
