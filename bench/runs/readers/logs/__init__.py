"""Readers of logs whose answers must still be judged: of lm-eval, of Inspect, and plain rows.

Start with `rows`, the shortest.

Imports `answers`, `core`, `flat`, `inspect`, `lm_eval`, `readers`, `runs` and `tasks`.
"""
