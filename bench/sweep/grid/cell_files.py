"""Read the files next to the run of a finished cell, checking each field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline
from caopd_bench.runs.stored.study import load_json

__all__ = ["CELL", "TIMING", "read_cell", "read_times"]

CELL, TIMING = "cell.json", "timing.json"
T = TypeVar("T", bound=BaseModel)


class _Known(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class _Evaluation(_Known):
    success_questions: int | None = Field(default=None, ge=0, le=10**9)


class _Cell(_Known):
    key: str
    parameters: Annotated[int, Field(ge=0, le=10**18)] | float | None = None
    observed: dict[str, float | None] = Field(default_factory=dict)
    evaluate: _Evaluation = Field(default_factory=_Evaluation)
    base_weights: str | None = None
    weights: str | None = None


class _Times(_Known):
    pretrain_seconds: float
    train_seconds: float
    evaluate_seconds: float
    seconds: float
    core_seconds: float


def read_cell(place: Path) -> dict[str, Any]:
    """Read cell.json of a cell's folder.

    Raises
    ------
    UsageError
        If the file is missing or damaged, or a field is invalid; the message names the field.
    """
    return _read(place / CELL, _Cell)


def read_times(place: Path) -> dict[str, Any]:
    """Read timing.json of a cell's folder; raise the same errors as `read_cell`."""
    return _read(place / TIMING, _Times)


def _read(file: Path, shape: type[T]) -> dict[str, Any]:
    mend = "delete the cell's folder to run it again"
    try:
        return shape.model_validate(load_json(file)).model_dump()
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"]) or "file"
        said = f"{inline(place, 80)}: {inline(problem['msg'], 200)}"
        raise UsageError(f"{file}: {said}; {mend}") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}); {mend}") from None
    except ValueError:
        raise UsageError(f"{file}: not complete JSON; {mend}") from None
