"""The definition of a metric: everything about it, given once, in the decorator of its arithmetic.

A file of `points/` uses ``@metric(...)``. The public function, intervals, comparisons, the table
and the JSON of ``caopd-bench score``, the schema of the gate's policy and the table of
docs/metrics are derived from this definition.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal, Protocol, TypeVar, cast, overload

from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.limits.influences import Influence
from caopd_bench.metrics.metric_parts import (
    AVERAGES,
    GENERAL,
    NEEDS,
    NULLS,
    Caution,
    ClosedForm,
    Folded,
    Shown,
)
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally

# Files that define metrics import these names from here.
__all__ = ["Caution", "ClosedForm", "Folded", "Metric", "Shown", "metric"]

Cells = Callable[[FloatArray, NDArray[Any], NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Metric:
    """A metric of a set of rows.

    Attributes
    ----------
    function : callable
        ``f(confidence, correct)`` or ``f(tally)`` -> float.
    cells : callable
        ``f(values (u,), right (..., u), wrong (..., u)) -> (...)``: the same arithmetic for many
        replicates at once.
    higher_is_better : bool or None
        None if neither direction is better in itself.
    label : str
        Short name for a table head.
    needs : str
        The rows without which it is undefined: "right answers", "wrong answers" or "right and
        wrong answers"; empty if it is always defined.
    range : tuple of float
        The smallest and the largest possible value, by keyword; infinite if unbounded. Limits of
        intervals stay inside.
    interval : ClosedForm, Folded or None
        How its interval is computed; None for percentiles of the bootstrap, rarely the best choice.
    influence : callable or None
        ``f(tally)`` -> Influence; None for a difference quotient of the arithmetic.
    average : {"", "rows", "classes"}
        For differences of two models, whether the metric is a mean over all rows (so that a single
        row can differ by as much as the range) or of means over right and over wrong rows.
    infinite : str
        Why it can be infinite.
    undefined : str
        When it is NaN for a reason other than ``needs``: "no row states 0.9 or more".
    caution : Caution or None
        Where its interval covered clearly less than the nominal level in simulations.
    scored : bool
        Whether ``caopd-bench score`` computes it, for its JSON and the report.
    shown : Shown
        How the table of ``caopd-bench score`` shows it.
    place : float
        Position in :data:`METRICS`; metrics without one come last.

    Raises
    ------
    TypeError
        If the range is missing.
    ValueError
        If the range is not two numbers, the lower one first, or another attribute has an invalid
        value.

    Examples
    --------
    >>> from caopd_bench.metrics import METRICS, Metric, ece
    >>> METRICS["overconfidence_gap"].range
    (-1.0, 1.0)
    >>> Metric(ece, METRICS["ece"].cells, False, "ECE", range=(1.0, 0.0))
    Traceback (most recent call last):
    ValueError: range of ECE must be (low, high) with low < high, got (1.0, 0.0)
    """

    function: Callable[..., float]
    cells: Cells
    higher_is_better: bool | None
    label: str
    needs: str = ""
    range: tuple[float, float] = field(kw_only=True)
    interval: ClosedForm | Folded | None = field(default=None, kw_only=True)
    influence: Callable[[Tally], Influence] | None = field(default=None, kw_only=True)
    average: Literal["", "rows", "classes"] = field(default="", kw_only=True)
    infinite: str = field(default="", kw_only=True)
    undefined: str = field(default="", kw_only=True)
    caution: Caution | None = field(default=None, kw_only=True)
    scored: bool = field(default=True, kw_only=True)
    shown: Shown = field(default=Shown(), kw_only=True)
    place: float = field(default=inf, kw_only=True)

    def __post_init__(self) -> None:
        given: Any = self.range
        pair = isinstance(given, tuple) and len(given) == 2
        if not pair or not all(
            isinstance(end, (int, float)) and not isinstance(end, bool) for end in given
        ):
            raise ValueError(f"range of {self.label} must be a pair of numbers, got {given!r}")
        if not given[0] < given[1]:
            raise ValueError(
                f"range of {self.label} must be (low, high) with low < high, got {given!r}"
            )
        words: list[tuple[str, Any, tuple[Any, ...]]] = [
            ("higher_is_better", self.higher_is_better, (True, False, None)),
            ("needs", self.needs, NEEDS),
            ("average", self.average, AVERAGES),
        ]
        if isinstance(self.interval, Folded):
            words.append(("the null of the interval", self.interval.null, NULLS))
        for what, word, allowed in words:
            _check_word(f"{what} of {self.label}", word, allowed)
        for what, thing, kinds in (
            ("interval", self.interval, (ClosedForm, Folded, type(None))),
            ("caution", self.caution, (Caution, type(None))),
            ("shown", self.shown, (Shown,)),
        ):
            if not isinstance(thing, kinds):
                known = " or ".join(kind.__name__ for kind in kinds)
                raise ValueError(f"{what} of {self.label} must be {known}; got {thing!r}")
        for what in ("label", "infinite", "undefined"):
            if not isinstance(getattr(self, what), str):
                got = getattr(self, what)
                raise ValueError(f"{what} of {self.label} must be a text; got {got!r}")

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle a registered metric by its name, because many contain functions without a name."""
        for name, row in REGISTRY.items():
            if row is self:
                return _registered, (name,)
        return super().__reduce_ex__(protocol)

    @property
    def signed(self) -> bool:
        """Return whether it can be negative, so that its sign is shown."""
        return self.range[0] < 0.0


def _check_word(what: str, word: Any, allowed: tuple[Any, ...]) -> None:
    # Compare types too: 1 is not True.
    if not any(type(word) is type(one) and word == one for one in allowed):
        raise ValueError(f"{what} must be one of {', '.join(map(repr, allowed))}; got {word!r}")


def _registered(name: str) -> Metric:
    """Return the metric that was pickled under a name."""
    if name not in REGISTRY:
        raise LookupError(f"no metric {name} here; import the file that registers it first")
    return REGISTRY[name]


class Point(Protocol):
    """The public function of a metric, which takes rows or a tally."""

    __name__: str
    __qualname__: str
    __doc__: str | None
    cells: Cells

    def __call__(self, confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
        """Return the value of the metric."""


#: `METRICS` is a read-only view of this, in the order of tables. Tests add metrics temporarily.
REGISTRY: dict[str, Metric] = {}
_Function = TypeVar("_Function", bound=Callable[..., float])


@overload
def metric(
    label: str, *, cells: Cells, name: str = "", **known: Any
) -> Callable[[_Function], _Function]: ...
@overload
def metric(label: str, *, cells: None = None, **known: Any) -> Callable[[Cells], Point]: ...
def metric(
    label: str,
    *,
    better: Literal["higher", "lower"] | None = None,
    cells: Cells | None = None,
    name: str = "",
    **known: Any,
) -> Any:
    """Register a metric under the name of the function that this decorates.

    The decorated function is the arithmetic, and the decorator returns the public function. A
    metric with options decorates its own public function instead and passes its arithmetic as
    ``cells``; ``name`` overrides the function's name. The other keywords are attributes of
    :class:`Metric`. Docstring sections that are the same for every metric are added.

    Examples
    --------
    >>> @metric("Half")
    ... def half(values, right, wrong):
    ...     return (right + wrong).sum(axis=-1) / 2
    Traceback (most recent call last):
    TypeError: half needs a range, such as range=(0.0, 1.0): limits of its intervals are cut to it
    """

    def register(decorated: Any) -> Any:
        called = name or decorated.__name__
        if "range" not in known:
            raise TypeError(
                f"{called} needs a range, such as range=(0.0, 1.0): "
                "limits of its intervals are cut to it"
            )
        if called in REGISTRY:
            raise ValueError(f"there is a metric {called} already; choose another name")
        _check_interval(called, known.get("interval"))
        function = decorated if cells else _make_point(decorated)
        try:
            _check_word("better", better, ("higher", "lower", None))
            higher = None if better is None else better == "higher"
            row = Metric(function, cells or decorated, higher, label, **known)
        except ValueError as error:
            raise ValueError(f"metric {called}: {error}") from None
        function.__doc__ = _complete(function.__doc__ or f"Return {label}.", row)
        if not cells:  # so that pickle, which looks up functions by name, finds it
            decorated.__qualname__ += ".cells"
        REGISTRY[called] = row
        in_order = sorted(REGISTRY.items(), key=lambda row: row[1].place)
        REGISTRY.clear()
        REGISTRY.update(in_order)
        return function

    return register


COMMON = {
    "Parameters": """\
confidence : array_like, shape (n,), or Tally
    Stated confidences in [0, 1], or a tally in place of both arguments.
correct : array_like, shape (n,), optional
    0/1 or bool.""",
    "Returns": "float\n    In {}.",
    "Raises": "ValueError\n    If the input is invalid or empty, see :func:`tally`.",
}
_SECTION = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)


def _complete(doc: str, row: Metric) -> str:
    """Add the parameters that all docstrings share, and any section that is missing."""
    summary, *rest = _SECTION.split(inspect.cleandoc(doc))
    own = dict(zip(rest[::2], (text.strip("\n") for text in rest[1::2]), strict=True))
    ends = "[{:g}, {:g}]".format(*row.range)
    common = {name: text.format(ends) for name, text in COMMON.items()}
    options = own.get("Parameters")
    if options and options.startswith("confidence"):
        common["Parameters"] = options
    elif options:
        common["Parameters"] += f"\n{options}"
    sections = {**common, **own, "Parameters": common["Parameters"]}
    parts = [f"{name}\n{'-' * len(name)}\n{text}" for name, text in sections.items()]
    return "\n\n".join([summary.rstrip(), *parts]) + "\n"


def _check_interval(name: str, how: ClosedForm | Folded | None) -> None:
    if not isinstance(how, ClosedForm) or how.limits is not None:
        return
    if how.method == "inversion" and name != "ece":
        raise ValueError(f"interval of {name}: 'inversion' is available only for the ECE")
    if how.method not in ("inversion", *GENERAL):
        raise ValueError(
            f"interval of {name}: {how.method!r} needs limits; without them it can be "
            + " or ".join(GENERAL)
        )


def _make_point(cells: Cells) -> Point:
    def point(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
        return float(cells(*as_tally(confidence, correct).cells))

    # Like `functools.wraps`, but without the signature, which differs from that of the arithmetic.
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(point, attribute, getattr(cells, attribute))
    made = cast("Any", point)
    made.cells = cells
    return cast("Point", made)
