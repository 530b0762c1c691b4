"""The page of a report: one HTML file that loads nothing else and works without scripts.

Start with `assemble`; whatever comes from a run passes through `markup`.

Imports `comparison`, `core`, `drawings`, `metrics`, `report`, `runs` and `tasks`.
"""
