"""The figures of a report: their selection, their captions, and the models' colours and marks.

Start with `draw`; `captions` words what the figures show of these runs.

Imports `core`, `figures`, `metrics`, `report` and `runs`.
"""
