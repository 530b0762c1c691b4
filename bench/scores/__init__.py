"""The numbers of one run, with intervals: the table of `caopd-bench score`.

Start with `score`; `table` renders it.

Imports `core`, `figures`, `metrics`, `runs` and `tasks`.
"""
