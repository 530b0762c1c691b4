"""The user's requirement (a risk, a coverage or two prices) and the cut that follows from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.numbers import is_number
from caopd_bench.metrics import (
    Tally,
    Threshold,
    certified_threshold,
    cheapest_threshold,
    risk_at_coverage,
)
from caopd_bench.runs.counts import Counts
from caopd_bench.thresholds.coverage import share_kept
from caopd_bench.thresholds.cut import Cut, Form

__all__ = ["Asked"]

NAN = math.nan
NO_ROW = "no answer has a usable confidence"


@dataclass(frozen=True)
class Asked:
    """The requirement that was fixed before looking at the rows."""

    form: Form
    values: dict[str, float]

    @classmethod
    def of(cls, risk: Any, coverage: Any, wrong: Any, human: Any) -> Asked:
        """Check that exactly one requirement is given."""
        given = {
            "max_risk": risk,
            "min_coverage": coverage,
            "cost_wrong": wrong,
            "cost_human": human,
        }
        values = {name: value for name, value in given.items() if value is not None}
        forms: dict[tuple[str, ...], Form] = {
            ("max_risk",): "max-risk",
            ("min_coverage",): "min-coverage",
            ("cost_wrong", "cost_human"): "cost",
        }
        form = forms.get(tuple(values))
        if form is None:
            got = ", ".join(values) or "none of them"
            raise UsageError(
                "give one of max_risk, min_coverage, and cost_wrong with cost_human; got " + got
            )
        for name, value in values.items():
            most = math.inf if form == "cost" else 1.0
            fits = is_number(value) and 0.0 < value <= most and value != math.inf
            if not fits or (name == "max_risk" and value == 1.0):
                limits = "a number above 0" if form == "cost" else "between 0 and 1"
                raise UsageError(f"{name} must be {limits}, got {value!r}")
        if form == "cost" and wrong <= human:
            raise UsageError(
                f"cost_wrong must be above cost_human, got {wrong!r} and {human!r}: if a wrong "
                "answer costs no more than a review, no review pays"
            )
        return cls(form, {name: float(value) for name, value in values.items()})

    def find(self, counts: Counts, group: Any, level: float) -> Cut:
        """Find the cut for some rows."""
        parsed = counts.parsed
        if parsed is None:
            return _without(counts, group, level, self.limit, NO_ROW, "INCONCLUSIVE")
        by_form: dict[Form, Callable[[Tally, Counts, Any, float], Cut]] = {
            "max-risk": self._by_risk,
            "min-coverage": self._by_coverage,
            "cost": self._by_cost,
        }
        return by_form[self.form](parsed, counts, group, level)

    @property
    def limit(self) -> float:
        """The risk that must not be exceeded; NaN where it is to be found."""
        if self.form == "cost":
            return self.values["cost_human"] / self.values["cost_wrong"]
        return self.values.get("max_risk", NAN)

    def _by_risk(self, parsed: Tally, counts: Counts, group: Any, level: float) -> Cut:
        found = certified_threshold(parsed, max_risk=self.limit, level=level)
        return _of_threshold(found, counts, group, self.limit)

    def _by_coverage(self, parsed: Tally, counts: Counts, group: Any, level: float) -> Cut:
        wanted = self.values["min_coverage"] * counts.n / parsed.n
        if wanted > 1.0 + 1e-12:
            share = counts.n_parsed / counts.n
            why = f"only {share:.1%} of the answers have a usable confidence, and no cut keeps more"
            return _without(counts, group, level, NAN, why, "NONE")
        found = risk_at_coverage(parsed, min_coverage=min(wanted, 1.0), level=level)
        return _of_threshold(found, counts, group, found.risk_bound)

    def _by_cost(self, parsed: Tally, counts: Counts, group: Any, level: float) -> Cut:
        wrong, human = self.values["cost_wrong"], self.values["cost_human"]
        found = cheapest_threshold(parsed, cost_wrong=wrong, cost_human=human, level=level)
        if found.outcome != "CERTIFIED":
            return _without(counts, group, level, self.limit, found.reason, found.outcome)
        share = share_kept(counts, found.cut, level)
        clusters = None if parsed.clusters is None else int(parsed.clusters.labels.size)
        return Cut(
            group, found.outcome, found.cut, self.limit, level, *share, found.risk, NAN, counts.n,
            counts.n_parsed, found.n_kept, clusters, None, found.method, "", found.cost,
            found.cost_bound,
        )  # fmt: skip


def _of_threshold(found: Threshold, counts: Counts, group: Any, limit: float) -> Cut:
    is_certified = found.outcome == "CERTIFIED"
    share = share_kept(counts, found.cut, found.level) if is_certified else (NAN, NAN, NAN)
    return Cut(
        group, found.outcome, found.cut, limit, found.level, *share, found.risk, found.risk_bound,
        counts.n, counts.n_parsed, found.n_kept, found.clusters, _of_all(found, counts),
        found.method, found.reason,
    )  # fmt: skip


def _of_all(found: Threshold, counts: Counts) -> int | None:
    """Scale a number of answers or questions up, since some have no usable confidence."""
    if found.items_needed is None:
        return None
    every, with_one = counts.n, counts.n_parsed
    if found.clusters is not None and counts.filled.clusters is not None:
        every, with_one = int(counts.filled.clusters.labels.size), found.clusters
    return math.ceil(found.items_needed * every / with_one)


def _without(
    counts: Counts, group: Any, level: float, limit: float, reason: str, outcome: Any
) -> Cut:
    return Cut(
        group, outcome, NAN, limit, level, NAN, NAN, NAN, NAN, NAN, counts.n, counts.n_parsed, 0,
        None, None, "", reason,
    )  # fmt: skip
