"""Whether an answer is right: numbers, mathematics, choices, calls.

Imports `read`. Start with `verify`.
"""
