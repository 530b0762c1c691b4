"""Intervals of the point estimates: bootstrap, inversions, clusters, within and between groups.

Start with `choose`, which computes the interval that the definition of a metric names.

Imports `limits`, `metric_parts`, `points`, `registry` and `rows`.
"""
