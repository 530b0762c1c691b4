"""Which questions there are, and how they are asked: entries, rows, downloads, lists.

Start with `dataset` (what an entry holds) and the folder `datasets`.

Imports `judge`, `problems` and `read`.
"""
