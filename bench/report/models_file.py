"""Files written by the user: training method, size and family of models; published numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline, quote
from caopd_bench.report.entries import Given

__all__ = ["Published", "read_models", "read_published"]

MAX_BYTES = 2_000_000
T = TypeVar("T", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class _Model(_Strict):
    method: str | None = Field(default=None, max_length=100)
    size: float | None = Field(default=None, gt=0)
    family: str | None = Field(default=None, max_length=100)
    note: str | None = Field(default=None, max_length=1000)

    @field_validator("size", mode="before")
    @classmethod
    def _read_size(cls, value: Any) -> Any:
        """Convert sizes such as 135M, 1.7B and 3e8, which YAML reads as text, to numbers."""
        units = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
        if isinstance(value, str) and value:
            unit = units.get(value[-1].lower())
            try:
                return float(value[:-1]) * unit if unit else float(value)
            except ValueError:
                return value
        return value


class _Models(_Strict):
    version: Literal[1]
    models: dict[str, _Model]


class Published(_Strict):
    """One number published by others; shown as such and never mixed with measured numbers."""

    model: str = Field(max_length=200)
    task: str = Field(max_length=200)
    metric: str = Field(max_length=100)
    value: float
    method: str | None = Field(default=None, max_length=100)
    size: float | None = Field(default=None, gt=0)
    source: str = Field(max_length=500)
    certainty: str | None = Field(default=None, max_length=500)


class _PublishedFile(_Strict):
    version: Literal[1]
    numbers: list[Published]


def read_models(file: Path) -> dict[str, Given]:
    """Read the facts that the user supplies about runs, by the runs' names.

    Raises
    ------
    UsageError
        If the file does not describe models; the message names the field.
    """
    found = _read(file, _Models, "--models")
    return {
        name: Given(one.method, one.size, one.family, one.note)
        for name, one in found.models.items()
    }


def read_published(file: Path) -> list[Published]:
    """Read a file of published numbers.

    Raises
    ------
    UsageError
        If the file does not hold published numbers; the message names the field.
    """
    return _read(file, _PublishedFile, "--published").numbers


def _read(file: Path, shape: type[T], option: str) -> T:
    from caopd_bench.core.files.plain_yaml import read_yaml  # imported here: rarely needed

    raw = read_yaml(file, most=MAX_BYTES, what=f"a file for {option}", page="docs/report.md")
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"]) or "file"
        given = f", got {quote(problem['input'])}" if problem["type"] != "missing" else ""
        raise UsageError(
            f"{file}: {inline(place, 120)}: {inline(problem['msg'], 200)}{given}; "
            "see docs/report.md"
        ) from None
