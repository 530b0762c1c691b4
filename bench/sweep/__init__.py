"""Grids of checkpoints, trained or given: how they are run, and what their rows show.

Start with `grid` (the file and its cells), then `run`, then `analysis`.

Imports `core`, `figures`, `metrics`, `runs`, `scores`, `tasks` and `train`.
"""
