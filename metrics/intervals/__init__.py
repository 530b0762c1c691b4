"""Intervals of the point estimates: bootstrap, inversions, clusters, within and between groups.

Start with `choose`, which makes the interval that the row of a metric names.

Imports `definition`, `limits`, `points`, `registry` and `rows`.
"""
