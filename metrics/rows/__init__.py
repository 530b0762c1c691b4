"""Columns and tallies: what all statistics are computed from.

Start with `tally`.

Imports nothing of ours.
"""
