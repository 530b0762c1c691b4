"""Parts of the reading: which lines count, what a statement is, and what is dropped again.

Start with `lines`.

Imports `read`.
"""
