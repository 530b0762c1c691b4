"""Read the files of a reference folder in addition to the stored run.

DIR/rows.jsonl.gz, DIR/summary.json    the stored run
DIR/baseline.json                      its fingerprint, the reason for the choice, rerun noise
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

#: Information that is lost if a file of a reference is missing.
_GONE = {
    BASELINE_NAME: "its reason and rerun noise are lost",
    CHANGES_NAME: "the log of changes is lost",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Noise(_Strict):
    """The change of one number of one task between two runs of the same checkpoint.

    Attributes
    ----------
    worse_by : float
        Change from the first run to the second; positive is worse.
    standard_error : float
        Standard error of such a difference, which is the size of a rerun's effect.
    items : int
    cluster : str or None
        The group key by whose values the standard error is clustered; None if by items.
    clusters : int or None
        Number of values of that key.
    """

    task: str
    metric: str
    worse_by: float
    standard_error: float = Field(ge=0)
    items: int = Field(ge=2)
    cluster: str | None = None
    clusters: int | None = None


class Baseline(_Strict):
    """The contents of baseline.json."""

    format: Literal[1] = 1
    #: The hash in the summary; earlier versions wrote the hash of the compressed file.
    rows_sha256: str
    made: str  # date
    reason: str
    run: str  # the run as the user named it
    rerun: list[Noise] = []


def hash_rows(folder: Path) -> str:
    """Return the fingerprint of the rows of a stored run."""
    try:
        return hashlib.sha256((folder / ROWS_NAME).read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(
            f"{folder / ROWS_NAME}: cannot be read ({error.strerror}); is it a reference folder?"
        ) from None


def read_baseline(folder: Path) -> Baseline | None:
    """Read baseline.json; return None if there is none, as for a run written by `score --store`."""
    file = folder / BASELINE_NAME
    try:
        known = Baseline.model_validate(read_json(file))
        # Convert to the current form: earlier versions kept the user's input unchanged.
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
    """Return a line for each file that an incomplete reference lacks; empty for a stored run."""
    held = {name for name in _GONE if (folder / name).is_file()}
    return [
        f"{name} is missing: {gone}; restore it from version control"
        for name, gone in _GONE.items()
        if held and name not in held
    ]
