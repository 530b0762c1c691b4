"""Write and read stored runs: rows and the numbers computed from them, without the model's text.

    DIR/rows.jsonl.gz    one row per line
    DIR/summary.json     provenance, records, and the hashes of the rows

The bytes of both files depend only on the rows. The folder is moved into place with one rename, and
rows that do not match the summary are refused wherever they are read.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.folders import only_writer, replace_folder
from caopd_bench.core.files.parts import is_part
from caopd_bench.core.privacy.credentials import clean_name, redact
from caopd_bench.core.process.progress import track
from caopd_bench.core.terminal import inline
from caopd_bench.runs.note import Note
from caopd_bench.runs.provenance import (
    clean_provenance,
    describe_cleaning,
    is_on_parser,
    parser_warnings,
)
from caopd_bench.runs.records import Record, to_plain
from caopd_bench.runs.run import GREEDY, Row, Run
from caopd_bench.runs.stored.files import (
    StoredRow,
    Summary,
    check_lines,
    dump_row,
    load_row,
    mend,
    read_lines,
    read_summary,
)
from caopd_bench.runs.stored.hashes import RowHashes
from caopd_bench.runs.stored.names import ROWS_NAME, SUMMARY_NAME
from caopd_bench.runs.stored.secrets import name_in_summary, say_left_out, warn_of_secrets
from caopd_bench.runs.stored.study import ROWS_FILE, holds, packed_hash

__all__ = [
    "Loaded",
    "Summary",
    "load_stored",
    "read_summary",
    "render_stored",
    "write_stored",
]

FORMAT: Literal[1] = 1


class Loaded(NamedTuple):
    """The contents of a stored run's folder.

    Attributes
    ----------
    run : Run
    summary : Summary
    edit : str or None
        How the rows differ from those of the summary, naming the first difference; None if they do
        not differ, or if the summary is of an earlier version without a hash.
    """

    run: Run
    summary: Summary
    edit: str | None


def write_stored(
    run: Run,
    records: Sequence[Record],
    folder: Path,
    *,
    level: float = 0.95,
    with_text: bool = False,
) -> None:
    """Write a stored run into `folder`, creating it if needed.

    Parameters
    ----------
    run : Run
        The run to store.
    records : Sequence of Record
        The numbers that `score` computed from it.
    folder : Path
        Must contain nothing else; an earlier stored run there is replaced.
    level : float
        Confidence level of the intervals of `records`.
    with_text : bool
        Also keep the questions, the right answers and the model's whole text; by default only the
        answer and confidence spans are kept.
    """
    contents = render_stored(run, records, level=level, with_text=with_text)
    with only_writer(folder):
        _refuse_others(folder, clean_name(run.name))
        replace_folder(folder, contents)
    say_left_out(run.provenance, "stored run")


def render_stored(
    run: Run, records: Sequence[Record], *, level: float = 0.95, with_text: bool = False
) -> dict[str, bytes]:
    """Return the two files of a stored run by name; parameters as for `write_stored`."""
    hashes, name = RowHashes(), clean_name(run.name)
    buffer = io.BytesIO()
    # For reproducible bytes, the header has no time and no name, and gzip.compress is
    # avoided, since its header differs between Python versions.
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as stream:
        for row in run.rows:
            line = dump_row(name, row, with_text)
            hashes.add(line)
            stream.write(line)
    summary = Summary(
        format=FORMAT,
        name=name,
        level=level,
        provenance=clean_provenance(run.provenance),
        warnings=[redact(str(warning)) for warning in run.warnings],
        records=to_plain(records),
        rows_sha256=hashes.sha256,
        row_digests=hashes.digests,
    )
    text = json.dumps(summary.model_dump(), indent=1, allow_nan=False) + "\n"
    return {ROWS_NAME: buffer.getvalue(), SUMMARY_NAME: text.encode()}


def load_stored(folder: Path) -> Loaded:
    """Read a stored run even if its rows were edited; `check.read_stored` refuses edited rows.

    Raises
    ------
    UsageError
        If a file is missing, damaged or of another format.
    """
    for name in (SUMMARY_NAME, ROWS_NAME):
        if not holds(folder / name):
            raise UsageError(f"{folder}: a stored run without {name}; {mend(folder)}")
    summary = read_summary(folder)
    hashes, rows = RowHashes(), list[Row]()
    foreign: tuple[int, str] | None = None
    advice = mend(folder)
    lines = track(read_lines(folder), f"reading {folder.name}", "rows")
    for i, line in enumerate(lines):
        hashes.add(line)
        try:
            stored = load_row(line, f"{folder / ROWS_NAME} line {i + 1}", advice)
        except UsageError:
            check_lines(folder)  # reports damage as such, before parsing
            raise
        rows.append(_to_row(stored))
        if foreign is None and stored.run != summary.name:
            foreign = (i, clean_name(stored.run))
    if not rows:
        raise UsageError(f"{folder / ROWS_NAME}: holds no rows; {mend(folder)}")
    kept = describe_cleaning(summary.provenance)
    warn_of_secrets(folder, name_in_summary(kept, summary.name, summary.warnings))
    provenance = kept.value
    # Notes on the parser were only valid for the version that stored the run.
    tasks = {row.task for row in rows} | provenance["tasks"].keys()
    said = [Note.read(redact(line), tasks) for line in summary.warnings]
    warnings = [note for note in said if not is_on_parser(note)]
    warnings += parser_warnings(provenance, rows)
    name = clean_name(summary.name)
    if name != summary.name:
        records = [{**record, "run": name} for record in summary.records]
        summary = summary.model_copy(update={"name": name, "records": records})
    run = Run(name, str(folder), rows, provenance, tuple(warnings))
    edit = _find_edit(summary, hashes, rows, foreign)
    packed = packed_hash(folder / ROWS_NAME)
    if edit is None and packed not in (None, hashes.sha256):
        edit = f"{ROWS_FILE} holds other rows than were packed"
    return Loaded(run, summary, edit)


def _refuse_others(folder: Path, name: str) -> None:
    """Refuse a folder that contains anything but an earlier stored run of this name."""
    if folder.is_file():
        raise UsageError(f"{folder}: is a file; --store takes a folder")
    held = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    if any(file not in (ROWS_NAME, SUMMARY_NAME) and not is_part(file) for file in held):
        raise UsageError(f"{folder}: contains other files; --store needs a folder of its own")
    if (folder / SUMMARY_NAME).is_file() and (old := _name_of(folder)) not in (None, name):
        raise UsageError(
            f"{folder}: contains the stored run {inline(str(old))!r}, not {inline(name)!r}; "
            "delete it or give another folder"
        )


def _name_of(folder: Path) -> str | None:
    """Return the name of the stored run in a folder; None if it cannot be read."""
    try:
        return read_summary(folder).name
    except UsageError:
        return None


def _find_edit(
    summary: Summary, hashes: RowHashes, rows: Sequence[Row], foreign: tuple[int, str] | None
) -> str | None:
    """Compare rows with the hashes of a summary; without hashes, compare each row's run name."""
    if summary.rows_sha256 is None:
        if foreign is None:
            return None
        return f"{_place(rows, foreign[0])} of {ROWS_NAME} is of the run {inline(foreign[1], 80)!r}"
    if summary.rows_sha256 == hashes.sha256:
        return None
    said = f"{ROWS_NAME} is not the file that {SUMMARY_NAME} was made for"
    at = hashes.first_unlike(summary.row_digests)
    if at is None:
        return said
    if at == len(rows):
        return f"{said}: line {at + 1} is missing"
    own = f", and is of the run {inline(foreign[1], 80)!r}" if foreign and foreign[0] == at else ""
    return f"{said}: {_place(rows, at)} is the first row that differs{own}"


def _place(rows: Sequence[Row], at: int) -> str:
    row = rows[at]
    sample = f" sample {row.sample}" if row.sample != GREEDY else ""
    return f"line {at + 1} ({inline(row.task, 80)} item {inline(row.item_hash, 80)}{sample})"


def _to_row(stored: StoredRow) -> Row:
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
        probabilities=tuple(stored.probabilities or ()),
        right_option=-1 if stored.right_option is None else stored.right_option,
    )
