"""The figures of the CaOPD paper, for one run or for a grid of runs.

Start with `paper`; `grids` and `trends` draw many runs.

Imports `metrics`.
"""
