"""Planning a gate before there is a candidate: the number of items it needs, and its error rates.

Start with `plan` and `self_test`.

Imports `comparison`, `core`, `gates`, `metrics`, `runs` and `wording`.
"""
