"""The families of generated problems, one file each.

Imports `problems.problem` and `problems.wording`.
"""
