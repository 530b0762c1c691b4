"""Colours and marks, given by name in this one place: a model looks the same in all figures.

Those of methods are the same on all pages; another name changes its colour only beside a method
or a name that has taken it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b

__all__ = ["COLOURS", "MARKS", "MOST_GROUPS", "Style", "find_method", "give_styles"]

# Okabe and Ito: told apart with any kind of colour vision; marks help in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
#: With more groups, colours come again: names stand beside what is drawn, and no legend.
MOST_GROUPS = len(COLOURS)

Style = tuple[str, str]  # colour and mark

BLUE, VERMILLION, GREEN, PINK, AMBER, SKY = COLOURS
#: Methods of the paper and of this package: the same on all pages. The first three share their
#: colours with none but their own variants.
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
#: Numbers that no model states, of a sweep ("caopd @ level"): another colour than the method's,
#: beside which they are drawn. The same whatever the method.
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
    """Give each name its colour and mark.

    Parameters
    ----------
    names : iterable of str
        Of all models, or all groups, that a page shows, whichever figure shows which of them.

    Returns
    -------
    dict of str to (colour, mark)
        A method has its own colour and mark, so that they are the same on all pages. A name that
        holds that of a method ("caopd-622k") has the colour of the method with another mark, and
        from the eighth on another colour; what a sweep's predictor would have said ("caopd @
        level") has the colour of the predictor. Every other name has its own order of the colours
        and takes the first free one, after the methods and in turns that hashes decide, so its
        colour depends on another name only where that name has taken it, and never on the order
        of the page. There are 42 pairs before one comes again.

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
            # The first colours come last: they are taken for base, OPD and CaOPD.
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
    """Find the method that a name holds as a word.

    Examples
    --------
    >>> find_method("sft-mu on sums"), find_method("CaOPD 7B"), find_method("database")
    ('sft-mu', 'caopd', None)
    """
    found = _METHOD.search(name.lower())
    return found[1] if found else None


def _find_own(name: str) -> Style | None:
    """Return the look that a name asks for: its predictor's, else its method's."""
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
