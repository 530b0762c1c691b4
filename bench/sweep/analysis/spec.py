"""Read a frozen analysis file: its questions, computations and falsifiable claims.

The file is written before anyone looks at the held-out rows. It determines the contents of the
summary, whichever way the numbers fall.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_yaml import read_yaml
from caopd_bench.sweep.analysis.judge import EXPECT
from caopd_bench.sweep.grid.validation import describe

__all__ = [
    "ANALYSIS",
    "PREDICTORS",
    "Analysis",
    "Claim",
    "FigureSpec",
    "SlopeSpec",
    "View",
    "read_analysis",
    "split_series",
]

PAGE = "docs/sweep.md"
MAX_BYTES = 100_000
AT = " @ "
Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
RECALIBRATIONS = ("constant", "temperature", "platt", "beta", "isotonic", "histogram")
ANALYSIS = "analysis.yaml"
#: Columns that replace an answer's stated confidence with a predictor (see `View`).
PREDICTORS = ("level", "siblings", "other_bases")
#: Metrics from a cell's records rather than its answers: resampling items does not change them.
SUCCESS = ("student_success", "teacher_success")
TIMES = ("core_seconds",)
SEEN = (
    *(*SUCCESS, "optimism_bias", "student_stated", "teacher_stated"),
    *("entropy", "teacher_entropy", *TIMES),
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class View(_Strict):
    """A selection of a cell's answers, and the number that each is compared with.

    The number is the stated confidence, its expectation, or a predictor of whether the answer is
    right that asks no model for its confidence: a constant for each level (fitted on one half of
    the items and applied to the other), or the share of right answers to the same item among the
    other training seeds of the base, or among the group's runs of the other bases.
    """

    task: str | None = None
    column: Literal["confidence", "expected", "level", "siblings", "other_bases"] = "confidence"
    #: Compute the view for these groups alone; by default for all.
    groups: list[str] | None = Field(default=None, min_length=1)
    #: Keep only rows whose groups have these values, such as {family: sum}.
    where: dict[str, Any] = Field(default_factory=dict)
    #: Use only one half of the items.
    half: Literal["first", "second"] | None = None
    #: Recalibrate by this method, fitted on the rows of `fit`. If those overlap with the view's own
    #: rows, the map is fitted on the first half of the items, and the view shows the second.
    recalibrate: Literal[RECALIBRATIONS] | None = None  # type: ignore[valid-type]
    fit: dict[str, Any] = Field(default_factory=dict)


class Claim(_Strict):
    """A statement that the numbers can confirm or refute."""

    id: str = Field(min_length=1)
    says: str = Field(min_length=1)
    source: str = ""
    of: list[str] = Field(default_factory=list, max_length=2)
    slope: str | None = None
    metric: str
    expect: str
    at: list[str] | None = None
    #: The id of a claim about the same fact: this claim is listed below it and not counted.
    same_as: str | None = None

    @field_validator("of", mode="before")
    @classmethod
    def _take_one(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("expect")
    @classmethod
    def _check_expect(cls, value: str) -> str:
        if not EXPECT.fullmatch(value):
            raise ValueError("must be 'above X', 'below X' or 'within X'")
        side, bound = value.split()
        if side == "within" and float(bound) <= 0.0:
            raise ValueError("'within X' takes an X above 0: how far from 0 on either side")
        return value

    @model_validator(mode="after")
    def _check_about(self) -> Claim:
        if bool(self.of) == (self.slope is not None):
            raise ValueError("give 'of' (one or two series) or 'slope' (one)")
        return self


class SlopeSpec(_Strict):
    """The series and metrics that are fitted against the logarithm of size."""

    groups: list[str]
    metrics: list[str]


class FigureSpec(_Strict):
    """One figure of the summary."""

    kind: Literal["scaling", "confidence_accuracy", "pareto", "estimates", "probes", "training"]
    file: str
    groups: list[str] = Field(min_length=1)
    metric: str | None = None
    metrics: list[str] = Field(default_factory=list)
    title: str | None = None

    @field_validator("file")
    @classmethod
    def _check_file(cls, value: str) -> str:
        if not re.fullmatch(r"[\w.-]+\.png", value):
            raise ValueError("a name of letters and digits that ends in .png")
        return value


class Analysis(_Strict):
    """The file."""

    version: Literal[1]
    questions: list[str] = Field(default_factory=list)
    task: str
    across: Literal["size", "model"] | None = None
    metrics: list[str] = Field(min_length=1)
    views: dict[str, View] = Field(default_factory=lambda: {"greedy": View()}, min_length=1)
    replicates: int = Field(default=2000, ge=100, le=100_000)
    seed: int = Field(default=0, ge=0)
    level: float = Field(default=0.95, gt=0, lt=1)
    groups: list[str] = Field(min_length=1)
    #: Names of the groups in tables and figures.
    names: dict[str, str] = Field(default_factory=dict)
    contrasts: list[Pair] = Field(default_factory=list)
    headline: list[Pair] = Field(default_factory=list)
    slopes: SlopeSpec | None = None
    claims: list[Claim] = Field(default_factory=list)
    figures: list[FigureSpec] = Field(default_factory=list)

    @property
    def view(self) -> str:
        """Return the default view, which is the first."""
        return next(iter(self.views))

    def shows(self, group: str, view: str) -> bool:
        """Return whether a view is computed for a group."""
        groups = self.views[view].groups
        return groups is None or group in groups

    def call(self, series: str) -> str:
        """Return the display name of a series; the default view is not mentioned."""
        group, view = split_series(series, self.view)
        name = self.names.get(group, group)
        stated = [v for v, given in self.views.items() if given.column not in PREDICTORS]
        return name if view == self.view and len(stated) == 1 else f"{name}{AT}{view}"


def read_analysis(file: Path) -> Analysis:
    """Read an analysis file; raise a UsageError that names the invalid field."""
    raw = read_yaml(file, most=MAX_BYTES, what="an analysis", page=PAGE)
    try:
        read = Analysis.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        models = (Analysis, View, Claim, SlopeSpec, FigureSpec)
        raise UsageError(f"{file}: {describe(first, models)}; see {PAGE}") from None
    _check_metrics(read, file)
    _check_ids(read, file)
    _check_series(read, file)
    _check_names(read, file)
    return read


def _check_ids(read: Analysis, file: Path) -> None:
    ids = [claim.id for claim in read.claims]
    if twice := [name for i, name in enumerate(ids) if name in ids[:i]]:
        raise UsageError(f"{file}: claims: the id {twice[0]!r} stands there twice")
    facts = [claim.id for claim in read.claims if claim.same_as is None]
    for claim in read.claims:
        if claim.same_as is not None and claim.same_as not in facts:
            raise UsageError(
                f"{file}: claim {claim.id}: same_as: {claim.same_as!r} is no claim that stands for "
                "itself; there are",
                facts,
            )


def _check_series(read: Analysis, file: Path) -> None:
    named = [name for pair in (*read.contrasts, *read.headline) for name in pair]
    named += [name for claim in read.claims for name in (*claim.of, claim.slope or "") if name]
    named += [name for figure in read.figures for name in figure.groups]
    named += read.slopes.groups if read.slopes is not None else []
    for view, given in read.views.items():
        if wrong := [group for group in given.groups or () if group not in read.groups]:
            raise UsageError(
                f"{file}: views: {view}: {wrong[0]!r} is no group; there are", read.groups
            )
    for name in named:
        group, view = split_series(name, read.view)
        if group not in read.groups or view not in read.views:
            choices = [*read.groups, *(f"any of them @ {view}" for view in read.views)]
            raise UsageError(f"{file}: {name!r} is no group or view of this file; it has", choices)
        if not read.shows(group, view):
            raise UsageError(
                f"{file}: {name!r}: the view {view!r} is computed for {read.views[view].groups}; "
                f"add {group!r} to its groups"
            )


def _check_names(read: Analysis, file: Path) -> None:
    if wrong := [name for name in read.names if name not in read.groups]:
        raise UsageError(f"{file}: names: {wrong[0]!r} is no group; there are", read.groups)
    if wrong_pair := [pair for pair in read.headline if pair not in read.contrasts]:
        raise UsageError(f"{file}: headline: {wrong_pair[0]} is not among the contrasts")
    files = [figure.file for figure in read.figures]
    if twice := [name for i, name in enumerate(files) if name in files[:i]]:
        raise UsageError(f"{file}: figures: two are called {twice[0]}")
    if read.across is None and (read.slopes or any(claim.slope for claim in read.claims)):
        raise UsageError(f"{file}: a slope needs 'across: size' (or model)")


def _check_metrics(read: Analysis, file: Path) -> None:
    from caopd_bench.metrics.intervals.over_seeds import ALL_METRICS

    used = [*read.metrics, *(claim.metric for claim in read.claims)]
    used += read.slopes.metrics if read.slopes is not None else []
    for figure in read.figures:
        used += [*figure.metrics, *([figure.metric] if figure.metric else [])]
    for metric in used:
        if metric not in (*ALL_METRICS, *SEEN):
            known = [*ALL_METRICS, *SEEN]
            raise UsageError(f"{file}: there is no metric {metric!r}; there are", known)


def split_series(name: str, view: str) -> tuple[str, str]:
    """Split "group @ view"; `view` is the default if none is named."""
    group, mark, named = name.partition(AT)
    return group, named if mark else view
