"""A sweep as it runs: stages of training, then an evaluation, cell by cell.

Imports `sweep.grid` and below. Start with `cell`.
"""
