"""The commands for a deployed model: fit a map, find a threshold, check it, watch it.

Start with `threshold`.

Imports `cli`, `core`, `gates`, `maps`, `runs`, `scores`, `thresholds` and `watch`.
"""
