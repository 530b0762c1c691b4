"""Saved recalibration maps from confidence to accuracy, fitted on one run and applied to others.

Start with `saved`.

Imports `comparison`, `core`, `metrics`, `runs`, `scores` and `tasks`.
"""
