"""Judge logged answers, one by one and together, and note problems that a reader should know.

Start with `judge`.

Imports `core`, `flat`, `runs` and `tasks`.
"""
