"""The ways of asking as lm-eval reads them: one `_WAY.yml` each, and the functions they name.

Start with `hooks`.

Imports `ask` and `judge`.
"""
