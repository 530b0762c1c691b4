"""Stored runs: a summary and its rows, in two files that are checked on reading.

Imports `runs` and below. Start with `store`.
"""
