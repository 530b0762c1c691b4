"""A packed study: `rows.parquet` of a finished sweep, one run per cell."""

from __future__ import annotations

from caopd_bench.runs.readers.reader import Reader
from caopd_bench.runs.stored.study import is_study, list_cells

__all__ = ["READER"]

READER = Reader("a packed study", is_study, runs=list_cells, order=20)
