"""The row of a metric: all that is known of it, written over its arithmetic and nowhere else.

A file of `points/` says ``@metric(...)``; the public function, intervals, comparisons, the table
and the JSON of ``caopd-bench score``, the schema of the gate's policy and the table of
docs/metrics follow from the row.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, cast, overload

from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.limits.influences import Influence
from caopd_bench.metrics.limits.student import Limits
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally

Cells = Callable[[FloatArray, NDArray[Any], NDArray[Any]], NDArray[Any]]

RIGHT, WRONG, BOTH = "right answers", "wrong answers", "right and wrong answers"
NEEDS = ("", RIGHT, WRONG, BOTH)
AVERAGES = ("", "rows", "classes")
NULLS = ("calibrated", "without skill")
GENERAL = ("skewness-adjusted", "simulated inversion")  # methods that work for any metric
SHARE, QUARTER = (0.0, 1.0), (0.0, 0.25)


class ClosedForm(NamedTuple):
    """An interval that is made without replicates.

    Attributes
    ----------
    method : str
        As :attr:`Interval.method` has it.
    limits : callable, optional
        ``f(tally, level)`` -> Limits, of independent rows, also in fractions. Left out for what
        works for any metric: "skewness-adjusted" (means of losses and other smooth functions of
        the counts) and "simulated inversion" (errors that noise can only raise).
    worth : str
        The metric by whose influences clustered rows are counted, if it is another one.
    spread : bool
        Whether there is no interval if all rows state the same.
    one_row : bool
        Whether there is one of a single row.
    coarse : bool
        Whether influences take so long that they are computed for 128 values at most.
    """

    method: str
    limits: Callable[[Tally, float], Limits] | None = None
    worth: str = ""
    spread: bool = False
    one_row: bool = False
    coarse: bool = False


class Folded(NamedTuple):
    """A normal interval of replicates, less their bias, for what noise can only raise from 0.

    Attributes
    ----------
    null : {"calibrated", "without skill"}
        The model whose value is 0: right as often as it says, or equally often at every value.
    stream : int, optional
        Of random numbers. The first metrics have the numbers that they always had, so that their
        intervals stay what they were; others have one made of their name. None depends on what
        else is registered.
    """

    null: Literal["calibrated", "without skill"] = "calibrated"
    stream: int | None = None

    def stream_of(self, name: str) -> int:
        """Return the number of the stream of a metric of this name."""
        if self.stream is not None:
            return self.stream
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


class Caution(NamedTuple):
    """Least coverage that was measured of 95% limits, where, and whether a tally is like that."""

    least: float
    where: str = ""
    applies: Callable[[Tally], bool] = lambda _tally: True


class Shown(NamedTuple):
    """How ``caopd-bench score`` shows a metric, beside its JSON.

    Attributes
    ----------
    line, meaning : str
        Label and words of its line in the table; no line without.
    column : str
        Head of its column in the table of groups; no column without.
    place : float
        Its order; those without one come last.
    extremes : ((float, float), (float, float)), optional
        What rows without a confidence state, (if right, if wrong), for the lowest and for the
        highest value: the worst case. Not where this is not the whole truth, as of bins.
    worst_case : bool
        Whether the table shows that, too.
    """

    line: str = ""
    meaning: str = ""
    column: str = ""
    place: float = inf
    extremes: tuple[tuple[float, float], tuple[float, float]] | None = None
    worst_case: bool = False


@dataclass(frozen=True)
class Metric:
    """A set metric.

    Attributes
    ----------
    function : callable
        ``f(confidence, correct)`` or ``f(tally)`` -> float.
    cells : callable
        ``f(values (u,), right (..., u), wrong (..., u)) -> (...)``: the same arithmetic for many
        replicates at once.
    higher_is_better : bool or None
        None where neither direction is good in itself.
    label : str
        Short name for a table head.
    needs : str
        What it takes to be defined: "right answers", "wrong answers" or "right and wrong answers";
        empty if it always is.
    range : tuple of float
        The least and the greatest value that it can have, by keyword; infinite where there is no
        end. Limits of intervals stay inside.
    interval : ClosedForm, Folded or None
        How its interval is made; None for percentiles of the bootstrap, which are seldom the best.
    influence : callable or None
        ``f(tally)`` -> Influence; None for a difference quotient of the arithmetic.
    average : {"", "rows", "classes"}
        What it is a mean of, for differences of two models: of all rows, so that a single one can
        make a difference as large as the range, or of the right and of the wrong ones.
    infinite : str
        Why it can be infinite.
    undefined : str
        When it is NaN, for another reason than ``needs``: "no row states 0.9 or more".
    caution : Caution or None
        Where its interval was seen to cover clearly less than it should.
    scored : bool
        Whether ``caopd-bench score`` computes it, for its JSON and the report.
    shown : Shown
        Where its table shows it, too.
    place : float
        Its order in :data:`METRICS`; those without one come last.

    Raises
    ------
    TypeError
        Without a range.
    ValueError
        If the range is not two numbers, the lower one first, or another attribute is none of what
        it can be.

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
        """Pickle one that is registered by its name: many hold functions without a name."""
        for name, row in REGISTRY.items():
            if row is self:
                return _registered, (name,)
        return super().__reduce_ex__(protocol)

    @property
    def signed(self) -> bool:
        """Whether it can be below 0, so that its sign is shown."""
        return self.range[0] < 0.0


def _check_word(what: str, word: Any, allowed: tuple[Any, ...]) -> None:
    # By type, too: 1 is no True.
    if not any(type(word) is type(one) and word == one for one in allowed):
        raise ValueError(f"{what} must be one of {', '.join(map(repr, allowed))}; got {word!r}")


def _registered(name: str) -> Metric:
    """Return a metric that was pickled by its name."""
    if name not in REGISTRY:
        raise LookupError(f"no metric {name} here; import the file that registers it first")
    return REGISTRY[name]


class Point(Protocol):
    """The public function of a metric: of rows or of a tally, and its arithmetic on cells."""

    __name__: str
    __qualname__: str
    __doc__: str | None
    cells: Cells

    def __call__(self, confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
        """Return the value."""


#: In the order of tables; read-only as `METRICS`. A dict, so that a test can add one for a while.
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

    That is the arithmetic, in place of which the public function comes back. ``cells`` is the
    arithmetic of a public function that is written out, since it has options; ``name`` stands in
    place of its own. The other keywords are attributes of :class:`Metric`. Sections that are the
    same for every metric are put into its docstring.

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
        if not cells:  # for pickle, which looks for a function by its name
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
    """Add what a docstring has in common with all: the two arguments, and what is missing."""
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
        raise ValueError(f"interval of {name}: 'inversion' is of the ECE only")
    if how.method not in ("inversion", *GENERAL):
        raise ValueError(
            f"interval of {name}: {how.method!r} needs limits; without them it can be "
            + " or ".join(GENERAL)
        )


def _make_point(cells: Cells) -> Point:
    def point(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
        return float(cells(*as_tally(confidence, correct).cells))

    # As `functools.wraps`, less the signature, which is not that of the arithmetic.
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(point, attribute, getattr(cells, attribute))
    made = cast("Any", point)
    made.cells = cells
    return cast("Point", made)
