"""The sets of questions: one entry each, in a file of this folder. A new file is found by itself.

An entry is a function from a row to an item, under `dataset` with all else that is known of it.
`python -m caopd_bench.tasks.write_yaml` then writes its tasks, and its rows in the documentation.

Start with `maths`.

Imports `catalogue`, `problems` and `read`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from caopd_bench.tasks.catalogue.checks import check_entry
from caopd_bench.tasks.catalogue.dataset import ENTRIES, Dataset, Source

__all__ = ["DATASETS", "SOURCES"]

#: Files whose datasets come first in lists, in this order; other files follow by name.
FIRST = ("bundled", "maths", "science", "tooluse", "general")


def _find() -> dict[str, Dataset]:
    for name in (*FIRST, *sorted(module.name for module in iter_modules(__path__))):
        before = set(ENTRIES)
        file = f"{__path__[0]}/{name}.py"
        try:
            import_module(f"{__name__}.{name}")
            for key in ENTRIES.keys() - before:
                check_entry(ENTRIES[key], ENTRIES)
        except (AttributeError, TypeError, ValueError) as error:  # such as an unknown field
            raise ValueError(f"{file}: {error}") from error
    return ENTRIES


#: The datasets by name; `questions` in the YAML is one of these names.
DATASETS: dict[str, Dataset] = _find()
#: The sources of rows, each under the first dataset that uses it.
SOURCES: dict[str, Source] = {}
for _name, _entry in DATASETS.items():
    if _entry.source is not None and _entry.source not in SOURCES.values():
        SOURCES[_name] = _entry.source
