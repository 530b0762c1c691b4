"""Read runs and logs; each file here is a format, which is recognised from a path's contents.

A module with a `READER` is found by itself; nothing lists them. Start with `reader` (what a reader
is), then `flat`, a short one; `find` asks them in turn.

Imports `answers`, `core`, `flat`, `inspect`, `lm_eval`, `runs`, `stored` and `tasks`.
"""
