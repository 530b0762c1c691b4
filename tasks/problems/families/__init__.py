"""The families of generated problems, one file each.

Start with `fraction_sums`, the shortest.

Imports `problems`.
"""
