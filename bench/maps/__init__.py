"""Saved maps: from a confidence to what it was worth, fitted on one run and applied to others.

Start with `saved`.

Imports `comparison`, `core`, `metrics`, `runs`, `scores` and `tasks`.
"""
