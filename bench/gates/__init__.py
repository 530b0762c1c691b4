"""The gate: PASS, FAIL or INCONCLUSIVE for a candidate, compared with a reference.

Start with `decide`; `policy` reads the limits, `reference` makes and replaces a reference.

Imports `comparison`, `core`, `metrics`, `runs`, `scores` and `tasks`.
"""
