"""Intervals of the expected calibration error, which a plain bootstrap gets wrong.

Start with `invert`.

Imports `intervals`, `limits`, `points`, `registry` and `rows`.
"""
