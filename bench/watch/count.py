"""Count rows into the state: new answers, and outcomes of pending answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.thresholds.promise import Promise
from caopd_bench.watch.rows import Batch
from caopd_bench.watch.state import MAX_DAYS, MAX_PENDING, Pending, Source, State
from caopd_bench.watch.tallies import EMPTY, sum_rows
from caopd_bench.watch.values import UNKNOWN

__all__ = ["Counter"]


class Counter:
    """Counts the rows of one log.

    Parameters
    ----------
    state : State
    name : str
        Name of the log among the state's sources.
    promise : Promise
        Decides which answers are kept, and maps their confidences.
    today : str
        The day of answers without a time.
    """

    def __init__(self, state: State, name: str, promise: Promise, today: str) -> None:
        self.state, self.name, self.promise, self.today = state, name, promise, today
        self.source = state.sources.setdefault(name, Source())
        self._passed = self.source.rows

    def read_from_start(self) -> None:
        """Begin with the first row of the log."""
        self._passed = 0

    def add(self, batch: Batch) -> None:
        """Count rows, but skip those before `Source.skip`."""
        n = batch.outcome.size
        left_out = min(max(self.source.skip - self._passed, 0), n)
        self._passed += n
        self.source.rows += n
        counts = np.ones(n, np.bool_)
        counts[:left_out] = False
        if batch.has_id.any():
            counts &= ~self._match(batch, counts)
        self._add_answers(batch, np.flatnonzero(counts & batch.is_answer))
        self.state.strays += int(np.count_nonzero(counts & ~batch.is_answer))

    def finish(self) -> None:
        """Drop the oldest pending answers if there are too many; their outcomes stay unknown."""
        pending = self.state.pending
        for label in [*pending][: max(len(pending) - MAX_PENDING, 0)]:
            del pending[label]
            self.state.given_up += 1

    def _match(self, batch: Batch, counts: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take the rows that belong to a pending answer, and make new answers pending.

        A single pass in order, since an answer and its outcome may be in one batch.
        """
        state, pending = self.state, self.state.pending
        is_taken = np.zeros(counts.size, np.bool_)
        asked = counts & batch.has_id
        is_open = batch.is_answer & (batch.outcome == UNKNOWN)
        if not pending and not (asked & is_open).any():
            return is_taken
        days = self._days(batch)
        places = np.flatnonzero(asked)
        mapped = self._mapped(batch)
        came: list[tuple[Pending, int]] = []
        rows = zip(
            places.tolist(),
            batch.label[places].tolist(),
            batch.outcome[places].tolist(),
            is_open[places].tolist(),
            strict=True,
        )
        for i, label, outcome, opens in rows:
            waiting = pending.get(label)
            if waiting is None:
                if opens:
                    day = days[0 if batch.day is None else int(batch.day[i])]
                    group = "" if batch.group is None else batch.group[i]
                    pending[label] = Pending(self.name, day, float(mapped[i]), group)
                continue
            is_taken[i] = True
            if outcome == UNKNOWN:
                state.repeated += int(opens)
            else:
                del pending[label]
                came.append((waiting, outcome))
        if came:
            # Count this batch's pending answers before their outcomes move them.
            self._settle(came)
        return is_taken

    def _settle(self, came: Sequence[tuple[Pending, int]]) -> None:
        """Move answers from the sums without an outcome to those with one."""
        by_source: dict[str, list[tuple[Pending, int]]] = {}
        for one in came:
            by_source.setdefault(one[0].source, []).append(one)
        for name, listed in by_source.items():
            source = self.state.sources[name]
            if name != self.name:
                source.crossed += len(listed)
            confidence = np.array([one.confidence for one, _ in listed])
            groups = [one.group for one, _ in listed] if self.promise.by is not None else None
            names = sorted({one.day for one, _ in listed})
            place = {day: i for i, day in enumerate(names)}
            day = np.array([place[one.day] for one, _ in listed])
            for outcome, sign in (
                (np.full(len(listed), UNKNOWN, np.int8), -1.0),
                (np.array([outcome for _, outcome in listed], np.int8), 1.0),
            ):
                self._sum(source, confidence, outcome, day, names, groups, sign)

    def _add_answers(self, batch: Batch, places: NDArray[np.int64]) -> None:
        if not places.size:
            return
        day = np.zeros(places.size, np.int64) if batch.day is None else batch.day[places]
        days = self._days(batch)
        groups = None if batch.group is None else [batch.group[i] for i in places.tolist()]
        confidence = self._mapped(batch)[places]
        self._sum(self.source, confidence, batch.outcome[places], day, days, groups, 1.0)

    def _days(self, batch: Batch) -> list[str]:
        """Return the day numbers of a batch; rows without a time get the day of the look."""
        return [self.today] if batch.day is None else [day or self.today for day in batch.days]

    def _mapped(self, batch: Batch) -> NDArray[np.float64]:
        """Return the confidences that are compared with the cut, mapped if there is a map."""
        confidence, fitted = batch.confidence, self.promise.map
        if fitted is None:
            return confidence
        is_stated = ~np.isnan(confidence)
        mapped = confidence.copy()
        mapped[is_stated] = fitted(confidence[is_stated])
        return mapped

    def _cuts(self, groups: Sequence[str] | None, n: int) -> NDArray[np.float64]:
        if self.promise.by is None:
            return np.full(n, self.promise.cut)
        cuts = {str(one.group): one.cut for one in self.promise.cuts}
        return np.array([cuts.get(group, np.nan) for group in groups or [""] * n])

    def _sum(
        self,
        source: Source,
        confidence: NDArray[np.float64],
        outcome: NDArray[np.int8],
        day: NDArray[np.int64],
        days: Sequence[str],
        groups: Sequence[str] | None,
        sign: float,
    ) -> None:
        is_kept = confidence >= self._cuts(groups, confidence.size)
        sums = sum_rows(confidence, outcome, is_kept, day, len(days))
        for name, one in zip(days, sums, strict=True):
            if one.any():
                source.days[name] = source.days.get(name, EMPTY) + sign * one
        if len(source.days) > MAX_DAYS:
            raise UsageError(
                f"{self.name}: the answers span more than {MAX_DAYS:,} days; check --time-column"
            )
        if groups is not None:
            known = {str(one.group) for one in self.promise.cuts}
            for group in known.intersection(groups):
                mine = is_kept & np.fromiter(
                    (one == group for one in groups), np.bool_, len(groups)
                )
                part = np.array(
                    [mine.sum(), (mine & (outcome >= 0)).sum(), (mine & (outcome == 0)).sum()],
                    np.float64,
                )
                source.groups[group] = source.groups.get(group, np.zeros(3)) + sign * part
