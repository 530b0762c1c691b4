"""Represent a sweep on disk: the file that describes it, its cells, their folders, cells.csv.

Start with `file`.

Imports `core`, `metrics`, `runs`, `scores` and `train`.
"""
