"""Find the lines that may contain a statement or begin a turn; all others are skipped.

A line counts if it contains a label's word, ``####`` or a box; if a value is awaited and the line
is more than markup; and, after a statement, if it may begin a turn. The search may find too many
lines, never too few: each is then read by the rules of `statements`. It runs on the text in lower
case.
"""

import re
from collections.abc import Sequence

# The start of a line that may begin a turn (see `turns`, and the turn marks of `labels`): anything
# but letters and then a name, or the bracket of a token. The look-ahead makes the match atomic: it
# never gives back characters.
_NAMED = (
    r"(?=(?P<start>[^a-z\n]{0,60}))(?P=start)(?:text(?:bf)?\{[^a-z\n]{0,60})?"
    r"(?:next|new|another|problem|question|q|user|human|system|assistant|example|exercise"
    r"|instruction|input|task|query)|[<\[]"
)
_TURN = re.compile(rf"\n(?:{_NAMED})")
_TURN_OR_HEADING = re.compile(rf"\n(?:{_NAMED}|\s{{0,3}}###(?!#))")
# Any character that `line_reader.ONLY_MARKUP` does not match.
_NOT_MARKUP = re.compile(r"[^\s*_`\"“”|,;$\\\[\](){}:<>\-]")


def find_places(low: str, words: Sequence[str], start: int = 0) -> list[int]:
    """List where any of the words stand, in order.

    Examples
    --------
    >>> find_places("answer: 5, that answer", ("answer", "5"))
    [0, 8, 16]
    """
    places: list[int] = []
    for word in words:
        place = low.find(word, start)
        while place >= 0:
            places.append(place)
            place = low.find(word, place + len(word))
    places.sort()
    return places


def find_turn(low: str, start: int, end: int, headings: bool) -> int:
    """Return a place in the next line that may begin a turn, or the end.

    `start` is the beginning of a line, after a line end. Headings of more than three signs are left
    out: they may be answers.
    """
    pattern = _TURN_OR_HEADING if headings else _TURN
    match = pattern.search(low, start - 1, end)
    return match.end() - 1 if match else end


def find_value(low: str, start: int, end: int) -> int:
    """Return the position of the next text that is more than markup, or the end."""
    match = _NOT_MARKUP.search(low, start, end)
    return match.start() if match else end
