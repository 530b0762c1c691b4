"""Intervals of the point estimates: closed forms, bootstrap, within and between groups.

Start with `choose`, which says which metric gets which interval.

Imports `points`, `registry` and `rows`.
"""
