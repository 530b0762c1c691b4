"""Equality of mathematical expressions, in a process of its own that can be stopped.

Start with `compare`.

Imports `judge` and `read`.
"""
