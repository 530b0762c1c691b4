"""What the report keeps of each run: numbers, arrays and a sample of rows, never all of them."""

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
    """What the user says of a model: see docs/report.md, `--models`."""

    method: str | None = None
    size: float | None = None
    family: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """The rows of one task in an order that is that of the items: what runs are paired by.

    Attributes
    ----------
    digest : str
        Of the items and samples: equal where two runs answered the same.
    confidence : ndarray of float, (n,)
        NaN where there is no usable one.
    correct : ndarray of float, (n,)
    cluster : ndarray of int, (n,), or None
        The item of each row, where items have several.
    items : int
    """

    digest: str
    confidence: FloatArray
    correct: FloatArray
    cluster: NDArray[np.intp] | None
    items: int


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One task of one run.

    Attributes
    ----------
    run, task : str
    records : Sequence of Record
        What `score` makes of it, the groups among them, and beside the accuracy the Brier skill
        that runs are ordered by and the certified coverage.
    n, n_parsed : int
    tally : Tally or None
        Of the parsed rows.
    tells_apart : bool
        Whether the confidence is shown to tell right answers from wrong ones.
    cut : Cut
        From which confidence on to act without a person, or why from none.
    aligned : Aligned or None
        None where rows have no names, or are too many to keep.
    groups : Mapping of str to Mapping of object to (rows, informative rows)
        The keys that the page goes into; a row is informative if its group has both right and wrong
        answers: only such rows have a pair to be told apart.
    settings : Mapping
        Provenance of the task.
    picked : Picked
        The sample of rows.
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
        """Whether the rows come from a flat file, which holds no questions, texts or answers."""
        return "columns" in (self.settings.get("source") or {})

    @property
    def wording(self) -> Wording:
        """What its confidence is."""
        return wording_of_settings(self.settings)

    def find(self, metric: str, group: str | None = None) -> Record | None:
        """Return one number; None where there is no such."""
        for record in self.records:
            if record.metric == metric and record.group == group:
                return record
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One run of the report.

    Attributes
    ----------
    name, spec, path : str
        The run's name, and what the user gave to read it by.
    head : Run
        Provenance and one row a task: for what looks at settings only.
    given : Given
    cells : Mapping of str to Cell
        By task.
    """

    name: str
    spec: str
    path: str
    head: Run
    given: Given
    cells: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def size(self) -> float | None:
        """Parameters: what the user says, else what the checkpoint said to lm-eval."""
        counted = self.head.provenance.get("parameters")
        if self.given.size is not None:
            return self.given.size
        return float(counted) if is_number(counted) and counted > 0 else None
