"""Readers of the logs of other harnesses, of APIs and of classifiers: one file for each.

Start with `found` (an answer as it stands in a log, and what the user's options change about it),
then `deepeval`, the shortest reader.

Imports `answers`, `core`, `flat`, `logs`, `readers`, `runs` and `tasks`.
"""
