"""Read a threshold file; each value is checked, since the file may come from anywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from caopd_bench.core.files.checked import (
    UnfitError,
    checking,
    is_count,
    is_level,
    is_list,
    is_name,
    is_object,
    is_share,
    is_text,
    read_document,
    take,
)
from caopd_bench.core.numbers import is_number
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.terminal import quote
from caopd_bench.maps.check import read_fitted
from caopd_bench.maps.saved import ConfidenceMap, map_of
from caopd_bench.maps.write import Fitted
from caopd_bench.runs.flat.count import MAX_GROUPS
from caopd_bench.runs.provenance import clean_provenance
from caopd_bench.thresholds.cut import FORMS, OUTCOMES, Cut
from caopd_bench.thresholds.usual import read_usual

__all__ = ["read_parts"]

REMEDY = "create one with: caopd-bench threshold RUN -o FILE"
#: The requirement fields of each form, with the check of their values.
ASKED: dict[str, tuple[str, ...]] = {
    "max-risk": ("max_risk",),
    "min-coverage": ("min_coverage",),
    "cost": ("cost_wrong", "cost_human"),
}
SHARES = ("cut", "max_risk", "coverage", "coverage_low", "coverage_high", "risk", "risk_bound")
#: These fields are numbers in a certified cut, else null.
OF_A_CUT = SHARES[:-1]


def read_parts(path: Path) -> dict[str, Any]:
    """Read and check a file; return the attributes of a `Promise` except its source.

    Raises
    ------
    UsageError
        If a value is invalid; the message names the file, the value and the requirement.
    """
    with checking(path, "threshold", REMEDY):
        found = read_document(path, "threshold", REMEDY)
        form = take(found, "form", _one_of(FORMS), f"one of {', '.join(FORMS)}")
        by = found.get("by")
        if by is not None and not is_name(by):
            raise UnfitError(f"by must be a name or null, got {quote(by)}")
        cuts = take(found, "cuts", _is_cuts, f"a list of 1 to {MAX_GROUPS:,} objects")
        return {
            "task": take(found, "task", is_name, "a name"),
            "form": form,
            "asked": _read_asked(take(found, "asked", is_object, "an object"), form),
            "level": take(found, "level", is_level, "at least 0.5 and below 1"),
            "by": by,
            "cuts": _read_cuts(cuts, by),
            "fitted": Fitted(**read_fitted(take(found, "fitted", is_object, "an object"))),
            "map": _read_map(found.get("map")),
            "usual": read_usual(found.get("usual")),
            "provenance": clean_provenance(take(found, "provenance", is_object, "an object")),
        }


def _read_asked(data: Mapping[str, Any], form: str) -> dict[str, float]:
    fits: Callable[[Any], bool] = _is_price if form == "cost" else is_share
    what = "a number above 0" if form == "cost" else "a number in [0, 1]"
    return {name: float(take(data, name, fits, what, "asked.")) for name in ASKED[form]}


def _read_map(data: Any) -> ConfidenceMap | None:
    if data is None:
        return None
    try:
        source = take(take({"map": data}, "map", is_object, "an object"), "source", is_text, "text")
        return map_of(data, clean_name(source) if source else "")
    except UnfitError as error:
        raise UnfitError(f"map: {error}") from None


def _read_cuts(listed: list[Any], by: str | None) -> tuple[Cut, ...]:
    cuts = tuple(_read_cut(one, f"cuts[{i}].") for i, one in enumerate(listed))
    if by is None and (len(cuts) > 1 or cuts[0].group is not None):
        raise UnfitError("cuts must be one, of group null, where 'by' is null")
    if len({str(one.group) for one in cuts}) < len(cuts):
        raise UnfitError("cuts must be of different groups")
    return cuts


def _read_cut(data: Mapping[str, Any], where: str) -> Cut:
    group = take(data, "group", _is_group, "a text, a number, true, false or null", where)
    outcome = take(data, "outcome", _one_of(OUTCOMES), f"one of {', '.join(OUTCOMES)}", where)
    is_certified = outcome == "CERTIFIED"
    for name in OF_A_CUT if is_certified else ():
        take(data, name, is_share, "a number in [0, 1]", where)
    if not is_certified and data.get("cut") is not None:
        raise UnfitError(f"{where}cut must be null, got {quote(data['cut'])}: {outcome}")
    numbers: dict[str, Any] = {
        name: _number(take(data, name, _or_null(is_share), "in [0, 1] or null", where))
        for name in SHARES
    }
    for name in ("cost", "cost_bound"):
        numbers[name] = _number(take(data, name, _or_null(_is_cost), "a cost or null", where))
    for name in ("n", "n_parsed", "n_kept"):
        numbers[name] = take(data, name, is_count, "a count", where)
    if not numbers["n_kept"] <= numbers["n_parsed"] <= numbers["n"]:
        raise UnfitError(f"{where}n_kept must be at most n_parsed, and that at most n")
    for name in ("clusters", "items_needed"):
        numbers[name] = take(data, name, _or_null(is_count), "a count or null", where)
    return Cut(
        group=group,
        outcome=outcome,
        level=take(data, "level", is_level, "at least 0.5 and below 1", where),
        method=take(data, "method", is_text, "a text", where),
        reason=take(data, "reason", is_text, "a text", where),
        **numbers,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _one_of(words: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _is_cuts(value: Any) -> bool:
    return is_list(value, MAX_GROUPS) and bool(value) and all(map(is_object, value))


def _is_group(value: Any) -> bool:
    if is_number(value):
        return abs(value) < 1 << 63
    return value is None or isinstance(value, bool) or is_text(value)


def _is_price(value: Any) -> bool:
    return is_number(value) and 0.0 < value < 1e300


def _is_cost(value: Any) -> bool:
    return is_number(value) and 0.0 <= value < 1e300
