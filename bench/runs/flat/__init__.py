"""Read files of rows that no harness wrote: CSV, JSON lines, Parquet.

Start with `read`.

Imports `core`, `metrics` and `runs`.
"""
