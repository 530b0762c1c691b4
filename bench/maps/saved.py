"""A saved map: the fitted function, its provenance, and its estimated benefit.

The file is strict JSON and contains no timestamp: the same rows and seed give the same bytes.
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
#: Monotone methods, which keep the order of the confidences.
METHODS: tuple[MapMethod, ...] = get_args(MapMethod)


class Gain(NamedTuple):
    """A metric before mapping, and after cross-fitted mapping.

    Attributes
    ----------
    metric : str
    before, after, difference : tuple of float
        Estimate, lower and upper limit; NaN where undefined.
    reason : str
        Why a value is undefined; else empty.
    """

    metric: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    difference: tuple[float, float, float]
    reason: str


class Estimate(NamedTuple):
    """The benefit of a map by cross-fitting: no row is mapped by a fit that has seen it.

    Attributes
    ----------
    folds, seed : int
    level : float
        Confidence level of the limits.
    gains : tuple of Gain
        The gains in Brier score, ECE and AUROC.
    """

    folds: int
    seed: int
    level: float
    gains: tuple[Gain, ...]


@dataclass(frozen=True, eq=False, repr=False)
class ConfidenceMap:
    """A map from confidence to accuracy; `recalibrate` fits one, `load_map` reads it.

    Calling it maps confidences: ``map(confidences)``.

    Attributes
    ----------
    task : str
        The task of the rows that it was fitted to.
    recalibrator : Recalibrator
        The fitted map of `caopd_bench.metrics`.
    fitted : Fitted
    provenance : Mapping
        Provenance of the run: model, versions, and the task's settings under "tasks".
    estimate : Estimate
    source : str
        The name of its file; empty if it has none yet.

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
        """The fitting method: one of `METHODS`."""
        return self.recalibrator.method

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the task; empty if they are not recorded."""
        settings: Mapping[str, Any] = self.provenance.get("tasks", {}).get(self.task, {})
        return settings

    def __call__(self, confidence: ArrayLike) -> NDArray[np.float64]:
        """Map confidences.

        Parameters
        ----------
        confidence : array_like of any shape
            Confidences in [0, 1].

        Returns
        -------
        ndarray of float64
            Mapped confidences, of the same shape.

        Raises
        ------
        ValueError
            If a confidence is missing or outside [0, 1].
        """
        return np.asarray(self.recalibrator.apply(confidence))

    def __repr__(self) -> str:
        return (
            f"ConfidenceMap({self.method}, task={self.task!r}, run={self.fitted.run!r}, "
            f"answers={self.fitted.parsed})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the file; `map_of` turns them back into a map."""
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
        """Write the map to a file, atomically.

        Raises
        ------
        UsageError
            If the file exists and is not a map of the same task and run.
        OutputError
            If the file cannot be written.
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
        If the file cannot be read or is not a map; the message names the reason.
    """
    path = Path(file)
    return _of_parts(read_parts(path, METHODS), path.name)


def map_of(data: Any, source: str = "") -> ConfidenceMap:
    """Return the map contained in another file, from the values of `ConfidenceMap.to_dict`.

    Raises
    ------
    UnfitError
        If the values are not a map; a subclass of ValueError.
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
