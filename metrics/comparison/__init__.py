"""Two sets of rows: differences with intervals, families of tests, power, degradation.

Imports `intervals` and below. Start with `compare`.
"""
