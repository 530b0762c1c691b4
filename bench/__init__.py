"""caopd-bench: can I believe this model's stated confidence?

Names are resolved on first use: the discovery hook passes through this package at every start of
the interpreter, so importing it must cost nothing.
"""

# What type checkers take for true. The real constant is in `typing`, which costs every start of
# the interpreter 10 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from caopd_bench._version import __version__
    from caopd_bench.comparing import TaskComparison, compare
    from caopd_bench.gating import GateResult, gate
    from caopd_bench.records import Record
    from caopd_bench.rescoring import rescore
    from caopd_bench.rows import CountedRun, Row, Run
    from caopd_bench.runs import read_run
    from caopd_bench.scoring import score

__all__ = [
    "CountedRun",
    "GateResult",
    "Record",
    "Row",
    "Run",
    "TaskComparison",
    "__version__",
    "compare",
    "gate",
    "read_run",
    "rescore",
    "score",
]

_HOMES = {
    "CountedRun": "rows",
    "GateResult": "gating",
    "Record": "records",
    "Row": "rows",
    "Run": "rows",
    "TaskComparison": "comparing",
    "__version__": "_version",
    "compare": "comparing",
    "gate": "gating",
    "read_run": "runs",
    "rescore": "rescoring",
    "score": "scoring",
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
