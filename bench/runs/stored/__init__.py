"""Store runs as a summary and its rows in two files, which are checked when they are read.

Start with `store`; `check` compares the numbers with the rows.

Imports `answers`, `core`, `flat`, `metrics`, `runs` and `tasks`.
"""
