"""Intervals of the expected calibration error, which a plain bootstrap gets wrong.

Start with `invert`.

Imports `intervals`, `points`, `registry` and `rows`.
"""
