"""The commands for a model in use: a saved map, a threshold, whether it holds, and still holds.

Start with `threshold`.

Imports `cli`, `core`, `gates`, `maps`, `runs`, `scores`, `thresholds` and `watch`.
"""
