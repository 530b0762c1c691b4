"""Read flat files as a run: JSONL, CSV or Parquet with a confidence and an outcome in each row.

Up to MAX_ROWS rows are kept like the rows of any other run, if the caller requests them. Otherwise
only counts are kept, from which the same numbers are computed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from caopd_bench.core.errors import UsageError
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.privacy.paths import shorten_path
from caopd_bench.core.process.progress import stage
from caopd_bench.runs.flat.count import MAX_GROUPS, FlatCounter, refuse_groups, rounded
from caopd_bench.runs.flat.files import (
    column_names,
    format_of,
    read_chunks,
    refuse_separator,
    without_suffix,
)
from caopd_bench.runs.flat.names import are_distinct, list_names
from caopd_bench.runs.flat.values import Chunk, Wanted
from caopd_bench.runs.note import Note
from caopd_bench.runs.run import GREEDY, AnyRun, CountedRun, Row, Run, make_row

__all__ = ["FLAT_TASK", "MAX_ROWS", "Columns", "Keep", "NoColumnError", "read_flat"]

#: Task name of rows that name no task.
FLAT_TASK = "answers"
MAX_ROWS = 1_000_000
NO_ROWS = "{}: contains no rows"
#: Columns that are read without being requested, if they exist.
ITEM, LEVEL = "item", "level"


#: Parts of the rows to keep besides their counts.
Keep: TypeAlias = Literal["rows", "labels", "nothing"]


class NoColumnError(UsageError):
    """A file lacks a column; `names` are the columns that it has."""

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = names


@dataclass(frozen=True, slots=True)
class Columns:
    """The meaning of the columns of flat files; runs of lm-eval use only `by` and `judge`.

    Attributes
    ----------
    confidence, correct : str
        The stated confidence, in [0, 1] or null, and the outcome: 0, 1, true or false.
    item : str, optional
        Identifies the question, which several rows may share. By default "item", if it exists.
    by : sequence of str
        Group columns. "level" is read too, if it exists.
    decimals : int, optional
        Round the confidences, which bounds the memory for continuous confidences.
    judge : bool
        For a run of lm-eval: judge the responses of tasks that were not judged.
    keep : Keep
        Data to keep besides counts: the rows, or the labels of their questions, which show whether
        two runs answered the same ones.
    """

    confidence: str = "confidence"
    correct: str = "correct"
    item: str | None = None
    by: Sequence[str] = ()
    decimals: int | None = None
    judge: bool = False
    keep: Keep = "rows"


#: Columns of a packed study (`runs.stored.study`, which builds on these files).
PACKED = {"cell", "files_sha256", "packed_sha256", "rows_sha256"}


def read_flat(path: Path, files: Sequence[Path], columns: Columns) -> AnyRun:
    """Read files as one run."""
    formats = Counter(format_of(file) for file in files)
    if len(formats) > 1:
        listed = ", ".join(f"{n} {kind}" for kind, n in formats.items())
        raise UsageError(f"{path}: contains {listed} files; select one kind: '{path}/*.csv'")
    # Empty shards lack even a header.
    first = next((file for file in files if column_names(file)), None)
    if first is None:
        raise UsageError(f"{path}: empty; expected one answer per row, or at least a header")
    wanted = _resolve(first, columns)
    chunks = _read_all(files, wanted)
    name = _name_of(path)
    provenance = _provenance(name, files, wanted, columns)
    if columns.keep != "rows":
        return _count(name, path, chunks, wanted, columns, provenance)
    held: list[Chunk] = []
    total = 0
    with stage(f"reading {path.name}", "rows") as part:
        for chunk in chunks:
            held.append(chunk)
            total += chunk.correct.size
            part.add(chunk.correct.size)
            if total > MAX_ROWS:
                break
    if not total:
        raise UsageError(NO_ROWS.format(path))
    if total > MAX_ROWS:
        return _count(name, path, _drain(held, chunks), wanted, columns, provenance)
    rows = _make_rows(held, _few_values(held, wanted.groups, columns.by), columns.decimals)
    return Run(name, str(path), rows, provenance)


def _resolve(file: Path, columns: Columns) -> Wanted:
    """Choose the columns from the first file."""
    names = column_names(file)
    if set(names) >= PACKED:
        raise UsageError(
            f"{file}: a packed study, whose cells would be read as one model; rename it "
            "rows.parquet and give its folder, or FOLDER/CELL"
        )
    item = columns.item or (ITEM if ITEM in names else None)
    level = [LEVEL] if LEVEL in names else []
    groups = tuple(dict.fromkeys([*columns.by, *level]))
    wanted = Wanted(columns.confidence, columns.correct, item, groups)
    _check_names(file, names, wanted, columns)
    return wanted


def _check_names(file: Path, names: Sequence[str], wanted: Wanted, columns: Columns) -> None:
    options = {
        columns.confidence: "--confidence-column",
        columns.correct: "--correct-column",
        columns.item: "--item-column",
    }
    for name in wanted.columns:
        if name not in names:
            listed = ", ".join(map(repr, names[:20])) or "none"
            option = options.get(name)
            remedy = f"choose one with {option}" if option else "--by must name a column"
            refuse_separator(file, names)
            said = f"{file}: no column {name!r}; it has {listed}; {remedy}"
            raise NoColumnError(said, names)
        if names.count(name) > 1:
            raise UsageError(f"{file}: {names.count(name)} columns are named {name!r}; rename one")


def _read_all(files: Sequence[Path], wanted: Wanted) -> Iterator[Chunk]:
    plain = Columns(wanted.confidence, wanted.correct, wanted.item)
    for file in files:
        names = column_names(file)
        if names:
            _check_names(file, names, wanted, plain)
            yield from read_chunks(file, wanted)


def _drain(held: list[Chunk], rest: Iterator[Chunk]) -> Iterator[Chunk]:
    """Yield the chunks that were read ahead, releasing each, and then the others."""
    held.reverse()
    while held:
        yield held.pop()
    yield from rest


def _few_values(chunks: Sequence[Chunk], keys: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Return the keys with few enough values to group by; raise for a key that the user named."""
    kept = []
    for key in keys:
        if len({value for chunk in chunks for value in chunk.groups[key].values}) <= MAX_GROUPS:
            kept.append(key)
        else:
            refuse_groups(key, asked)
    return kept


def _make_rows(chunks: Sequence[Chunk], keys: Sequence[str], decimals: int | None) -> list[Row]:
    rows: list[Row] = []
    seen: Counter[str] = Counter()
    # Each question was asked once, so the rows are not samples.
    is_sampled = any(chunk.items is not None for chunk in chunks) and not are_distinct(
        [chunk.items for chunk in chunks]
    )
    for chunk in chunks:
        groups = _make_groups(chunk, keys)
        confidence = rounded(chunk.confidence, decimals).tolist()
        first = len(rows) + 1
        count = range(first, first + len(confidence))
        items = list_names(chunk.items) if chunk.items is not None else [f"row {i}" for i in count]
        for item, group, stated, correct in zip(
            items, groups, confidence, chunk.correct.tolist(), strict=True
        ):
            is_stated = stated == stated
            rows.append(
                make_row(
                    FLAT_TASK,
                    item,
                    group,
                    stated if is_stated else None,
                    int(correct),
                    "ok" if is_stated else "no_confidence",
                    sample=seen[item] if is_sampled else GREEDY,
                )
            )
            if is_sampled:
                seen[item] += 1
    return rows


def _make_groups(chunk: Chunk, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return the groups of each row; rows with equal groups share one dictionary."""
    if not keys:
        return [{}] * chunk.correct.size
    columns = [chunk.groups[key] for key in keys]
    shared: dict[tuple[int, ...], dict[str, Any]] = {}
    for codes in (coded := [*zip(*(column.codes.tolist() for column in columns), strict=True)]):
        if codes not in shared:
            shared[codes] = {
                key: column.values[code]
                for key, column, code in zip(keys, columns, codes, strict=True)
                if code >= 0
            }
    return [shared[codes] for codes in coded]


def _count(
    name: str,
    path: Path,
    chunks: Iterator[Chunk],
    wanted: Wanted,
    columns: Columns,
    provenance: dict[str, Any],
) -> CountedRun:
    counter = FlatCounter(
        wanted.groups,
        asked=columns.by,
        item_asked=columns.item is not None,
        decimals=columns.decimals,
        free=MAX_ROWS,
        with_labels=columns.keep == "labels",
    )
    with stage(f"counting {path.name}", "rows") as part:
        for chunk in chunks:
            counter.add(chunk)
            part.add(chunk.correct.size)
    if not counter.n:
        raise UsageError(NO_ROWS.format(path))
    counts, groups = counter.total(), counter.groups()
    warnings = []
    if counter.gave_up_items:
        warnings.append(
            Note(
                FLAT_TASK,
                f"too many questions ({wanted.item!r}) to distinguish: the intervals treat the "
                "rows as independent, and are too narrow if questions were asked several times",
            )
        )
    return CountedRun(
        name, str(path), FLAT_TASK, counts, groups, provenance, warnings, counter.labels()
    )


def _name_of(path: Path) -> str:
    """Name a run after its file without the suffix, or its folder; "Qwen2.5-7B" keeps its dot."""
    stem = path.name if path.is_dir() else without_suffix(path.name)
    return clean_name(stem.strip("*?_-.") or path.resolve().parent.name or "data")


def _provenance(
    name: str, files: Sequence[Path], wanted: Wanted, columns: Columns
) -> dict[str, Any]:
    names = {"confidence": wanted.confidence, "correct": wanted.correct, "item": wanted.item}
    source: dict[str, Any] = {
        "format": format_of(files[0]),
        "files": len(files),
        # Stored runs may be shared, so they must not reveal folders of this machine.
        "first": shorten_path(str(files[0])),
        "columns": names,
        "decimals": columns.decimals,
    }
    return {"model": name, "tasks": {FLAT_TASK: {"source": source}}}
