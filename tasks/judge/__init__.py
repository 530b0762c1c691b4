"""Whether an answer is right: numbers, mathematics, choices, calls.

Start with `verify`.

Imports `metrics` and `read`.
"""
