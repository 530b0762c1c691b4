"""Letters instead of ranks: two models share one unless they differ significantly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


def group_letters(
    order: Sequence[int], different: Collection[tuple[int, int]] | Iterable[tuple[int, int]]
) -> list[str]:
    """Assign letters: two models share one if and only if they do not differ significantly.

    Parameters
    ----------
    order : sequence of int, shape (m,)
        The models 0 to m - 1, best first; the first one gets "a".
    different : iterable of (int, int)
        Pairs that differ significantly, in either order.

    Returns
    -------
    list of str, shape (m,)
        The letters of model i: "a", "ab", ...; after "z" come "A" to "Z", then "(53)", "(54)".

    Raises
    ------
    ValueError
        If `order` is not a permutation.

    Notes
    -----
    The compact letter display by insertion and absorption: Piepho, Journal of Computational and
    Graphical Statistics 13 (2004).

    Examples
    --------
    >>> group_letters([2, 0, 1], {(2, 1)})
    ['ab', 'b', 'a']
    """
    m = len(order)
    if sorted(order) != list(range(m)):
        raise ValueError(f"order must contain 0 to {m - 1} once each, got {list(order)!r}")
    columns: list[frozenset[int]] = [frozenset(range(m))] if m else []
    for pair in sorted({(min(p), max(p)) for p in different}):
        split: list[frozenset[int]] = []
        for column in columns:
            split += [column - {one} for one in pair] if column >= set(pair) else [column]
        # A column contained in another one is redundant.
        columns = _absorb(split)
    place = {model: i for i, model in enumerate(order)}
    columns.sort(key=lambda column: sorted(place[model] for model in column))
    letters = [""] * m
    for number, column in enumerate(columns):
        for model in column:
            letters[model] += _letter(number)
    return letters


def _absorb(columns: list[frozenset[int]]) -> list[frozenset[int]]:
    kept: list[frozenset[int]] = []
    for column in sorted(set(columns), key=lambda one: (-len(one), sorted(one))):
        if not any(column <= other for other in kept):
            kept.append(column)
    return kept


def _letter(number: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return alphabet[number] if number < len(alphabet) else f"({number + 1})"
