"""Read the most common objects, which are short and not nested, by one pattern.

``{"answer": "B", "confidence": 0.8}``: at most three entries, whose values are numbers or strings
without escapes. Their meaning depends only on their keys, which are looked up once per text.
`objects` reads all others, and would read these by the same rules.
"""

import re
from collections.abc import Callable

_SPACE = r"[ \n\t]{0,9}"
# JSON has no numbers such as ".9", so an object with one states nothing.
_NUMBER = r"(-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?|\.[0-9]{1,30})"


def _write_object(quote: str) -> str:
    """Return the pattern of an object of numbers and strings, with keys and strings in `quote`."""
    # Control characters are excluded too: some replace a backslash that was lost.
    string = rf"{quote}([^\"'\\\x00-\x1f]{{1,200}}){quote}"
    entry = f"{string}{_SPACE}:{_SPACE}(?:{string}|{_NUMBER}){_SPACE}"
    return rf"\{{{_SPACE}{entry}(?:,{_SPACE}{entry}(?:,{_SPACE}{entry})?)?\}}"


_FLAT = {quote: re.compile(_write_object(quote)) for quote in "\"'"}

#: Positions of answer and confidence among the entries of an object; -1 if absent.
Places = tuple[int, int]


class FlatObjects:
    """The objects of one text.

    Parameters
    ----------
    place
        Returns the places of answer and confidence from the keys of an object; None if the keys
        alone do not decide.
    """

    def __init__(self, place: Callable[[tuple[str, ...]], Places | None]) -> None:
        self._place = place
        self._known: dict[tuple[str, ...], Places | None] = {}

    def read(self, text: str, start: int, quote: str) -> tuple[int, str | None, str | None] | None:
        """Return end, answer and confidence of the object there; None if `objects` has to read it.

        Answer and confidence are None for an object that states neither.
        """
        match = _FLAT[quote].match(text, start)
        if match is None:
            return None
        first, said, number, second, said2, number2, third, said3, number3 = match.groups()
        if (number or "0")[0] == "." or (number2 or "0")[0] == "." or (number3 or "0")[0] == ".":
            return match.end(), None, None
        keys: tuple[str, ...]
        values: tuple[str, ...]
        if second is None:
            keys, values = (first,), (said or number,)
        elif third is None:
            keys, values = (first, second), (said or number, said2 or number2)
        else:
            keys = first, second, third
            values = said or number, said2 or number2, said3 or number3
        if keys in self._known:
            places = self._known[keys]
        else:
            places = self._known[keys] = self._place(keys)
        if places is None:
            return None
        at_answer, at_confidence = places
        answer = None if at_answer < 0 else values[at_answer].strip()
        confidence = None if at_confidence < 0 else values[at_confidence].strip()
        # An empty value does not count: `objects` looks for another key.
        return None if answer == "" or confidence == "" else (match.end(), answer, confidence)
