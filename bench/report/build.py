"""Compute a report from runs, before any format is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from caopd_bench.comparison.comparability import Difference, find_differences
from caopd_bench.comparison.pair_notes import NAME_IT, notes_on_thinking, notes_on_weights
from caopd_bench.core.errors import UsageError
from caopd_bench.core.numbers import is_number
from caopd_bench.core.process.progress import track
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.report.certified import MAX_RISK
from caopd_bench.report.duels import Duel, check_pairs, default_pairs, make_duels, read_again
from caopd_bench.report.entries import Entry, Given
from caopd_bench.report.models_file import Published
from caopd_bench.report.read_entries import read_entries
from caopd_bench.report.standings import Standing, rank
from caopd_bench.runs.confidence_of import Wording, join_wordings
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.logged import UNNAMED
from caopd_bench.runs.records import Record
from caopd_bench.scores.probe import OWN, probe

__all__ = ["Report", "build_report"]


@dataclass(frozen=True, slots=True)
class Report:
    """The content of a report, which the formats render.

    Attributes
    ----------
    title : str
    level : float
        Nominal coverage of the intervals, and the probability of each certified cut.
    max_risk : float
        Accepted share of wrong answers among those kept.
    entries : Sequence of Entry
    tasks : Sequence of str
    standings : Mapping of str to Standing
    odd : Mapping of str to Mapping of str to sequence of Difference
        By task and run: differences between the run's setup and the most common one.
    duels : Sequence of Duel
    probes : Sequence of Record
    published : Sequence of Published
    samples : int
        Maximum number of rows of a cell on the page.
    warnings : Sequence of str
        Problems of the set of runs: the same weights under two names, runs with and without
        thinking, a run without the requested task; and each stored run whose rows were changed
        after it was stored.
    """

    title: str
    level: float
    max_risk: float
    entries: Sequence[Entry]
    tasks: Sequence[str]
    standings: Mapping[str, Standing]
    odd: Mapping[str, Mapping[str, Sequence[Difference]]]
    duels: Sequence[Duel]
    probes: Sequence[Record]
    published: Sequence[Published]
    samples: int
    warnings: Sequence[str]

    def records(self) -> list[Record]:
        """Return all measured numbers, ordered by run and task."""
        found = [r for entry in self.entries for cell in entry.cells.values() for r in cell.records]
        return [*found, *self.probes]

    def wording(self, task: str | None = None) -> Wording:
        """Return the wording for the kind of confidence in a task, or in all tasks."""
        cells = [cell for entry in self.entries for cell in entry.cells.values()]
        return join_wordings(cell.wording for cell in cells if task in (None, cell.task))

    @property
    def has_vectors(self) -> bool:
        """Return whether rows hold a probability for each option, which has metrics of its own."""
        cells = (cell for entry in self.entries for cell in entry.cells.values())
        return any(cell.find("brier_classes") for cell in cells if not cell.wording.is_stated)


def build_report(
    specs: Sequence[str | Path],
    *,
    title: str = "Calibration report",
    task: str | None = None,
    by: Sequence[str] = (),
    columns: Columns | None = None,
    level: float = 0.95,
    max_risk: float = MAX_RISK,
    samples: int = 200,
    pairs: Sequence[tuple[str, str]] = (),
    given: Mapping[str, Given] | None = None,
    published: Sequence[Published] = (),
    workers: int = 1,
) -> Report:
    """Read runs and compute the content of a report.

    Parameters
    ----------
    specs : sequence of str or Path
        Runs, as for `read_run`: `PATH` or `NAME=PATH`.
    title : str
    task : str, optional
        Restrict the report to this task.
    by : sequence of str
        Group keys to show in addition to the default ones (`DRILLED`).
    columns : Columns, optional
        Column names of flat files.
    level : float
        Nominal coverage of the intervals, and the probability of each certified cut.
    max_risk : float
        Accepted share of wrong answers among those kept, in (0, 1).
    samples : int
        Maximum number of rows of each run and task on the page.
    pairs : sequence of (base, cand)
        Names of runs to compare item by item. By default, with up to five runs, all pairs that
        `default_pairs` lists.
    given : mapping of str to Given, optional
        Method, size and family of runs, by name.
    published : sequence of Published
        Numbers published by others, shown as such.
    workers : int
        Number of processes, used to read eight runs or more. A script that sets more than one must
        guard its own work with `if __name__ == "__main__":`, since each process imports it.

    Returns
    -------
    Report

    Raises
    ------
    UsageError
        If a run cannot be read, a name does not belong to a run, or `max_risk` is not in (0, 1).
    """
    if not is_number(max_risk) or not 0.0 < max_risk < 1.0:
        raise UsageError(f"max_risk must be between 0 and 1, got {max_risk!r}; 0.05 is 5 %")
    read = read_entries(
        specs,
        task=task,
        by=by,
        columns=columns,
        level=level,
        max_risk=max_risk,
        samples=samples,
        given=given,
        workers=workers,
    )
    entries = [entry for entry in read if entry.cells]
    tasks = list(dict.fromkeys(name for entry in entries for name in entry.cells))
    for key in by:
        if not any(key in cell.groups for entry in entries for cell in entry.cells.values()):
            raise UsageError(f"--by {key}: no task of these runs has such a group")
    chosen = check_pairs(pairs, entries) or default_pairs(entries)
    return Report(
        title=title,
        level=level,
        max_risk=max_risk,
        entries=entries,
        tasks=tasks,
        standings={
            name: rank(name, entries, level)
            for name in track(tasks, "testing pairs of runs", "tasks", len(tasks))
        },
        odd={name: _odd_ones(name, entries) for name in tasks},
        duels=make_duels(chosen, level, columns),
        probes=_probes(entries, level),
        published=list(published),
        samples=samples,
        warnings=list(_warn(read, task)),
    )


def _warn(read: Sequence[Entry], task: str | None) -> Iterator[str]:
    """Yield warnings about the set of runs for the reader of the page."""
    missing = [inline(entry.name, NAME_WIDTH) for entry in read if not entry.cells]
    if missing:
        yield f"left out, without the task {inline(str(task), NAME_WIDTH)}: {', '.join(missing)}"
    unnamed = [entry.cells[UNNAMED] for entry in read if UNNAMED in entry.cells]
    if len({cell.aligned.digest for cell in unnamed if cell.aligned is not None}) > 1:
        yield f"not all runs of the task {UNNAMED} answered the same items; {NAME_IT}"
    heads = [entry.head for entry in read if entry.cells]
    yield from notes_on_weights(heads)
    yield from notes_on_thinking(heads)


def _odd_ones(task: str, entries: Sequence[Entry]) -> dict[str, list[Difference]]:
    """Return for each run of a task the differences between its setup and the most common one.

    The first run with the most common setup is the reference; runs with that setup are omitted.
    """
    members = [entry for entry in entries if task in entry.cells]
    if len(members) < 2:
        return {}
    # Runs with equal differences from the first run have the same setup.
    setups = [tuple(map(str, _list_differences(task, members[0], entry))) for entry in members]
    commonest = Counter(setups).most_common(1)[0][0]
    reference = members[setups.index(commonest)]
    found = {
        entry.name: _list_differences(task, reference, entry)
        for entry, setup in zip(members, setups, strict=True)
        if setup != commonest
    }
    return {name: differences for name, differences in found.items() if differences}


def _list_differences(task: str, base: Entry, cand: Entry) -> list[Difference]:
    """Return the differences that `compare` reports, and the parser, for which it refuses."""
    found = find_differences(base.head, cand.head, [task])
    versions = [entry.head.settings(task).get("parser_version") for entry in (base, cand)]
    if None not in versions and versions[0] != versions[1]:
        found.append(Difference(task, "parser", str(versions[0]), str(versions[1])))
    return found


def _probes(entries: Sequence[Entry], level: float) -> list[Record]:
    """Compute the probes of each model sampled both with and without the teacher's context."""
    by_weights: dict[str, list[Entry]] = {}
    for entry in entries:
        for task in entry.cells:
            if task.endswith(OWN):
                weights = entry.cells[task].settings.get("weights")
                model = weights or str(entry.head.provenance.get("model"))
                members = by_weights.setdefault(model, [])
                if entry not in members:
                    members.append(entry)
    found: list[Record] = []
    for members in by_weights.values():
        try:
            found += probe([read_again(entry) for entry in members], level=level)
        except UsageError:
            # The model has no pair of runs sampled in two different ways.
            continue
    return found
