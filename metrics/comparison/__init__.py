"""Two sets of rows: differences with intervals, families of tests, power, degradation.

Start with `compare`.

Imports `intervals`, `limits`, `registry` and `rows`.
"""
