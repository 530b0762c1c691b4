"""The gate: PASS, FAIL or INCONCLUSIVE for a candidate beside a reference.

Imports `comparison` and below. Start with `decide`; a policy is read by `policy`.
"""
