"""What the confidence of a run's task is, and how to speak of it.

Most models state their confidence in the text. Of logs that hold a probability for every option of
a question, it is the probability of the option that was chosen: nothing was stated, and no text
about such a run may say so. Nor was what a map made of a stated confidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from caopd_bench.runs.run import AnyRun

__all__ = ["OF_OPTION", "STATED", "Wording", "join_wordings", "wording_of", "wording_of_settings"]

OF_OPTION = "probability of the chosen option"
#: Of a run to whose confidences a saved map was applied (`maps.apply`).
OF_MAP = "recalibrated confidence"
#: How the probabilities of options of unlike length were made comparable, by the word in `per`.
PER = {
    "text": "{}'s whole text",
    "byte": "{} per byte of its text",
    "character": "{} per character of its text",
    "prior": "{} relative to its probability without the question",
    "given": "{} as the log gives it",
}
#: Reasons that are written where nobody knows what the confidence is, and what they become.
REASONS = (
    ("no row states", "no row has"),
    ("one value stated", "one value only"),
    ("could have stated", "could have had"),
)


@dataclass(frozen=True, slots=True)
class Wording:
    """How to speak of a confidence.

    Attributes
    ----------
    name : str
        "stated confidence", "probability of the chosen option", "recalibrated confidence", or
        "confidence" where several occur.
    full : str
        The same, with what the probability is of.
    """

    name: str
    full: str

    @property
    def is_stated(self) -> bool:
        """Whether the models state it: only then may a text say so."""
        return self.name == "stated confidence"

    def pick(self, if_stated: str, otherwise: str) -> str:
        """Take one of two texts.

        Examples
        --------
        >>> wording_of_settings({"confidence": {"of": "option"}}).pick("it states .5", "it has .5")
        'it has .5'
        """
        return if_stated if self.is_stated else otherwise

    def reword(self, reason: str) -> str:
        """Put a reason for something undefined into words that fit this confidence.

        Examples
        --------
        >>> wording_of_settings({"confidence": {"of": "option"}}).reword("one value stated: why")
        'one value only: why'
        >>> STATED.reword("one value stated: why")
        'one value stated: why'
        """
        for stated, other in () if self.is_stated else REASONS:
            reason = reason.replace(stated, other)
        return reason


STATED = Wording("stated confidence", "stated confidence")
BOTH = Wording("confidence", "confidence")


def wording_of(run: AnyRun, task: str) -> Wording:
    """Name the confidence of a run's task."""
    return wording_of_settings(run.settings(task))


def wording_of_settings(settings: Mapping[str, Any]) -> Wording:
    """Name the confidence of a task by the settings of the task.

    Examples
    --------
    >>> wording_of_settings({"confidence": {"of": "option", "per": "byte"}}).full
    'probability of the chosen option per byte of its text'
    >>> wording_of_settings({}).name
    'stated confidence'
    """
    known = settings.get("confidence")
    if not isinstance(known, Mapping) or known.get("of") not in ("option", "map"):
        return STATED
    if known["of"] == "map":
        return Wording(OF_MAP, OF_MAP)
    return Wording(OF_OPTION, PER.get(str(known.get("per")), "{}").format(OF_OPTION))


def join_wordings(wordings: Iterable[Wording]) -> Wording:
    """Return the wording of what is about several tasks or runs together.

    Examples
    --------
    >>> option = wording_of_settings({"confidence": {"of": "option", "per": "text"}})
    >>> join_wordings([STATED, option]).name, join_wordings([STATED, STATED]).name
    ('confidence', 'stated confidence')
    >>> join_wordings([]).name
    'stated confidence'
    """
    distinct = list(dict.fromkeys(wordings))
    if len(distinct) < 2:
        return distinct[0] if distinct else STATED
    if all(one.name == OF_OPTION for one in distinct):
        return Wording(OF_OPTION, OF_OPTION)
    return BOTH
