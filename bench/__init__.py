"""caopd-bench: can I believe this model's stated confidence?

Names are resolved on first use: the discovery hook passes through this package at every start of
the interpreter, so importing it must cost nothing.
"""

# Type checkers treat this name as true. Importing the real constant from `typing` would cost every
# start of the interpreter 10 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from caopd_bench._version import __version__
    from caopd_bench.comparison.compare import compare
    from caopd_bench.comparison.one_task import TaskComparison
    from caopd_bench.gates.decide import gate
    from caopd_bench.gates.result import GateResult
    from caopd_bench.maps.apply import apply_map
    from caopd_bench.maps.fit import recalibrate
    from caopd_bench.maps.saved import ConfidenceMap, load_map
    from caopd_bench.runs.read import read_run
    from caopd_bench.runs.records import Record
    from caopd_bench.runs.rescore import rescore
    from caopd_bench.runs.run import CountedRun, Row, Run
    from caopd_bench.scores.score import score
    from caopd_bench.thresholds.certify import threshold
    from caopd_bench.thresholds.check import check
    from caopd_bench.thresholds.check_result import ThresholdCheck
    from caopd_bench.thresholds.promise import Promise, load_threshold

__all__ = [
    "ConfidenceMap",
    "CountedRun",
    "GateResult",
    "Promise",
    "Record",
    "Row",
    "Run",
    "TaskComparison",
    "ThresholdCheck",
    "__version__",
    "apply_map",
    "check",
    "compare",
    "gate",
    "load_map",
    "load_threshold",
    "read_run",
    "recalibrate",
    "rescore",
    "score",
    "threshold",
]

_HOMES = {
    "ConfidenceMap": "maps.saved",
    "CountedRun": "runs.run",
    "GateResult": "gates.result",
    "Promise": "thresholds.promise",
    "Record": "runs.records",
    "Row": "runs.run",
    "Run": "runs.run",
    "TaskComparison": "comparison.one_task",
    "ThresholdCheck": "thresholds.check_result",
    "__version__": "_version",
    "apply_map": "maps.apply",
    "check": "thresholds.check",
    "compare": "comparison.compare",
    "gate": "gates.decide",
    "load_map": "maps.saved",
    "load_threshold": "thresholds.promise",
    "read_run": "runs.read",
    "recalibrate": "maps.fit",
    "rescore": "runs.rescore",
    "score": "scores.score",
    "threshold": "thresholds.certify",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"{__name__}.{_HOMES[name]}")
    value: object = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return __all__
