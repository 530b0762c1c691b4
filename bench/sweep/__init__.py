"""Run grids of checkpoints, trained or given, and analyse their rows.

Start with `grid` (the file and its cells), then `run`, then `analysis`.

Imports `core`, `figures`, `metrics`, `runs`, `scores`, `tasks` and `train`.
"""
