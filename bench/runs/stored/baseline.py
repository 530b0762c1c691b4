"""What a reference folder holds beside the stored run.

DIR/rows.jsonl.gz, DIR/summary.json    the stored run
DIR/baseline.json                      its fingerprint, why it is the reference, rerun noise
DIR/CHANGES.md                         every change, with old and new values
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_json import read_json
from caopd_bench.core.privacy.credentials import redact
from caopd_bench.core.privacy.paths import shorten_spec
from caopd_bench.core.terminal import inline
from caopd_bench.runs.stored.files import describe_damage
from caopd_bench.runs.stored.names import BASELINE_NAME, CHANGES_NAME, ROWS_NAME

__all__ = [
    "Baseline",
    "Noise",
    "find_missing",
    "hash_rows",
    "read_baseline",
]

#: What is gone with each file of a reference.
_GONE = {
    BASELINE_NAME: "its reason and rerun noise are lost",
    CHANGES_NAME: "the log of changes is lost",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Noise(_Strict):
    """How much one number of one task moved between two runs of the same checkpoint.

    Attributes
    ----------
    worse_by : float
        The second run against the first; positive is worse.
    standard_error : float
        Of such a difference: what a rerun moves it by.
    items : int
    cluster : str or None
        The group key over whose values the standard error is; None for one over items.
    clusters : int or None
        Its values.
    """

    task: str
    metric: str
    worse_by: float
    standard_error: float = Field(ge=0)
    items: int = Field(ge=2)
    cluster: str | None = None
    clusters: int | None = None


class Baseline(_Strict):
    """baseline.json."""

    format: Literal[1] = 1
    #: That of the summary; of what earlier versions wrote, of the packed file.
    rows_sha256: str
    made: str  # date
    reason: str
    run: str  # what was given
    rerun: list[Noise] = []


def hash_rows(folder: Path) -> str:
    """Fingerprint the rows of a stored run."""
    try:
        return hashlib.sha256((folder / ROWS_NAME).read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(
            f"{folder / ROWS_NAME}: cannot be read ({error.strerror}); is it a reference folder?"
        ) from None


def read_baseline(folder: Path) -> Baseline | None:
    """Read baseline.json; None if there is none, as beside a run that `score --store` wrote."""
    file = folder / BASELINE_NAME
    try:
        known = Baseline.model_validate(read_json(file))
        # As it would be written now: earlier versions kept what was given as it was.
        clean = {"run": shorten_spec(known.run), "reason": redact(known.reason)}
        return known.model_copy(update=clean)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise UsageError(f"{file}: {inline(place, 80)}: {inline(problem['msg'], 200)}") from None
    except ValueError:
        raise UsageError(f"{file}: {describe_damage(file)}") from None


def find_missing(folder: Path) -> list[str]:
    """Name the file that a reference lacks of the two that make it one; none of a stored run."""
    held = {name for name in _GONE if (folder / name).is_file()}
    return [
        f"{name} is missing: {gone}; restore it from version control"
        for name, gone in _GONE.items()
        if held and name not in held
    ]
