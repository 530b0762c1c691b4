"""Tell an answer that declines to answer: "I don't know"."""

import re

from caopd_bench.tasks.read.characters import clean_answer

_MAX_ABSTENTION = 400  # longest response, in characters, that counts as an abstention only
# A whole answer of one word ("unknown"), or a phrase that begins it ("not sure, maybe 5").
_ABSTENTION = re.compile(
    r"\W{0,5}(?:(?:i(?:'m| am) (?:very )?)?sorry,? (?:but )?|unfortunately,? |honestly,? )?"
    r"(?:(?:unknown|unsure|undetermined|idk|n/?a|n\.a\.?)\W{0,5}(?:\([^()]{0,80}\)\W{0,5})?$"
    r"|(?:(?:i|we) (?:really |honestly |just )?(?:do not|don't|dont) know"
    r"|(?:i am |i'm )?(?:not sure|not certain|unable to|unsure)"
    r"|(?:i|we) (?:can't|cannot|can not|could not|couldn't) "
    r"(?:be |reliably |confidently )?(?:determine|answer|solve|find|tell|say|give|provide|sure)"
    r"|(?:the answer |it |this )?(?:cannot|can't|can not) be (?:determined|answered|known|solved)"
    r"|(?:it is |it's )?(?:impossible|not possible) to (?:determine|answer|say|tell|know|solve)"
    r"|no answer|no idea|i have no idea|cannot (?:determine|answer)"
    r"|(?:insufficient|not enough) (?:information|data)|i (?:do not|don't) have enough)\b)",
    re.IGNORECASE,
)


def is_abstention(answer: str) -> bool:
    """Return whether an answer declines to answer.

    Examples
    --------
    >>> is_abstention("I don't know."), is_abstention("no solution")
    (True, False)
    """
    return _ABSTENTION.match(answer.replace("’", "'")) is not None


def find_abstention(visible: str) -> str | None:
    r"""Return the first line of a short response that abstains, or None.

    Examples
    --------
    >>> find_abstention("Let me see.\nI don't know.")
    "I don't know"
    """
    if len(visible.strip()) > _MAX_ABSTENTION:
        return None
    return next((clean_answer(x) for x in visible.split("\n") if is_abstention(x)), None)
