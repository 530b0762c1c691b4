"""Read runs, which are rows with a confidence and a verdict, from any harness's logs.

Start with `run` (what a run is) and `read` (how one is found and read).

Imports `core`, `metrics` and `tasks`.
"""
