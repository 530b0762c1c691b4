"""Logged answers, judged: each by itself, all of them together, and what should be known of them.

Start with `judge`.

Imports `core`, `flat`, `runs` and `tasks`.
"""
