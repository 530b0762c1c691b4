"""Two runs of the same items: what changed, and one sentence that the numbers support.

Start with `compare`; `pairs` matches the rows of the two runs, `direction` decides what is said.

Imports `core`, `metrics`, `runs` and `scores`.
"""
