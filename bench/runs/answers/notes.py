"""What a reader of the numbers should know of logged answers that were not read, and the remedy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from caopd_bench.core.terminal import quote
from caopd_bench.runs.answers.judge import Judged, Verdict
from caopd_bench.runs.answers.scale import is_many
from caopd_bench.runs.logged import Logged
from caopd_bench.tasks.judge.choices import read_choice

__all__ = ["AnswerCount", "list_notes", "note_on_letters"]

#: Statuses of rows that have an answer.
ANSWERED = ("ok", "no_confidence", "bad_confidence")
_LABEL = re.compile(
    r"^[\W_]{0,6}([A-Z][A-Za-z]{1,24}(?: [A-Za-z]{1,24}){0,3})[*_ ]{0,4}:", re.MULTILINE
)
#: Probabilities are written rounded; their sum may differ from 1 by this.
ROUNDING = 0.02


def list_notes(held: Sequence[Logged], judged: Judged, kind: str) -> list[str]:
    """Give the notes on a log.

    Parameters
    ----------
    held : sequence of Logged
    judged : Judged
        Of the same answers.
    kind : str
    """
    pairs = list(zip(held, judged.verdicts, strict=True))
    found = [
        *_on_failures(pairs),
        *_on_labels(pairs),
        *_on_scale(judged),
        *_on_sums(held),
    ]
    count = AnswerCount()
    for logged, verdict in pairs:
        if verdict.probabilities:
            continue
        count.add_text(logged.response)
        if kind == "choice":
            count.add_choice(verdict.status, verdict.correct, verdict.answer, logged.options)
    return [*found, *count.notes("name them with --options COL")]


class AnswerCount:
    """Count what is many only where something went wrong: of texts, and of answers to a choice."""

    def __init__(self) -> None:
        self.texts = self.empty = self.answered = self.nameless = 0
        self.has_options = False
        self._known: dict[tuple[str, tuple[str, ...]], bool] = {}

    def add_text(self, text: str | None) -> None:
        """Count a response; None is a request that failed."""
        self.texts += 1
        self.empty += text is not None and not text.strip()

    def add_choice(
        self, status: str, correct: int, answer: str | None, options: tuple[str, ...]
    ) -> None:
        """Count an answer to a choice; one that is right names its option."""
        if answer is None or status not in ANSWERED:
            return
        self.answered += 1
        self.has_options |= bool(options)
        if not correct:
            key = (answer, options)
            if key not in self._known:
                self._known[key] = read_choice(answer, options) is None
            self.nameless += self._known[key]

    def notes(self, remedy: str) -> list[str]:
        """Give the notes; `remedy` says how options become known."""
        found = note_on_letters(self.nameless, self.answered, self.has_options, remedy)
        if is_many(self.empty, self.texts):
            empty = f"{self.empty:,} empty responses, of {self.texts:,}: they count as wrong"
            found.insert(0, empty)
        return found


def note_on_letters(nameless: int, answered: int, has_options: bool, remedy: str) -> list[str]:
    """Warn of answers to a choice that name no option, where they are many.

    Parameters
    ----------
    nameless, answered : int
        Such answers, and all.
    has_options : bool
        Whether the options were known, so that their texts were looked for.
    remedy : str
        What to do where they were not.

    Examples
    --------
    >>> note_on_letters(1, 100, False, "name them with --options COL")
    []
    """
    if not is_many(nameless, answered):
        return []
    if has_options:
        return [
            f"{nameless:,} of {answered:,} answers name neither the letter nor the text of one "
            "option, and count as wrong; look at them"
        ]
    return [
        f"{nameless:,} of {answered:,} answers name no letter, and count as wrong: they may give "
        f"the texts of the options, which are not known; {remedy}"
    ]


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
    lacking = [
        logged
        for logged, verdict in pairs
        if verdict.status == "no_answer" and (verdict.stated or "").strip()
    ]
    if is_many(len(lacking), len(pairs)):
        yield (
            f"in {len(lacking):,} of {len(pairs):,} responses a confidence was read and no answer: "
            f"name the label of the answer with --answer-label{_guess(lacking, 'confidence')}"
        )
    silent = [logged for logged, verdict in pairs if verdict.status == "no_confidence"]
    if is_many(len(silent), len(pairs)) and len(silent) > len(pairs) / 2 and len(silent) >= 3:
        yield (
            f"in {len(silent):,} of {len(pairs):,} responses an answer was read and no confidence: "
            "if it has another label, name that with --confidence-label"
        )


def _guess(responses: Sequence[Logged], known: str) -> str:
    """Give the label that most of these responses have, as an example."""
    found: Counter[str] = Counter()
    for logged in responses[:1000]:
        labels = dict.fromkeys(_LABEL.findall((logged.response or "")[-2000:]))
        found.update(label for label in labels if known not in label.lower())
    if not found:
        return ""
    label, count = found.most_common(1)[0]
    return f" ({quote(label)}?)" if 2 * count > min(len(responses), 1000) else ""


def _on_scale(judged: Judged) -> Iterator[str]:
    unclear = judged.unclear
    if unclear is None:
        return
    wanted = "--scale 5 or --scale 10" if unclear.highest <= 5 else "--scale 10"
    if unclear.highest > 10:
        wanted = "--scale 100"
    ends = f"; {unclear.ends:,} that say 1 or 10 were not read either" if unclear.ends else ""
    yield (
        f"{unclear.marks:,} of {unclear.stated:,} confidences are bare numbers from 2 to 9, and "
        f"nothing says out of how many{ends}; name the scale with {wanted}"
    )


def _on_sums(held: Sequence[Logged]) -> Iterator[str]:
    given = [sum(logged.probabilities) for logged in held if logged.probabilities]
    other = sum(abs(total - 1) > ROUNDING for total in given)
    if other:
        yield (
            f"the probabilities of {other:,} of {len(given):,} rows do not sum to 1; each was "
            "divided by their sum"
        )
