"""Find the right options; lm-eval's target is an index, a list of indices, or an option's text.

A log stores the target as text. If options are numbers, "1" may be the second option or the option
with the text "1". The outcomes decide; without them (`--predict_only`), the other questions of the
task decide, or else the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["TargetCount", "find_right"]

#: Marks of a Python function in lm-eval's configuration.
CODE = ("def ", "lambda ", "<function", "functools.partial")


def find_right(
    target: str, options: Sequence[bytes], by_text: bool
) -> tuple[tuple[int, ...], bool]:
    """Find the right options from lm-eval's target, which is one or more places, or a text."""
    text = target.encode("utf-8", "surrogatepass")
    if by_text and text in options:
        return (options.index(text),), False
    listed = target[1:-1].split(",") if target[:1] == "[" and target[-1:] == "]" else [target]
    places = [_place(word.strip()) for word in listed]
    found = tuple([place for place in places if place is not None and 0 <= place < len(options)])
    if None not in places:
        return found, not by_text
    return ((options.index(text),) if text in options else ()), False


def _place(word: str) -> int | None:
    if word in ("True", "False"):
        return int(word == "True")
    return int(word) if len(word) < 10 and word.removeprefix("-").isdecimal() else None


@dataclass(slots=True)
class TargetCount:
    """Count the targets of a task by possible meaning.

    Attributes
    ----------
    texts : int
        Targets that can only be the text of an option.
    places : int
        Targets that can only be a place.
    either : int
        Ambiguous targets: the text of one option and the place of another.
    target : str
        The first ambiguous target.
    where : str
        Its line.
    """

    texts: int = 0
    places: int = 0
    either: int = 0
    target: str = ""
    where: str = ""

    def add(self, target: str, options: Sequence[bytes], where: str) -> None:
        """Count one target."""
        is_text = target.encode("utf-8", "surrogatepass") in options
        place, _ = find_right(target, options, by_text=False)
        text, _ = find_right(target, options, by_text=True)
        if not is_text:
            self.places += bool(place)
        elif place != text and place:
            self.either += 1
            if not self.where:
                self.target, self.where = target, where
        elif place != text:
            self.texts += 1
        else:
            # A word can only be a text; an option that is its own position shows nothing.
            self.texts += _place(target) is None

    def tell(self, config: Mapping[str, Any], doc: Mapping[str, Any]) -> bool | None:
        """Return whether targets are texts; None if neither they nor the configuration decide."""
        if bool(self.texts) != bool(self.places):
            return self.texts > 0
        if not self.either:  # no target is ambiguous
            return True
        rule = config.get("doc_to_target")
        if isinstance(rule, int):
            return False
        if not isinstance(rule, str) or any(mark in rule for mark in CODE):
            return None
        if rule in doc:
            value = doc[rule]
            return isinstance(value, str) if isinstance(value, (str, int)) else None
        if config.get("doc_to_choice") is None:
            return None
        return not self.target.isdigit()  # lm-eval turns a template's digits into an integer

    def why_not(self) -> str:
        """Return why outcomes cannot be determined."""
        return (
            f"the right answer of {self.either:,} questions is the text of one option and the "
            f"position of another, first in {self.where}, and neither the other questions nor "
            "doc_to_target show which is meant: evaluate again without --predict_only"
        )
