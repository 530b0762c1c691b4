"""A stored promise: the cuts, the evidence for them, and the rows that they were certified on.

The file is strict JSON and contains no timestamp: the same rows and options give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.core.deliver import dump_json
from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.maps.saved import ConfidenceMap
from caopd_bench.maps.write import Fitted, write_saved
from caopd_bench.thresholds.cut import OUTCOMES, Cut, Form, Outcome
from caopd_bench.thresholds.read_promise import read_parts
from caopd_bench.thresholds.usual import Usual

__all__ = ["Promise", "load_threshold"]

NAN = math.nan


@dataclass(frozen=True, eq=False, repr=False)
class Promise:
    """Confidence above which to act without a person, from `threshold` or `load_threshold`.

    Attributes
    ----------
    task : str
        The task of the rows that it was made on.
    form : str
        "max-risk", "min-coverage" or "cost".
    asked : Mapping
        The requirement: "max_risk", "min_coverage", or "cost_wrong" and "cost_human".
    level : float
        Probability that no cut breaks its promise.
    by : str or None
        The group key, if there is a cut for each group.
    cuts : tuple of Cut
        A single cut, or one for each group.
    fitted : Fitted
        The rows that it was made on.
    map : ConfidenceMap or None
        Applied to every confidence before it is compared with a cut.
    provenance : Mapping
        Provenance of the run without the map: model, versions, and the task's settings under
        "tasks".
    source : str
        The name of its file; empty if it has none yet.
    usual : Usual or None
        Errors of the confidences on its rows, with which `watch` compares; None if the file does
        not contain them.
    """

    task: str
    form: Form
    asked: Mapping[str, float]
    level: float
    by: str | None
    cuts: tuple[Cut, ...]
    fitted: Fitted
    map: ConfidenceMap | None
    provenance: Mapping[str, Any]
    source: str = ""
    usual: Usual | None = None

    @property
    def outcome(self) -> Outcome:
        """The best outcome of the cuts: "CERTIFIED" if any cut is certified."""
        found = {one.outcome for one in self.cuts}
        return next(one for one in OUTCOMES if one in found)

    @property
    def cut(self) -> float:
        """The only cut; NaN if there is none, or if each group has its own."""
        return self.cuts[0].cut if self.by is None else NAN

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the task; empty if they are not recorded."""
        settings: Mapping[str, Any] = self.provenance.get("tasks", {}).get(self.task, {})
        return settings

    def cut_of(self, group: object) -> Cut | None:
        """Return the cut of a group, found by its value or its text; None for an unknown group."""
        named = str(group)
        return next((one for one in self.cuts if str(one.group) == named), None)

    def keep(self, confidence: ArrayLike, group: ArrayLike | None = None) -> NDArray[np.bool_]:
        """Return which answers to act on without a person.

        Parameters
        ----------
        confidence : array_like of any shape
            The confidence that the model stated, in [0, 1]; any map is applied here. None or NaN
            means that there is no usable confidence: such an answer is never kept.
        group : array_like of the same shape, or one value
            The group of each answer; required if each group has a cut. Answers of an unknown group
            are not kept.

        Returns
        -------
        ndarray of bool
            Array of the same shape; all False if no cut was certified.

        Raises
        ------
        ValueError
            If a confidence is outside [0, 1] (percentages, perhaps), or if groups are missing or
            were passed to a promise without groups.

        Examples
        --------
        >>> cut = Cut(
        ...     None, "CERTIFIED", 0.9, 0.05, 0.95, 0.5, 0.4, 0.6, 0.0, 0.03, 200, 200, 100, None,
        ...     None, "exact", "",
        ... )
        >>> rows = Fitted("base", 200, 200, None, "0" * 64, ())
        >>> promise = Promise(
        ...     "answers", "max-risk", {"max_risk": 0.05}, 0.95, None, (cut,), rows, None, {}
        ... )
        >>> promise.keep([0.95, 0.9, 0.5, None]).tolist()
        [True, True, False, False]
        """
        values = np.asarray(confidence, dtype=np.float64)
        stated = ~np.isnan(values)
        wrong = values[stated & ~((values >= 0.0) & (values <= 1.0))]
        if wrong.size:
            raise ValueError(
                f"confidence must be in [0, 1], got {float(wrong.flat[0])!r}; divide percentages "
                "by 100"
            )
        if self.map is not None:
            values = values.copy()
            values[stated] = self.map(values[stated])
        return np.asarray(values >= self._cuts_at(values.shape, group))  # NaN compares as False

    def _cuts_at(self, shape: tuple[int, ...], group: ArrayLike | None) -> NDArray[np.float64]:
        """Return the cut that applies to each answer; NaN if there is none."""
        if self.by is None:
            if group is not None:
                raise ValueError("group: this threshold has one cut for all answers; leave it out")
            return np.asarray(self.cut)
        if group is None:
            raise ValueError(
                f"group is missing: the threshold has a cut for each {inline(self.by, NAME_WIDTH)}"
            )
        named = np.asarray(group, dtype=object)
        if named.shape not in ((), shape):
            raise ValueError(f"group must have the shape of confidence {shape}, got {named.shape}")
        cuts = {str(one.group): one.cut for one in self.cuts}
        found = np.array([cuts.get(str(one), NAN) for one in named.ravel()], dtype=np.float64)
        return found.reshape(named.shape)

    def require_cut(self, use: str) -> None:
        """Raise UsageError if no cut was certified, since nothing can then be checked or watched.

        Parameters
        ----------
        use : str
            The purpose, for the message: "check".
        """
        if self.outcome != "CERTIFIED":
            why = self.cuts[0].reason if self.by is None else f"of no {inline(self.by, NAME_WIDTH)}"
            raise UsageError(
                f"{self.source or 'the threshold'}: {self.outcome}, so there is no cut to {use}: "
                f"{why}"
            )

    def __repr__(self) -> str:
        at = f"cut={self.cut:g}" if self.by is None else f"by={self.by!r}"
        return f"Promise({self.outcome}, {at}, task={self.task!r}, run={self.fitted.run!r})"

    def to_json(self) -> str:
        """Return the text of the file."""
        return dump_json(
            {
                "kind": "caopd-bench threshold",
                "format": 1,
                "task": self.task,
                "form": self.form,
                "asked": dict(self.asked),
                "level": self.level,
                "by": self.by,
                "outcome": self.outcome,
                "cuts": [asdict(one) for one in self.cuts],
                "fitted": {**self.fitted._asdict(), "parsers": list(self.fitted.parsers)},
                "map": None
                if self.map is None
                else {"source": self.map.source, **self.map.to_dict()},
                "usual": None if self.usual is None else self.usual.to_dict(),
                "provenance": self.provenance,
            }
        )

    def save(self, file: str | Path) -> None:
        """Write the promise to a file, atomically.

        Raises
        ------
        UsageError
            If the file exists and is not a threshold of the same task and run.
        OutputError
            If the file cannot be written.
        """
        write_saved(Path(file), self, "threshold", load_threshold)


def load_threshold(file: str | Path) -> Promise:
    """Read a threshold that `caopd-bench threshold -o` or `Promise.save` wrote.

    Parameters
    ----------
    file : str or Path

    Returns
    -------
    Promise
        Its method `keep` decides which answers to act on.

    Raises
    ------
    UsageError
        If the file cannot be read or is not a threshold; the message names the reason.
    """
    path = Path(file)
    return Promise(**read_parts(path), source=path.name)
