"""Columns and tallies: what all statistics are computed from.

Imports nothing of ours. Start with `tally`.
"""
