"""Thresholds: from which confidence on to act alone, promised on one run, kept, and checked later.

Start with `promise`; `certify` makes one of a run.

Imports `core`, `gates`, `maps`, `metrics`, `runs`, `scores` and `tasks`.
"""
