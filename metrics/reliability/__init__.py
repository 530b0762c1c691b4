"""Reliability diagrams and their tests: the table first, then the drawing.

Imports `intervals` and below. Start with `table`.
"""
