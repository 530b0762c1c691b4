"""Readers of runs and of logs: a file here is a format, found by looking at what a path holds.

A module with a `READER` is taken by itself; nothing lists them. It may import `runs` and what lies
below it. Start with `reader.py`, which says what a `Reader` is, and `flat.py`, which is the
shortest one.

Imports `core`, `flat`, `runs` and `stored`.
"""
