"""Count problems that deserve a note if frequent: empty responses, answers naming no option."""

from __future__ import annotations

from caopd_bench.runs.answers.scale import is_many

__all__ = ["ANSWERED", "AnswerCount", "note_on_letters"]

#: Statuses of rows with an answer.
ANSWERED = ("ok", "no_confidence", "bad_confidence")


class AnswerCount:
    """Count empty responses and answers that name no option, which are many only after a fault."""

    def __init__(self) -> None:
        self.texts = self.empty = self.answered = self.nameless = 0
        self.has_options = False
        self._known: dict[tuple[str, tuple[str, ...]], bool] = {}

    def add_text(self, text: str | None) -> None:
        """Count a response; None stands for a failed request."""
        self.texts += 1
        self.empty += text is not None and not text.strip()

    def add_choice(
        self, status: str, correct: int, answer: str | None, options: tuple[str, ...]
    ) -> None:
        """Count an answer to a choice; a right answer always names its option."""
        if answer is None or status not in ANSWERED:
            return
        self.answered += 1
        self.has_options |= bool(options)
        if not correct:
            key = (answer, options)
            if key not in self._known:
                # Imported here because few runs have a wrong answer to a choice.
                from caopd_bench.tasks.judge.choices import read_choice

                self._known[key] = read_choice(answer, options) is None
            self.nameless += self._known[key]

    def notes(self, remedy: str) -> list[str]:
        """Return the notes; `remedy` tells the user how to supply the options."""
        found = note_on_letters(self.nameless, self.answered, self.has_options, remedy)
        if is_many(self.empty, self.texts):
            empty = f"{self.empty:,} empty responses, of {self.texts:,}: they count as wrong"
            found.insert(0, empty)
        return found


def note_on_letters(nameless: int, answered: int, has_options: bool, remedy: str) -> list[str]:
    """Return a note on answers to a choice that name no option, if there are many.

    Parameters
    ----------
    nameless, answered : int
        Number of such answers, and of all answers.
    has_options : bool
        Whether the options were known, so that answers were also matched with their texts.
    remedy : str
        Advice to the user if they were not.

    Examples
    --------
    >>> note_on_letters(1, 100, False, "name them with --options COL")
    []
    """
    if not is_many(nameless, answered):
        return []
    if has_options:
        return [
            f"{nameless:,} of {answered:,} answers contain neither the letter nor the text of one "
            "option, and count as wrong; check them"
        ]
    return [
        f"{nameless:,} of {answered:,} answers contain no letter, and count as wrong; they may "
        f"give the texts of the options, which are unknown: {remedy}"
    ]
