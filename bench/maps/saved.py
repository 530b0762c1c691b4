"""A saved map: what it does to a confidence, where it comes from, and what it buys.

The file is strict JSON and holds no time: the same rows and the same seed give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.core.deliver import dump_json
from caopd_bench.maps.check import Parts, check_parts, read_parts
from caopd_bench.maps.write import Fitted, write_saved
from caopd_bench.metrics import Recalibrator

__all__ = ["METHODS", "ConfidenceMap", "Estimate", "Gain", "MapMethod", "load_map", "map_of"]

MapMethod = Literal["isotonic", "beta", "platt", "temperature"]
#: Those that never lower a confidence while another one rises, and use its order.
METHODS: tuple[MapMethod, ...] = get_args(MapMethod)


class Gain(NamedTuple):
    """A metric of the confidences before, and of the cross-fitted ones after.

    Attributes
    ----------
    metric : str
    before, after, difference : tuple of float
        Estimate, low and high. NaN where undefined.
    reason : str
        Why something is undefined; else empty.
    """

    metric: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    difference: tuple[float, float, float]
    reason: str


class Estimate(NamedTuple):
    """What a map buys, by cross-fitting: no row is mapped by a fit that has seen it.

    Attributes
    ----------
    folds, seed : int
    level : float
        Nominal coverage of the limits.
    gains : tuple of Gain
        Brier score, ECE and AUROC.
    """

    folds: int
    seed: int
    level: float
    gains: tuple[Gain, ...]


@dataclass(frozen=True, eq=False, repr=False)
class ConfidenceMap:
    """A map from confidence to how often it was right; `recalibrate` fits one, `load_map` reads it.

    Calling it maps confidences: ``map(confidences)``.

    Attributes
    ----------
    task : str
        Of the rows that it was fitted to.
    recalibrator : Recalibrator
        The fitted map of `caopd_bench.metrics`.
    fitted : Fitted
    provenance : Mapping
        Of the run: model, versions, and under "tasks" how the task was asked.
    estimate : Estimate
    source : str
        The name of its file; empty where there is none yet.

    Examples
    --------
    >>> from caopd_bench.metrics import recalibrate
    >>> fitted = Fitted("base", 4, 4, None, "0" * 64, ())
    >>> fit = recalibrate([0.9] * 4, [1, 1, 1, 0], method="isotonic")
    >>> saved = ConfidenceMap("answers", fit, fitted, {}, Estimate(2, 0, 0.95, ()))
    >>> saved
    ConfidenceMap(isotonic, task='answers', run='base', answers=4)
    >>> saved([0.5, 0.9]).tolist()
    [0.75, 0.75]
    """

    task: str
    recalibrator: Recalibrator
    fitted: Fitted
    provenance: Mapping[str, Any]
    estimate: Estimate
    source: str = ""

    @property
    def method(self) -> str:
        """How it was fitted: one of `METHODS`."""
        return self.recalibrator.method

    @property
    def settings(self) -> Mapping[str, Any]:
        """How the task was asked; empty where that is not recorded."""
        settings: Mapping[str, Any] = self.provenance.get("tasks", {}).get(self.task, {})
        return settings

    def __call__(self, confidence: ArrayLike) -> NDArray[np.float64]:
        """Map confidences.

        Parameters
        ----------
        confidence : array_like of any shape
            In [0, 1].

        Returns
        -------
        ndarray of float64
            Of the same shape.

        Raises
        ------
        ValueError
            If one is missing, or not in [0, 1].
        """
        return np.asarray(self.recalibrator.apply(confidence))

    def __repr__(self) -> str:
        return (
            f"ConfidenceMap({self.method}, task={self.task!r}, run={self.fitted.run!r}, "
            f"answers={self.fitted.parsed})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what the file holds; `map_of` makes a map of it."""
        fitted, estimate = self.fitted, self.estimate
        return {
            "kind": "caopd-bench map",
            "format": 1,
            "task": self.task,
            "map": self.recalibrator.to_dict(),
            "fitted": {**fitted._asdict(), "parsers": list(fitted.parsers)},
            "estimate": {
                **estimate._asdict(),
                "gains": [gain._asdict() for gain in estimate.gains],
            },
            "provenance": self.provenance,
        }

    def to_json(self) -> str:
        """Return the text of the file."""
        return dump_json(self.to_dict())

    def save(self, file: str | Path) -> None:
        """Write it to a file: whole, or not at all.

        Raises
        ------
        UsageError
            If there is something else by this name: no map, or that of another task or run.
        OutputError
            If it cannot be written.
        """
        write_saved(Path(file), self, "map", load_map)


def load_map(file: str | Path) -> ConfidenceMap:
    """Read a map that `caopd-bench recalibrate -o` or `ConfidenceMap.save` wrote.

    Parameters
    ----------
    file : str or Path

    Returns
    -------
    ConfidenceMap
        Call it to map confidences.

    Raises
    ------
    UsageError
        If it cannot be read, or is not such a map: it says what is wrong.
    """
    path = Path(file)
    return _of_parts(read_parts(path, METHODS), path.name)


def map_of(data: Any, source: str = "") -> ConfidenceMap:
    """Return the map that another file holds, as `ConfidenceMap.to_dict` gives it.

    Raises
    ------
    UnfitError
        If it is none: a ValueError.
    """
    return _of_parts(check_parts(data, METHODS), source)


def _of_parts(parts: Parts, source: str) -> ConfidenceMap:
    fitted, estimate = parts.fitted, parts.estimate
    gains = tuple(Gain(**gain) for gain in estimate.pop("gains"))
    return ConfidenceMap(
        parts.task,
        parts.recalibrator,
        Fitted(**fitted),
        parts.provenance,
        Estimate(**estimate, gains=gains),
        source,
    )
