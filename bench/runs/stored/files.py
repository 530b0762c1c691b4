"""Read and write the two files of a stored run, checking each field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import check_packed, read_packed_lines
from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.core.terminal import inline
from caopd_bench.runs.run import Row, Status
from caopd_bench.runs.stored.names import BASELINE_NAME, CHANGES_NAME, ROWS_NAME, SUMMARY_NAME
from caopd_bench.runs.stored.study import (
    ROWS_FILE,
    load_json,
    packed_hash,
    read_packed_rows,
)

__all__ = [
    "StoredRow",
    "Summary",
    "check_lines",
    "describe_damage",
    "dump_row",
    "load_row",
    "mend",
    "read_lines",
    "read_summary",
]

#: Tolerance for the sum of probabilities.
ROUNDING = 1e-6
Probability = Annotated[float, Field(ge=0, le=1)]
#: A row with more fields is invalid; checking a million fields would take gigabytes.
MAX_FIELDS = 100
#: Beginning of the pointer file that Git LFS leaves in place of a file that was not fetched.
POINTER = b"version https://git-lfs"
_POINTED = "is a pointer of Git LFS; fetch the file itself: git lfs pull"
MARK = b"<<<<<<< "
HEAD = 1 << 20  # bytes searched for the mark of a merge conflict

#: Fields of a record in any version; an undefined number is None.
RECORD: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("run", "task", "metric"), (str,)),
    "group": (str, type(None)),
    **dict.fromkeys(("estimate", "low", "high"), (float, int, type(None))),
    "n": (int,),
}
#: Floats represent all integers up to this one exactly.
MAX_WHOLE = 1 << 53


class StoredRow(BaseModel):
    """One line of rows.jsonl.gz."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    run: str
    task: str
    item_hash: str
    sample: int
    groups: dict[str, str | int | float | bool]
    confidence: float | None = Field(ge=0, le=1)
    correct: Literal[0, 1]
    status: Status
    answer: str | None = None
    stated: str | None = None
    text: str | None = None
    question: str | None = None
    gold: str | None = None
    probabilities: list[Probability] | None = Field(default=None, min_length=2, max_length=1000)
    right_option: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _check_status(self) -> StoredRow:
        if (self.status == "ok") != (self.confidence is not None):
            raise ValueError(f"status {self.status!r} with confidence {self.confidence}")
        if (self.probabilities is None) != (self.right_option is None):
            raise ValueError("probabilities and right_option go together")
        if self.probabilities is not None and self.right_option is not None:
            if self.right_option >= len(self.probabilities):
                raise ValueError(f"no option {self.right_option}")
            if abs(sum(self.probabilities) - 1.0) > ROUNDING:
                raise ValueError("probabilities that do not sum to 1")
            if self.confidence is not None and self.confidence not in self.probabilities:
                raise ValueError("a confidence that is the probability of no option")
        return self


class Summary(BaseModel):
    """The contents of summary.json."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal[1]
    name: str
    level: float | None = Field(default=None, gt=0, lt=1)
    provenance: dict[str, Any]
    warnings: list[str]
    records: list[dict[str, Any]]
    #: Hash of the decompressed lines of rows.jsonl.gz; None if written by earlier versions.
    rows_sha256: str | None = None
    #: Short digests of each line (`hashes`), which locate a changed row after `rows_sha256` has
    #: shown that there is one.
    row_digests: str | None = None

    @field_validator("records")
    @classmethod
    def _check_records(cls, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for number, record in enumerate(records, 1):
            for key, kinds in RECORD.items():
                value = record.get(key, ...)
                is_huge = isinstance(value, int) and abs(value) > MAX_WHOLE
                if type(value) not in kinds or is_huge:
                    raise ValueError(f"number {number} has no {key} as `score` gives it")
        return records


def mend(folder: Path) -> str:
    """Return the remedy for a damaged file; a reference is under version control."""
    if packed_hash(folder / ROWS_NAME) is not None:
        return f"restore {ROWS_FILE} from version control, or pack the sweep again"
    is_reference = any((folder / name).exists() for name in (BASELINE_NAME, CHANGES_NAME))
    return "restore it from version control" if is_reference else "store the run again"


def describe_damage(file: Path) -> str:
    """Describe why a file is not complete JSON, and the remedy."""
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        head = b""
    if head.startswith(POINTER):
        return _POINTED
    is_conflict = head.startswith(MARK) or b"\n" + MARK in head
    why = " (it has the conflict markers of a merge)" if is_conflict else ""
    return f"not complete JSON{why}; {mend(file.parent)}"


def read_summary(folder: Path) -> Summary:
    """Read summary.json."""
    summary_file = folder / SUMMARY_NAME
    try:
        return Summary.model_validate(load_json(summary_file))
    except ValidationError as error:
        raise UsageError(f"{summary_file}: {_first_problem(error)}; not a stored run") from None
    except OSError as error:
        raise UsageError(f"{summary_file}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise UsageError(f"{summary_file}: {describe_damage(summary_file)}") from None


def read_lines(folder: Path) -> Iterator[bytes]:
    """Yield the decompressed lines of the rows, each with its line feed."""
    rows_file = folder / ROWS_NAME
    packed = read_packed_rows(rows_file)
    if packed is not None:
        yield from packed
        return
    try:
        _refuse_pointer(rows_file)
        yield from read_packed_lines(rows_file, mend=mend(folder))
    except OSError as error:
        raise UsageError(f"{rows_file}: cannot be read ({error.strerror})") from None


def _refuse_pointer(file: Path) -> None:
    with file.open("rb") as stream:
        if stream.read(len(POINTER)) == POINTER:
            raise UsageError(f"{file}: {_POINTED}")


def check_lines(folder: Path) -> None:
    """Decompress the rows without parsing them; raise the errors of `read_lines`."""
    if read_packed_rows(folder / ROWS_NAME) is None:
        check_packed(folder / ROWS_NAME, mend=mend(folder))


def dump_row(run: str, row: Row, with_text: bool) -> bytes:
    """Serialise a row as a line with its line feed."""
    try:
        stored = StoredRow(
            run=run,
            task=row.task,
            item_hash=row.item_hash,
            sample=row.sample,
            groups=dict(row.groups),
            confidence=row.confidence,
            correct=1 if row.correct else 0,
            status=row.status,
            answer=row.answer,
            stated=row.stated,
            text=row.text if with_text else None,
            question=row.question if with_text else None,
            gold=row.gold if with_text else None,
            probabilities=list(row.probabilities) or None,
            right_option=row.right_option if row.probabilities else None,
        )
    except ValidationError as error:
        raise UsageError(f"a row of {row.task} cannot be stored: {_first_problem(error)}") from None
    plain = stored.model_dump()
    for key in () if with_text else ("question", "gold"):
        del plain[key]
    if not row.probabilities:  # same bytes as before the field existed
        del plain["probabilities"], plain["right_option"]
    # ensure_ascii escapes lone surrogates and line separators in model text.
    return json.dumps(plain, ensure_ascii=True).encode() + b"\n"


def load_row(line: bytes, where: str, advice: str = "store the run again") -> StoredRow:
    """Parse the line of a row; an error names `where` and the remedy `advice`."""
    try:
        raw = parse_json(line, where)
        if isinstance(raw, dict) and len(raw) > MAX_FIELDS:
            raise UsageError(f"{where}: {len(raw):,} fields; not a row of a stored run")
        return StoredRow.model_validate(raw)
    except ValidationError as error:
        raise UsageError(f"{where}: {_first_problem(error)}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: no text, damaged or cut off; {advice}") from None
    except ValueError:
        raise UsageError(f"{where}: not complete JSON; {advice}") from None


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"]) or "file"
    return f"{inline(place, 80)}: {inline(problem['msg'], 200)}"
