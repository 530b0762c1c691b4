"""The figures of the paper, for one run or a grid of them.

Imports `runs` and below. Start with `paper`.
"""
