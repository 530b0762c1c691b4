"""Data that the report keeps of each run: numbers, arrays and a sample of rows, never all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.numbers import is_number
from caopd_bench.metrics import Tally
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.report.samples import Picked
from caopd_bench.runs.confidence_of import Wording, wording_of_settings
from caopd_bench.runs.records import Record
from caopd_bench.runs.run import Run
from caopd_bench.thresholds.cut import Cut

__all__ = ["Aligned", "Cell", "Entry", "Given"]


@dataclass(frozen=True, slots=True)
class Given:
    """Facts about a model supplied by the user: see docs/report.md, `--models`."""

    method: str | None = None
    size: float | None = None
    family: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """The rows of one task sorted by item, so that runs can be paired row by row.

    Attributes
    ----------
    digest : str
        Hash of the items and samples: equal if two runs answered the same ones.
    confidence : ndarray of float, (n,)
        NaN if the answer has no usable confidence.
    correct : ndarray of float, (n,)
    cluster : ndarray of int, (n,), or None
        Item of each row; None if no item has several rows.
    items : int
    """

    digest: str
    confidence: FloatArray
    correct: FloatArray
    cluster: NDArray[np.intp] | None
    items: int


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One run on one task.

    Attributes
    ----------
    run, task : str
    records : Sequence of Record
        Results of `score`, including those of groups, and next to the accuracy the Brier skill,
        which orders the runs, and the certified coverage.
    n, n_parsed : int
    tally : Tally or None
        Tally of the parsed rows.
    tells_apart : bool
        Whether the confidence demonstrably separates right answers from wrong ones.
    cut : Cut
        Lowest confidence at which answers need no review, or the reason why there is none.
    aligned : Aligned or None
        None if rows do not name their items, or are too many to keep.
    groups : Mapping of str to Mapping of object to (rows, informative rows)
        Numbers of rows for each value of the group keys on the page. A row is informative if its
        group has both right and wrong answers, since only then is there a pair to separate.
    settings : Mapping
        Provenance of the run on this task.
    picked : Picked
        Sample of rows shown on the page.
    notes : Sequence of str
    """

    run: str
    task: str
    records: Sequence[Record]
    n: int
    n_parsed: int
    tally: Tally | None
    tells_apart: bool
    cut: Cut
    aligned: Aligned | None
    groups: Mapping[str, Mapping[object, tuple[int, int]]]
    settings: Mapping[str, Any]
    picked: Picked
    notes: Sequence[str]

    @property
    def is_flat(self) -> bool:
        """Return whether the rows come from a flat file, without questions, texts or answers."""
        return "columns" in (self.settings.get("source") or {})

    @property
    def wording(self) -> Wording:
        """Return the wording for the kind of confidence in this cell."""
        return wording_of_settings(self.settings)

    def find(self, metric: str, group: str | None = None) -> Record | None:
        """Return the record of one metric, or None if there is none."""
        for record in self.records:
            if record.metric == metric and record.group == group:
                return record
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One run in the report.

    Attributes
    ----------
    name, spec, path : str
        Name of the run, the argument it was read from, and its path.
    head : Run
        The run with its provenance and one row per task, for code that only reads settings.
    given : Given
    cells : Mapping of str to Cell
        Cells by task.
    """

    name: str
    spec: str
    path: str
    head: Run
    given: Given
    cells: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def size(self) -> float | None:
        """Return the number of parameters from the user, else from the log of lm-eval."""
        counted = self.head.provenance.get("parameters")
        if self.given.size is not None:
            return self.given.size
        return float(counted) if is_number(counted) and counted > 0 else None
