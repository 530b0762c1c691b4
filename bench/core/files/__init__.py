"""Files are read in bounded memory, and written as a whole or not at all.

Start with `write` (replace a file) and `folders` (replace a folder).

Imports `core`.
"""
