"""Monitor a promise in production: count rows by day, and raise alarms valid at every look.

Start with `look`.

Imports `core`, `metrics`, `report`, `runs` and `thresholds`.
"""
