"""Confidence thresholds above which to act without a person: certified, stored and checked later.

Start with `promise`; `certify` derives one from a run.

Imports `core`, `gates`, `maps`, `metrics`, `runs`, `scores` and `tasks`.
"""
