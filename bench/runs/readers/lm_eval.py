"""Output of `lm_eval --output_path DIR --log_samples`: the folder, or one of its results files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from caopd_bench.runs.lm_eval.find import find_results, is_lm_eval
from caopd_bench.runs.readers.reader import Reader

if TYPE_CHECKING:
    from caopd_bench.runs.flat.read import Columns
    from caopd_bench.runs.run import AnyRun

__all__ = ["READER"]


def _read(path: Path, columns: Columns) -> AnyRun:
    from caopd_bench.runs.lm_eval.read import read_lm_eval

    return read_lm_eval(find_results(path), judge=columns.judge, by=columns.by)


READER = Reader("output of lm_eval", is_lm_eval, _read)
