"""Read runs one at a time and keep only the data that the report needs.

This lets a hundred runs of ten thousand rows fit in memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.report.certified import MAX_RISK, certify, make_coverage
from caopd_bench.report.entries import Aligned, Cell, Entry, Given
from caopd_bench.report.samples import pick_rows
from caopd_bench.report.skill import fill_worst, score_skill, tells_apart
from caopd_bench.runs.counts import Counts, sort_groups
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import expand_specs, name_runs, read_runs
from caopd_bench.runs.records import Record
from caopd_bench.runs.run import AnyRun, CountedRun, Row, Run, label_items
from caopd_bench.scores.notes import has_item_names, notes_on_task
from caopd_bench.scores.score import score

__all__ = ["read_entries"]

#: Group keys that the page shows by default, if a task has them.
DRILLED = ("level", "subject", "domain", "family")
#: With more values, each group is too small to be informative; `--by` shows the key nevertheless.
MAX_VALUES = 40
#: With fewer runs, starting processes costs more time than they save.
WORTH_WORKERS = 8
#: Maximum number of groups on a page: those of a hundred runs would hide everything else.
MAX_GROUPS = 2_000
#: Limits of a report. Every pair of runs of a task is tested, which takes half a minute for half a
#: million pairs, and 5,000 sections make a page of 40 MB.
MAX_RUNS, MAX_CELLS, MAX_PAIRS = 1_000, 5_000, 500_000
INSTEAD = "all numbers without a report: caopd-bench score RUN... --json FILE"


def read_entries(
    specs: Sequence[str | Path],
    *,
    task: str | None = None,
    by: Sequence[str] = (),
    columns: Columns | None = None,
    level: float = 0.95,
    max_risk: float = MAX_RISK,
    samples: int = 200,
    given: Mapping[str, Given] | None = None,
    workers: int = 1,
) -> list[Entry]:
    """Read runs one at a time and keep the data of the report; a run without `task` has no cells.

    Raises
    ------
    UsageError
        If a run cannot be read, no run has `task`, or `given` names an unknown run. Too many runs
        raise it before any is read, too many tasks or pairs as soon as the limit is passed.
    """
    listed = expand_specs(specs)
    if len(listed) > MAX_RUNS:
        raise UsageError(
            f"{len(listed):,} runs: a report has at most {MAX_RUNS:,}, since it tests every pair "
            f"of them ({math.comb(len(listed), 2):,}) and shows each; give those to compare, or "
            f"have {INSTEAD}"
        )
    of_files = replace(columns or Columns(), by=tuple(by))
    wanted = _Wanted(task, tuple(by), of_files, level, max_risk, samples, len(listed))
    entries = _read_all(listed, wanted, workers)
    names = name_runs(listed, [entry.name for entry in entries])
    known = dict(given or {})
    unknown = sorted(set(known) - set(names))
    if unknown:
        raise UsageError(
            f"--models: no run is called {unknown[0]!r}; the runs are {', '.join(names)}"
        )
    named = [
        _rename(entry, name, known.get(name, Given()))
        for entry, name in zip(entries, names, strict=True)
    ]
    if not any(entry.cells for entry in named):
        raise UsageError(f"--task {task}: no run has it")
    return named


class _Wanted(NamedTuple):
    """Options that apply to every run that is read."""

    task: str | None
    by: tuple[str, ...]
    columns: Columns
    level: float
    max_risk: float
    samples: int
    runs: int


def _read_all(specs: Sequence[str], wanted: _Wanted, workers: int) -> list[Entry]:
    """Return the runs in the order of `specs`, read in several processes if there are many."""
    shown = ("reading", "runs", len(specs))
    if workers < 2 or len(specs) < WORTH_WORKERS:
        return _within_limits(_read(spec, wanted) for spec in track(specs, *shown))
    from caopd_bench.core.process.workers import sharing  # imported here: rarely needed

    with sharing(min(workers, len(specs))) as share:
        return _within_limits(track(share(_read, specs, repeat(wanted)), *shown))


def _within_limits(read: Iterable[Entry]) -> list[Entry]:
    """Return the entries, or raise UsageError once they exceed the limit of cells or pairs."""
    entries: list[Entry] = []
    cells = 0
    of_task: Counter[str] = Counter()
    for entry in read:
        entries.append(entry)
        cells += len(entry.cells)
        of_task.update(list(entry.cells))
        _check_cells(cells)
        pairs = sum(math.comb(runs, 2) for runs in of_task.values())
        if pairs > MAX_PAIRS:
            raise UsageError(
                f"the first {len(entries):,} runs have {len(of_task):,} tasks and {pairs:,} pairs "
                f"of runs of a task already; a report tests at most {MAX_PAIRS:,}; name one task "
                f"(--task NAME), give fewer runs, or have {INSTEAD}"
            )
    return entries


def _check_cells(cells: int) -> None:
    if cells > MAX_CELLS:
        raise UsageError(
            f"more than {MAX_CELLS:,} tasks of runs: a page has a section for each; name one task "
            f"(--task NAME), give fewer runs, or have {INSTEAD}"
        )


def _read(spec: str, wanted: _Wanted) -> Entry:
    (run,) = read_runs([spec], wanted.columns)
    tasks = [name for name in run.tasks if wanted.task in (None, name)]
    _check_cells(len(tasks))  # before work that could take hours
    cells = {name: _summarise(run, name, wanted, wanted.runs * len(tasks)) for name in tasks}
    head = _head(run)
    return Entry(run.name, spec, run.path, head, Given(), cells)


def _rename(entry: Entry, name: str, given: Given) -> Entry:
    cells = {
        task: replace(
            cell, run=name, records=[replace(record, run=name) for record in cell.records]
        )
        for task, cell in entry.cells.items()
    }
    return replace(entry, name=name, given=given, cells=cells, head=replace(entry.head, name=name))


def _head(run: AnyRun) -> Run:
    """Return the run with its settings but only one row per task."""
    if isinstance(run, CountedRun):
        rows: list[Row] = []
    else:
        first: dict[str, Row] = {}
        for row in run.rows:
            first.setdefault(row.task, row)
        rows = list(first.values())
    return Run(run.name, run.path, rows, run.provenance, run.warnings)


def _summarise(run: AnyRun, task: str, wanted: _Wanted, cells: int) -> Cell:
    single: AnyRun = run
    rows: list[Row] = []
    if isinstance(run, Run):
        rows = run.task_rows(task)
        single = replace(run, rows=rows, warnings=run.warnings_of(task))
    counts = single.count(task)
    counted = {key: single.count_by(task, key) for key in _keys(single, task, wanted.by)}
    shown = {
        key: groups
        for key, groups in counted.items()
        if key in wanted.by or (1 < len(groups) <= MAX_VALUES and len(groups) * cells <= MAX_GROUPS)
    }
    records = score(single, by=list(shown), level=wanted.level)
    filled = fill_worst(counts, rows)
    skill = score_skill(run.name, task, filled, wanted.level)
    cut = certify(counts, wanted.max_risk, wanted.level)
    coverage = make_coverage(run.name, task, counts, cut)
    return Cell(
        run=run.name,
        task=task,
        records=_add_beside_accuracy(records, skill, coverage),
        n=counts.n,
        n_parsed=counts.n_parsed,
        tally=counts.parsed,
        tells_apart=tells_apart(filled, wanted.level),
        cut=cut,
        aligned=_align(rows) if has_item_names(single, task) else None,
        groups={key: _count_informative(groups) for key, groups in shown.items()},
        settings=run.settings(task),
        picked=pick_rows(rows, wanted.samples, counts.n),
        notes=tuple(notes_on_task(single, task)),
    )


def _add_beside_accuracy(
    records: Sequence[Record], skill: Record, coverage: Record
) -> list[Record]:
    at = next(i for i, r in enumerate(records) if r.metric == "accuracy" and r.group is None)
    return [*records[:at], skill, records[at], coverage, *records[at + 1 :]]


def _keys(run: AnyRun, task: str, by: Sequence[str]) -> list[str]:
    there = run.group_keys(task)
    return [key for key in dict.fromkeys([*by, *DRILLED]) if key in there]


def _count_informative(groups: Mapping[object, Counts]) -> dict[object, tuple[int, int]]:
    found = {}
    for value, counts in sort_groups(groups).items():
        parsed = counts.parsed
        has_pairs = parsed is not None and 0 < parsed.n_right < parsed.n
        found[value] = (counts.n, counts.n_parsed if has_pairs else 0)
    return found


def _align(rows: Sequence[Row]) -> Aligned | None:
    if not rows:
        return None
    label = label_items([row.item_hash for row in rows])
    sample = np.array([row.sample for row in rows])
    stated = [np.nan if row.confidence is None else row.confidence for row in rows]
    confidence = np.array(stated, dtype=np.float64)
    correct = np.array([row.correct for row in rows], dtype=np.float64)
    # Rows with the same item and sample are sorted by content, as `compare` pairs them.
    order = np.lexsort((correct, np.nan_to_num(confidence, nan=-1.0), sample, label))
    label, sample = label[order], sample[order]
    digest = blake2b(label.tobytes() + sample.tobytes(), digest_size=8).hexdigest()
    distinct, cluster = np.unique(label, return_inverse=True)
    is_single = distinct.size == label.size
    return Aligned(
        digest,
        confidence[order],
        correct[order],
        None if is_single else cluster.reshape(-1),
        int(distinct.size),
    )
