"""The commands for a model in use: a saved map, a threshold, whether it holds, and still holds.

Start with `threshold`.

Imports `cli`, `core`, `maps`, `runs`, `scores` and `thresholds`.
"""
