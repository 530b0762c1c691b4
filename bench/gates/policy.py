"""The policy of the gate: a YAML file, checked field by field before any run is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline, quote
from caopd_bench.gates.ranges import LARGEST_MARGIN, check_limits, limit_schema
from caopd_bench.metrics import METRICS
from caopd_bench.metrics.comparison.degradation import CELLS

__all__ = ["SHIPPED", "Limits", "Policy", "TaskPolicy", "load_policy", "render_schema"]

#: A policy is about a page of text; a longer file is not a policy.
MAX_BYTES = 100_000

Tier = Literal["gate", "advisory"]

#: Margins at which equal models pass in 80 % of runs with 1,319 items, see docs/gate.md.
SHIPPED = {
    "brier": 0.04,
    "overconfidence_gap": 0.05,
    "auroc": 0.07,
    "confidence_when_wrong": 0.05,
    "parse_rate": 0.02,
    "accuracy": 0.05,
    "strict_auroc": 0.075,
}
#: Names with a better and a worse direction.
DIRECTED = {name for name, metric in METRICS.items() if metric.higher_is_better is not None}
KNOWN = sorted(DIRECTED | set(CELLS))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Limits(_Strict):
    """The limits of one metric of a candidate."""

    # The upper limit depends on the metric, which is unknown here: see `Policy`.
    margin: float | None = Field(
        default=None,
        gt=0,
        description="Largest acceptable worsening against the reference.",
        json_schema_extra={"maximum": LARGEST_MARGIN},
    )
    max: float | None = Field(default=None, description="The value must be below this.")
    min: float | None = Field(default=None, description="The value must be above this.")
    tier: Tier = Field(default="gate", description="gate: decides; advisory: only shown.")
    direction: Literal["both", "over"] = Field(
        default="both",
        description="For overconfidence_gap only: whether more underconfidence also counts as "
        "worse.",
    )

    @model_validator(mode="after")
    def _check_some(self) -> Limits:
        if self.margin is None and self.max is None and self.min is None:
            raise ValueError("needs a margin, a max or a min")
        return self


def shipped_limits() -> dict[str, Limits]:
    """Return the shipped limits, used by a policy that sets none.

    For the gap only overconfidence counts: a model that gains accuracy at unchanged confidence
    becomes underconfident, and would fail for having improved.
    """
    limits = {name: Limits(margin=margin) for name, margin in SHIPPED.items()}
    limits["overconfidence_gap"] = Limits(margin=SHIPPED["overconfidence_gap"], direction="over")
    return limits


class TaskPolicy(_Strict):
    """The settings of one task."""

    by: str | None = Field(
        default=None, description="Also compare by this group key: level, family, ..."
    )
    group_tier: Tier = Field(
        default="advisory",
        description="Whether the groups decide (gate) or are only shown (advisory).",
    )
    cluster: str | None = Field(
        default=None,
        min_length=1,
        description="Overrides the policy's cluster; null: no clustering.",
    )
    metrics: dict[str, Limits] | None = Field(
        default=None, description="Overrides the policy's limits of these metrics."
    )


class Policy(_Strict):
    """A whole policy file."""

    version: Literal[1] = Field(description="Version of this format.")
    reference: str | None = Field(
        default=None, description="Folder of the reference run, relative to the policy's folder."
    )
    confidence: float = Field(default=0.95, ge=0.5, lt=1, description="1 - the false-alarm rate.")
    on_inconclusive: Literal["warn", "fail"] = Field(
        default="warn",
        description="Exit code of an INCONCLUSIVE verdict that is due to chance: warn 0, fail 3. "
        "If a task has fewer than min_items, or data are missing for a gated number, it is "
        "always 3.",
    )
    min_items: int = Field(
        default=100, ge=2, description="A task with fewer items is INCONCLUSIVE."
    )
    looks: int = Field(
        default=1,
        ge=1,
        le=100_000,
        description="Number of comparisons with one reference, 365 for nightly ones.",
    )
    cluster: str | None = Field(
        default=None,
        min_length=1,
        description="Group key of items that are not independent, such as family: standard errors "
        "are clustered by its values.",
    )
    metrics: dict[str, Limits] = Field(
        default_factory=shipped_limits,
        min_length=1,
        description="Metrics and their limits (default: the shipped margins).",
    )
    tasks: dict[str, TaskPolicy] | None = Field(
        default=None,
        min_length=1,
        description="Tasks to gate (default: all tasks of the reference).",
    )

    @field_validator("version", mode="before")
    @classmethod
    def _check_version(cls, version: Any) -> Any:
        # In Python 1.0 and true equal 1, but such a file does not follow this format.
        if type(version) is not int:
            raise ValueError(f"must be the whole number 1, got {quote(version)}")
        return version

    @model_validator(mode="after")
    def _check_names(self) -> Policy:
        places = [("metrics", self.metrics)]
        places += [
            (f"tasks.{task}.metrics", settings.metrics)
            for task, settings in (self.tasks or {}).items()
            if settings.metrics is not None
        ]
        for place, metrics in places:
            for name, limits in metrics.items():
                _check_metric(f"{place}.{name}", name, limits)
        return self

    def limits(self, task: str) -> Mapping[str, Limits]:
        """Return the limits of a task."""
        own = (self.tasks or {}).get(task)
        return {**self.metrics, **((own.metrics if own else None) or {})}

    def only_gated(self) -> Policy:
        """Return the policy without its advisory numbers."""
        gated = {name: limits for name, limits in self.metrics.items() if limits.tier == "gate"}
        tasks = self.tasks and {
            task: own if own.group_tier == "gate" else own.model_copy(update={"by": None})
            for task, own in self.tasks.items()
        }
        return self.model_copy(update={"metrics": gated or self.metrics, "tasks": tasks})

    def gated_key(self, task: str) -> str | None:
        """Return the group key whose groups also decide."""
        own = (self.tasks or {}).get(task)
        return own.by if own is not None and own.group_tier == "gate" else None

    def cluster_of(self, task: str) -> str | None:
        """Return the group key by which a task's standard errors are clustered."""
        own = (self.tasks or {}).get(task)
        is_own = own is not None and "cluster" in own.model_fields_set
        return own.cluster if own is not None and is_own else self.cluster


def _check_metric(place: str, name: str, limits: Limits) -> None:
    if name not in METRICS and name not in CELLS:
        raise ValueError(f"{place}: unknown metric; choose from {', '.join(KNOWN)}")
    if limits.margin is not None and name not in KNOWN:
        raise ValueError(f"{place}.margin: {name} has no worse direction; give it a max or a min")
    if name not in METRICS and name != "parse_rate" and (limits.max, limits.min) != (None, None):
        raise ValueError(f"{place}: compares a candidate with a reference; give it a margin")
    if limits.direction == "over" and name != "overconfidence_gap":
        raise ValueError(f"{place}.direction: only overconfidence_gap has a direction")
    check_limits(place, name, margin=limits.margin, highest=limits.max, lowest=limits.min)


def load_policy(file: Path) -> Policy:
    """Read a policy.

    Raises
    ------
    UsageError
        If it cannot be read or a field is invalid; the message names the field.
    """
    from caopd_bench.core.files.plain_yaml import read_yaml  # imported here: only for files

    raw = read_yaml(file, most=MAX_BYTES, what="a policy", page="docs/gate.md")
    try:
        return Policy.model_validate(raw)
    except ValidationError as error:
        raise UsageError(f"{file}: {_first_problem(error)}") from None


def render_schema() -> str:
    """Return the JSON Schema of a policy, for editors."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Policy.model_json_schema(),
        "title": "caopd-bench calibration gate",
    }
    names = sorted({*METRICS, *CELLS})
    of_task = schema["$defs"]["TaskPolicy"]["properties"]["metrics"]["anyOf"][0]
    schema["$defs"]["Metrics"] = {"properties": limit_schema(names)}
    for metrics in (schema["properties"]["metrics"], of_task):
        metrics["propertyNames"] = {"enum": names}
        metrics["$ref"] = "#/$defs/Metrics"
    return json.dumps(schema, indent=1) + "\n"


def _mapping_at(place: Sequence[str | int], given: Any) -> str:
    """Return an example of the contents of a field that takes a mapping."""
    last, depth = place[-1], len(place)
    if last == "metrics" and depth in (1, 3):
        return "{brier: {margin: 0.04}}"
    if place[0] == "tasks" and depth < 3:
        return "{by: level}" if depth == 2 else "{TASK: {by: level}}"
    rule = "max" if last in METRICS and last not in KNOWN else "margin"
    is_share = type(given) in (int, float) and 0 < given < 1
    return f"{{{rule}: {given if is_share else 0.04:g}}}"


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    given = problem["input"]
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
    if problem["type"] == "extra_forbidden":
        message = "unknown field"
    elif problem["type"] in ("model_type", "dict_type"):
        message = (
            f"needs a mapping such as {_mapping_at(problem['loc'], given)}, got {quote(given)}"
        )
    elif problem["type"] != "missing" and problem["type"] != "value_error":
        message = f"{message}, got {quote(given)}"
        if place == "confidence" and type(given) in (int, float) and 50 <= given < 100:
            message += f"; did you mean {given / 100:g}?"
    return inline(f"{place}: {message}" if place else message, 300)
