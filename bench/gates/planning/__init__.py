"""Before there is a candidate: how many items a gate needs, and its error rates.

Start with `plan` and `self_test`.

Imports `comparison`, `core`, `gates`, `metrics`, `runs` and `wording`.
"""
