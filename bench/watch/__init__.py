"""A promise in use: rows of production counted day by day, and alarms that hold at every look.

Start with `look`.

Imports `core`, `metrics`, `report`, `runs` and `thresholds`.
"""
