"""`caopd-bench tasks --overlap FILE --task TASK`: does a training file leak test items?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import stage, track
from caopd_bench.core.terminal import inline

__all__ = ["run_overlap"]

SHOWN = 20
WIDTH = 60


def run_overlap(options: argparse.Namespace) -> int:
    """Print how many test items overlap, and the strongest pairs."""
    from caopd_bench.tasks.catalogue.items import load_items
    from caopd_bench.tasks.catalogue.overlap import find_overlap
    from caopd_bench.tasks.catalogue.rows import DataError
    from caopd_bench.tasks.listing import list_tasks

    questions = {task.name: task.questions for task in list_tasks()}
    if options.task not in questions:
        raise UsageError(f"--task {options.task}: unknown task; caopd-bench tasks --all lists them")
    try:
        with stage(f"loading the items of {options.task}"):
            items = [str(item["question"]) for item in load_items(questions[options.task])]
    except DataError as error:
        raise UsageError(str(error)) from None
    texts = _texts(options.overlap, options.field)
    counted = _Counted(track(texts, f"comparing with {options.overlap.name}", "texts"))
    found = find_overlap(items, (text for _, text in counted), threshold=options.threshold)
    if not counted.with_words:
        raise UsageError(
            f"{options.overlap}: contains no text ({counted.n:,} rows); check the file and --field"
        )
    exact = sum(overlap.same_numbers for overlap in found)
    print(
        f"{len(found)} of {len(items):,} items of {options.task} share at least "
        f"{options.threshold:.0%} of their word n-grams with one of {counted.n:,} training texts: "
        f"{exact} with the same numbers, {len(found) - exact} with other numbers"
    )
    shown = found[: options.limit or SHOWN]
    wanted = {overlap.text for overlap in shown}
    # Read the file again, since keeping the start of every text would take too much memory.
    texts = track(_texts(options.overlap, options.field), "finding the matching texts", "texts")
    again = enumerate(texts if wanted else ())
    heads = {place: pair for place, pair in again if place in wanted}
    for overlap in shown:
        where, text = heads[overlap.text]
        kind = "same numbers" if overlap.same_numbers else "other numbers"
        print(f"  {overlap.score:.2f}  {kind}  item {overlap.item + 1}  {where}")
        print(f"        test   {inline(items[overlap.item], WIDTH)}")
        print(f"        train  {inline(text, WIDTH)}")
    if len(found) > len(shown):
        print(f"  ... and {len(found) - len(shown)} more (--limit)")
    return 0


class _Counted:
    """Counts the texts that pass through."""

    def __init__(self, texts: Iterator[tuple[str, str]]) -> None:
        self.texts, self.n, self.with_words = texts, 0, 0

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for pair in self.texts:
            self.n += 1
            self.with_words += any(map(str.isalnum, pair[1]))
            yield pair


def _texts(file: Path, field: str | None) -> Iterator[tuple[str, str]]:
    """Yield the location and the text of each row."""
    from caopd_bench.runs.answers.files import read_plain
    from caopd_bench.runs.flat.files import SUFFIXES, format_of, json_rows

    if not file.is_file():
        raise UsageError(f"{file}: no such file")
    name = file.name.removesuffix(".gz")
    if name.endswith(".txt"):
        yield from _lines(file)
        return
    if name.endswith(".json"):  # one object per line, as some data sets name such files
        rows: Iterator[tuple[str, Mapping[str, Any]]] = (
            (f"{file} line {number}", row) for number, _, row in json_rows(file)
        )
    elif format_of(file):
        rows = read_plain(file)
    else:
        raise UsageError(f"{file}: must end in {', '.join((*SUFFIXES, '.json', '.txt'))}")
    for where, row in rows:
        if field is not None and field not in row:
            raise UsageError(f"{where}: no field {field!r}; the row has {', '.join(map(str, row))}")
        text = "\n".join(_strings(row if field is None else row[field]))
        yield where.removeprefix(f"{file} "), text


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    from caopd_bench.core.files.packed import BlankLines, read_lines

    blank = BlankLines(file)
    for number, line in read_lines(file):
        if not blank.add(line.isspace()):
            yield f"line {number}", line.decode("utf-8", "replace")


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield every text in a row: fields, and the contents of chat messages."""
    if isinstance(value, str):
        yield value
    elif depth < 4 and isinstance(value, Mapping):
        for key, inner in value.items():
            if key != "role":
                yield from _strings(inner, depth + 1)
    elif depth < 4 and isinstance(value, list):
        for inner in value:
            yield from _strings(inner, depth + 1)
