"""Equality of mathematical expressions, in a process of its own that may be stopped.

Imports nothing of ours. Start with `compare`.
"""
