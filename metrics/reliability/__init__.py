"""Reliability diagrams: the table behind them, bands, tests, and the drawing.

Start with `table`.

Imports `intervals`, `limits`, `points` and `rows`.
"""
