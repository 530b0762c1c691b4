"""Before a gate runs: how many items it takes, and whether it holds its error rates.

Imports `gates` and below. Start with `plan` and `self_test`.
"""
