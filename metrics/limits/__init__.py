"""Limits in closed form for independent rows, and influences: what the row of a metric is made of.

Start with `student`.

Imports `rows`.
"""
