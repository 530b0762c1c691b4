"""caopd-bench: can I believe this model's stated confidence?

Names are resolved on first use: the discovery hook passes through this package at every start of
the interpreter, so importing it must cost nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caopd_bench._version import __version__
    from caopd_bench.records import Record
    from caopd_bench.rows import Row, Run
    from caopd_bench.runs import read_run
    from caopd_bench.scoring import score

__all__ = ["Record", "Row", "Run", "__version__", "read_run", "score"]

_HOMES = {
    "Record": "records",
    "Row": "rows",
    "Run": "rows",
    "__version__": "_version",
    "read_run": "runs",
    "score": "scoring",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
