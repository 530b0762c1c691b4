"""The numbers of one run, with intervals: the table of `caopd-bench score`.

Start with `score`; `table` renders it.

Imports `core`, `metrics`, `runs` and `tasks`.
"""
