"""The leaderboard: runs in, one HTML page out, and the same records in other formats.

Start with `build`, which computes everything; `formats` and `page` only render it.

Imports `comparison`, `core`, `figures`, `metrics`, `runs`, `scores`, `tasks` and `thresholds`.
"""
