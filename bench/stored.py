"""A stored run: the rows of a run and the numbers made from them, without the model's text.

    DIR/rows.jsonl.gz    one row a line
    DIR/summary.json     provenance and records

Both are the same bytes whenever they are made from the same rows.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from caopd_bench.errors import UsageError
from caopd_bench.output import replace_files
from caopd_bench.provenance import OTHER_PARSER, clean_provenance, parser_warnings
from caopd_bench.records import Record, to_plain
from caopd_bench.rows import Row, Run, Status
from caopd_bench.terminal import inline

__all__ = [
    "ROWS_NAME",
    "SUMMARY_NAME",
    "Summary",
    "hash_lines",
    "is_stored",
    "read_lines",
    "read_stored",
    "read_summary",
    "render_stored",
    "write_stored",
]

ROWS_NAME = "rows.jsonl.gz"
SUMMARY_NAME = "summary.json"
FORMAT: Literal[1] = 1
EDITED = f"the rows in {ROWS_NAME} were changed after the run was stored"


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

    @model_validator(mode="after")
    def _check_status(self) -> StoredRow:
        if (self.status == "ok") != (self.confidence is not None):
            raise ValueError(f"status {self.status!r} with confidence {self.confidence}")
        return self


class Summary(BaseModel):
    """summary.json."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal[1]
    name: str
    level: float | None = Field(default=None, gt=0, lt=1)
    provenance: dict[str, Any]
    warnings: list[str]
    records: list[dict[str, Any]]
    #: Of the lines of rows.jsonl.gz, unpacked; None in what earlier versions wrote.
    rows_sha256: str | None = None


def write_stored(
    run: Run,
    records: Sequence[Record],
    folder: Path,
    *,
    level: float = 0.95,
    with_text: bool = False,
) -> None:
    """Write a stored run into `folder`, which is made if need be.

    Parameters
    ----------
    run : Run
        What was read.
    records : Sequence of Record
        What `score` made of it.
    folder : Path
        Holds nothing else; an earlier stored run there is replaced.
    level : float
        Of the intervals of `records`.
    with_text : bool
        Keep the questions, the right answers and the model's whole text as well; by default only
        the answer and confidence spans.
    """
    if folder.is_file():
        raise UsageError(f"{folder}: is a file; --store takes a folder")
    if folder.is_dir() and {file.name for file in folder.iterdir()} - {ROWS_NAME, SUMMARY_NAME}:
        raise UsageError(f"{folder}: holds other files; --store takes a folder of its own")
    if (folder / SUMMARY_NAME).is_file() and (old := _name_of(folder)) not in (None, run.name):
        raise UsageError(
            f"{folder}: holds the stored run {inline(str(old))!r}, not {inline(run.name)!r}; "
            "delete it or give another folder"
        )
    contents = render_stored(run, records, level=level, with_text=with_text)
    folder.mkdir(parents=True, exist_ok=True)
    replace_files({folder / name: content for name, content in contents.items()})


def render_stored(
    run: Run, records: Sequence[Record], *, level: float = 0.95, with_text: bool = False
) -> dict[str, bytes]:
    """Give the two files of a stored run by name; parameters as for `write_stored`."""
    lines = "".join(_dump_row(run.name, row, with_text) + "\n" for row in run.rows)
    summary = Summary(
        format=FORMAT,
        name=run.name,
        level=level,
        provenance=clean_provenance(run.provenance),
        warnings=list(run.warnings),
        records=to_plain(records),
        rows_sha256=hash_lines(lines),
    )
    text = json.dumps(summary.model_dump(), indent=1, allow_nan=False) + "\n"
    # No time and no name in the header, and not gzip.compress, whose header differs between
    # Pythons: the same rows give the same bytes.
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as stream:
        stream.write(lines.encode())
    compressed = buffer.getvalue()
    return {ROWS_NAME: compressed, SUMMARY_NAME: text.encode()}


def hash_lines(lines: str) -> str:
    """Fingerprint the rows, unpacked: another zlib packs them into other bytes."""
    return hashlib.sha256(lines.encode()).hexdigest()


def _name_of(folder: Path) -> str | None:
    """Give the name of the stored run in a folder; None if it cannot be read."""
    try:
        return read_summary(folder).name
    except UsageError:
        return None


def is_stored(path: Path) -> bool:
    """Say whether a folder holds a stored run, whole or not."""
    return any((path / name).exists() for name in (ROWS_NAME, SUMMARY_NAME))


def read_stored(folder: Path) -> Run:
    """Read a stored run back."""
    summary_file, rows_file = folder / SUMMARY_NAME, folder / ROWS_NAME
    for file in (summary_file, rows_file):
        if not file.is_file():
            raise UsageError(f"{folder}: a stored run without {file.name}; store the run again")
    summary = read_summary(folder)
    text = read_lines(folder)
    rows = [_load_row(line, f"{rows_file} line {i}") for i, line in enumerate(text.splitlines(), 1)]
    if not rows:
        raise UsageError(f"{rows_file}: holds no rows; store the run again")
    provenance = clean_provenance(summary.provenance)
    # Those on the parser were true of the version that stored the run.
    warnings = [warning for warning in summary.warnings if f": {OTHER_PARSER} " not in warning]
    warnings += parser_warnings(provenance)
    if summary.rows_sha256 not in (None, hash_lines(text)):
        tasks = dict.fromkeys(row.task for row in rows)
        edited = [f"{task}: {EDITED}" for task in tasks]
        warnings += [warning for warning in edited if warning not in warnings]
    return Run(summary.name, str(folder), rows, provenance, tuple(warnings))


def read_lines(folder: Path) -> str:
    """Read the rows of a stored run as the text that they are."""
    rows_file = folder / ROWS_NAME
    try:
        return gzip.decompress(rows_file.read_bytes()).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise UsageError(f"{rows_file}: damaged or cut off; store the run again") from None


def read_summary(folder: Path) -> Summary:
    """Read the numbers that were stored."""
    summary_file = folder / SUMMARY_NAME
    try:
        return Summary.model_validate(json.loads(summary_file.read_bytes()))
    except ValidationError as error:
        raise UsageError(f"{summary_file}: {_first_problem(error)}; not a stored run") from None
    except OSError as error:
        raise UsageError(f"{summary_file}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{summary_file}: not complete JSON; store the run again") from None


def _dump_row(run: str, row: Row, with_text: bool) -> str:
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
        )
    except ValidationError as error:
        raise UsageError(f"a row of {row.task} cannot be stored: {_first_problem(error)}") from None
    # ensure_ascii keeps lone surrogates and line separators of model text inside their line.
    plain = stored.model_dump()
    for key in () if with_text else ("question", "gold"):
        del plain[key]
    return json.dumps(plain, ensure_ascii=True)


def _load_row(line: str, where: str) -> Row:
    try:
        stored = StoredRow.model_validate(json.loads(line))
    except ValidationError as error:
        raise UsageError(f"{where}: {_first_problem(error)}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{where}: not complete JSON; store the run again") from None
    return Row(
        task=stored.task,
        item_hash=stored.item_hash,
        sample=stored.sample,
        groups=stored.groups,
        confidence=stored.confidence,
        correct=stored.correct,
        status=stored.status,
        answer=stored.answer,
        stated=stored.stated,
        text=stored.text,
        question=stored.question,
        gold=stored.gold,
    )


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"]) or "file"
    return f"{inline(place, 80)}: {inline(problem['msg'], 200)}"
