"""Two runs on the same items: what changed, in a sentence that holds.

Imports `runs` and below. Start with `compare`.
"""
