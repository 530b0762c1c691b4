"""Run a sweep: train and then evaluate one cell after another.

Start with `cell`; `local` and `ray` distribute the cells.

Imports `core`, `grid`, `runs`, `scores`, `tasks` and `train`.
"""
