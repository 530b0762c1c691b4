"""Logged answers: any JSONL, CSV or Parquet with a response and a gold answer in each row."""

from __future__ import annotations

from pathlib import Path

from caopd_bench.runs.answers.files import read_logged
from caopd_bench.runs.flat.files import format_of
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["READER"]


def _open(file: Path, columns: AnswerColumns, _kind: str) -> Log:
    return Log(
        read_logged(file, columns),
        backend="logged answers",
        provenance=dict.fromkeys(("gen_kwargs", "packages", "date")),
        source={
            "response": columns.response,
            "gold": columns.gold,
            "named_by": columns.question or columns.item,
        },
    )


READER = Reader("a file of answers", lambda path: bool(format_of(path)), open_log=_open)
