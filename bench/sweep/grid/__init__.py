"""A sweep on disk: the file that describes it, its cells, their folders and cells.csv.

Start with `file`.

Imports `core`, `metrics`, `runs`, `scores` and `train`.
"""
