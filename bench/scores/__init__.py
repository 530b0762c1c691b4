"""The numbers of one run, with limits: `caopd-bench score`.

Imports `runs` and below. Start with `score`.
"""
