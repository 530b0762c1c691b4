"""Intervals of the point estimates: bootstrap, inversions, clusters, within and between groups.

Start with `choose`, which computes the interval that the definition of a metric names.

Imports `definition`, `limits`, `points`, `registry` and `rows`.
"""
