"""Analyse the cells of a sweep: numbers, figures, and claims with a verdict.

Start with `spec` (the analysis file); `gather` collects the rows, `write` writes the summary, and
`ending` is shown when a sweep ends.

Imports `core`, `figures`, `grid`, `metrics`, `run` and `runs`.
"""
