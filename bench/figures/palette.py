"""Colours and marks by name, assigned here only: a model looks the same in all figures.

Methods look the same on all pages. Another name changes its colour only if a method or another
name on the page has already taken it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b

__all__ = ["COLOURS", "MARKS", "MOST_GROUPS", "Style", "find_method", "give_styles"]

# Palette of Okabe and Ito: distinguishable with any colour vision; marks help in greyscale.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
#: With more groups, colours repeat, so names are written beside the points instead of a legend.
MOST_GROUPS = len(COLOURS)

Style = tuple[str, str]  # colour and mark

BLUE, VERMILLION, GREEN, PINK, AMBER, SKY = COLOURS
#: Methods of the paper and of this package, the same on all pages. Only their own variants share
#: the colours of the first three.
METHODS: dict[str, Style] = {
    "base": (BLUE, "o"),
    "opd": (VERMILLION, "s"),
    "opd-no-number": (VERMILLION, "D"),
    "caopd": (GREEN, "^"),
    "caopd-level": (GREEN, "v"),
    "sft": (PINK, "D"),
    "grpo": (PINK, "o"),
    "calib-sft": (PINK, "s"),
    "sft-mu": (AMBER, "v"),
    "rlcr": (AMBER, "s"),
    "coca": (AMBER, "^"),
    "caopd-constant": (SKY, "P"),
    "dcpo": (SKY, "^"),
    "redoubt": (SKY, "o"),
}
#: Confidences that a sweep's predictor computes in place of the model ("caopd @ level"). The colour
#: differs from the method's, since both are drawn side by side, and is the same for all methods.
VIEWS: dict[str, Style] = {
    "level": (AMBER, "D"),
    "siblings": (SKY, "v"),
    "other_bases": (PINK, "X"),
}
_VIEW = re.compile(rf" @ ({'|'.join(VIEWS)})$")
_METHOD = re.compile(
    rf"(?<![a-z0-9])({'|'.join(sorted(METHODS, key=len, reverse=True))})(?![a-z0-9])"
)


def give_styles(names: Iterable[str]) -> dict[str, Style]:
    """Return a colour and a mark for each name.

    Parameters
    ----------
    names : iterable of str
        All models, or all groups, on the page, even if a figure shows only some of them.

    Returns
    -------
    dict of str to (colour, mark)
        A method has its own colour and mark, the same on all pages. A name that contains a
        method's name ("caopd-622k") has the method's colour with another mark, and from the eighth
        such name on another colour; a sweep's predictor ("caopd @ level") has the colour of that
        predictor. Methods choose first. Every other name has its own preference order of colours,
        derived from a hash, and takes the first free one; hashes also decide who chooses next. So
        a colour depends on another name only if that name has taken it, and never on the order of
        names on the page. There are 42 pairs before one repeats.

    Examples
    --------
    >>> look = give_styles(["base", "caopd", "caopd-622k", "mine"])
    >>> look == give_styles(["base", "caopd", "caopd-622k", "mine"])
    True
    >>> look["caopd"] == give_styles(["caopd", "opd"])["caopd"], len(set(look.values()))
    (True, 4)
    >>> look["caopd"][0] == look["caopd-622k"][0]
    True
    >>> give_styles(["mine", "yours"]) == give_styles(["yours", "mine"])
    True
    """
    wanted = list(dict.fromkeys(names))
    found: dict[str, Style] = {}
    for name in wanted:
        if name in METHODS:
            found[name] = METHODS[name]
    for name in wanted:
        own = _find_own(name)
        if name not in found and own is not None:
            same = [(own[0], mark) for mark in _from(MARKS, MARKS.index(own[1]))]
            style = _first_free(same, found)
            if style not in found.values():
                found[name] = style
    for name in wanted:
        if name not in found and _find_own(name) is not None:  # more variants than marks
            # The first colours come last, since readers associate them with base, OPD and CaOPD.
            found[name] = _first_free([(c, m) for c in COLOURS[::-1] for m in MARKS], found)
    for name in sorted(wanted, key=_hash):
        if name not in found:
            used = {colour for colour, _ in found.values()}
            colours = sorted(COLOURS, key=lambda colour: _hash(f"{name} {colour}"))
            colour = next((one for one in colours if one not in used), colours[0])
            mark = MARKS[COLOURS.index(colour)]
            pairs = [(colour, one) for one in _from(MARKS, MARKS.index(mark))]
            others = [(one, mark) for one in colours for mark in MARKS]
            found[name] = _first_free([*pairs, *others], found)
    return {name: found[name] for name in wanted}


def find_method(name: str) -> str | None:
    """Return the method whose name occurs as a word in `name`, or None.

    Examples
    --------
    >>> find_method("sft-mu on sums"), find_method("CaOPD 7B"), find_method("database")
    ('sft-mu', 'caopd', None)
    """
    found = _METHOD.search(name.lower())
    return found[1] if found else None


def _find_own(name: str) -> Style | None:
    """Return the style of the predictor in a name, else of the method in it, else None."""
    view = _VIEW.search(name)
    if view is not None:
        return VIEWS[view[1]]
    method = find_method(name)
    return None if method is None else METHODS[method]


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _from(values: tuple[str, ...], start: int) -> list[str]:
    return [values[(start + i) % len(values)] for i in range(len(values))]


def _first_free(wanted: list[Style], found: Mapping[str, Style]) -> Style:
    taken = set(found.values())
    return next((one for one in wanted if one not in taken), wanted[0])
