"""Which questions there are, and how they are asked: entries, rows, downloads, lists.

Imports `problems` and `read`.
"""
