"""Intervals of the expected calibration error, which plain bootstraps get wrong.

Imports `points` and below. Start with `invert`.
"""
