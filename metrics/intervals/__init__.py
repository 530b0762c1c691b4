"""Intervals of the point estimates: closed forms, bootstrap, within and between groups.

Imports `points` and below. Start with `choose`.
"""
