"""A sweep as it is written down: the file, its cells, their folders and their table.

Imports `runs`, `train` and below. Start with `file`.
"""
