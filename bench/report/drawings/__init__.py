"""The figures of a report: which there are, what each shows in words, and how a model looks.

Start with `draw`; `captions` words what the figures show of these runs.

Imports `core`, `figures`, `metrics`, `report` and `runs`.
"""
