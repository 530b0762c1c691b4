"""Choose the wording for the confidence of a run's task.

Most models state their confidence in the text. In logs with a probability for every option of a
question, the confidence is the probability of the chosen option; nothing was stated, so texts about
such a run must not call it stated. The same holds for recalibrated confidences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from caopd_bench.runs.run import AnyRun

__all__ = ["OF_OPTION", "STATED", "Wording", "join_wordings", "wording_of", "wording_of_settings"]

OF_OPTION = "probability of the chosen option"
#: Wording for a run to whose confidences a saved map was applied (`maps.apply`).
OF_MAP = "recalibrated confidence"
#: Wording for the length normalisation of option probabilities, by the value of `per`.
PER = {
    "text": "{}'s whole text",
    "byte": "{} per byte of its text",
    "character": "{} per character of its text",
    "prior": "{} relative to its probability without the question",
    "given": "{} as the log gives it",
}
#: Reasons written by code that does not know the kind of confidence, and their replacements.
REASONS = (
    ("no row states", "no row has"),
    ("one value stated", "one value only"),
    ("could have stated", "could have had"),
)


@dataclass(frozen=True, slots=True)
class Wording:
    """The wording for a confidence.

    Attributes
    ----------
    name : str
        "stated confidence", "probability of the chosen option", "recalibrated confidence", or
        "confidence" if several kinds occur.
    full : str
        The same, with a description of the probability.
    """

    name: str
    full: str

    @property
    def is_stated(self) -> bool:
        """Return whether the model states the confidence; only then may a text call it stated."""
        return self.name == "stated confidence"

    def pick(self, if_stated: str, otherwise: str) -> str:
        """Return the first text if the confidence is stated, else the second.

        Examples
        --------
        >>> wording_of_settings({"confidence": {"of": "option"}}).pick("it states .5", "it has .5")
        'it has .5'
        """
        return if_stated if self.is_stated else otherwise

    def reword(self, reason: str) -> str:
        """Reword the reason for an undefined number to fit this kind of confidence.

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
    """Return the wording for the confidence of a run's task."""
    return wording_of_settings(run.settings(task))


def wording_of_settings(settings: Mapping[str, Any]) -> Wording:
    """Return the wording for a task's confidence, from the task's settings.

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
    """Return the common wording for several tasks or runs together.

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
