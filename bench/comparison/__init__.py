"""Compare two runs of the same items: the changes, summed up in one sentence.

Start with `compare`; `pairs` matches the rows of the two runs, `direction` chooses the verdict.

Imports `core`, `metrics`, `runs` and `scores`.
"""
