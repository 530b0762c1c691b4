"""Limits in closed form for independent rows, and influences, used in the definitions of metrics.

Start with `student`.

Imports `rows`.
"""
