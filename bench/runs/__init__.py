"""Runs: rows with a confidence and a verdict, read from the logs of any harness.

Imports `core`, `metrics` and `tasks`. Start with `run` (what a run is) and `read` (how one is found
and read).
"""
