"""Name the files of a stored run, and check for them in a folder without opening any."""

from __future__ import annotations

from pathlib import Path

from caopd_bench.runs.stored.study import holds

__all__ = ["BASELINE_NAME", "CHANGES_NAME", "ROWS_NAME", "SUMMARY_NAME", "is_stored"]

ROWS_NAME = "rows.jsonl.gz"
SUMMARY_NAME = "summary.json"
#: Additional file of a stored run that is a reference.
BASELINE_NAME = "baseline.json"
CHANGES_NAME = "CHANGES.md"


def is_stored(path: Path) -> bool:
    """Return whether a folder holds a stored run, complete or not."""
    names = (ROWS_NAME, SUMMARY_NAME)
    return any((path / name).exists() or holds(path / name) for name in names)
